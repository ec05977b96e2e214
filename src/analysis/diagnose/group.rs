//! Checks with one common cause.

use std::collections::{BTreeSet, HashMap};

use super::observed as look;
use crate::model::evidence::{Cause, Discovery};
use crate::model::report::{Check, CheckVerdict, Overlap, Vantage};

/// Checks with one common cause.
pub(super) struct CheckGroup<'a> {
    /// Groups of one diagnosis with the same key are one finding, whatever vantages they come from.
    pub(super) key: String,
    /// In plan order; empty where the finding is about the run and not about checks.
    pub(super) checks: Vec<&'a Check>,
    /// What the group is about, where its checks do not say it.
    pub(super) subject: GroupSubject<'a>,
}

/// What a group is about besides its checks.
#[derive(Clone, Copy)]
pub(super) enum GroupSubject<'a> {
    Checks,
    Vantage(&'a Vantage),
    Discovery(&'a Discovery),
    Overlap(&'a Overlap),
}

impl<'a> CheckGroup<'a> {
    /// A group whose checks say what it is about; there may be none of them.
    pub(super) fn new(key: impl Into<String>, checks: Vec<&'a Check>) -> Self {
        Self { key: key.into(), checks, subject: GroupSubject::Checks }
    }

    /// One group, or none without checks.
    pub(super) fn from_checks(key: impl Into<String>, checks: Vec<&'a Check>) -> Vec<Self> {
        if checks.is_empty() { Vec::new() } else { vec![Self::new(key, checks)] }
    }

    /// One group about the run and not about checks, where something holds of it.
    pub(super) fn about_run(holds: bool) -> Vec<Self> {
        if holds { vec![Self::new("", Vec::new())] } else { Vec::new() }
    }

    /// One group for each key, in the order in which the keys first come up.
    pub(super) fn by_key(checks: Vec<&'a Check>, key: impl Fn(&Check) -> String) -> Vec<Self> {
        merge_by_key(checks.into_iter().map(|check| Self::new(key(check), vec![check])))
    }

    /// One group for each cause.
    pub(super) fn by_cause(checks: Vec<&'a Check>) -> Vec<Self> {
        Self::by_key(checks, |check| check.cause.unwrap_or(Cause::Unknown).to_string())
    }

    /// The hosts (or patterns), each once, in plan order.
    pub(super) fn hosts(&self) -> Vec<&'a str> {
        unique_in_order(self.checks.iter().map(|c| look::host_or_pattern(c)))
    }

    /// The vantages, each once.
    pub(super) fn vantage_ids(&self) -> Vec<&'a str> {
        unique_in_order(self.checks.iter().map(|c| c.planned.vantage.as_str()))
    }

    /// The causes of the unmet checks, each once.
    pub(super) fn causes(&self) -> Vec<Cause> {
        self.checks.iter().filter_map(|c| c.cause).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// The unmet checks.
    pub(super) fn unmet_checks(&self) -> impl Iterator<Item = &'a Check> {
        self.checks.iter().copied().filter(|c| c.verdict == CheckVerdict::Unmet)
    }

    /// The first check, which examples are made of.
    pub(super) fn first_check(&self) -> Option<&'a Check> {
        self.checks.first().copied()
    }

    /// The cause of the first check.
    pub(super) fn first_cause(&self) -> Cause {
        self.first_check().and_then(|c| c.cause).unwrap_or(Cause::Unknown)
    }
}

/// Groups with the same key as one, in the order in which the keys first come up.
pub(super) fn merge_by_key<'a>(groups: impl IntoIterator<Item = CheckGroup<'a>>) -> Vec<CheckGroup<'a>> {
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut merged: Vec<CheckGroup<'a>> = Vec::new();
    for group in groups {
        let at = *places.entry(group.key.clone()).or_insert(merged.len());
        if let Some(same) = merged.get_mut(at) {
            same.checks.extend(group.checks);
        } else {
            merged.push(group);
        }
    }
    merged
}

/// The items, each once, in the order in which they first come up.
pub(super) fn unique_in_order<'a>(items: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let mut seen = BTreeSet::new();
    items.into_iter().filter(|item| seen.insert(*item)).collect()
}
