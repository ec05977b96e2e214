//! Some names get no address while others do: a DNS filter, a missing forwarder, or a name that does not exist.

use std::collections::HashSet;

use super::group::Group;
use super::phrase::{self, list, suffixes};
use super::scene::{Scene, View};
use super::{Diagnosis, Words, commands, look, suffix};
use crate::model::evidence::Cause;
use crate::model::finding::Confidence;
use crate::model::report::Check;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "name_blocked", groups, words };

const CAUSES: &[Cause] =
    &[Cause::DnsNxdomain, Cause::DnsNoData, Cause::DnsServfail, Cause::DnsRefused, Cause::DnsTimeout];

/// Filters and zones work on suffixes: names belong together when they share one below which nothing resolves.
fn groups<'a>(view: &View<'a>) -> Vec<Group<'a>> {
    let good: HashSet<_> = view
        .all
        .iter()
        .filter(|c| look::was_resolved(c))
        .filter_map(|c| c.host.as_deref())
        .flat_map(suffixes)
        .collect();
    Group::by(view.open_with(CAUSES), |check| suffix::dead(look::host(check), &good).to_owned())
}

fn words(group: &Group<'_>, scene: &Scene<'_>) -> Words {
    let subject = phrase::hosts(group);
    let others = if scene.any_seen(group, look::was_resolved) { ", while other names resolve" } else { "" };
    let answers: Vec<_> = group.causes().iter().map(|c| c.text()).collect();
    Words {
        summary: format!("No address is answered for {subject}{others}."),
        explanation: format!(
            "From {}: {}. Names: {}.",
            phrase::places(group, scene),
            list(&answers, 3),
            list(&group.hosts(), 5)
        ),
        subject,
        consequence: None,
        remedy: remedy(group).into(),
        commands: commands::each(group, |c| format!("resolve in DNS: {}", look::pattern(c)))
            .into_iter()
            .chain(group.first().map(commands::dig_for))
            .collect(),
        confidence: confidence(group),
        severity: None,
    }
}

fn remedy(group: &Group<'_>) -> &'static str {
    if group.checks.iter().all(|c| c.cause == Some(Cause::DnsNxdomain)) {
        "Take the names off the block list of the DNS server, or forward their zone to one that knows it. If another \
         network has no such name either, the name does not exist for this region and nothing has to be opened."
    } else {
        "Take the names off the block list of the DNS server, or forward their zone to one that knows it. An empty or \
         half-built private zone of the same name has this effect too."
    }
}

/// A single name may be absent for everybody.
fn confidence(group: &Group<'_>) -> Confidence {
    let is_absent = |c: &&Check| matches!(c.cause, Some(Cause::DnsNxdomain | Cause::DnsNoData));
    if group.hosts().len() == 1 && group.first().as_ref().is_some_and(is_absent) {
        Confidence::Medium
    } else {
        Confidence::High
    }
}
