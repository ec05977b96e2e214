//! TCP opens, but TLS to some names breaks off while TLS to others works: a filter that reads the server name.

use super::group::Group;
use super::phrase::{self, list};
use super::scene::{Scene, View};
use super::{Diagnosis, Words, commands, look};
use crate::model::evidence::Cause;
use crate::model::finding::Confidence;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "sni_filtered", groups, words };

const CAUSES: &[Cause] = &[Cause::TlsTimeout, Cause::TlsReset, Cause::TlsClosed];

fn groups<'a>(view: &View<'a>) -> Vec<Group<'a>> {
    if view.all.iter().any(|c| look::did_tls(c)) {
        Group::one("", view.open_with(CAUSES))
    } else {
        Vec::new()
    }
}

fn words(group: &Group<'_>, scene: &Scene<'_>) -> Words {
    let causes: Vec<_> = group.causes().iter().map(|c| c.text()).collect();
    Words {
        summary: format!("A filter that reads the server name cuts off TLS to {}.", phrase::hosts(group)),
        subject: phrase::hosts(group),
        explanation: format!(
            "From {} the connection opens, then: {}. It happens to {}, while TLS to other names works.",
            phrase::places(group, scene),
            list(&causes, 3),
            list(&group.hosts(), 5)
        ),
        consequence: None,
        remedy: "Allow these names in the firewall's application or URL rules: opening the addresses is not enough \
                 where the server name of the TLS handshake is looked at."
            .into(),
        commands: commands::allow_and(group, scene, commands::openssl),
        confidence: Confidence::Medium,
        severity: None,
    }
}
