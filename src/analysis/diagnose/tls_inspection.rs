//! Somebody re-signs the connections, and the agents are not told to trust it.

use super::group::Group;
use super::phrase::{self, list};
use super::scene::{Scene, View};
use super::{Diagnosis, Words, commands, look};
use crate::model::evidence::{Cause, TrustStore};
use crate::model::finding::Confidence;
use crate::model::report::Check;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "tls_inspection", groups, words };

fn groups<'a>(view: &View<'a>) -> Vec<Group<'a>> {
    Group::by(view.open_with(&[Cause::TlsIntercepted]), authority)
}

/// The authority that a chain ends in, as far as it was presented.
pub(super) fn authority(check: &Check) -> String {
    let tls = look::tls(check);
    let named = tls.and_then(|t| t.authority.clone());
    let issuer = || Some(tls?.chain.last()?.issuer.clone());
    named.or_else(issuer).unwrap_or_else(|| "an authority without a name".into())
}

fn words(group: &Group<'_>, scene: &Scene<'_>) -> Words {
    let first = group.first();
    let product = first.and_then(look::appliance).map(|a| format!(" It looks like {a}.")).unwrap_or_default();
    let is_trusted_here = first.and_then(look::tls).is_some_and(|t| t.trusted_by == Some(TrustStore::System));
    let trust =
        if is_trusted_here { " This machine trusts it; agents and container runtimes do not." } else { "" };
    Words {
        summary: format!("TLS is inspected: \"{}\" re-signs the connections.", group.key),
        subject: group.key.clone(),
        explanation: format!(
            "From {} the certificates of {} were issued by \"{}\" instead of the service's own, public authority.{trust}{product}",
            phrase::places(group, scene),
            list(&group.hosts(), 5),
            group.key
        ),
        consequence: None,
        remedy: "Best: exempt these hosts from TLS inspection. Else give the authority to the agents with --proxy-cert, \
                 and install it on every node too: images are pulled by the container runtime, which --proxy-cert does \
                 not reach."
            .into(),
        commands: exempt(group).into_iter().chain(give()).collect(),
        confidence: Confidence::High,
        severity: None,
    }
}

/// What to exempt, and how to look at the chain.
pub(super) fn exempt(group: &Group<'_>) -> Vec<String> {
    commands::each(group, |c| format!("exempt from TLS inspection: {}", look::pattern(c)))
        .into_iter()
        .chain(group.first().map(commands::openssl))
        .collect()
}

fn give() -> [String; 3] {
    [
        "arcprobe check -l REGION --save-ca CA.pem".into(),
        "arcprobe check -l REGION --proxy-cert CA.pem".into(),
        "az connectedk8s connect ... --proxy-cert CA.pem".into(),
    ]
}
