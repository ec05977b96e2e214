//! Which of a check's attempts got through, and which failure tells most.

use std::cmp::Reverse;
use std::net::SocketAddr;

use crate::model::evidence::{Attempt, Cause, Outcome, Phase, Purpose, Step};
use crate::model::rules::Protocol;

/// The phase that has to be reached for a protocol.
pub(crate) fn last_phase(protocol: Protocol) -> Phase {
    match protocol {
        Protocol::Tcp => Phase::Connect,
        Protocol::Tls => Phase::Tls,
        Protocol::Https | Protocol::Http => Phase::Http,
        Protocol::Wss => Phase::WebSocket,
        Protocol::Git | Protocol::Ssh => Phase::Greeting,
    }
}

/// The attempts at the service itself; lookups and second looks are left out.
pub(crate) fn probe_attempts(attempts: &[Attempt]) -> impl Iterator<Item = &Attempt> {
    attempts.iter().filter(|a| matches!(a.purpose, Purpose::Probe | Purpose::Retry))
}

/// The attempt that a proxy refused before it let the same check through, with fewer connections at a time.
pub(crate) fn refused_at_first(attempts: &[Attempt]) -> Option<&Attempt> {
    let passed = attempts.iter().position(|a| a.purpose == Purpose::Retry && has_reached(a, Phase::Proxy))?;
    attempts[..passed].iter().find(|a| is_burst_refusal(a))
}

/// What a proxy answered. Of plain HTTP there is no CONNECT: its answer stands in the place of the service's.
pub(crate) fn refusal_status(attempt: &Attempt) -> Option<u16> {
    attempt.proxy().and_then(|proxy| proxy.status).or_else(|| attempt.http()?.status)
}

/// The attempt of an ordinary client that the service answered as the rules expect.
pub(crate) fn contradiction(attempts: &[Attempt]) -> Option<&Attempt> {
    attempts.iter().find(|a| a.purpose == Purpose::Reference && has_reached(a, Phase::Http))
}

/// Whether an attempt reached a phase.
pub(crate) fn has_reached(attempt: &Attempt, phase: Phase) -> bool {
    attempt.step(phase).is_some_and(|s| s.outcome == Outcome::Reached)
}

/// The addresses at which a protocol was spoken to its end, each once.
pub(crate) fn working_addresses(attempts: &[Attempt], protocol: Protocol) -> Vec<SocketAddr> {
    let last = last_phase(protocol);
    let mut good: Vec<_> =
        probe_attempts(attempts).filter(|a| has_reached(a, last)).filter_map(|a| a.address).collect();
    good.sort_unstable();
    good.dedup();
    good
}

/// The failed probe whose failure tells most, with the step that failed.
///
/// In this order: the attempt that got furthest; any failure before an IPv6 address without a route, which says something
/// about this machine's network and nothing about the endpoint; an answer before silence; what a proxy said with fewer
/// connections before what it said to the burst; IPv4 before IPv6; the first one.
pub(crate) fn decisive_failure(attempts: &[Attempt]) -> Option<(&Attempt, &Step)> {
    decisive_failure_of(probe_attempts(attempts))
}

/// The same of some of the probes.
pub(super) fn decisive_failure_of<'a>(
    attempts: impl Iterator<Item = &'a Attempt>,
) -> Option<(&'a Attempt, &'a Step)> {
    attempts.filter_map(|a| Some((a, a.failed_step()?))).min_by_key(|(a, step)| {
        let is_ipv6 = is_ipv6(a);
        (
            Reverse(step.phase()),
            is_ipv6 && step.cause == Some(Cause::TcpUnreachable),
            step.cause.is_some_and(is_timeout),
            is_burst_refusal(a),
            is_ipv6,
        )
    })
}

pub(crate) fn is_ipv6(attempt: &Attempt) -> bool {
    attempt.address.is_some_and(|address| address.is_ipv6())
}

/// Whether a proxy refused the first try of a check, which is one of many at a time.
fn is_burst_refusal(attempt: &Attempt) -> bool {
    let cause = attempt.failed_step().and_then(|step| step.cause);
    attempt.purpose == Purpose::Probe && matches!(cause, Some(Cause::ProxyDenied | Cause::ProxyClosed))
}

/// Whether a cause is silence.
pub(crate) fn is_timeout(cause: Cause) -> bool {
    matches!(
        cause,
        Cause::DnsTimeout
            | Cause::TcpTimeout
            | Cause::ProxyTimeout
            | Cause::TlsTimeout
            | Cause::HttpTimeout
            | Cause::WsTimeout
    )
}

/// Whether somebody answered the ClientHello of an attempt, be it with a refusal; `None` where none was sent.
pub(crate) fn is_hello_answered(attempt: &Attempt) -> Option<bool> {
    let step = attempt.step(Phase::Tls).filter(|step| step.outcome != Outcome::Skipped)?;
    Some(!step.cause.is_some_and(|cause| CUT_OFF.contains(&cause)))
}

/// Causes that end a handshake without a word of TLS.
pub(crate) const CUT_OFF: &[Cause] = &[Cause::TlsTimeout, Cause::TlsReset, Cause::TlsClosed];
