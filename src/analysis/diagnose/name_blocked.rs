//! Some names get no address while others do: a DNS filter, a missing forwarder, or a name that does not exist.

use std::collections::HashSet;

use super::failing_suffix as suffix;
use super::prelude::*;
use super::wording::label_suffixes;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "name_blocked", group_checks, describe_finding };

const CAUSES: &[Cause] =
    &[Cause::DnsNxdomain, Cause::DnsNoData, Cause::DnsServfail, Cause::DnsRefused, Cause::DnsTimeout];

/// Filters and zones work on suffixes: names belong together when they share one below which nothing resolves.
fn group_checks<'a>(view: &VantageFacts<'a>) -> Vec<CheckGroup<'a>> {
    let good: HashSet<_> = view
        .checks
        .iter()
        .filter(|c| look::has_resolved(c))
        .filter_map(|c| c.planned.host.as_deref())
        .flat_map(label_suffixes)
        .collect();
    CheckGroup::by_key(view.unexplained_with(CAUSES), |check| {
        suffix::failing_suffix(look::host_or_pattern(check), &good).to_owned()
    })
}

fn describe_finding(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> FindingText {
    let subject = describe_hosts(group);
    let others =
        if scene.has_any_check(group, look::has_resolved) { ", while other names resolve" } else { "" };
    FindingText {
        summary: format!("No address is answered for {subject}{others}."),
        explanation: format!(
            "From {}: {}. Names: {}.",
            describe_vantages(group, scene),
            list_causes(group, 3),
            list_some(&group.hosts(), 5)
        ),
        subject,
        remedy: remedy_for(group).into(),
        commands: commands::settings_then_verify(group, "resolve in DNS", commands::dig_command_for),
        confidence: judge_confidence(group),
        ..FindingText::default()
    }
}

fn remedy_for(group: &CheckGroup<'_>) -> &'static str {
    if group.checks.iter().all(|c| c.cause == Some(Cause::DnsNxdomain)) {
        "Take the names off the block list of the DNS server, or forward their zone to one that knows it. If another \
         network has no such name either, the name does not exist for this region and nothing has to be opened."
    } else {
        "Take the names off the block list of the DNS server, or forward their zone to one that knows it. An empty or \
         half-built private zone of the same name has this effect too."
    }
}

/// A single name may be absent for everybody.
fn judge_confidence(group: &CheckGroup<'_>) -> Confidence {
    let is_absent = |c: &&Check| matches!(c.cause, Some(Cause::DnsNxdomain | Cause::DnsNoData));
    if group.hosts().len() == 1 && group.first_check().as_ref().is_some_and(is_absent) {
        Confidence::Medium
    } else {
        Confidence::High
    }
}
