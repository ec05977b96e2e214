//! Two reports compared: what broke, what was fixed, and what else is different on the way. Pure.
//!
//! Checks are told apart by their ids, which are the same in every run. A host that was only found in one of the runs, such as
//! a relay of another number, is no loss: what counts is whether a check that is there now is unmet and was not before.

mod latency;
mod peers;
mod prerequisites;
pub mod text;

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, HashSet};

use serde::Serialize;

use super::index::{CheckStatus, ReportIndex, format_target};
use super::json::to_text;
use super::waivers::summarize_finding;
use crate::analysis::verdict::is_blocking_waiver;
use crate::model::evidence::{Cause, Phase};
use crate::model::finding::{Finding, Severity};
use crate::model::report::{Check, Report, Verdict};
use crate::model::waiver::WaiverRef;

use crate::report::json::form::As;
use crate::report::json::v1;

pub use crate::report::diff::latency::SlowerPhase;
pub use crate::report::diff::peers::{AddressChange, CaChange, CaIdentity};
pub use crate::report::diff::prerequisites::{PrerequisiteChange, PrerequisiteState};

/// What is different between two reports.
#[derive(Clone, Debug, Serialize)]
pub struct Diff {
    /// 1; a reader refuses others.
    pub schema_version: u32,
    /// The report that was there before.
    pub older: ComparedReport,
    /// The report that it is compared with.
    pub newer: ComparedReport,
    /// Why the two may not be comparable: another region, features, vantages; one sentence each.
    pub cautions: Vec<String>,
    /// Unmet now, and not before. With those that were not checked before.
    pub newly_unmet: Vec<CheckChange>,
    /// Accepted before, and unmet still: it counts again.
    pub no_longer_accepted: Vec<CheckChange>,
    /// Accepted now, and not before; it may have been met.
    pub newly_accepted: Vec<CheckChange>,
    /// Unmet before, accepted or not, and met now.
    pub fixed: Vec<CheckChange>,
    /// Met before, and not verified now.
    pub no_longer_verified: Vec<CheckChange>,
    /// Unmet in both, and accepted in both or in none, with another failure.
    pub other_cause: Vec<CheckChange>,
    /// What is needed besides the network and stands elsewhere now; those that are in one of the reports only with `null`.
    pub prerequisites: Vec<PrerequisiteChange>,
    /// Findings that are new, the most severe first; what was or is accepted is reported with its checks and prerequisites.
    pub new_findings: Vec<FindingSummary>,
    /// Findings that only the older report has.
    pub resolved_findings: Vec<FindingSummary>,
    /// Phases that take longer from a vantage, in most checks.
    pub slower: Vec<SlowerPhase>,
    /// Certificates of other authorities.
    pub authorities: Vec<CaChange>,
    /// Names that lead somewhere else altogether.
    pub addresses: Vec<AddressChange>,
    /// Rules files that are other ones, with revision and digest; `null` where there is none.
    pub rules: Vec<RulesChange>,
    /// Ids of checks that were not there before.
    pub added: Vec<String>,
    /// Ids of checks that are no longer there.
    pub removed: Vec<String>,
}

/// How many required checks of a report are unmet, with nothing that takes their place.
pub fn count_unmet(report: &Report) -> usize {
    ReportIndex::new(report).with_status(CheckStatus::Unmet).filter(|check| check.planned.required).count()
}

/// One of the two reports.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "the words speak for themselves")]
pub struct ComparedReport {
    pub started_at: String,
    pub verdict: Verdict,
    pub version: String,
}

/// A check that stands elsewhere now.
#[derive(Clone, Debug, Serialize)]
pub struct CheckChange {
    /// The id of the check.
    pub id: String,
    /// Host and port.
    pub target: String,
    /// The id of the vantage.
    pub vantage: String,
    /// Whether a feature that is on does not work without it.
    pub required: bool,
    /// Where it fails now, or failed before where it is fixed.
    pub phase: Option<Phase>,
    /// The word for that failure.
    pub cause: Option<Cause>,
    /// The word for the failure before, where it is another one.
    pub cause_before: Option<Cause>,
    /// Whether the older report has the check.
    pub in_older: bool,
    /// By which waiver it is accepted, or was where it no longer is.
    #[serde(with = "As::<Option<v1::WaiverRef>>")]
    pub accepted: Option<WaiverRef>,
}

/// A finding in short.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "the words speak for themselves")]
pub struct FindingSummary {
    pub id: String,
    pub severity: Severity,
    pub summary: String,
}

/// A rules file in both reports.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "the words speak for themselves")]
pub struct RulesChange {
    pub name: String,
    pub before: Option<String>,
    pub now: Option<String>,
}

/// A check in both reports.
struct CheckPair<'a> {
    before: &'a Check,
    now: &'a Check,
}

/// Compares a report with an older one.
pub fn compare(newer: &Report, older: &Report) -> Diff {
    let (now, before) = (list_statuses(newer), list_statuses(older));
    let known: HashMap<&str, (&Check, CheckStatus)> =
        before.iter().map(|(check, standing)| (check.planned.id.as_str(), (*check, *standing))).collect();
    let pairs: Vec<CheckPair<'_>> = now
        .iter()
        .filter_map(|(now, _)| Some(CheckPair { before: known.get(now.planned.id.as_str())?.0, now }))
        .collect();
    let pick =
        |wanted: fn(Option<CheckStatus>, CheckStatus) -> bool, failing_before: bool| -> Vec<CheckChange> {
            let is_wanted = |(check, standing): &&(&Check, CheckStatus)| {
                wanted(known.get(check.planned.id.as_str()).map(|(_, was)| *was), *standing)
            };
            now.iter()
                .filter(is_wanted)
                .map(|(check, _)| check_change(check, known.get(check.planned.id.as_str()), failing_before))
                .collect()
        };
    Diff {
        schema_version: 1,
        older: compared_report(older),
        newer: compared_report(newer),
        cautions: list_cautions(newer, older),
        newly_unmet: pick(|was, is| is == CheckStatus::Unmet && !was.is_some_and(is_failing), false),
        no_longer_accepted: pick(
            |was, is| is == CheckStatus::Unmet && was == Some(CheckStatus::Accepted),
            false,
        ),
        newly_accepted: pick(
            |was, is| is == CheckStatus::Accepted && was != Some(CheckStatus::Accepted),
            false,
        ),
        fixed: pick(|was, is| is == CheckStatus::Met && was.is_some_and(is_failing), true),
        no_longer_verified: pick(
            |was, is| is == CheckStatus::Unverified && was == Some(CheckStatus::Met),
            false,
        ),
        other_cause: pick(|was, is| is_failing(is) && was == Some(is), false)
            .into_iter()
            .filter(|change| change.cause != change.cause_before)
            .collect(),
        prerequisites: crate::report::diff::prerequisites::compare_prerequisites(newer, older),
        new_findings: findings_only_in(newer, older),
        resolved_findings: findings_only_in(older, newer),
        slower: crate::report::diff::latency::find_slower_phases(&pairs),
        authorities: crate::report::diff::peers::compare_cas(&pairs),
        addresses: crate::report::diff::peers::compare_addresses(&pairs),
        rules: compare_rules(newer, older),
        added: ids_only_in(&now, &before),
        removed: ids_only_in(&before, &now),
    }
}

impl Diff {
    /// Whether something required broke, or is no longer accepted.
    pub fn has_regressions(&self) -> bool {
        let mut checks = self.newly_unmet.iter().chain(&self.no_longer_accepted);
        checks.any(|change| change.required)
            || self.prerequisites.iter().any(PrerequisiteChange::is_newly_blocking)
            || self.has_expired_waiver()
    }

    /// Whether required checks, or a vantage, could be looked at before and not now.
    pub fn is_less_complete(&self) -> bool {
        self.newer.verdict == Verdict::Incomplete && self.older.verdict != Verdict::Incomplete
    }

    /// Whether a waiver that is over blocks what was not blocked before, whatever it is about: what was unmet without one, or with
    /// another finding, is not worse.
    fn has_expired_waiver(&self) -> bool {
        let is_expired = |f: &FindingSummary| is_blocking_waiver(&f.id, f.severity);
        self.older.verdict != Verdict::Blocked && self.new_findings.iter().any(is_expired)
    }

    /// Whether something is worse that is not required.
    pub fn has_warnings(&self) -> bool {
        let lists = [&self.newly_unmet, &self.no_longer_accepted, &self.no_longer_verified];
        lists.iter().any(|list| !list.is_empty())
            || self.prerequisites.iter().any(PrerequisiteChange::is_worse)
    }

    /// As JSON.
    pub fn to_json(&self) -> String {
        to_text(self)
    }
}

/// Unmet, accepted or not.
fn is_failing(standing: CheckStatus) -> bool {
    matches!(standing, CheckStatus::Unmet | CheckStatus::Accepted)
}

fn list_statuses(report: &Report) -> Vec<(&Check, CheckStatus)> {
    ReportIndex::new(report).checks_with_status().collect()
}

fn compared_report(report: &Report) -> ComparedReport {
    ComparedReport {
        started_at: report.run.started_at.clone(),
        verdict: report.verdict,
        version: report.tool.version.clone(),
    }
}

fn check_change(check: &Check, was: Option<&(&Check, CheckStatus)>, failing_before: bool) -> CheckChange {
    let before = was.map(|(before, _)| *before);
    let failed = if failing_before { before.unwrap_or(check) } else { check };
    CheckChange {
        id: check.planned.id.to_string(),
        target: format_target(check),
        vantage: check.planned.vantage.to_string(),
        required: check.planned.required,
        phase: failed.phase,
        cause: failed.cause,
        cause_before: before.and_then(|before| before.cause),
        in_older: before.is_some(),
        accepted: check.accepted.clone().or_else(|| before.and_then(|before| before.accepted.clone())),
    }
}

/// What would make every other difference look like one of the network.
fn list_cautions(newer: &Report, older: &Report) -> Vec<String> {
    let vantages =
        |report: &Report| report.vantages.iter().map(|v| v.id.as_str()).collect::<Vec<_>>().join(", ");
    let facts = [
        ("cloud", older.run.cloud.az_name().to_owned(), newer.run.cloud.az_name().to_owned()),
        ("region", older.run.region.clone(), newer.run.region.clone()),
        ("features", older.run.features.join(", "), newer.run.features.join(", ")),
        (
            "connectivity",
            older.run.connectivity.as_str().to_owned(),
            newer.run.connectivity.as_str().to_owned(),
        ),
        ("vantages", vantages(older), vantages(newer)),
    ];
    let differ = facts.into_iter().filter(|(_, before, now)| before != now);
    differ.map(|(what, before, now)| format!("the {what} differ: before {before}, now {now}")).collect()
}

/// Those of one report that the other does not have: the same kind about the same thing.
///
/// That it is accepted makes no other finding of it, where the check or the prerequisite behind it tells so.
fn findings_only_in(of: &Report, not_in: &Report) -> Vec<FindingSummary> {
    let others: HashSet<_> = finding_keys(not_in).into_iter().collect();
    let only =
        of.findings.iter().zip(finding_keys(of)).filter(|(_, about)| !others.contains(about)).map(|(f, _)| f);
    let summary = |f: &Finding| FindingSummary {
        id: f.id.clone(),
        severity: f.severity,
        summary: summarize_finding(f).into_owned(),
    };
    only.map(summary).collect()
}

/// What tells findings apart.
fn finding_keys<'a>(report: &'a Report) -> Vec<(&'a str, &'a str, Cow<'a, str>)> {
    let prerequisite_findings: HashSet<&str> =
        report.prerequisites.iter().filter_map(|p| p.finding.as_deref()).collect();
    let key = |finding: &'a Finding| {
        let has_own_change =
            !finding.evidence.is_empty() || prerequisite_findings.contains(finding.id.as_str());
        let summary =
            if has_own_change { finding.summary.as_str().into() } else { summarize_finding(finding) };
        (finding.id.as_str(), finding.subject.as_str(), summary)
    };
    report.findings.iter().map(key).collect()
}

fn compare_rules(newer: &Report, older: &Report) -> Vec<RulesChange> {
    let names: BTreeSet<&str> =
        newer.rules.iter().chain(&older.rules).map(|layer| layer.name.as_str()).collect();
    let revisions = |report: &Report| -> HashMap<String, String> {
        let layers = report.rules.iter().rev(); // the first of a name counts
        let entries = layers.map(|l| (l.name.clone(), format!("{}, sha256 {}", l.revision, l.sha256)));
        entries.collect()
    };
    let (before, now) = (revisions(older), revisions(newer));
    names
        .into_iter()
        .map(|name| RulesChange {
            name: name.to_owned(),
            before: before.get(name).cloned(),
            now: now.get(name).cloned(),
        })
        .filter(|rules| rules.before != rules.now)
        .collect()
}

fn ids_only_in(of: &[(&Check, CheckStatus)], not_in: &[(&Check, CheckStatus)]) -> Vec<String> {
    let others: BTreeSet<&str> = not_in.iter().map(|(check, _)| check.planned.id.as_str()).collect();
    of.iter()
        .map(|(check, _)| check.planned.id.as_str())
        .filter(|id| !others.contains(id))
        .map(str::to_owned)
        .collect()
}
