//! The ruling on one check.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use super::addresses::{WrongClass, resolved_addresses, wrong_class};
use super::attempts::{
    contradiction, decisive_failure, has_reached, is_hello_answered, last_phase, probe_attempts,
    refusal_status, refused_at_first, working_addresses,
};
use super::clock;
use super::families::preferred_family_failure;
use crate::analysis::answerer::{AnswerSource, Answerer, is_failing_status};
use crate::model::evidence::{
    Attempt, BodyForm, Cause, Failure, HttpDetail, NotRun, Observation, Phase, Purpose, Step, TrustStore,
};
use crate::model::plan::{Action, PlanItem, PlannedCheck, ProbeSpec, RouteKind, UnverifiedKind};
use crate::model::report::Proof;

/// What came out of a check.
#[derive(Debug)]
pub(super) enum Ruling {
    /// The service answered; the notes are blemishes.
    Met { notes: Vec<String>, inspected_by: Option<String>, proof: Option<Proof> },
    /// It did not.
    Unmet { phase: Phase, cause: Cause, note: String },
    /// Nothing can be concluded.
    Unverified { kind: UnverifiedKind, note: String },
}

/// Rules on one check.
pub(super) fn rule_on_check(item: &PlanItem, seen: &Observation) -> Ruling {
    match &item.action {
        Action::Unverified(why) => Ruling::Unverified { kind: why.kind, note: why.text.clone() },
        Action::Probe(spec) => rule_on_probe(&item.check, spec, seen),
    }
}

fn rule_on_probe(planned: &PlannedCheck, spec: &ProbeSpec, seen: &Observation) -> Ruling {
    let last = last_phase(planned.protocol);
    let wrong = wrong_class(planned, spec, &seen.attempts);
    if let Some((attempt, step)) = preferred_family_failure(planned, &seen.attempts) {
        return unmet_ruling(&seen.attempts, attempt, step, wrong);
    }
    if let Some((attempt, answerer)) = best_answer(planned, spec, &seen.attempts, last) {
        return match answerer {
            Answerer::Service(proof) => met_ruling(planned, spec, seen, (attempt, proof), wrong),
            Answerer::Unknown => unproven_ruling(attempt),
            Answerer::Stranger(Failure { cause, raw: note }) => Ruling::Unmet { phase: last, cause, note },
        };
    }
    if seen.not_run.is_some() && !has_already_failed(planned, &seen.attempts) {
        return unverified_ruling(seen.not_run);
    }
    match first_failure(&seen.attempts) {
        Some((attempt, step)) => unmet_ruling(&seen.attempts, attempt, step, wrong),
        None => unverified_ruling(seen.not_run),
    }
}

/// The attempt that got through and shows best that the service answered.
fn best_answer<'a>(
    planned: &PlannedCheck,
    spec: &ProbeSpec,
    attempts: &'a [Attempt],
    last: Phase,
) -> Option<(&'a Attempt, Answerer)> {
    let reached = probe_attempts(attempts).filter(|a| has_reached(a, last));
    let judged = reached.map(|attempt| (attempt, judge_attempt(planned, spec, attempt)));
    judged.min_by_key(|(_, answerer)| match answerer {
        Answerer::Service(proof) => (0, Some(*proof)),
        Answerer::Unknown => (1, None),
        Answerer::Stranger(_) => (2, None),
    })
}

/// Where no answer was asked for, the connection is all; a WebSocket that opened speaks for itself.
fn judge_attempt(planned: &PlannedCheck, spec: &ProbeSpec, attempt: &Attempt) -> Answerer {
    let host = planned.host.as_deref().unwrap_or_default();
    // older evidence does not say who vouches for the other side; it was judged when it was taken
    let trusted_by = attempt.tls().map(|tls| tls.trusted_by.unwrap_or(TrustStore::Public));
    match attempt.http() {
        None => Answerer::Service(Proof::Tls),
        Some(answer) if answer.status == Some(101) => Answerer::Service(Proof::Mark),
        Some(answer) => AnswerSource { host, spec, trusted_by }.judge_answerer(answer),
    }
}

/// Something answered, and nothing shows that it was the service.
fn unproven_ruling(attempt: &Attempt) -> Ruling {
    let answer = attempt.http();
    let status = answer.and_then(|a| a.status).map(|status| status.to_string()).unwrap_or_default();
    let page = answer.filter(|a| a.form() == Some(BodyForm::Html)).map_or("", |_| " with a page");
    let note = format!("{status}{page} and nothing shows that the service itself answered");
    Ruling::Unverified { kind: UnverifiedKind::Unproven, note }
}

/// Whether an interrupted check had already failed: its lookup, its way through the proxy, or every address that the lookup
/// gave.
fn has_already_failed(planned: &PlannedCheck, attempts: &[Attempt]) -> bool {
    let failed = |a: &&Attempt| a.failed_step().is_some();
    if planned.route.kind == RouteKind::Proxy {
        return probe_attempts(attempts).any(|a| failed(&a));
    }
    let tried: BTreeSet<_> =
        probe_attempts(attempts).filter(failed).filter_map(|a| Some(a.address?.ip())).collect();
    lookup_failure(attempts).is_some()
        || !tried.is_empty() && resolved_addresses(attempts).iter().all(|a| tried.contains(a))
}

fn first_failure(attempts: &[Attempt]) -> Option<(&Attempt, &Step)> {
    lookup_failure(attempts).or_else(|| decisive_failure(attempts))
}

fn lookup_failure(attempts: &[Attempt]) -> Option<(&Attempt, &Step)> {
    attempts.iter().filter(|a| a.purpose == Purpose::Lookup).find_map(|a| Some((a, a.failed_step()?)))
}

fn unverified_ruling(not_run: Option<NotRun>) -> Ruling {
    let (kind, note) = match not_run {
        Some(NotRun::Deadline) => (UnverifiedKind::NotRun, "the run's deadline passed first"),
        Some(NotRun::Interrupted) => (UnverifiedKind::NotRun, "the run was stopped first"),
        Some(NotRun::NoVantage) => (UnverifiedKind::NoVantage, "nothing could be looked at from there"),
        Some(NotRun::Broken) => {
            (UnverifiedKind::Broken, "no complete result arrived: the probe itself broke down")
        }
        None => (UnverifiedKind::Broken, "the probe ended without a result"),
    };
    Ruling::Unverified { kind, note: note.to_owned() }
}

fn met_ruling(
    planned: &PlannedCheck,
    spec: &ProbeSpec,
    seen: &Observation,
    (attempt, proof): (&Attempt, Proof),
    wrong: Option<WrongClass>,
) -> Ruling {
    let answer = join_items(resolved_addresses(&seen.attempts));
    match wrong {
        Some(wrong) if wrong.fatal => {
            let note = format!("{}: {answer} (something answers there)", wrong.cause.text());
            Ruling::Unmet { phase: Phase::Resolve, cause: wrong.cause, note }
        }
        _ => {
            let private = wrong.map(|w| format!("{}: {answer}", w.cause.text()));
            let inspected_by = allowed_inspection(spec, attempt);
            let inspection = inspected_by
                .as_ref()
                .map(|ca| format!("TLS is inspected by {ca}, which --proxy-cert makes trusted"));
            let notes = inspection.into_iter().chain(private).chain(failing_addresses_note(planned, seen));
            let notes = notes.chain(proxy_limit_note(&seen.attempts));
            let notes = notes.chain(attempt.http().and_then(|answer| answer_note(spec, proof, answer)));
            let proof = attempt.http().map(|_| proof);
            Ruling::Met { notes: notes.collect(), inspected_by, proof }
        }
    }
}

/// What is odd about an answer that counts.
fn answer_note(spec: &ProbeSpec, proof: Proof, answer: &HttpDetail) -> Option<String> {
    let status = answer.status?;
    if proof == Proof::Form {
        return Some(format!("status {status} fits the service, but nothing else shows who answered"));
    }
    if is_failing_status(status) {
        return Some(format!("the service answers {status}: it is throttled or failing, and it is reached"));
    }
    let is_known = status == 101 || spec.answer.status.allows(status);
    (!is_known).then(|| format!("the service answers {status}, which the rules do not list"))
}

/// The CA that re-signs the connection and is given: a chain that leads only there is an inspection, unless the rules
/// expect no public one.
fn allowed_inspection(spec: &ProbeSpec, attempt: &Attempt) -> Option<String> {
    let tls = attempt.tls()?;
    let is_inspected =
        spec.certificate.public && tls.trusted_by == Some(TrustStore::Given) && tls.is_re_signed();
    is_inspected.then(|| tls.presented_ca().to_owned())
}

/// A proxy that refused in the burst of a run and not afterwards.
fn proxy_limit_note(attempts: &[Attempt]) -> Option<String> {
    let status = refusal_status(refused_at_first(attempts)?);
    let how =
        status.map_or_else(|| "closed the connection".to_owned(), |status| format!("answered {status}"));
    Some(format!("the proxy {how} at first, and let the check through with fewer connections at a time"))
}

/// Addresses at which no attempt got through, although the check is met at another one.
fn failing_addresses_note(planned: &PlannedCheck, seen: &Observation) -> Option<String> {
    let good = working_addresses(&seen.attempts, planned.protocol);
    let bad: Vec<_> = probe_attempts(&seen.attempts)
        .filter_map(|a| Some((a.address?, a.failed_step()?.cause?)))
        .filter(|(address, _)| !good.contains(address))
        .collect();
    let (address, cause) = bad.first()?;
    let addresses: BTreeSet<SocketAddr> = bad.iter().map(|(a, _)| *a).collect();
    Some(match addresses.len() {
        1 => format!("one address fails: {address} ({cause})"),
        n => format!("{n} addresses fail, such as {address} ({cause})"),
    })
}

fn unmet_ruling(attempts: &[Attempt], attempt: &Attempt, step: &Step, wrong: Option<WrongClass>) -> Ruling {
    let cause = refine_cause(attempts, step);
    if let Some(wrong) = wrong {
        let note = format!(
            "{}: {}; there {}",
            wrong.cause.text(),
            join_items(resolved_addresses(attempts)),
            cause.text()
        );
        return Ruling::Unmet { phase: Phase::Resolve, cause: wrong.cause, note };
    }
    let note = describe_failure(attempt, step, cause);
    match contradicted(attempts, cause) {
        Some(answer) => Ruling::Unverified {
            kind: UnverifiedKind::Contradicted,
            note: format!("an ordinary client got {answer}, the probe failed: {note}"),
        },
        None => Ruling::Unmet { phase: step.phase(), cause, note },
    }
}

/// What an ordinary client got where the probe broke off. On an answer that was judged it has no opinion.
fn contradicted(attempts: &[Attempt], cause: Cause) -> Option<String> {
    let reference = contradiction(attempts).filter(|_| cause.is_broken_exchange())?;
    Some(reference.http()?.status.map_or_else(|| "an answer".to_owned(), |status| format!("status {status}")))
}

fn refine_cause(attempts: &[Attempt], step: &Step) -> Cause {
    match clock::correct_cause_for_clock(step) {
        Cause::TlsTimeout if do_small_segments_pass(attempts) => Cause::TlsPathMtu,
        cause => cause,
    }
}

/// Whether the server's flight arrived once segments were small. A chain that is refused then arrived anyway.
fn do_small_segments_pass(attempts: &[Attempt]) -> bool {
    let small = attempts.iter().filter(|a| a.purpose == Purpose::SmallSegments);
    small.filter_map(is_hello_answered).any(|is_answered| is_answered)
}

/// What the cause means, and what it was derived from.
fn describe_failure(attempt: &Attempt, step: &Step, cause: Cause) -> String {
    let place = attempt.address.map(|a| format!(" ({a})")).unwrap_or_default();
    let what = cause.text_in(Some(step.phase()));
    match step.raw.as_deref().filter(|raw| !raw.is_empty()) {
        Some(raw) => format!("{what}{place}: {raw}"),
        None => format!("{what}{place}"),
    }
}

fn join_items<T: ToString>(items: &[T]) -> String {
    items.iter().take(4).map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
