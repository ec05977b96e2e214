//! The proxy answers and forbids: all destinations, or those below some suffix.

use std::collections::HashSet;

use super::failing_suffix as suffix;
use super::prelude::*;
use super::wording::label_suffixes;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "proxy_denied", group_checks, describe_finding };

/// Access lists are written for suffixes: hosts belong together when they share one below which the proxy opens nothing.
fn group_checks<'a>(view: &VantageFacts<'a>) -> Vec<CheckGroup<'a>> {
    by_proxy::group_by_proxy(view, &[Cause::ProxyDenied])
        .into_iter()
        .flat_map(|g| group_by_suffix(view, g))
        .collect()
}

fn group_by_suffix<'a>(view: &VantageFacts<'a>, group: CheckGroup<'a>) -> Vec<CheckGroup<'a>> {
    let label = group.key;
    let passed = by_proxy::checks_via(view, &label).filter(|c| by_proxy::has_passed(c));
    let good: HashSet<_> = passed.map(look::host_or_pattern).flat_map(label_suffixes).collect();
    if good.is_empty() {
        return CheckGroup::from_checks(label, group.checks);
    }
    CheckGroup::by_key(group.checks, |c| {
        format!("{label} {}", suffix::failing_suffix(look::host_or_pattern(c), &good))
    })
}

fn describe_finding(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> FindingText {
    let is_all = !by_proxy::passes_others(group, scene);
    let knows_no_connect = by_proxy::proxy_statuses(group) == [405];
    let what = if is_all { "everything".to_owned() } else { describe_hosts(group) };
    let statuses: Vec<_> = by_proxy::proxy_statuses(group).iter().map(ToString::to_string).collect();
    FindingText {
        summary: format!("The proxy {} forbids {what}.", by_proxy::describe_proxy(group)),
        explanation: format!(
            "From {} it answers{}{}: {}.{}",
            describe_vantages(group, scene),
            if statuses.is_empty() { String::new() } else { format!(" {}", list_some(&statuses, 3)) },
            if is_all { " to all that was asked for" } else { ", while it lets other hosts through" },
            list_some(&group.hosts(), 5),
            group
                .first_check()
                .and_then(by_proxy::squid_error)
                .map(|e| format!(" Its reason: {e}."))
                .unwrap_or_default()
        ),
        subject: if is_all { by_proxy::group_proxy(group).to_owned() } else { what },
        remedy: remedy_for(is_all, knows_no_connect).into(),
        commands: commands::firewall_rules_then_verify(group, scene, commands::curl_command),
        ..FindingText::default()
    }
}

fn remedy_for(is_all: bool, knows_no_connect: bool) -> &'static str {
    match (is_all, knows_no_connect) {
        (true, true) => {
            "Use the port on which the proxy offers CONNECT, or have that method allowed: 405 says that it is not offered \
             here at all."
        }
        (true, false) => {
            "Have the proxy accept the networks of the cluster as clients and allow CONNECT to these hosts; when it forbids \
             everything, it is more often the client that is not allowed than the destinations."
        }
        (false, _) => {
            "Allow CONNECT to these hosts in the proxy, by suffix where a wildcard is listed, for machines that cannot log \
             on or click through a page."
        }
    }
}
