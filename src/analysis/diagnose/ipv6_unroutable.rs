//! Names have IPv6 addresses, and no route leads to any.

use super::prelude::*;
use crate::analysis::verdict::attempts::{has_reached, is_ipv6, probe_attempts};
use crate::model::evidence::Phase;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "ipv6_unroutable", group_checks, describe_finding };

fn group_checks<'a>(view: &VantageFacts<'a>) -> Vec<CheckGroup<'a>> {
    if view.checks.iter().any(|c| has_working_ipv6(c)) {
        return Vec::new();
    }
    CheckGroup::from_checks(view.id, view.checks_where(|c| look::is_met(c) && is_unroutable(c)))
}

fn has_working_ipv6(check: &Check) -> bool {
    probe_attempts(&check.attempts).any(|a| is_ipv6(a) && has_reached(a, Phase::Connect))
}

fn is_unroutable(check: &Check) -> bool {
    look::failed_addresses(check).iter().any(|(a, cause)| a.is_ipv6() && *cause == Cause::TcpUnreachable)
}

fn describe_finding(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> FindingText {
    FindingText {
        summary: "IPv6 addresses are answered, but no IPv6 route exists; IPv4 is used.".into(),
        subject: "IPv6".into(),
        explanation: format!(
            "From {}, for {}. No check fails for it.",
            describe_vantages(group, scene),
            format_count(group.hosts().len(), "host")
        ),
        consequence: Some("None for programs that fall back to IPv4, as the agents do.".into()),
        remedy: "Nothing has to be done. Turning IPv6 off on the interface saves the failed attempts.".into(),
        commands: group
            .first_check()
            .map(|c| commands::curl_family_command(c, " -6").into())
            .into_iter()
            .collect(),
        severity: Some(Severity::Info),
        ..FindingText::default()
    }
}
