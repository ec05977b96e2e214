//! TCP opens, but no TLS handshake comes about.

use super::group::Group;
use super::phrase::{self, list};
use super::scene::{Scene, View};
use super::{Diagnosis, Words, commands};
use crate::model::evidence::Cause;
use crate::model::finding::Confidence;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "tls_refused", groups, words };

const CAUSES: &[Cause] = &[
    Cause::TlsAlert,
    Cause::TlsVersion,
    Cause::TlsNotTls,
    Cause::TlsClosed,
    Cause::TlsReset,
    Cause::TlsTimeout,
];

fn groups<'a>(view: &View<'a>) -> Vec<Group<'a>> {
    Group::by(view.open_with(CAUSES), |c| c.cause.unwrap_or(Cause::Unknown).to_string())
}

fn words(group: &Group<'_>, scene: &Scene<'_>) -> Words {
    let cause = group.first().and_then(|c| c.cause).unwrap_or(Cause::Unknown);
    Words {
        summary: format!("No TLS with {}: {}.", phrase::hosts(group), cause.text()),
        subject: phrase::hosts(group),
        explanation: format!(
            "From {} the connection opens, then the handshake fails. Hosts: {}.{}",
            phrase::places(group, scene),
            list(&group.hosts(), 5),
            group.first().and_then(|c| c.note.as_deref()).map(|n| format!(" Seen: {n}.")).unwrap_or_default()
        ),
        consequence: None,
        remedy: remedy(cause).into(),
        commands: commands::allow_and(group, scene, commands::openssl),
        confidence: Confidence::Medium,
        severity: None,
    }
}

fn remedy(cause: Cause) -> &'static str {
    match cause {
        Cause::TlsVersion => {
            "TLS 1.2 is the least that Azure and the agents speak: update the device that answers."
        }
        Cause::TlsNotTls => {
            "Something else answers on this port: a captive portal, a proxy that expects CONNECT, or a wrong port in a \
             diversion. Find out what, and let TLS pass through."
        }
        Cause::TlsAlert => {
            "Find out who sends the alert: a firewall or a proxy that denies the name, or forbids the ciphers offered. \
             Allow the hosts there."
        }
        _ => {
            "Look for a firewall or an inspecting device that lets TCP open but not TLS, and allow the hosts there."
        }
    }
}
