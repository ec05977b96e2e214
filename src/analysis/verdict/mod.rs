//! Observations of a plan -> verdicts per check. Pure.
//!
//! A check is judged in two passes. [`judge_check`] takes one observation: which address got through, and if none did, which
//! failure tells most. [`judge_checks`] adds what only several checks together show: a ClientHello of usual size that is dropped
//! at an address is tried once per address in a run, and counts for every check that uses the address; a wildcard that no
//! program can test is a note where the name above it answers.

mod addresses;
pub(crate) mod attempts;
pub(crate) mod clock;
pub(crate) mod families;
mod large_hello;
mod overall;
mod ruling;
mod same_page;
mod wildcards;

use crate::model::evidence::{Evidence, NotRun, Observation, sanitize};
use crate::model::plan::{Plan, PlanItem, PlannedCheck, UnverifiedKind};
use crate::model::report::{Check, CheckVerdict};
use ruling::Ruling;

pub use overall::{Alternatives, WAIVER_EXPIRED, is_blocking_waiver, judge_report, judge_run};

/// The longest note, in characters.
const MAX_NOTE_CHARS: usize = 240;

/// Judges one check by what was seen of it.
pub fn judge_check(item: &PlanItem, seen: &Observation) -> Check {
    let mut check = unjudged_check(&item.check, seen);
    apply_ruling(&mut check, ruling::rule_on_check(item, seen));
    check
}

/// Judges all checks of a plan, in its order, and what concerns several of them. A check without an observation (a cut log)
/// is unverified.
pub fn judge_checks(plan: &Plan, evidence: &Evidence) -> Vec<Check> {
    let missing = Observation { not_run: Some(missing_reason(evidence)), ..Default::default() };
    let observations = evidence.observations.iter().chain(std::iter::repeat(&missing));
    let mut checks: Vec<_> =
        plan.items.iter().zip(observations).map(|(item, seen)| judge_check(item, seen)).collect();
    large_hello::apply_large_hello(&mut checks);
    same_page::spread_recognized_pages(&mut checks);
    wildcards::note_parent_answers(&mut checks);
    checks
}

fn missing_reason(evidence: &Evidence) -> NotRun {
    if evidence.interrupted {
        NotRun::Interrupted
    } else if evidence.deadline_passed {
        NotRun::Deadline
    } else {
        NotRun::Broken
    }
}

fn unjudged_check(planned: &PlannedCheck, seen: &Observation) -> Check {
    Check {
        planned: planned.clone(),
        verdict: CheckVerdict::Unverified,
        phase: None,
        cause: None,
        unverified: Some(UnverifiedKind::NotRun),
        note: None,
        inspected_by: None,
        proof: None,
        accepted: None,
        took: seen.took,
        attempts: seen.attempts.clone(),
    }
}

/// Writes a ruling into a check; everything that the ruling does not speak of becomes `null`.
fn apply_ruling(check: &mut Check, ruling: Ruling) {
    (check.phase, check.cause, check.unverified) = (None, None, None);
    (check.inspected_by, check.proof) = (None, None);
    let note = match ruling {
        Ruling::Met { notes, inspected_by, proof } => {
            check.verdict = CheckVerdict::Met;
            (check.inspected_by, check.proof) = (inspected_by, proof);
            notes.join("; ")
        }
        Ruling::Unmet { phase, cause, note } => {
            check.verdict = CheckVerdict::Unmet;
            (check.phase, check.cause) = (Some(phase), Some(cause));
            note
        }
        Ruling::Unverified { kind, note } => {
            check.verdict = CheckVerdict::Unverified;
            check.unverified = Some(kind);
            note
        }
    };
    check.note = (!note.is_empty()).then(|| sanitize(&note, MAX_NOTE_CHARS));
}
