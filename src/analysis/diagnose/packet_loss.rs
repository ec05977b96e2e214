//! Packets are lost on the way to hosts that are reached anyway.

use super::prelude::*;
use crate::model::evidence::Detail;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "packet_loss", group_checks, describe_finding };

/// A single loss happens on every network.
const MIN_RETRANSMISSIONS: u32 = 2;

fn group_checks<'a>(view: &VantageFacts<'a>) -> Vec<CheckGroup<'a>> {
    let has_loss = |c: &Check| look::is_met(c) && retransmissions(c) >= MIN_RETRANSMISSIONS;
    CheckGroup::from_checks(view.id, view.checks_where(has_loss))
}

fn retransmissions(check: &Check) -> u32 {
    let steps = check.attempts.iter().flat_map(|a| &a.steps);
    let counts = steps.filter_map(|step| match &step.detail {
        Detail::Connect(detail) => detail.retransmissions,
        _ => None,
    });
    counts.fold(0, u32::saturating_add)
}

fn describe_finding(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> FindingText {
    let counts: Vec<_> =
        group.checks.iter().map(|c| format!("{} {}", look::host_or_pattern(c), retransmissions(c))).collect();
    FindingText {
        summary: format!("Packets are lost on the way to {}.", describe_hosts(group)),
        subject: describe_hosts(group),
        explanation: format!(
            "From {} packets had to be sent again before the service answered: {} (packets sent again).",
            describe_vantages(group, scene),
            list_some(&counts, 5)
        ),
        consequence: Some(
            "Connections work, but slowly, and fail now and then: image pulls stall, agents reconnect.".into(),
        ),
        remedy: "Ask the network team for losses on this path: an overloaded link, VPN or firewall, duplex errors, or a \
                 rate limit. Compare with a second run at another time."
            .into(),
        commands: group
            .first_check()
            .map(|c| format!("tracepath -n {}", look::host_or_pattern(c)).into())
            .into_iter()
            .collect(),
        severity: Some(Severity::Warning),
        confidence: Confidence::Medium,
    }
}
