//! The service itself answers, and says that it is throttled or failing.

use super::prelude::*;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "service_failing", group_checks, describe_finding };

fn group_checks<'a>(view: &VantageFacts<'a>) -> Vec<CheckGroup<'a>> {
    let is_failing = |c: &Check| look::failing_status(c).is_some();
    CheckGroup::by_key(view.checks_where(is_failing), |c| {
        if look::failing_status(c) == Some(429) { THROTTLED } else { "failing" }.to_owned()
    })
}

fn describe_finding(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> FindingText {
    let is_throttled = group.key == THROTTLED;
    let (hosts, statuses) = (describe_hosts(group), list_statuses(group));
    FindingText {
        summary: if is_throttled {
            format!("{hosts} answers, but throttles requests from here (429).")
        } else {
            format!("{hosts} answers, but the service is failing ({statuses}).")
        },
        subject: hosts,
        explanation: format!(
            "From {} the network is open: the service itself answered with {statuses}. Hosts: {}.",
            describe_vantages(group, scene),
            list_some(&group.hosts(), 5)
        ),
        consequence: Some(if is_throttled {
            "Agents and `az` may be throttled too: they retry, and onboarding takes longer or times out."
                .into()
        } else {
            "While it lasts, what needs the service fails. No firewall is to blame.".into()
        }),
        remedy: if is_throttled {
            "Wait some minutes and run again. If it stays, ask the owner of the shared public IP address who else sends requests \
             through it."
                .into()
        } else {
            "Read the Azure status page (https://azure.status.microsoft), wait some minutes and run again. Do not change the \
             firewall."
                .into()
        },
        commands: group.first_check().map(|c| commands::curl_command(c).into()).into_iter().collect(),
        severity: Some(Severity::Warning),
        ..FindingText::default()
    }
}

fn list_statuses(group: &CheckGroup<'_>) -> String {
    let mut statuses: Vec<_> = group.checks.iter().filter_map(|c| look::failing_status(c)).collect();
    statuses.sort_unstable();
    statuses.dedup();
    list_some(&statuses.iter().map(ToString::to_string).collect::<Vec<_>>(), 3)
}

/// The key of the checks that were answered with 429.
const THROTTLED: &str = "throttled";
