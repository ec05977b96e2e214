//! What is needed besides the network, in both reports.

use std::collections::{HashMap, HashSet};

use serde::Serialize;

use crate::model::report::{Accepted, Prerequisite, PrerequisiteVerdict, Report};
use crate::report::prerequisites::{is_accepted, is_lacking, word};

/// A prerequisite that stands elsewhere now.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Besides {
    /// Its word.
    pub id: String,
    /// What people call it.
    pub title: String,
    /// As it was; `null` where it was not looked at.
    pub before: Option<Stood>,
    /// As it is; `null` where it was not looked at.
    pub now: Option<Stood>,
}

/// How a prerequisite stands.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[expect(missing_docs, reason = "the words speak for themselves")]
pub struct Stood {
    pub verdict: PrerequisiteVerdict,
    pub found: String,
    pub accepted: Option<Accepted>,
}

impl Stood {
    fn of(item: &Prerequisite) -> Self {
        let accepted = is_accepted(item).cloned();
        Self { verdict: item.verdict, found: item.found.clone(), accepted }
    }

    fn lacks(&self) -> bool {
        self.verdict == PrerequisiteVerdict::Unmet && self.accepted.is_none()
    }

    /// In a word, as the screen of a report has it.
    pub(super) fn word(&self) -> &'static str {
        word(self.verdict, self.accepted.is_some())
    }
}

impl Besides {
    /// Whether it keeps a cluster from being connected now, and did not before.
    pub fn broke(&self) -> bool {
        self.now.as_ref().is_some_and(Stood::lacks) && !self.before.as_ref().is_some_and(Stood::lacks)
    }

    /// Whether it is worse otherwise.
    pub fn warns(&self) -> bool {
        let was_met = self.before.as_ref().is_some_and(|before| before.verdict == PrerequisiteVerdict::Met);
        let is_open = |now: &Stood| now.verdict != PrerequisiteVerdict::Met && now.accepted.is_none();
        self.broke() || (was_met && self.now.as_ref().is_some_and(is_open))
    }
}

/// Those of which the verdict is another, or whether it is accepted. A run that did not look at any says nothing of them,
/// but what keeps a cluster from being connected is told in any case.
pub(super) fn changes(newer: &Report, older: &Report) -> Vec<Besides> {
    let before: HashMap<&str, &Prerequisite> =
        older.prerequisites.iter().map(|item| (item.id.as_str(), item)).collect();
    let mut seen: HashSet<&str> = HashSet::new();
    let now = newer.prerequisites.iter().filter(|item| seen.insert(&item.id));
    let mut changes: Vec<Besides> = now
        .filter(|item| is_lacking(item) || !older.prerequisites.is_empty())
        .map(|item| change(before.get(item.id.as_str()).copied(), Some(item), item))
        .collect();
    if !newer.prerequisites.is_empty() {
        let gone = older.prerequisites.iter().filter(|item| seen.insert(&item.id));
        changes.extend(gone.map(|item| change(Some(item), None, item)));
    }
    let key = |stood: &Option<Stood>| stood.as_ref().map(|s| (s.verdict, s.accepted.is_some()));
    changes.retain(|change| key(&change.before) != key(&change.now));
    changes
}

fn change(before: Option<&Prerequisite>, now: Option<&Prerequisite>, either: &Prerequisite) -> Besides {
    Besides {
        id: either.id.clone(),
        title: either.title.clone(),
        before: before.map(Stood::of),
        now: now.map(Stood::of),
    }
}
