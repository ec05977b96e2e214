//! Names have IPv6 addresses, and no route leads to any.

use super::group::Group;
use super::phrase::{count, places};
use super::scene::{Scene, View};
use super::{Diagnosis, Words, commands, look};
use crate::analysis::verdict::attempts::{probes, reached};
use crate::model::evidence::{Cause, Phase};
use crate::model::finding::{Confidence, Severity};
use crate::model::report::Check;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "ipv6_unroutable", groups, words };

fn groups<'a>(view: &View<'a>) -> Vec<Group<'a>> {
    if view.all.iter().any(|c| does_ipv6_work(c)) {
        return Vec::new();
    }
    let lacks_route = |c: &&Check| look::is_met(c) && is_unroutable(c);
    Group::one(view.id, view.all.iter().copied().filter(lacks_route).collect())
}

fn does_ipv6_work(check: &Check) -> bool {
    probes(&check.attempts)
        .any(|a| a.address.is_some_and(|address| address.is_ipv6()) && reached(a, Phase::Connect))
}

fn is_unroutable(check: &Check) -> bool {
    look::failed_addresses(check).iter().any(|(a, cause)| a.is_ipv6() && *cause == Cause::TcpUnreachable)
}

fn words(group: &Group<'_>, scene: &Scene<'_>) -> Words {
    Words {
        summary: "IPv6 addresses are answered, but no IPv6 route exists; IPv4 is used.".into(),
        subject: "IPv6".into(),
        explanation: format!(
            "From {}, for {}. No check fails for it.",
            places(group, scene),
            count(group.hosts().len(), "host", "hosts")
        ),
        consequence: Some("None for programs that fall back to IPv4, as the agents do.".into()),
        remedy: "Nothing has to be done. Turning IPv6 off on the interface saves the failed attempts.".into(),
        commands: group.first().map(commands::curl6).into_iter().collect(),
        confidence: Confidence::High,
        severity: Some(Severity::Info),
    }
}
