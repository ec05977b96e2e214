//! A ClientHello of the size that the agents' runtimes send, tried once per address and judged for every check there.
//!
//! Post-quantum key shares made the ClientHello of current runtimes about 1.5 kB, more than one segment. Middleboxes that
//! look for the server name in the first segment only drop such a connection, while a small probe passes. A path that
//! loses large packets does too; where the message passes in small segments, it was the path.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;

use super::attempts::{CUT_OFF, has_reached, is_hello_answered, probe_attempts, working_addresses};
use super::ruling::Ruling;
use crate::model::evidence::{Attempt, Cause, Outcome, Phase, Purpose};
use crate::model::plan::RouteKind;
use crate::model::report::{Check, CheckVerdict};

/// One place where hellos arrive. Through a proxy the address is the proxy's, so that the host tells the places apart.
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
            Some(drop) if hits.len() == good.len() => super::apply_ruling(check, unmet_ruling(good[0], drop)),
            Some(_) => add_note(check, hits.len(), good.len()),
            None => {}
        }
    }
}

/// What became of a larger hello.
struct Drop {
    raw: String,
    /// Whether it was answered in small segments.
    passes_in_small_segments: bool,
}

fn unmet_ruling(address: SocketAddr, drop: &Drop) -> Ruling {
    let (cause, raw) = (drop.cause(), &drop.raw);
    Ruling::Unmet { phase: Phase::Tls, cause, note: format!("{} ({address}): {raw}", cause.text()) }
}

impl Drop {
    fn cause(&self) -> Cause {
        if self.passes_in_small_segments { Cause::TlsPathMtu } else { Cause::TlsLargeHello }
    }
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
fn find_drops(checks: &[Check]) -> HashMap<HelloDestination, Drop> {
    let mut dropped = HashMap::new();
    let (mut small_passed, mut large_passed) = (HashSet::new(), HashSet::new());
    for check in checks {
        let at = |a: &Attempt| Some(hello_destination(check, a.address?));
        small_passed
            .extend(probe_attempts(&check.attempts).filter(|a| has_reached(a, Phase::Tls)).filter_map(at));
        let (whole, small): (Vec<_>, Vec<_>) = check
            .attempts
            .iter()
            .filter(|a| a.purpose == Purpose::LargeHello)
            .partition(|a| a.max_segment().is_none());
        for attempt in whole {
            let Some(place) = at(attempt) else { continue };
            let in_small_segments = small.iter().find(|a| a.address == attempt.address);
            match large_hello_outcome(attempt) {
                Some(Err(raw)) => {
                    let passes = in_small_segments.and_then(|a| is_hello_answered(a));
                    dropped.insert(place, Drop { raw, passes_in_small_segments: passes == Some(true) });
                }
                Some(Ok(())) => {
                    large_passed.insert(place);
                }
                None => {}
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
        (_, Some(cause)) if CUT_OFF.contains(&cause) => {
            Some(Err(step.raw.clone().unwrap_or_else(|| cause.text().to_owned())))
        }
        _ => None,
    }
}

fn hello_destination(check: &Check, address: SocketAddr) -> HelloDestination {
    let host = check.planned.host.clone().filter(|_| check.planned.route.kind == RouteKind::Proxy);
    (address, host)
}
