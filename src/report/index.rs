//! What the checks of a report add up to.

mod vantage_groups;

use std::collections::{HashMap, HashSet};

use indexmap::{IndexMap, IndexSet};

use super::group::group_by_key;
use crate::analysis::verdict::Alternatives;
use crate::model::finding::Finding;
use crate::model::host_port::HostPort;
use crate::model::ids::{CheckId, VantageId};
use crate::model::plan::UnverifiedKind;
use crate::model::report::{Check, CheckVerdict, Report, WAIVER_EXPIRED};

pub(super) use vantage_groups::group_label;
use vantage_groups::{VantageGroup, group_vantages};

/// Where a check stands once the others are known.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum CheckStatus {
    Met,
    Unmet,
    /// Not met, and accepted for a time.
    Accepted,
    /// Not met, but another one that takes its place is.
    Replaced,
    Unverified,
}

impl CheckStatus {
    /// As lists have them: what needs attention first.
    pub(super) const ALL: [Self; 5] =
        [Self::Unmet, Self::Accepted, Self::Unverified, Self::Replaced, Self::Met];
}

/// How many of some checks are met. Those that are replaced, and those that no program can test, do not count.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct CheckCounts {
    pub(super) met: usize,
    pub(super) unmet: usize,
    pub(super) accepted: usize,
    pub(super) unverified: usize,
}

impl CheckCounts {
    pub(super) fn total(self) -> usize {
        self.met + self.unmet + self.accepted + self.unverified
    }

    /// Whether something is missing that nobody accepted.
    pub(super) fn has_gap(self) -> bool {
        self.unmet + self.unverified > 0
    }

    fn add(&mut self, standing: CheckStatus) {
        match standing {
            CheckStatus::Met => self.met += 1,
            CheckStatus::Unmet => self.unmet += 1,
            CheckStatus::Accepted => self.accepted += 1,
            CheckStatus::Unverified => self.unverified += 1,
            CheckStatus::Replaced => {}
        }
    }
}

/// The checks of a report with where they stand.
pub(super) struct ReportIndex<'a> {
    pub(super) report: &'a Report,
    statuses: Vec<CheckStatus>,
    findings: HashMap<&'a str, usize>,
    checks: HashMap<&'a str, &'a Check>,
    /// The places of the checks of each vantage.
    positions: IndexMap<&'a VantageId, Vec<usize>>,
    /// The vantages, those that saw the same as one.
    groups: Vec<VantageGroup<'a>>,
    /// The places of the crowds by the first vantage of each.
    group_positions: HashMap<&'a VantageId, usize>,
}

impl<'a> ReportIndex<'a> {
    pub(super) fn new(report: &'a Report) -> Self {
        let alternatives = Alternatives::from_checks(&report.checks);
        let standings = report.checks.iter().map(|check| check_status(check, &alternatives)).collect();
        let checks = report.checks.iter().map(|check| (check.planned.id.as_str(), check)).collect();
        let findings = findings_by_check(report);
        let positions = group_by_key(0..report.checks.len(), |&at| &report.checks[at].planned.vantage);
        let mut index = Self {
            report,
            statuses: standings,
            findings,
            checks,
            positions,
            groups: Vec::new(),
            group_positions: HashMap::new(),
        };
        index.groups = group_vantages(&index);
        index.group_positions =
            index.groups.iter().enumerate().map(|(place, crowd)| (crowd.first, place)).collect();
        index
    }

    /// The vantages, those that saw the same as one.
    pub(super) fn vantage_groups(&self) -> &[VantageGroup<'a>] {
        &self.groups
    }

    /// What the vantage of a check is called with those that saw the same; `None` where another stands for them.
    pub(super) fn group_name_of(&self, check: &Check) -> Option<&str> {
        let place = *self.group_positions.get(&check.planned.vantage)?;
        self.groups.get(place).map(|crowd| crowd.name.as_str())
    }

    /// The checks that stand so, in plan order.
    pub(super) fn with_status(&self, wanted: CheckStatus) -> impl Iterator<Item = &'a Check> + '_ {
        self.checks_with_status().filter(move |(_, standing)| *standing == wanted).map(|(check, _)| check)
    }

    /// Every check of a vantage with where it stands, in plan order.
    pub(super) fn checks_from(
        &self,
        vantage: &VantageId,
    ) -> impl Iterator<Item = (&'a Check, CheckStatus)> + '_ {
        let places = self.positions.get(vantage).into_iter().flatten();
        places.map(|&place| (&self.report.checks[place], self.statuses[place]))
    }

    /// The place of the most severe finding that a check stands behind.
    pub(super) fn finding_of(&self, check: &Check) -> Option<usize> {
        self.findings.get(check.planned.id.as_str()).copied()
    }

    /// The checks behind a finding, each once; those that the report does not have are left out.
    pub(super) fn checks_behind(&self, finding: &Finding) -> Vec<&'a Check> {
        let ids: IndexSet<&str> = finding.evidence.iter().map(CheckId::as_str).collect();
        ids.into_iter().filter_map(|id| self.checks.get(id).copied()).collect()
    }

    pub(super) fn count_checks(&self, required: bool) -> CheckCounts {
        self.count_if(|check| check.planned.required == required)
    }

    /// Whether checks have to say from where they were made.
    pub(super) fn has_many_vantages(&self) -> bool {
        self.positions.len() > 1
    }

    /// From where checks were made.
    pub(super) fn vantages(&self) -> Vec<&'a VantageId> {
        self.positions.keys().copied().collect()
    }

    /// Each feature that is on with what it requires.
    pub(super) fn feature_counts(&self) -> impl Iterator<Item = (&'a str, CheckCounts)> + '_ {
        let mut counts: HashMap<&str, CheckCounts> = HashMap::new();
        for (check, standing) in self.counted_checks().filter(|(check, _)| check.planned.required) {
            let features: HashSet<&str> = check.planned.features.iter().map(String::as_str).collect();
            for name in features {
                counts.entry(name).or_default().add(standing);
            }
        }
        let features = self.report.run.features.iter().map(String::as_str);
        let counted = features.filter_map(move |name| Some((name, *counts.get(name)?)));
        counted.filter(|(_, count)| count.total() > 0)
    }

    fn count_if(&self, counts: impl Fn(&Check) -> bool) -> CheckCounts {
        let mut count = CheckCounts::default();
        self.counted_checks()
            .filter(|(check, _)| counts(check))
            .for_each(|(_, standing)| count.add(standing));
        count
    }

    /// Without those that no program can test.
    fn counted_checks(&self) -> impl Iterator<Item = (&'a Check, CheckStatus)> + '_ {
        self.checks_with_status()
            .filter(|(check, _)| !check.unverified.is_some_and(UnverifiedKind::is_untestable))
    }

    /// Every check with where it stands, in plan order.
    pub(super) fn checks_with_status(&self) -> impl Iterator<Item = (&'a Check, CheckStatus)> + '_ {
        self.report.checks.iter().zip(self.statuses.iter().copied())
    }
}

/// The host and port of a check, or what is known instead.
pub(super) fn format_target(check: &Check) -> String {
    let name =
        check.planned.host.as_ref().or(check.planned.pattern.as_ref()).unwrap_or(&check.planned.endpoint);
    HostPort::new(name, check.planned.port).to_string()
}

fn check_status(check: &Check, alternatives: &Alternatives<'_>) -> CheckStatus {
    match check.verdict {
        CheckVerdict::Met => CheckStatus::Met,
        _ if alternatives.has_met(check) => CheckStatus::Replaced,
        CheckVerdict::Unmet if check.accepted.is_some() => CheckStatus::Accepted,
        CheckVerdict::Unmet => CheckStatus::Unmet,
        CheckVerdict::Unverified => CheckStatus::Unverified,
    }
}

fn findings_by_check(report: &Report) -> HashMap<&str, usize> {
    let mut map = HashMap::new();
    // that a waiver is over explains no failure, so that it comes last
    let is_over = |finding: &Finding| finding.id == WAIVER_EXPIRED;
    let findings = || report.findings.iter().enumerate();
    let order = findings().filter(|(_, f)| !is_over(f)).chain(findings().filter(|(_, f)| is_over(f)));
    for (place, finding) in order {
        for id in &finding.evidence {
            map.entry(id.as_str()).or_insert(place);
        }
    }
    map
}
