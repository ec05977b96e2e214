//! A middlebox drops the first message of TLS once it needs more than one packet.

use super::group::Group;
use super::phrase::{self, list};
use super::scene::{Scene, View};
use super::{Diagnosis, Words, commands, look};
use crate::model::evidence::Cause;
use crate::model::finding::Confidence;
use crate::model::report::Check;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "large_hello_dropped", groups, words };

fn groups<'a>(view: &View<'a>) -> Vec<Group<'a>> {
    Group::one("", view.open_with(&[Cause::TlsLargeHello]))
}

fn words(group: &Group<'_>, scene: &Scene<'_>) -> Words {
    Words {
        summary: "A middlebox drops TLS connections whose first message needs more than one packet.".into(),
        subject: phrase::hosts(group),
        explanation: format!(
            "From {} a small ClientHello to {} is answered, one of 1.5 kB is not. The runtimes of the agents send the \
             large one, since it holds a post-quantum key share; older tools send the small one and see no fault.",
            phrase::places(group, scene),
            list(&group.hosts(), 5)
        ),
        consequence: None,
        remedy: "Update the firewall or inspection device so that it puts a ClientHello together from several packets, \
                 or exempt these hosts from its inspection."
            .into(),
        commands: commands::each(group, |c| format!("exempt from TLS inspection: {}", look::pattern(c)))
            .into_iter()
            .chain(group.first().map(hello))
            .collect(),
        confidence: Confidence::High,
        severity: None,
    }
}

/// Needs OpenSSL 3.5, the first with this group.
fn hello(check: &Check) -> String {
    format!("{} # OpenSSL 3.5: add -groups X25519MLKEM768 and compare", commands::openssl(check))
}
