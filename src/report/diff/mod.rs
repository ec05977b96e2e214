//! Two reports compared: what broke, what was mended, and what else is different on the way. Pure.
//!
//! Checks are told apart by their ids, which are the same in every run. A host that was only found in one of the runs, such as
//! a relay of another number, is no loss: what counts is whether a check that is there now is unmet and was not before.

mod besides;
mod seen;
mod slower;
pub mod text;

use std::collections::{BTreeSet, HashMap, HashSet};

use serde::Serialize;

use super::accepted::Waived;
use super::tally::{Standing, Tally, target};
use crate::model::evidence::{Cause, Phase};
use crate::model::finding::{Finding, Severity};
use crate::model::report::{Accepted, Check, Report, Verdict, WAIVER_EXPIRED};

pub use besides::{Besides, Stood};
pub use seen::{Addresses, Authority, Issuer};
pub use slower::Slower;

/// What is different between two reports.
#[derive(Clone, Debug, Serialize)]
pub struct Diff {
    /// 1; a reader refuses others.
    pub schema_version: u32,
    /// The report that was there before.
    pub older: Side,
    /// The report that it is compared with.
    pub newer: Side,
    /// Why the two may not be comparable: another region, features, vantages; one sentence each.
    pub cautions: Vec<String>,
    /// Unmet now, and not before. With those that were not checked before.
    pub newly_unmet: Vec<Change>,
    /// Accepted before, and unmet still: it counts again.
    pub no_longer_accepted: Vec<Change>,
    /// Accepted now, and not before; it may have been met.
    pub newly_accepted: Vec<Change>,
    /// Unmet before, accepted or not, and met now.
    pub mended: Vec<Change>,
    /// Met before, and not verified now.
    pub no_longer_verified: Vec<Change>,
    /// Unmet in both, and accepted in both or in none, with another failure.
    pub other_cause: Vec<Change>,
    /// What is needed besides the network and stands elsewhere now; those that are in one of the reports only with `null`.
    pub prerequisites: Vec<Besides>,
    /// Findings that are new, the gravest first; what was or is accepted is told of its checks and prerequisites.
    pub new_findings: Vec<Told>,
    /// Findings that are gone.
    pub gone_findings: Vec<Told>,
    /// Phases that take longer than chance explains.
    pub slower: Vec<Slower>,
    /// Certificates of other authorities.
    pub authorities: Vec<Authority>,
    /// Names that lead somewhere else altogether.
    pub addresses: Vec<Addresses>,
    /// Rules files that are other ones, with revision and digest; `null` where there is none.
    pub rules: Vec<Rules>,
    /// Ids of checks that were not there before.
    pub added: Vec<String>,
    /// Ids of checks that are no longer there.
    pub removed: Vec<String>,
}

/// How many required checks of a report are unmet, with nothing that takes their place.
pub fn unmet(report: &Report) -> usize {
    Tally::new(report).standing(Standing::Unmet).filter(|check| check.required).count()
}

/// One of the two reports.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "the words speak for themselves")]
pub struct Side {
    pub started_at: String,
    pub verdict: Verdict,
    pub version: String,
}

/// A check that stands elsewhere now.
#[derive(Clone, Debug, Serialize)]
pub struct Change {
    /// The id of the check.
    pub id: String,
    /// Host and port.
    pub target: String,
    /// The id of the vantage.
    pub vantage: String,
    /// Whether a feature that is on does not work without it.
    pub required: bool,
    /// Where it fails now, or failed before where it is mended.
    pub phase: Option<Phase>,
    /// The word for that failure.
    pub cause: Option<Cause>,
    /// The word for the failure before, where it is another one.
    pub cause_before: Option<Cause>,
    /// Whether the older report has the check.
    pub was_there: bool,
    /// By which waiver it is accepted, or was where it no longer is.
    pub accepted: Option<Accepted>,
}

/// A finding in short.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "the words speak for themselves")]
pub struct Told {
    pub id: String,
    pub severity: Severity,
    pub summary: String,
}

/// A rules file in both reports.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "the words speak for themselves")]
pub struct Rules {
    pub name: String,
    pub before: Option<String>,
    pub now: Option<String>,
}

/// A check in both reports.
struct Pair<'a> {
    before: &'a Check,
    now: &'a Check,
}

/// Compares a report with an older one.
pub fn compare(newer: &Report, older: &Report) -> Diff {
    let (now, before) = (standings(newer), standings(older));
    let known: HashMap<&str, (&Check, Standing)> =
        before.iter().map(|(check, standing)| (check.id.as_str(), (*check, *standing))).collect();
    let pairs: Vec<Pair<'_>> =
        now.iter().filter_map(|(now, _)| Some(Pair { before: known.get(now.id.as_str())?.0, now })).collect();
    let pick = |wanted: fn(Option<Standing>, Standing) -> bool, failing_before: bool| -> Vec<Change> {
        let fits = |(check, standing): &&(&Check, Standing)| {
            wanted(known.get(check.id.as_str()).map(|(_, was)| *was), *standing)
        };
        now.iter()
            .filter(fits)
            .map(|(check, _)| change(check, known.get(check.id.as_str()), failing_before))
            .collect()
    };
    Diff {
        schema_version: 1,
        older: side(older),
        newer: side(newer),
        cautions: cautions(newer, older),
        newly_unmet: pick(|was, is| is == Standing::Unmet && !was.is_some_and(fails), false),
        no_longer_accepted: pick(|was, is| is == Standing::Unmet && was == Some(Standing::Accepted), false),
        newly_accepted: pick(|was, is| is == Standing::Accepted && was != Some(Standing::Accepted), false),
        mended: pick(|was, is| is == Standing::Met && was.is_some_and(fails), true),
        no_longer_verified: pick(|was, is| is == Standing::Unverified && was == Some(Standing::Met), false),
        other_cause: pick(|was, is| fails(is) && was == Some(is), false)
            .into_iter()
            .filter(|change| change.cause != change.cause_before)
            .collect(),
        prerequisites: besides::changes(newer, older),
        new_findings: findings(newer, older),
        gone_findings: findings(older, newer),
        slower: slower::slower(&pairs),
        authorities: seen::authorities(&pairs),
        addresses: seen::addresses(&pairs),
        rules: rules(newer, older),
        added: ids(&now, &before),
        removed: ids(&before, &now),
    }
}

impl Diff {
    /// Whether something required broke, or is no longer accepted.
    pub fn broke(&self) -> bool {
        let mut checks = self.newly_unmet.iter().chain(&self.no_longer_accepted);
        checks.any(|change| change.required)
            || self.prerequisites.iter().any(Besides::broke)
            || self.waiver_is_over()
    }

    /// Whether required checks, or a vantage, could be looked at before and not now.
    pub fn is_less_known(&self) -> bool {
        self.newer.verdict == Verdict::Incomplete && self.older.verdict != Verdict::Incomplete
    }

    /// Whether a waiver that is over blocks what was not blocked before, whatever it is about: what was unmet without one, or with
    /// another finding, is not worse.
    fn waiver_is_over(&self) -> bool {
        let is_over = |told: &Told| told.id == WAIVER_EXPIRED && told.severity == Severity::Blocking;
        self.older.verdict != Verdict::Blocked && self.new_findings.iter().any(is_over)
    }

    /// Whether something is worse that is not required.
    pub fn warns(&self) -> bool {
        let lists = [&self.newly_unmet, &self.no_longer_accepted, &self.no_longer_verified];
        lists.iter().any(|list| !list.is_empty()) || self.prerequisites.iter().any(Besides::warns)
    }

    /// As JSON.
    pub fn json(&self) -> String {
        // writing to memory cannot fail
        super::json::escape(&serde_json::to_string_pretty(self).unwrap_or_default()) + "\n"
    }
}

/// Unmet, accepted or not.
fn fails(standing: Standing) -> bool {
    matches!(standing, Standing::Unmet | Standing::Accepted)
}

fn standings(report: &Report) -> Vec<(&Check, Standing)> {
    Tally::new(report).each().collect()
}

fn side(report: &Report) -> Side {
    Side {
        started_at: report.run.started_at.clone(),
        verdict: report.verdict,
        version: report.tool.version.clone(),
    }
}

fn change(check: &Check, was: Option<&(&Check, Standing)>, failing_before: bool) -> Change {
    let before = was.map(|(before, _)| *before);
    let failed = if failing_before { before.unwrap_or(check) } else { check };
    Change {
        id: check.id.clone(),
        target: target(check),
        vantage: check.vantage.clone(),
        required: check.required,
        phase: failed.phase,
        cause: failed.cause,
        cause_before: before.and_then(|before| before.cause),
        was_there: before.is_some(),
        accepted: check.accepted.clone().or_else(|| before.and_then(|before| before.accepted.clone())),
    }
}

/// What would make every other difference look like one of the network.
fn cautions(newer: &Report, older: &Report) -> Vec<String> {
    let vantages =
        |report: &Report| report.vantages.iter().map(|v| v.id.clone()).collect::<Vec<_>>().join(", ");
    let facts = [
        ("cloud", older.run.cloud.name().to_owned(), newer.run.cloud.name().to_owned()),
        ("region", older.run.region.clone(), newer.run.region.clone()),
        ("features", older.run.features.join(", "), newer.run.features.join(", ")),
        ("connectivity", older.run.connectivity.word().to_owned(), newer.run.connectivity.word().to_owned()),
        ("vantages", vantages(older), vantages(newer)),
    ];
    let differ = facts.into_iter().filter(|(_, before, now)| before != now);
    differ.map(|(what, before, now)| format!("the {what} differ: before {before}, now {now}")).collect()
}

/// Those of one report that the other does not have: the same kind about the same thing.
///
/// That it is accepted makes no other finding of it, where the check or the prerequisite behind it tells so.
fn findings(of: &Report, not_in: &Report) -> Vec<Told> {
    let others: HashSet<_> = about(not_in).into_iter().collect();
    let only = of.findings.iter().zip(about(of)).filter(|(_, about)| !others.contains(about)).map(|(f, _)| f);
    only.map(|f| Told { id: f.id.clone(), severity: f.severity, summary: f.summary.clone() }).collect()
}

/// What tells findings apart.
fn about<'a>(report: &'a Report) -> Vec<(&'a str, &'a str, &'a str)> {
    let waived = Waived::new(report);
    let besides: HashSet<&str> = report.prerequisites.iter().filter_map(|p| p.finding.as_deref()).collect();
    let one = |finding: &'a Finding| {
        let is_told = !finding.evidence.is_empty() || besides.contains(finding.id.as_str());
        let before = waived.of(finding).filter(|_| is_told).map(|(_, summary)| summary);
        (finding.id.as_str(), finding.subject.as_str(), before.unwrap_or(&finding.summary))
    };
    report.findings.iter().map(one).collect()
}

fn rules(newer: &Report, older: &Report) -> Vec<Rules> {
    let names: BTreeSet<&str> =
        newer.rules.iter().chain(&older.rules).map(|layer| layer.name.as_str()).collect();
    let told = |report: &Report| -> HashMap<String, String> {
        let layers = report.rules.iter().rev(); // the first of a name counts
        let told = layers.map(|l| (l.name.clone(), format!("{}, sha256 {}", l.revision, l.sha256)));
        told.collect()
    };
    let (before, now) = (told(older), told(newer));
    names
        .into_iter()
        .map(|name| Rules {
            name: name.to_owned(),
            before: before.get(name).cloned(),
            now: now.get(name).cloned(),
        })
        .filter(|rules| rules.before != rules.now)
        .collect()
}

fn ids(of: &[(&Check, Standing)], not_in: &[(&Check, Standing)]) -> Vec<String> {
    let others: BTreeSet<&str> = not_in.iter().map(|(check, _)| check.id.as_str()).collect();
    of.iter().map(|(check, _)| &check.id).filter(|id| !others.contains(id.as_str())).cloned().collect()
}
