//! The verdict as one plain sentence.

use super::grid::format_duration;
use super::index::group_label;
use super::index::{CheckCounts, ReportIndex};
use super::marks::verdict_style;
use super::prerequisites::is_blocking;
use super::waivers::summarize_finding;
use crate::analysis::verdict::is_blocking_waiver;
use crate::model::finding::{Finding, Severity};
use crate::model::ids::VantageId;
use crate::model::plan::UnverifiedKind;
use crate::model::report::{Check, Prerequisite, PrerequisiteVerdict, Report, Verdict};
use crate::model::vantage::VantageKind;
use crate::model::wording::{format_count, list_some};

/// The features without which there is no connected cluster at all; the others can be missing from one.
const CORE_FEATURES: [&str; 2] = ["core", "onboarding-cli"];

/// The verdict in capitals.
pub(super) fn verdict_label(verdict: Verdict) -> String {
    verdict_style(verdict).label.to_uppercase()
}

/// Whether a cluster can be connected, and why (not).
pub(super) fn describe_verdict(tally: &ReportIndex<'_>) -> String {
    let report = tally.report;
    let required = tally.count_checks(true);
    let (subject, here) = sentence_subject(report);
    let apart = if has_accepted(report, required) { ", apart from what is accepted" } else { "" };
    match report.verdict {
        Verdict::Ready => {
            format!("{subject} can be connected{here}{apart}. {}", describe_none_failed(required))
        }
        Verdict::ReadyWithWarnings => {
            let why =
                first_summary(report, Severity::Warning).unwrap_or_else(|| describe_none_failed(required));
            format!("{subject} can be connected{here}{apart}. {why}")
        }
        Verdict::Blocked => {
            let why = first_summary(report, Severity::Blocking)
                .unwrap_or_else(|| describe_failed(report, required));
            format!("{} {why}", describe_blocked(tally, subject, here))
        }
        Verdict::Incomplete => format!(
            "Whether {} can be connected{here} is open. Nothing required has failed{apart}, but {}.",
            subject.to_lowercase(),
            describe_gaps(report, required)
        ),
    }
}

/// How many checks are met, and how long it took.
pub(super) fn describe_counts(tally: &ReportIndex<'_>) -> String {
    let of = |count: CheckCounts| format!("{} of {}", count.met, count.total());
    let (required, optional) = (tally.count_checks(true), tally.count_checks(false));
    let mut text = format!("{} required checks met", of(required));
    if optional.total() > 0 {
        text = format!("{text}, {} optional", of(optional));
    }
    let prerequisites = &tally.report.prerequisites;
    if !prerequisites.is_empty() {
        let met = prerequisites.iter().filter(|item| item.verdict == PrerequisiteVerdict::Met).count();
        text = format!("{text}, {met} of {} prerequisites", prerequisites.len());
    }
    if required.accepted + optional.accepted > 0 {
        text = format!("{text}, {} accepted", required.accepted + optional.accepted);
    }
    let expired = tally.report.findings.iter().filter(|f| is_blocking_waiver(&f.id, f.severity)).count();
    if expired > 0 {
        text = format!("{text}, {} expired", format_count(expired, "waiver"));
    }
    format!("{text}, in {}", format_duration(tally.report.run.took))
}

/// What is spoken of: any cluster in the network of this machine, or the one whose pods or nodes were looked from.
fn sentence_subject(report: &Report) -> (&'static str, &'static str) {
    let only_here = report.vantages.iter().all(|v| v.kind == VantageKind::Workstation);
    if only_here { ("A cluster", " from here") } else { ("This cluster", "") }
}

/// Whether it is ready only because something was accepted.
fn has_accepted(report: &Report, required: CheckCounts) -> bool {
    let accepted = |p: &Prerequisite| p.verdict == PrerequisiteVerdict::Unmet && p.accepted.is_some();
    required.accepted > 0 || report.prerequisites.iter().any(accepted)
}

/// Says what cannot work: all of it, or the features that lack something while the base has what it needs.
fn describe_blocked(tally: &ReportIndex<'_>, subject: &str, here: &str) -> String {
    if tally.report.prerequisites.iter().any(is_blocking) {
        return format!("{subject} cannot be connected{here}.");
    }
    let is_expired = |finding: &Finding| is_blocking_waiver(&finding.id, finding.severity);
    if tally.count_checks(true).unmet == 0 && tally.report.findings.iter().any(is_expired) {
        return "What was accepted for a time counts again.".to_owned();
    }
    let lacking: Vec<String> =
        tally.feature_counts().filter(|(_, c)| c.unmet > 0).map(|(name, _)| name.to_owned()).collect();
    let connects = !lacking.is_empty() && !lacking.iter().any(|f| CORE_FEATURES.contains(&f.as_str()));
    if connects && tally.feature_counts().any(|(name, count)| name == CORE_FEATURES[0] && count.met > 0) {
        return format!("{subject} cannot be connected{here} with {}.", list_some(&lacking, 3));
    }
    format!("{subject} cannot be connected{here}.")
}

/// The summary of the most severe finding, and how many more there are of its kind.
fn first_summary(report: &Report, severity: Severity) -> Option<String> {
    let mut findings = report.findings.iter().filter(|f| f.severity == severity);
    let summary = summarize_finding(findings.next()?);
    let summary = summary.trim_end_matches('.');
    let more = findings.count();
    Some(match more {
        0 => format!("{summary}."),
        1 => format!("{summary} (and one more finding)."),
        _ => format!("{summary} (and {more} more findings)."),
    })
}

fn describe_none_failed(required: CheckCounts) -> String {
    let others = match (required.accepted, required.unverified) {
        (0, 0) => return format!("All {} required checks are met.", required.met),
        (0, _) => "the others cannot be verified".to_owned(),
        (_, 0) => "the others are accepted for a time".to_owned(),
        (accepted, unverified) => {
            format!("{accepted} accepted for a time, {unverified} that cannot be verified")
        }
    };
    format!("{} of {} required checks are met; {others}.", required.met, required.total())
}

fn describe_failed(report: &Report, required: CheckCounts) -> String {
    if let Some(item) = report.prerequisites.iter().find(|item| is_blocking(item) && required.unmet == 0) {
        return format!("{}: {}.", item.title, item.found.trim_end_matches('.'));
    }
    format!("{} of {} required checks are not met.", required.unmet, required.total())
}

fn describe_gaps(report: &Report, required: CheckCounts) -> String {
    let mut reasons = Vec::new();
    if report.run.interrupted {
        reasons.push("the run was interrupted".to_owned());
    }
    if report.run.deadline_passed {
        reasons.push("the deadline passed".to_owned());
    }
    let unseen: Vec<&VantageId> =
        report.vantages.iter().filter(|v| v.error.is_some()).map(|v| &v.id).collect();
    if !unseen.is_empty() {
        reasons.push(format!("nothing was measured from {}", group_label(&unseen)));
    }
    let is_open = |p: &&Prerequisite| p.verdict == PrerequisiteVerdict::Unverified && !p.is_workstation;
    let open = report.prerequisites.iter().filter(is_open).count();
    if open > 0 {
        let all = report.prerequisites.len();
        reasons.push(format!("{open} of {all} prerequisites could not be seen"));
    }
    let all = required.total();
    let is_disputed = |c: &&Check| c.planned.required && c.unverified == Some(UnverifiedKind::Contradicted);
    let disputed = report.checks.iter().filter(is_disputed).count().min(required.unverified);
    if disputed > 0 {
        reasons.push(format!("of {all} required checks an ordinary client contradicts {disputed}"));
    }
    let left = required.unverified - disputed;
    if left > 0 || reasons.is_empty() {
        reasons.push(format!("{left} of {all} required checks could not be made"));
    }
    reasons.join("; ")
}
