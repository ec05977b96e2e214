//! What the direct cross-checks say that were made after a proxy failed.

use std::collections::BTreeSet;

use super::group::CheckGroup;
use super::wording::list_some;
use crate::analysis::verdict::attempts::{has_reached, last_phase};
use crate::model::evidence::{Attempt, Cause, Purpose};
use crate::model::report::Check;

/// One sentence on who is at fault, the proxy or what is behind it; empty where nothing was tried directly.
pub(super) fn describe_direct_attempts(group: &CheckGroup<'_>) -> String {
    let tried: Vec<_> = group.unmet_checks().filter_map(direct_outcome).collect();
    let causes: BTreeSet<_> = tried.iter().filter_map(|outcome| outcome.err()).collect();
    let causes: Vec<_> = causes.into_iter().map(Cause::text).collect();
    let good = tried.iter().filter(|outcome| outcome.is_ok()).count();
    match (good, tried.len()) {
        (_, 0) => String::new(),
        (0, 1) => format!("Tried directly it fails as well: {}.", list_some(&causes, 3)),
        (0, _) => format!("Tried directly they fail as well: {}.", list_some(&causes, 3)),
        (1, 1) => "Tried directly it answers: the proxy is in the way.".to_owned(),
        (2, 2) => "Tried directly, both answer: the proxy is in the way.".to_owned(),
        (good, all) if good == all => format!("Tried directly, all {all} answer: the proxy is in the way."),
        (good, all) => format!("Tried directly, {good} of {all} answer: for those the proxy is in the way."),
    }
}

/// What came of trying a check directly; `None` where that was not done, or not to an end.
fn direct_outcome(check: &Check) -> Option<Result<(), Cause>> {
    if direct_attempts(check).any(|a| has_reached(a, last_phase(check.planned.protocol))) {
        return Some(Ok(()));
    }
    let furthest = direct_attempts(check).filter_map(Attempt::failed_step).max_by_key(|step| step.phase())?;
    Some(Err(furthest.cause.unwrap_or(Cause::Unknown)))
}

fn direct_attempts(check: &Check) -> impl Iterator<Item = &Attempt> {
    check.attempts.iter().filter(|a| a.purpose == Purpose::Direct)
}
