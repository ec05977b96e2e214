//! Names lead to private addresses although the cluster is to use the public endpoints.

use super::prelude::*;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "private_answers", group_checks, describe_finding };

fn group_checks<'a>(view: &VantageFacts<'a>) -> Vec<CheckGroup<'a>> {
    CheckGroup::from_checks("", view.unexplained_with(&[Cause::DnsPrivateAnswer]))
}

/// The addresses that a check's lookup gave.
pub(super) fn list_answers(group: &CheckGroup<'_>) -> Vec<String> {
    let pair = |c: &&Check| {
        let addresses = look::lookup_detail(c)?.addresses.iter().map(ToString::to_string).collect::<Vec<_>>();
        Some(format!("{} ({})", look::host_or_pattern(c), list_some(&addresses, 2)))
    };
    group.checks.iter().filter_map(pair).collect()
}

fn describe_finding(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> FindingText {
    FindingText {
        summary: "Names of public endpoints resolve to private addresses, although no private link is in use.".into(),
        subject: describe_hosts(group),
        explanation: format!(
            "From {}: {}. Private zones of somebody's private link are visible here, or a filter answers by itself. \
             A private endpoint serves the clusters of its own scope only, so that an answer from there proves nothing.",
            describe_vantages(group, scene),
            list_some(&list_answers(group), 4)
        ),
        remedy: "Unlink the privatelink zones from the network whose DNS is asked here, or forward these names to a \
                 resolver that knows the public records. If the cluster is meant to use the private link, run with \
                 --connectivity private-link and associate it with the scope."
            .into(),
        commands: group
            .first_check()
            .map(|c| commands::dig_command_for(c).into())
            .into_iter()
            .chain(Some("arcprobe check --connectivity private-link".into()))
            .collect(),
        ..FindingText::default()
    }
}
