//! A skip range that sends some clients through the proxy and others around it.

use std::collections::BTreeSet;

use super::prelude::*;
use crate::model::plan::RouteKind;
use crate::model::rules::Protocol;
use crate::proxy::{BypassDifference, find_differences};

pub(super) const DIAGNOSIS: Diagnosis =
    Diagnosis { id: "skip_range_differs", group_checks, describe_finding };

/// Unmet checks are explained by their causes and cannot be evidence here; the words tell of their hosts anyway.
fn group_checks<'a>(view: &VantageFacts<'a>) -> Vec<CheckGroup<'a>> {
    let found = find_bypass_differences(view.context, &view.checks);
    if found.is_empty() {
        return Vec::new();
    }
    let concerned = |c: &Check| c.verdict != CheckVerdict::Unmet && found.iter().any(|d| is_about(d, c));
    vec![CheckGroup::new("", view.checks_where(concerned))]
}

/// Each endpoint once, however many checks ask it.
fn find_bypass_differences(context: &Context<'_>, checks: &[&Check]) -> Vec<BypassDifference> {
    let Some(given) = context.skip_range else { return Vec::new() };
    let mut seen = BTreeSet::new();
    let endpoints = checks
        .iter()
        .filter(|c| takes_proxy(c))
        .filter_map(|c| Some((c.planned.host.as_deref()?, c.planned.port)));
    find_differences(&given.value, endpoints.filter(|endpoint| seen.insert(*endpoint)))
}

fn takes_proxy(check: &Check) -> bool {
    !matches!(check.planned.protocol, Protocol::Ssh | Protocol::Git | Protocol::Tcp)
}

fn is_about(difference: &BypassDifference, check: &Check) -> bool {
    takes_proxy(check)
        && check.planned.host.as_deref() == Some(difference.host.as_str())
        && check.planned.port == difference.port
}

fn describe_finding(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> FindingText {
    let all: Vec<_> = scene.by_vantage.iter().flat_map(|view| &view.checks).copied().collect();
    let found = find_bypass_differences(scene.context, &all);
    let hosts = unique_in_order(found.iter().map(|d| d.host.as_str()));
    let entries = unique_in_order(found.iter().flat_map(BypassDifference::deciding_entries));
    let quoted: Vec<_> = entries.iter().map(|e| format!("\"{e}\"")).collect();
    let origin =
        scene.context.skip_range.map_or("the skip range".to_owned(), |given| given.origin.to_string());
    let [verb, pronoun] = if entries.len() == 1 { ["sends", "it"] } else { ["send", "them"] };
    FindingText {
        summary: format!(
            "{} in {origin} {verb} some clients around the proxy to {} and others through it.",
            list_some(&quoted, 3),
            list_some(&hosts, 1)
        ),
        subject: origin,
        explanation: explain_differences(&found, group),
        consequence: Some(
            "One way may be open and the other closed: onboarding from this machine can work and the agents stay cut \
             off, or the other way round."
                .into(),
        ),
        remedy: format!(
            "Decide whether {} to go through the proxy. If so, take {pronoun} out of the skip range; if not, write the \
             names both plainly and with a leading dot.",
            pluralize(hosts.len(), "this host is", "these hosts are")
        ),
        commands: skip_range_flags(scene, &entries),
        severity: Some(Severity::Warning),
        ..FindingText::default()
    }
}

/// The way that was checked is that of the agents.
fn explain_differences(found: &[BypassDifference], group: &CheckGroup<'_>) -> String {
    let described: Vec<_> = found.iter().take(MAX_SHOWN).map(ToString::to_string).collect();
    let is_direct = |c: &&&Check| c.planned.route.kind == RouteKind::Direct;
    let way = match group.checks.iter().filter(is_direct).count() {
        0 => "through the proxy, as the agents would go",
        n if n == group.checks.len() => "around the proxy, as the agents would go",
        _ => "as the agents would go",
    };
    let checked = if group.checks.is_empty() {
        String::new()
    } else {
        format!(" Checked {way}: {}.", list_some(&group.hosts(), 3))
    };
    let hidden = if found.len() > MAX_SHOWN { "; and so on for other hosts" } else { "" };
    format!("For this value, {}{hidden}.{checked}", described.join("; "))
}

/// The value for either decision.
fn skip_range_flags(scene: &RunFacts<'_>, entries: &[&str]) -> Vec<Instruction> {
    let Some(given) = scene.context.skip_range else { return Vec::new() };
    let all = || given.value.entries().iter().map(|entry| entry.text.as_str());
    let without: Vec<_> = all().filter(|text| !entries.contains(text)).map(str::to_owned).collect();
    let with: Vec<_> =
        all().map(|t| if entries.contains(&t) { both_forms(t) } else { t.to_owned() }).collect();
    vec![
        Instruction::Text(format!("--proxy-skip-range '{}'  # through the proxy", without.join(","))),
        Instruction::Text(format!("--proxy-skip-range '{}'  # around it", with.join(","))),
    ]
}

/// The name and what is below it, for every client. Networks stay what they are.
fn both_forms(entry: &str) -> String {
    let name = entry.trim_start_matches('*').trim_matches('.');
    let is_name = name.contains(|c: char| c.is_ascii_alphabetic()) && !name.contains([':', '/', ' ', '*']);
    if is_name { format!("{name},.{name}") } else { entry.to_owned() }
}

/// The most differences that are told; more would not be read.
const MAX_SHOWN: usize = 3;
