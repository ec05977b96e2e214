//! What to read out of a check's attempts.

use std::net::SocketAddr;

use crate::analysis::answerer::is_failing_status;
pub(super) use crate::analysis::verdict::attempts::CUT_OFF;
use crate::analysis::verdict::attempts::{decisive_failure, has_reached, is_hello_answered, probe_attempts};
use crate::model::evidence::{
    Attempt, Cause, Detail, DnsQuery, HttpDetail, LookupSource, Outcome, Phase, Purpose, ResolveDetail,
    TlsDetail,
};
use crate::model::report::{Check, CheckVerdict};

/// The host, or the pattern where no host is known.
pub(super) fn host_or_pattern(check: &Check) -> &str {
    check.planned.host.as_deref().or(check.planned.pattern.as_deref()).unwrap_or(&check.planned.endpoint)
}

/// What a firewall rule has to name: the pattern where there is one.
pub(super) fn pattern_or_host(check: &Check) -> &str {
    check.planned.pattern.as_deref().unwrap_or_else(|| host_or_pattern(check))
}

/// Whether the service answered.
pub(super) fn is_met(check: &Check) -> bool {
    check.verdict == CheckVerdict::Met
}

/// The lookup of the check.
pub(super) fn lookup_detail(check: &Check) -> Option<&ResolveDetail> {
    check.attempts.iter().find_map(Attempt::lookup)
}

/// The questions that were sent for the check.
pub(super) fn dns_queries(check: &Check) -> &[DnsQuery] {
    lookup_detail(check).map_or(&[], |l| &l.queries)
}

/// Whether a DNS server gave addresses for the name.
pub(super) fn has_resolved(check: &Check) -> bool {
    let step = check.attempts.iter().find_map(|a| a.step(Phase::Resolve));
    step.is_some_and(|s| s.outcome == Outcome::Reached)
        && lookup_detail(check).is_some_and(|l| l.source == LookupSource::Dns)
}

/// Whether a connection to some address was tried. Never through a proxy, where the connection is not ours.
pub(super) fn has_tried_connecting(check: &Check) -> bool {
    probe_attempts(&check.attempts).any(|a| a.step(Phase::Connect).is_some())
}

/// Whether a connection to some address opened.
pub(super) fn has_connected(check: &Check) -> bool {
    probe_attempts(&check.attempts).any(|a| has_reached(a, Phase::Connect))
}

/// Whether TLS was established at some address.
pub(super) fn has_established_tls(check: &Check) -> bool {
    probe_attempts(&check.attempts).any(|a| has_reached(a, Phase::Tls))
}

/// Whether a second look of this kind was answered at any address; `None` where none was taken to its end.
pub(super) fn is_look_answered(check: &Check, purpose: Purpose) -> Option<bool> {
    let looks = check.attempts.iter().filter(|a| a.purpose == purpose);
    looks.filter_map(is_hello_answered).reduce(|any, answered| any || answered)
}

/// The address of the failure that tells most.
pub(super) fn decisive_address(check: &Check) -> Option<SocketAddr> {
    decisive_failure(&check.attempts).and_then(|(attempt, _)| attempt.address)
}

/// The TLS step that decided: that of the most telling failure, or of the attempt that got through.
pub(super) fn tls_detail(check: &Check) -> Option<&TlsDetail> {
    decisive_attempt(check)?.tls()
}

/// The HTTP step that decided.
pub(super) fn http_detail(check: &Check) -> Option<&HttpDetail> {
    decisive_attempt(check)?.http()
}

/// What was answered in plain HTTP where TLS was expected.
pub(super) fn plain_answer(check: &Check) -> Option<&HttpDetail> {
    let mut looks = check.attempts.iter().filter(|a| a.purpose == Purpose::PlainHttp);
    looks.find_map(|attempt| attempt.http().filter(|answer| answer.status.is_some()))
}

/// The status of a service that was reached, and is throttled or fails.
pub(super) fn failing_status(check: &Check) -> Option<u16> {
    let answer = http_detail(check).filter(|_| is_met(check))?;
    answer.status.filter(|status| is_failing_status(*status))
}

fn decisive_attempt(check: &Check) -> Option<&Attempt> {
    let through = || probe_attempts(&check.attempts).find(|a| a.failed_step().is_none());
    let failed = || decisive_failure(&check.attempts).map(|(attempt, _)| attempt);
    // what is unmet without a failed step got through to somebody else
    if is_met(check) { through() } else { failed().or_else(through) }
}

/// The product that answered in the service's place, where the names betray it.
pub(super) fn appliance_name(check: &Check) -> Option<&str> {
    decisive_attempt(check)?.steps.iter().find_map(|step| match &step.detail {
        Detail::Proxy(d) => d.appliance.as_deref(),
        Detail::Tls(d) => d.appliance.as_deref(),
        Detail::Http(d) | Detail::WebSocket(d) => d.appliance.as_deref(),
        _ => None,
    })
}

/// The server's clock minus ours in seconds, if anything told.
pub(super) fn clock_skew_s(check: &Check) -> Option<i64> {
    check.attempts.iter().flat_map(|a| &a.steps).find_map(|step| match &step.detail {
        Detail::Tls(d) => d.clock_skew_s,
        Detail::Http(d) | Detail::WebSocket(d) => d.clock_skew_s,
        _ => None,
    })
}

/// The addresses that failed at a check, each with its cause, without those where another attempt got through.
pub(super) fn failed_addresses(check: &Check) -> Vec<(SocketAddr, Cause)> {
    let good: Vec<_> = probe_attempts(&check.attempts)
        .filter(|a| a.failed_step().is_none())
        .filter_map(|a| a.address)
        .collect();
    let mut failed: Vec<_> = probe_attempts(&check.attempts)
        .filter_map(|a| Some((a.address?, a.failed_step()?.cause?)))
        .filter(|(address, _)| !good.contains(address))
        .collect();
    failed.dedup_by_key(|(address, _)| *address);
    failed
}
