//! What to read out of a check's attempts.

use std::net::SocketAddr;

use crate::analysis::verdict::attempts::{most_telling, probes, reached};
use crate::model::evidence::{
    Attempt, Cause, Detail, DnsQuery, HttpDetail, Outcome, Phase, ResolveDetail, Step, TlsDetail,
};
use crate::model::report::{Check, CheckVerdict};

/// The host, or the pattern where no host is known.
pub(super) fn host(check: &Check) -> &str {
    check.host.as_deref().or(check.pattern.as_deref()).unwrap_or(&check.requirement)
}

/// What a firewall rule has to name: the pattern where there is one.
pub(super) fn pattern(check: &Check) -> &str {
    check.pattern.as_deref().unwrap_or_else(|| host(check))
}

/// Whether the service answered.
pub(super) fn is_met(check: &Check) -> bool {
    check.verdict == CheckVerdict::Met
}

/// The lookup of the check.
pub(super) fn lookup(check: &Check) -> Option<&ResolveDetail> {
    match &resolve_step(check)?.detail {
        Detail::Resolve(detail) => Some(detail),
        _ => None,
    }
}

fn resolve_step(check: &Check) -> Option<&Step> {
    check.attempts.iter().find_map(|a| a.step(Phase::Resolve))
}

/// The questions that were sent for the check.
pub(super) fn queries(check: &Check) -> &[DnsQuery] {
    lookup(check).map_or(&[], |l| &l.queries)
}

/// Whether a DNS server gave addresses for the name.
pub(super) fn was_resolved(check: &Check) -> bool {
    resolve_step(check).is_some_and(|s| s.outcome == Outcome::Reached)
        && lookup(check).is_some_and(|l| l.source == "dns")
}

/// Whether a connection to some address was tried. Never by way of a proxy, where the connection is not ours.
pub(super) fn was_connected_to(check: &Check) -> bool {
    probes(&check.attempts).any(|a| a.step(Phase::Connect).is_some())
}

/// Whether a connection to some address opened.
pub(super) fn did_connect(check: &Check) -> bool {
    probes(&check.attempts).any(|a| reached(a, Phase::Connect))
}

/// Whether TLS was established at some address.
pub(super) fn did_tls(check: &Check) -> bool {
    probes(&check.attempts).any(|a| reached(a, Phase::Tls))
}

/// The address of the failure that tells most.
pub(super) fn address(check: &Check) -> Option<SocketAddr> {
    most_telling(&check.attempts).and_then(|(attempt, _)| attempt.address)
}

/// The TLS step that decided: that of the most telling failure, or of the attempt that got through.
pub(super) fn tls(check: &Check) -> Option<&TlsDetail> {
    match &deciding(check)?.step(Phase::Tls)?.detail {
        Detail::Tls(detail) => Some(detail),
        _ => None,
    }
}

/// The HTTP step that decided.
pub(super) fn http(check: &Check) -> Option<&HttpDetail> {
    match &deciding(check)?.step(Phase::Http)?.detail {
        Detail::Http(detail) => Some(detail),
        _ => None,
    }
}

fn deciding(check: &Check) -> Option<&Attempt> {
    if is_met(check) {
        probes(&check.attempts).find(|a| a.failed().is_none())
    } else {
        most_telling(&check.attempts).map(|(attempt, _)| attempt)
    }
}

/// The product that answered in the service's place, where the names betray it.
pub(super) fn appliance(check: &Check) -> Option<&str> {
    deciding(check)?.steps.iter().find_map(|step| match &step.detail {
        Detail::Proxy(d) => d.appliance.as_deref(),
        Detail::Tls(d) => d.appliance.as_deref(),
        Detail::Http(d) => d.appliance.as_deref(),
        Detail::WebSocket(d) => d.appliance.as_deref(),
        _ => None,
    })
}

/// The server's clock minus ours in seconds, if anything told.
pub(super) fn clock_skew_s(check: &Check) -> Option<i64> {
    check.attempts.iter().flat_map(|a| &a.steps).find_map(|step| match &step.detail {
        Detail::Tls(d) => d.clock_skew_s,
        Detail::Http(d) => d.clock_skew_s,
        Detail::WebSocket(d) => d.clock_skew_s,
        _ => None,
    })
}

/// The addresses that failed at a check, each with its cause, without those where another attempt got through.
pub(super) fn failed_addresses(check: &Check) -> Vec<(SocketAddr, Cause)> {
    let good: Vec<_> =
        probes(&check.attempts).filter(|a| a.failed().is_none()).filter_map(|a| a.address).collect();
    let mut failed: Vec<_> = probes(&check.attempts)
        .filter_map(|a| Some((a.address?, a.failed()?.cause?)))
        .filter(|(address, _)| !good.contains(address))
        .collect();
    failed.dedup_by_key(|(address, _)| *address);
    failed
}
