//! IPv4 and IPv6 as paths of their own.
//!
//! Programs choose a family before they know whether it works: they connect to the addresses in the order of RFC 6724, with
//! IPv6 first where there is a global address, and the race of happy eyeballs (RFC 8305) is over once TCP is connected. What
//! fails after that is not tried again over the other family.

use std::net::{IpAddr, Ipv6Addr};

use super::attempts::{decisive_failure_of, has_reached, is_ipv6, last_phase, probe_attempts};
use crate::model::evidence::{Attempt, Detail, Phase, Step};
use crate::model::plan::{PlannedCheck, RouteKind};

/// The failure that programs meet although IPv4 works: IPv6 connects, and then none of its addresses gets through.
pub(super) fn preferred_family_failure<'a>(
    planned: &PlannedCheck,
    attempts: &'a [Attempt],
) -> Option<(&'a Attempt, &'a Step)> {
    let last = last_phase(planned.protocol);
    let ipv6: Vec<_> = probe_attempts(attempts).filter(|a| is_ipv6(a)).collect();
    if planned.route.kind == RouteKind::Proxy || ipv6.iter().any(|a| has_reached(a, last)) {
        return None;
    }
    decisive_failure_of(ipv6.into_iter().filter(|a| has_reached(a, Phase::Connect) && is_preferred(a)))
}

/// RFC 6724 2.1: unique local, 6to4 and Teredo addresses of this machine rank below IPv4.
fn is_preferred(attempt: &Attempt) -> bool {
    let local = attempt.steps.iter().find_map(|step| match &step.detail {
        Detail::Connect(detail) => detail.local,
        _ => None,
    });
    match local.map(|address| address.ip()) {
        Some(IpAddr::V6(local)) => !local.is_unique_local() && !is_tunnel(local),
        _ => true,
    }
}

fn is_tunnel(address: Ipv6Addr) -> bool {
    matches!(address.segments(), [0x2002, ..] | [0x2001, 0, ..])
}
