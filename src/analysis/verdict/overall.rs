//! The answer of a whole run.

use std::collections::HashSet;

use crate::model::finding::{Finding, Severity};
use crate::model::plan::UnverifiedKind;
pub use crate::model::report::WAIVER_EXPIRED;
use crate::model::report::{
    Check, CheckVerdict, Prerequisite, PrerequisiteVerdict, Report, Vantage, Verdict,
};

/// The groups of checks that replace each other and of which one is met. A group never spans vantages: what a pod reaches
/// is no help to a node.
#[derive(Clone, Debug, Default)]
pub struct Alternatives<'a> {
    met: HashSet<(&'a str, &'a str)>,
}

impl<'a> Alternatives<'a> {
    /// Collects the groups.
    pub fn from_checks(checks: &'a [Check]) -> Self {
        Self {
            met: checks
                .iter()
                .filter(|c| c.verdict == CheckVerdict::Met)
                .filter_map(alternative_group)
                .collect(),
        }
    }

    /// Whether one is met that takes the place of a check, or the check itself.
    pub fn has_met(&self, check: &Check) -> bool {
        alternative_group(check).is_some_and(|group| self.met.contains(&group))
    }

    /// Whether a check is required, with nothing that stands in for it, and not accepted by a waiver.
    pub fn is_required(&self, check: &Check) -> bool {
        check.planned.required && check.accepted.is_none() && !self.has_met(check)
    }

    /// Whether a check stands in the way of connecting a cluster.
    pub fn is_blocking(&self, check: &Check) -> bool {
        check.verdict == CheckVerdict::Unmet && self.is_required(check)
    }
}

fn alternative_group(check: &Check) -> Option<(&str, &str)> {
    check.planned.alternative.as_deref().map(|word| (check.planned.vantage.as_str(), word))
}

/// The answer of a run: blocked before incomplete before warnings. `cut_short` is whether the run was interrupted or its
/// deadline passed.
pub fn judge_run(checks: &[Check], findings: &[Finding], vantages: &[Vantage], cut_short: bool) -> Verdict {
    let alternatives = Alternatives::from_checks(checks);
    let has_gap = |c: &Check| is_gap(c) && alternatives.is_required(c) && !has_sample(c, checks);
    if checks.iter().any(|c| alternatives.is_blocking(c)) {
        Verdict::Blocked
    } else if cut_short || vantages.iter().any(|v| v.error.is_some()) || checks.iter().any(has_gap) {
        Verdict::Incomplete
    } else if findings.iter().any(|f| f.severity >= Severity::Warning) {
        Verdict::ReadyWithWarnings
    } else {
        Verdict::Ready
    }
}

/// The answer of a whole report: that of the run, and what is needed besides the network.
pub fn judge_report(report: &Report) -> Verdict {
    let cut_short = report.run.interrupted || report.run.deadline_passed;
    let of_the_run = judge_run(&report.checks, &report.findings, &report.vantages, cut_short);
    let lacks = |p: &Prerequisite| p.verdict == PrerequisiteVerdict::Unmet && p.accepted.is_none();
    let is_blocking = |f: &Finding| is_blocking_waiver(&f.id, f.severity);
    if report.prerequisites.iter().any(lacks) || report.findings.iter().any(is_blocking) {
        return Verdict::Blocked;
    }
    let is_open = |p: &Prerequisite| p.verdict == PrerequisiteVerdict::Unverified && !p.is_workstation;
    match of_the_run {
        Verdict::Ready | Verdict::ReadyWithWarnings if report.prerequisites.iter().any(is_open) => {
            Verdict::Incomplete
        }
        verdict => verdict,
    }
}

/// Whether a finding says that something is still needed that was accepted for a time, and blocks because of it.
pub fn is_blocking_waiver(id: &str, severity: Severity) -> bool {
    id == WAIVER_EXPIRED && severity == Severity::Blocking
}

/// Whether the hosts below a wildcard could not be asked for, and one that the rules know is met: its wildcard is open as far as
/// anybody can tell.
fn has_sample(check: &Check, checks: &[Check]) -> bool {
    let is_same = |c: &Check| {
        c.planned.endpoint == check.planned.endpoint && c.planned.vantage == check.planned.vantage
    };
    check.unverified == Some(UnverifiedKind::NotDiscovered)
        && checks.iter().any(|c| is_same(c) && c.verdict == CheckVerdict::Met)
}

/// Whether a check was left open that could have been measured. A wildcard that nobody can look into and a call that comes
/// from Azure stay open in every run.
fn is_gap(check: &Check) -> bool {
    let kind = check.unverified;
    check.verdict == CheckVerdict::Unverified
        && !kind.is_some_and(|k| k == UnverifiedKind::WildcardUnknown || k.is_untestable())
}
