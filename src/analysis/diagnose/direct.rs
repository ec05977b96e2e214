//! What the direct cross-checks say that were made after a proxy failed.

use std::collections::BTreeSet;

use super::group::Group;
use super::phrase::list;
use crate::analysis::verdict::attempts::{last_phase, reached};
use crate::model::evidence::{Attempt, Cause, Purpose};
use crate::model::report::Check;

/// One sentence on who is at fault, the proxy or what is behind it; empty where nothing was tried directly.
pub(super) fn told(group: &Group<'_>) -> String {
    let tried: Vec<_> = group.unmet().filter_map(outcome).collect();
    let causes: BTreeSet<_> = tried.iter().filter_map(|outcome| outcome.err()).collect();
    let causes: Vec<_> = causes.into_iter().map(Cause::text).collect();
    let good = tried.iter().filter(|outcome| outcome.is_ok()).count();
    match (good, tried.len()) {
        (_, 0) => String::new(),
        (0, 1) => format!("Tried directly it fails as well: {}.", list(&causes, 3)),
        (0, _) => format!("Tried directly they fail as well: {}.", list(&causes, 3)),
        (1, 1) => "Tried directly it answers: the proxy is in the way.".to_owned(),
        (2, 2) => "Tried directly, both answer: the proxy is in the way.".to_owned(),
        (good, all) if good == all => format!("Tried directly, all {all} answer: the proxy is in the way."),
        (good, all) => format!("Tried directly, {good} of {all} answer: for those the proxy is in the way."),
    }
}

/// What came of trying a check directly; `None` where that was not done, or not to an end.
fn outcome(check: &Check) -> Option<Result<(), Cause>> {
    if tries(check).any(|a| reached(a, last_phase(check.protocol))) {
        return Some(Ok(()));
    }
    let furthest = tries(check).filter_map(Attempt::failed).max_by_key(|step| step.phase())?;
    Some(Err(furthest.cause.unwrap_or(Cause::Unknown)))
}

fn tries(check: &Check) -> impl Iterator<Item = &Attempt> {
    check.attempts.iter().filter(|a| a.purpose == Purpose::Direct)
}
