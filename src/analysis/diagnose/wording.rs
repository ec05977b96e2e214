//! Pieces of sentences.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use super::Context;
use super::group::{CheckGroup, unique_in_order};
use super::run_facts::RunFacts;
use crate::model::report::{Check, Vantage};
use crate::model::vantage::VantageKind;
pub(super) use crate::model::wording::{capitalize, format_count, list_some, pluralize};

/// The most effects that a finding lists; more would not be read.
const MAX_EFFECTS: usize = 2;
/// The most callers that a finding names.
const MAX_CALLERS: usize = 4;

/// One host by its name, several by their number and the suffix that they share. Two labels are no suffix worth a word:
/// half of Azure is below `azure.com`.
pub(super) fn describe_hosts(group: &CheckGroup<'_>) -> String {
    match group.hosts()[..] {
        [] => "no host".to_owned(),
        [host] => host.to_owned(),
        ref hosts => match common_suffix(hosts).filter(|s| s.matches('.').count() > 1) {
            Some(suffix) => format!("{} hosts below {suffix}", hosts.len()),
            None => list_some(hosts, 1),
        },
    }
}

/// The longest suffix of at least two labels that all hosts share.
pub(super) fn common_suffix<'a>(hosts: &[&'a str]) -> Option<&'a str> {
    let (first, rest) = hosts.split_first()?;
    label_suffixes(first).find(|s| s.contains('.') && rest.iter().all(|h| is_below(h, s)))
}

/// All suffixes of a name that begin at a label, the longest (the name itself) first.
pub(super) fn label_suffixes(name: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(name), |s| s.split_once('.').map(|(_, rest)| rest))
}

fn is_below(name: &str, suffix: &str) -> bool {
    name.strip_suffix(suffix).is_some_and(|front| front.is_empty() || front.ends_with('.'))
}

/// From where and at which hosts, with what the first of them showed.
pub(super) fn describe_observation(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> String {
    let (vantages, hosts) = (describe_vantages(group, scene), list_some(&group.hosts(), 5));
    format!("From {vantages}: {hosts}.{}", describe_note(group))
}

/// What the first check showed, as a sentence of its own; empty where it showed nothing.
pub(super) fn describe_note(group: &CheckGroup<'_>) -> String {
    let note = group.first_check().and_then(|c| c.note.as_deref());
    note.map(|n| format!(" Seen: {n}.")).unwrap_or_default()
}

/// The causes in words, the first so many of them.
pub(super) fn list_causes(group: &CheckGroup<'_>, most: usize) -> String {
    let causes: BTreeSet<_> =
        group.checks.iter().filter_map(|c| Some((c.cause?, c.cause?.text_in(c.phase)))).collect();
    list_some(&causes.into_iter().map(|(_, text)| text).collect::<Vec<_>>(), most)
}

/// "the pod network and the workstation".
pub(super) fn describe_vantages(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> String {
    let seen = scene.vantages_of(group);
    let names: Vec<_> = seen.iter().map(|v| describe_vantage_group(v, &seen, scene.context)).collect();
    let names = unique_in_order(names.iter().map(String::as_str));
    if names.is_empty() { "here".to_owned() } else { list_some(&names, 4) }
}

/// What a vantage is called among others that saw the same: many of a kind by their number.
fn describe_vantage_group(vantage: &Vantage, seen: &[&Vantage], context: &Context<'_>) -> String {
    let count = |vantages: &mut dyn Iterator<Item = &Vantage>| {
        vantages.filter(|v| v.kind == vantage.kind && v.node.is_some()).count()
    };
    let (here, all) = (count(&mut seen.iter().copied()), count(&mut context.vantages.iter()));
    if here < MIN_COUNTED_VANTAGES {
        return describe_vantage(vantage, context);
    }
    let what = if vantage.kind == VantageKind::Pod { "pods on " } else { "" };
    if here == all { format!("{what}all {all} nodes") } else { format!("{what}{here} of {all} nodes") }
}

/// From so many on, vantages of a kind are counted and not named.
const MIN_COUNTED_VANTAGES: usize = 4;

/// What a vantage is called in a sentence; with its node where others of its kind were looked from.
pub(super) fn describe_vantage(vantage: &Vantage, context: &Context<'_>) -> String {
    let alike = context.vantages.iter().filter(|v| v.kind == vantage.kind).count();
    match (&vantage.node, vantage.kind) {
        (Some(node), VantageKind::Pod) if alike > 1 => format!("pods on {node}"),
        (Some(node), VantageKind::Node) if alike > 1 => format!("node {node}"),
        (_, kind) => describe_vantage_kind(kind).to_owned(),
    }
}

/// What a network position is called in a sentence.
pub(super) fn describe_vantage_kind(kind: VantageKind) -> &'static str {
    match kind {
        VantageKind::Workstation => "this machine",
        VantageKind::Pod => "the pod network",
        VantageKind::Node => "the node network",
    }
}

/// A DNS server; its port only where it is not the usual one.
pub(super) fn format_dns_server(address: SocketAddr) -> String {
    if address.port() == 53 { address.ip().to_string() } else { address.to_string() }
}

/// How much of what is unmet a group explains, and how much it does not; empty for a group of met checks.
pub(super) fn describe_coverage(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> String {
    let explained = group.unmet_checks().count();
    let others = scene.unmet_count - explained.min(scene.unmet_count);
    match (explained, others) {
        (0, _) => String::new(),
        (1, 0) => "It explains the only unmet check.".to_owned(),
        (2, 0) => "It explains both unmet checks.".to_owned(),
        (n, 0) => format!("It explains all {n} unmet checks."),
        (n, m) => {
            let verb = pluralize(m, "has another cause", "have other causes");
            format!("It explains {}; {m} more {verb}.", format_count(n, "unmet check"))
        }
    }
}

/// Who is hit and what a user sees, from what the rules say about the checks; what is required comes first.
pub(super) fn describe_consequence(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> String {
    let (first, later): (Vec<_>, Vec<_>) =
        group.checks.iter().copied().partition(|c: &&Check| scene.is_required(c));
    let ordered = || first.iter().chain(&later);
    let callers = unique_in_order(ordered().flat_map(|c| &c.planned.callers).map(String::as_str));
    let breaks = ordered().map(|c| c.planned.breaks.trim().trim_end_matches('.')).filter(|b| !b.is_empty());
    let breaks: Vec<_> = unique_in_order(breaks).into_iter().take(MAX_EFFECTS).collect();
    let is_seen = group.unmet_checks().next().is_some();
    let (hits, sees) = if is_seen { ("Hits", "sees") } else { ("If closed, hits", "would see") };
    let affected = (!callers.is_empty()).then(|| format!("{hits} {}.", list_some(&callers, MAX_CALLERS)));
    let effects = (!breaks.is_empty()).then(|| format!("What a user {sees}: {}.", breaks.join(". ")));
    [affected, effects].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_common_suffix_ends_at_a_dot() {
        let table = [
            (&["a.his.arc.azure.com", "b.his.arc.azure.com"][..], Some("his.arc.azure.com")),
            (&["arc.azure.com", "x.arc.azure.com"], Some("arc.azure.com")),
            (&["xazure.com", "azure.com"], None),
            (&["a.com", "b.com"], None),
            (&["one.example.org"], Some("one.example.org")),
        ];
        for (hosts, suffix) in table {
            assert_eq!(common_suffix(hosts), suffix, "{hosts:?}");
        }
    }
}
