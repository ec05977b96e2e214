//! The certificate that is presented cannot be accepted.

use super::group::Group;
use super::phrase::{self, list};
use super::scene::{Scene, View};
use super::{Diagnosis, Words, commands, look};
use crate::model::evidence::Cause;
use crate::model::finding::Confidence;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "certificate_bad", groups, words };

const CAUSES: &[Cause] = &[
    Cause::TlsExpired,
    Cause::TlsNotYetValid,
    Cause::TlsNameMismatch,
    Cause::TlsUnknownIssuer,
    Cause::TlsSelfSigned,
    Cause::TlsIncompleteChain,
];

fn groups<'a>(view: &View<'a>) -> Vec<Group<'a>> {
    Group::by(view.open_with(CAUSES), |c| c.cause.unwrap_or(Cause::Unknown).to_string())
}

fn words(group: &Group<'_>, scene: &Scene<'_>) -> Words {
    let cause = group.first().and_then(|c| c.cause).unwrap_or(Cause::Unknown);
    Words {
        summary: format!("The certificate of {} cannot be accepted: {}.", phrase::hosts(group), cause.text()),
        subject: phrase::hosts(group),
        explanation: format!(
            "From {}: {}.{}",
            phrase::places(group, scene),
            list(&group.hosts(), 5),
            presented(group)
        ),
        consequence: None,
        remedy: remedy(cause).into(),
        commands: group.checks.iter().take(3).map(|c| commands::openssl(c)).collect(),
        confidence: Confidence::Medium,
        severity: None,
    }
}

fn presented(group: &Group<'_>) -> String {
    let Some(leaf) = group.first().and_then(look::tls).and_then(|t| t.chain.first()) else {
        return String::new();
    };
    let until = leaf.not_after.as_deref().unwrap_or("an unknown date");
    format!(" Presented: \"{}\", issued by \"{}\", valid until {until}.", leaf.subject, leaf.issuer)
}

fn remedy(cause: Cause) -> &'static str {
    match cause {
        Cause::TlsExpired | Cause::TlsNotYetValid => {
            "Compare this machine's clock first. If it is right, renew the certificate of the host; for a host of \
             Azure, find out who answers in its place."
        }
        Cause::TlsNameMismatch => {
            "Find out who answers: a wrong address in DNS or in the hosts file, a captive portal, or a proxy."
        }
        Cause::TlsIncompleteChain => {
            "Let the server (or the inspecting proxy) send its intermediate certificate along with its own."
        }
        _ => {
            "If the host is yours, give its authority with --proxy-cert. For a host of Azure, find out who answers \
             in its place: its real certificate comes from a public authority."
        }
    }
}
