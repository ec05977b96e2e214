//! The proxy answers and forbids: all destinations, or those below some suffix.

use std::collections::HashSet;

use super::group::Group;
use super::phrase::{self, list, places, suffixes};
use super::scene::{Scene, View};
use super::{Diagnosis, Words, by_proxy, commands, look, suffix};
use crate::model::evidence::Cause;
use crate::model::finding::Confidence;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "proxy_denied", groups, words };

/// Access lists are written for suffixes: hosts belong together when they share one below which the proxy opens nothing.
fn groups<'a>(view: &View<'a>) -> Vec<Group<'a>> {
    by_proxy::groups(view, &[Cause::ProxyDenied]).into_iter().flat_map(|g| by_suffix(view, g)).collect()
}

fn by_suffix<'a>(view: &View<'a>, group: Group<'a>) -> Vec<Group<'a>> {
    let label = group.key;
    let passed = by_proxy::all(view, &label).filter(|c| by_proxy::passed(c));
    let good: HashSet<_> = passed.map(look::host).flat_map(suffixes).collect();
    if good.is_empty() {
        return Group::one(label, group.checks);
    }
    Group::by(group.checks, |c| format!("{label} {}", suffix::dead(look::host(c), &good)))
}

fn words(group: &Group<'_>, scene: &Scene<'_>) -> Words {
    let is_all = !by_proxy::passes_others(group, scene);
    let knows_no_connect = by_proxy::statuses(group) == [405];
    let what = if is_all { "everything".to_owned() } else { phrase::hosts(group) };
    let statuses: Vec<_> = by_proxy::statuses(group).iter().map(ToString::to_string).collect();
    Words {
        summary: format!("The proxy {} forbids {what}.", by_proxy::name(group)),
        explanation: format!(
            "From {} it answers{}{}: {}.{}",
            places(group, scene),
            if statuses.is_empty() { String::new() } else { format!(" {}", list(&statuses, 3)) },
            if is_all { " to all that was asked for" } else { ", while it lets other hosts through" },
            list(&group.hosts(), 5),
            group
                .first()
                .and_then(by_proxy::squid_error)
                .map(|e| format!(" Its reason: {e}."))
                .unwrap_or_default()
        ),
        subject: if is_all { by_proxy::of(group).to_owned() } else { what },
        consequence: None,
        remedy: remedy(is_all, knows_no_connect).into(),
        commands: commands::allow_and(group, scene, commands::curl),
        confidence: Confidence::High,
        severity: None,
    }
}

fn remedy(is_all: bool, knows_no_connect: bool) -> &'static str {
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
