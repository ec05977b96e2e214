//! An inspection whose authority is given, at endpoints that do not work through any.

use super::group::Group;
use super::phrase::{self, list};
use super::scene::{Scene, View};
use super::tls_inspection::{authority, exempt};
use super::{Diagnosis, Words, look};
use crate::model::evidence::{Cause, TrustStore};
use crate::model::finding::Confidence;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "tls_inspection_forbidden", groups, words };

fn groups<'a>(view: &View<'a>) -> Vec<Group<'a>> {
    let mut checks = view.open_with(&[Cause::TlsIntercepted]);
    checks.retain(|c| look::tls(c).is_some_and(|t| t.trusted_by == Some(TrustStore::Given)));
    Group::by(checks, authority)
}

fn words(group: &Group<'_>, scene: &Scene<'_>) -> Words {
    Words {
        summary: format!("TLS to {} is inspected, which the callers do not accept.", phrase::hosts(group)),
        subject: group.key.clone(),
        explanation: format!(
            "From {} the chain of {} ends in \"{}\". It was given with --proxy-cert, which is not enough here: the \
             callers pin the service's own certificate or bring their own trust store.",
            phrase::places(group, scene),
            list(&group.hosts(), 5),
            group.key
        ),
        consequence: None,
        remedy: "Exempt these hosts from TLS inspection.".into(),
        commands: exempt(group),
        confidence: Confidence::High,
        severity: None,
    }
}
