//! Names lead to private addresses although the cluster is to use the public endpoints.

use super::group::Group;
use super::phrase::{self, list};
use super::scene::{Scene, View};
use super::{Diagnosis, Words, commands, look};
use crate::model::evidence::Cause;
use crate::model::finding::Confidence;
use crate::model::report::Check;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "private_answers", groups, words };

fn groups<'a>(view: &View<'a>) -> Vec<Group<'a>> {
    Group::one("", view.open_with(&[Cause::DnsPrivateAnswer]))
}

/// The addresses that a check's lookup gave.
pub(super) fn answers(group: &Group<'_>) -> Vec<String> {
    let pair = |c: &&Check| {
        let addresses = look::lookup(c)?.addresses.iter().map(ToString::to_string).collect::<Vec<_>>();
        Some(format!("{} ({})", look::host(c), list(&addresses, 2)))
    };
    group.checks.iter().filter_map(pair).collect()
}

fn words(group: &Group<'_>, scene: &Scene<'_>) -> Words {
    Words {
        summary: "Names of public endpoints resolve to private addresses, although no private link is in use.".into(),
        subject: phrase::hosts(group),
        explanation: format!(
            "From {}: {}. Private zones of somebody's private link are visible here, or a filter answers by itself. \
             A private endpoint serves the clusters of its own scope only, so that an answer from there proves nothing.",
            phrase::places(group, scene),
            list(&answers(group), 4)
        ),
        consequence: None,
        remedy: "Unlink the privatelink zones from the network whose DNS is asked here, or forward these names to a \
                 resolver that knows the public records. If the cluster is meant to use the private link, run with \
                 --connectivity private-link and associate it with the scope."
            .into(),
        commands: group
            .first()
            .map(commands::dig_for)
            .into_iter()
            .chain(Some("arcprobe check --connectivity private-link".into()))
            .collect(),
        confidence: Confidence::High,
        severity: None,
    }
}
