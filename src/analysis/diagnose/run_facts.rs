//! All that a diagnosis can look at: the checks of each vantage, and which of them are still unexplained.

use std::collections::{BTreeSet, HashSet};
use std::ptr;

use super::Context;
use super::group::{CheckGroup, unique_in_order};
use crate::analysis::verdict::Alternatives;
use crate::model::evidence::{Cause, Phase};
use crate::model::finding::Severity;
use crate::model::report::{Check, CheckVerdict, Vantage};
use crate::model::vantage::VantageKind;

/// A whole run.
pub(super) struct RunFacts<'a> {
    /// In the order of the run; those without checks too.
    pub(super) by_vantage: Vec<VantageFacts<'a>>,
    /// What else is known of the run.
    pub(super) context: &'a Context<'a>,
    alternatives: Alternatives<'a>,
    /// Of all vantages.
    pub(super) unmet_count: usize,
}

/// What was seen from one vantage.
pub(super) struct VantageFacts<'a> {
    /// The word that checks refer to.
    pub(super) id: &'a str,
    /// What is known of it.
    pub(super) vantage: Option<&'a Vantage>,
    /// What else is known of the run.
    pub(super) context: &'a Context<'a>,
    /// In plan order.
    pub(super) checks: Vec<&'a Check>,
    /// The unmet checks that no finding explains yet.
    pub(super) unexplained: Vec<&'a Check>,
    /// Those of all vantages.
    pub(super) run_checks: &'a [Check],
}

impl<'a> RunFacts<'a> {
    /// Nothing is explained yet.
    pub(super) fn new(checks: &'a [Check], context: &'a Context<'a>) -> Self {
        let known = context.vantages.iter().map(|v| v.id.as_str());
        let ids = unique_in_order(known.chain(checks.iter().map(|c| c.planned.vantage.as_str())));
        Self {
            by_vantage: ids.into_iter().map(|id| VantageFacts::new(id, checks, context)).collect(),
            context,
            alternatives: Alternatives::from_checks(checks),
            unmet_count: checks.iter().filter(|c| c.verdict == CheckVerdict::Unmet).count(),
        }
    }

    /// Takes explained checks out of those that are open.
    pub(super) fn mark_explained(&mut self, groups: &[CheckGroup<'_>]) {
        let claimed: HashSet<*const Check> =
            groups.iter().flat_map(CheckGroup::unmet_checks).map(ptr::from_ref).collect();
        if claimed.is_empty() {
            return;
        }
        for view in &mut self.by_vantage {
            view.unexplained.retain(|&check| !claimed.contains(&ptr::from_ref(check)));
        }
    }

    /// Blocking if something required is unmet and nothing stands in for it.
    pub(super) fn group_severity(&self, group: &CheckGroup<'_>) -> Severity {
        if group.checks.iter().any(|c| self.is_blocking(c)) { Severity::Blocking } else { Severity::Warning }
    }

    /// Whether a check stands in the way of connecting a cluster.
    pub(super) fn is_blocking(&self, check: &Check) -> bool {
        self.alternatives.is_blocking(check)
    }

    /// Whether a check is required, with nothing that stands in for it.
    pub(super) fn is_required(&self, check: &Check) -> bool {
        self.alternatives.is_required(check)
    }

    /// Whether the workstation stands in for the cluster.
    pub(super) fn is_only_workstation(&self) -> bool {
        self.context.is_only_workstation()
    }

    /// Whether anything of this kind was seen from the vantages of a group.
    pub(super) fn has_any_check(&self, group: &CheckGroup<'_>, holds: impl Fn(&Check) -> bool) -> bool {
        let ids = group.vantage_ids();
        self.by_vantage.iter().filter(|v| ids.contains(&v.id)).flat_map(|v| &v.checks).any(|c| holds(c))
    }

    /// What is known of the vantages of a group.
    pub(super) fn vantages_of(&self, group: &CheckGroup<'_>) -> Vec<&'a Vantage> {
        let ids: BTreeSet<_> = group.vantage_ids().into_iter().collect();
        self.context.vantages.iter().filter(|v| ids.contains(v.id.as_str())).collect()
    }
}

impl<'a> VantageFacts<'a> {
    fn new(id: &'a str, checks: &'a [Check], context: &'a Context<'a>) -> Self {
        let all: Vec<_> = checks.iter().filter(|c| c.planned.vantage == id).collect();
        let open = all.iter().copied().filter(|c| c.verdict == CheckVerdict::Unmet).collect();
        let vantage = context.vantages.iter().find(|v| v.id == id);
        Self { id, vantage, context, checks: all, unexplained: open, run_checks: checks }
    }

    /// The open checks with one of these causes.
    pub(super) fn unexplained_with(&self, causes: &[Cause]) -> Vec<&'a Check> {
        // a greeting borrows the words of TCP, but its connection did open
        let is_greeting = |c: &Check| c.phase == Some(Phase::Greeting);
        self.unexplained_where(|c| c.cause.is_some_and(|cause| causes.contains(&cause)) && !is_greeting(c))
    }

    /// The checks of any verdict that satisfy a condition.
    pub(super) fn checks_where(&self, holds: impl Fn(&Check) -> bool) -> Vec<&'a Check> {
        self.checks.iter().copied().filter(|c| holds(c)).collect()
    }

    /// The open checks that satisfy a condition.
    pub(super) fn unexplained_where(&self, holds: impl Fn(&Check) -> bool) -> Vec<&'a Check> {
        self.unexplained.iter().copied().filter(|c| holds(c)).collect()
    }

    /// How many hosts satisfy a condition in any of their checks.
    pub(super) fn count_hosts_with(&self, holds: impl Fn(&Check) -> bool) -> usize {
        self.checks
            .iter()
            .filter(|c| holds(c))
            .filter_map(|c| c.planned.host.as_deref())
            .collect::<BTreeSet<_>>()
            .len()
    }
}

impl Context<'_> {
    /// Whether the workstation stands in for the cluster.
    pub(super) fn is_only_workstation(&self) -> bool {
        !self.vantages.is_empty() && self.vantages.iter().all(|v| v.kind == VantageKind::Workstation)
    }
}
