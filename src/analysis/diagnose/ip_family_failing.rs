//! One of IPv4 and IPv6 does not get through, while the other does.

use std::net::SocketAddr;

use super::prelude::*;
use crate::analysis::verdict::attempts::{has_reached, last_phase, probe_attempts};
use crate::model::evidence::{Attempt, Phase};

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "ip_family_failing", group_checks, describe_finding };

/// Internet Protocol version 4 or 6.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    V4,
    V6,
}

impl Family {
    pub(super) fn of(address: SocketAddr) -> Self {
        if address.is_ipv6() { Self::V6 } else { Self::V4 }
    }

    /// Whether an attempt went to an address of this family.
    fn has(self, attempt: &Attempt) -> bool {
        attempt.address.is_some_and(|address| Self::of(address) == self)
    }

    fn name(self) -> &'static str {
        if self == Self::V6 { "IPv6" } else { "IPv4" }
    }

    fn other(self) -> Self {
        if self == Self::V6 { Self::V4 } else { Self::V6 }
    }
}

fn group_checks<'a>(view: &VantageFacts<'a>) -> Vec<CheckGroup<'a>> {
    let is_open = |c: &Check| view.unexplained.iter().any(|open| std::ptr::eq(*open, c));
    let hit = view.checks_where(|c| failed_family(c).is_some() && (look::is_met(c) || is_open(c)));
    CheckGroup::by_key(hit, |c| failed_family(c).map_or("", Family::name).to_owned())
}

/// The family whose addresses all fail at a direct check, while one of the other family gets through.
pub(super) fn failed_family(check: &Check) -> Option<Family> {
    if by_proxy::is_proxied(check) {
        return None;
    }
    let last = last_phase(check.planned.protocol);
    let tried = |family: Family| probe_attempts(&check.attempts).filter(move |a| family.has(a));
    let works = |family| tried(family).any(|a| has_reached(a, last));
    // without a route no program goes there
    let is_path = |family| {
        tried(family).filter_map(|a| a.failed_step()).any(|step| step.cause != Some(Cause::TcpUnreachable))
    };
    [Family::V6, Family::V4].into_iter().find(|&f| is_path(f) && !works(f) && works(f.other()))
}

/// Whether the failing family connects: then programs stay with it.
fn connects(check: &Check) -> bool {
    failed_family(check).is_some_and(|family| {
        probe_attempts(&check.attempts).any(|a| family.has(a) && has_reached(a, Phase::Connect))
    })
}

fn failures<'a>(group: &CheckGroup<'a>) -> Vec<(&'a Check, SocketAddr, Cause)> {
    let of_family = |c: &'a Check| {
        let failed = look::failed_addresses(c).into_iter();
        failed
            .filter(|(at, _)| failed_family(c) == Some(Family::of(*at)))
            .map(move |(at, cause)| (c, at, cause))
    };
    group.checks.iter().flat_map(|&c| of_family(c)).collect()
}

fn describe_finding(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> FindingText {
    let family = group.first_check().and_then(failed_family).unwrap_or(Family::V6);
    let (name, other) = (family.name(), family.other().name());
    let after_tcp = group.checks.iter().any(|c| connects(c));
    let works = |c: &Check| probe_attempts(&c.attempts).any(|a| is_working(c, a, family));
    let others = if scene.has_any_check(group, works) {
        format!("Other hosts are reached over {name}.")
    } else {
        format!("No host is reached over {name}.")
    };
    let examples: Vec<_> = failures(group)
        .into_iter()
        .map(|(c, at, cause)| format!("{} at {} ({})", look::host_or_pattern(c), at.ip(), cause))
        .collect();
    FindingText {
        summary: if after_tcp {
            format!("{name} connects and then fails; {other} works.")
        } else {
            format!("No connection opens over {name}; {other} works.")
        },
        subject: name.into(),
        explanation: format!(
            "From {} {} {} not reached over {name}: {}. {others}",
            describe_vantages(group, scene),
            format_count(group.hosts().len(), "host"),
            pluralize(group.hosts().len(), "is", "are"),
            list_some(&examples, 4)
        ),
        consequence: Some(describe_clients(family, after_tcp).into()),
        remedy: remedy_for(group, family, after_tcp),
        commands: compare_families(group, family),
        ..FindingText::default()
    }
}

fn is_working(check: &Check, attempt: &Attempt, family: Family) -> bool {
    family.has(attempt) && has_reached(attempt, last_phase(check.planned.protocol))
}

fn describe_clients(family: Family, after_tcp: bool) -> &'static str {
    match (family, after_tcp) {
        (Family::V6, true) => {
            "Programs prefer IPv6, and their choice is final once TCP is connected: the agents (Go), az (Python) and curl stay \
             with IPv6 and hang or fail. They do not try IPv4."
        }
        (Family::V6, false) => {
            "The agents (Go) and curl fall back to IPv4 after 300 ms. az (Python) tries one address after the other and waits \
             for each, up to two minutes."
        }
        (Family::V4, _) => {
            "Programs with IPv6 prefer it and see nothing. Whatever has IPv4 only, such as pods in most clusters, does not \
             get through."
        }
    }
}

fn remedy_for(group: &CheckGroup<'_>, family: Family, after_tcp: bool) -> String {
    let name = family.name();
    let causes: Vec<_> = failures(group).into_iter().map(|(_, _, cause)| cause).collect();
    let stalls = causes.iter().any(|c| matches!(c, Cause::TlsTimeout | Cause::TlsPathMtu));
    let packets = if stalls && family == Family::V6 {
        " Let ICMPv6 \"packet too big\" (type 2) pass: without it large packets of IPv6 vanish in tunnels."
    } else {
        ""
    };
    let rule = if after_tcp { "inspect and filter" } else { "open" };
    format!(
        "Ask the network team to {rule} {name} in the same way as {}.{packets} If {name} is not meant to be used here, disable it \
         on the machines and nodes, so that programs do not choose it.",
        family.other().name()
    )
}

fn compare_families(group: &CheckGroup<'_>, family: Family) -> Vec<Instruction> {
    let Some(first) = group.first_check() else { return Vec::new() };
    let (failing, working) = if family == Family::V6 { (" -6", " -4") } else { (" -4", " -6") };
    [failing, working].map(|flag| commands::curl_family_command(first, flag).into()).to_vec()
}
