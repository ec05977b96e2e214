//! A ClientHello of the size that the agents' runtimes send, tried once per address and judged for every check there.
//!
//! Post-quantum key shares made the ClientHello of current runtimes about 1.5 kB, more than one segment. Middleboxes that
//! look for the server name in the first segment only drop such a connection, while a small probe passes.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;

use super::attempts::{has_reached, probe_attempts, working_addresses};
use super::ruling::Ruling;
use crate::model::evidence::{Attempt, Cause, Outcome, Phase, Purpose};
use crate::model::plan::RouteKind;
use crate::model::report::{Check, CheckVerdict};

/// One place where hellos arrive. By way of a proxy the address is the proxy's, so that the host tells the places apart.
type HelloDestination = (SocketAddr, Option<String>);

/// Turns met checks into unmet ones where every address that served them drops the larger hello.
pub(super) fn apply_large_hello(checks: &mut [Check]) {
    let dropped = find_drops(checks);
    if dropped.is_empty() {
        return;
    }
    for check in checks.iter_mut().filter(|c| c.verdict == CheckVerdict::Met && c.planned.protocol.uses_tls())
    {
        let good = working_addresses(&check.attempts, check.planned.protocol);
        let hits: Vec<_> = good.iter().filter_map(|&a| dropped.get(&hello_destination(check, a))).collect();
        match hits.first() {
            Some(raw) if hits.len() == good.len() => super::apply_ruling(check, unmet_ruling(good[0], raw)),
            Some(_) => add_note(check, hits.len(), good.len()),
            None => {}
        }
    }
}

fn unmet_ruling(address: SocketAddr, raw: &str) -> Ruling {
    let cause = Cause::TlsLargeHello;
    Ruling::Unmet { phase: Phase::Tls, cause, note: format!("{} ({address}): {raw}", cause.text()) }
}

fn add_note(check: &mut Check, hits: usize, good: usize) {
    let text = format!("{hits} of {good} addresses drop a ClientHello of 1.5 kB");
    check.note = Some(match check.note.take() {
        Some(note) => format!("{note}; {text}"),
        None => text,
    });
}

/// The places that drop the larger hello though a small one works there, with what was seen. Where the larger one passed
/// once it always counts as passing: a single loss must not condemn an address.
fn find_drops(checks: &[Check]) -> HashMap<HelloDestination, String> {
    let mut dropped = HashMap::new();
    let (mut small_passed, mut large_passed) = (HashSet::new(), HashSet::new());
    for check in checks {
        let at = |a: &Attempt| Some(hello_destination(check, a.address?));
        small_passed
            .extend(probe_attempts(&check.attempts).filter(|a| has_reached(a, Phase::Tls)).filter_map(at));
        for attempt in check.attempts.iter().filter(|a| a.purpose == Purpose::LargeHello) {
            match (at(attempt), large_hello_outcome(attempt)) {
                (Some(place), Some(Err(raw))) => drop(dropped.insert(place, raw)),
                (Some(place), Some(Ok(()))) => drop(large_passed.insert(place)),
                _ => {}
            }
        }
    }
    dropped.retain(|place, _| small_passed.contains(place) && !large_passed.contains(place));
    dropped
}

/// Whether the larger hello was answered; `None` where nothing can be said, as when the connection did not open.
fn large_hello_outcome(attempt: &Attempt) -> Option<Result<(), String>> {
    let step = attempt.step(Phase::Tls)?;
    match (step.outcome, step.cause) {
        (Outcome::Reached, _) => Some(Ok(())),
        (_, Some(cause @ (Cause::TlsTimeout | Cause::TlsReset | Cause::TlsClosed))) => {
            Some(Err(step.raw.clone().unwrap_or_else(|| cause.text().to_owned())))
        }
        _ => None,
    }
}

fn hello_destination(check: &Check, address: SocketAddr) -> HelloDestination {
    let host = check.planned.host.clone().filter(|_| check.planned.route.kind == RouteKind::Proxy);
    (address, host)
}
