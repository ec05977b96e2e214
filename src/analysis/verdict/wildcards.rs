//! Wildcards that no program can test, seen next to the checks of the names above them.

use std::collections::HashSet;

use crate::model::plan::UnverifiedKind;
use crate::model::report::{Check, CheckVerdict};

/// Notes where the name above an untestable wildcard answers. Only a list of names could show more.
pub(super) fn note_parent_answers(checks: &mut [Check]) {
    let met = checks.iter().filter(|c| c.verdict == CheckVerdict::Met);
    let answering: HashSet<(String, u16)> =
        met.filter_map(|c| Some((c.planned.host.clone()?, c.planned.port))).collect();
    for check in checks.iter_mut().filter(|c| c.unverified == Some(UnverifiedKind::WildcardUnknown)) {
        let pattern = check.planned.pattern.as_deref().and_then(|pattern| pattern.strip_prefix("*."));
        let parent = pattern.map(|parent| (parent.to_owned(), check.planned.port));
        if let Some((parent, _)) = parent.filter(|parent| answering.contains(parent)) {
            check.unverified = Some(UnverifiedKind::WildcardParentAnswers);
            let note = check.note.take().unwrap_or_default();
            check.note = Some(format!("{note}; {parent} answers"));
        }
    }
}
