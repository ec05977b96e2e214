//! What is needed besides the network, in both reports.

use std::collections::{HashMap, HashSet};

use serde::Serialize;

use crate::model::report::{Prerequisite, PrerequisiteVerdict, Report};
use crate::model::waiver::WaiverRef;
use crate::report::json::form::As;
use crate::report::json::v1;
use crate::report::marks::prerequisite_style;
use crate::report::prerequisites::{accepted_by, is_blocking};

/// A prerequisite that stands elsewhere now.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct PrerequisiteChange {
    /// Its word.
    pub id: String,
    /// What people call it.
    pub title: String,
    /// As it was; `null` where it was not looked at.
    pub before: Option<PrerequisiteState>,
    /// As it is; `null` where it was not looked at.
    pub now: Option<PrerequisiteState>,
}

/// How a prerequisite stands.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[expect(missing_docs, reason = "the words speak for themselves")]
pub struct PrerequisiteState {
    pub verdict: PrerequisiteVerdict,
    pub found: String,
    #[serde(with = "As::<Option<v1::WaiverRef>>")]
    pub accepted: Option<WaiverRef>,
}

impl PrerequisiteState {
    fn new(item: &Prerequisite) -> Self {
        let accepted = accepted_by(item).cloned();
        Self { verdict: item.verdict, found: item.found.clone(), accepted }
    }

    fn is_blocking(&self) -> bool {
        self.verdict == PrerequisiteVerdict::Unmet && self.accepted.is_none()
    }

    /// In a word, as the screen of a report has it.
    pub(super) fn label(&self) -> &'static str {
        prerequisite_style(self.verdict, self.accepted.is_some()).0
    }
}

impl PrerequisiteChange {
    /// Whether it keeps a cluster from being connected now, and did not before.
    pub fn is_newly_blocking(&self) -> bool {
        self.now.as_ref().is_some_and(PrerequisiteState::is_blocking)
            && !self.before.as_ref().is_some_and(PrerequisiteState::is_blocking)
    }

    /// Whether it is worse otherwise.
    pub fn is_worse(&self) -> bool {
        let was_met = self.before.as_ref().is_some_and(|before| before.verdict == PrerequisiteVerdict::Met);
        let is_open =
            |now: &PrerequisiteState| now.verdict != PrerequisiteVerdict::Met && now.accepted.is_none();
        self.is_newly_blocking() || (was_met && self.now.as_ref().is_some_and(is_open))
    }
}

/// Those of which the verdict is another, or whether it is accepted. A run that did not look at any says nothing of them,
/// but what keeps a cluster from being connected is told in any case.
pub(super) fn compare_prerequisites(newer: &Report, older: &Report) -> Vec<PrerequisiteChange> {
    let before: HashMap<&str, &Prerequisite> =
        older.prerequisites.iter().map(|item| (item.id.as_str(), item)).collect();
    let mut seen: HashSet<&str> = HashSet::new();
    let now = newer.prerequisites.iter().filter(|item| seen.insert(&item.id));
    let mut changes: Vec<PrerequisiteChange> = now
        .filter(|item| is_blocking(item) || !older.prerequisites.is_empty())
        .map(|item| new_change(before.get(item.id.as_str()).copied(), Some(item), item))
        .collect();
    if !newer.prerequisites.is_empty() {
        let removed = older.prerequisites.iter().filter(|item| seen.insert(&item.id));
        changes.extend(removed.map(|item| new_change(Some(item), None, item)));
    }
    let key = |stood: &Option<PrerequisiteState>| stood.as_ref().map(|s| (s.verdict, s.accepted.is_some()));
    changes.retain(|change| key(&change.before) != key(&change.now));
    changes
}

fn new_change(
    before: Option<&Prerequisite>,
    now: Option<&Prerequisite>,
    either: &Prerequisite,
) -> PrerequisiteChange {
    PrerequisiteChange {
        id: either.id.clone(),
        title: either.title.clone(),
        before: before.map(PrerequisiteState::new),
        now: now.map(PrerequisiteState::new),
    }
}
