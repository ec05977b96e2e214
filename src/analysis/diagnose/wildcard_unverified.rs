//! Wildcards without a known host: they have to be allowed on trust.

use super::discovery_failed;
use super::prelude::*;

pub(super) const DIAGNOSIS: Diagnosis =
    Diagnosis { id: "wildcard_unverified", group_checks, describe_finding };

fn group_checks<'a>(view: &VantageFacts<'a>) -> Vec<CheckGroup<'a>> {
    let is_open = |c: &Check| {
        matches!(c.unverified, Some(UnverifiedKind::WildcardUnknown | UnverifiedKind::NotDiscovered))
    };
    CheckGroup::from_checks("", view.checks_where(|c| is_open(c) && !discovery_failed::is_reported(view, c)))
}

fn describe_finding(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> FindingText {
    let patterns = unique_in_order(group.checks.iter().map(|c| look::pattern_or_host(c)));
    let missed = group.checks.iter().filter(|c| c.unverified == Some(UnverifiedKind::NotDiscovered));
    let missed = match unique_in_order(missed.map(|c| look::pattern_or_host(c))).len() {
        0 => String::new(),
        n => format!(" Services name the hosts below {n} of them, but none did in this run."),
    };
    FindingText {
        summary: format!(
            "{} could not be checked, for no host below is known; allow {} anyway.",
            format_count(patterns.len(), "wildcard"),
            pluralize(patterns.len(), "it", "them")
        ),
        subject: list_some(&patterns, 3),
        explanation: format!("Nothing was sent to {}.{missed}", list_some(&patterns, 5)),
        remedy: "Make sure that the firewall allows these wildcards; arcprobe cannot test them.".into(),
        commands: commands::firewall_rules(group, scene)
            .into_iter()
            .chain(["arcprobe requirements -l REGION".into()])
            .collect(),
        ..FindingText::default()
    }
}
