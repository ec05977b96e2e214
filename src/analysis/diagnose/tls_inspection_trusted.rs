//! Connections that work through an inspection whose authority was given.

use super::group::Group;
use super::phrase::{self, list};
use super::scene::{Scene, View};
use super::tls_inspection::{authority, exempt};
use super::{Diagnosis, Words, look};
use crate::analysis::verdict::INSPECTED;
use crate::model::finding::Confidence;
use crate::model::report::Check;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "tls_inspection_trusted", groups, words };

/// The note is asked and not the chain: only the verdict knew whether the rules expect a public one at this endpoint.
fn groups<'a>(view: &View<'a>) -> Vec<Group<'a>> {
    let is_inspected =
        |c: &&Check| look::is_met(c) && c.note.as_deref().is_some_and(|n| n.starts_with(INSPECTED));
    Group::by(view.all.iter().copied().filter(is_inspected).collect(), authority)
}

fn words(group: &Group<'_>, scene: &Scene<'_>) -> Words {
    Words {
        summary: format!("TLS is inspected by \"{}\", which --proxy-cert makes trusted.", group.key),
        subject: group.key.clone(),
        explanation: format!(
            "From {} the certificates of {} lead to the given authority and to no public one. The rules allow it there.",
            phrase::places(group, scene),
            list(&group.hosts(), 5)
        ),
        consequence: Some(
            "Works as long as the agents get the same authority. Container runtimes on the nodes need it as well, or \
             image pulls fail with \"certificate signed by unknown authority\"."
                .into(),
        ),
        remedy: "Pass the same file to `az connectedk8s connect --proxy-cert` and install it on every node, or exempt \
                 the hosts from inspection."
            .into(),
        commands: exempt(group),
        confidence: Confidence::High,
        severity: None,
    }
}
