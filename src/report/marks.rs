//! How verdicts, severities and states look and what they are called: one table for each, for every format.

use super::index::CheckStatus;
use super::screen::Paint;
use crate::model::finding::Severity;
use crate::model::report::{PrerequisiteVerdict, Verdict, WaiverState};

/// A symbol that stands beside a word.
#[derive(Clone, Copy)]
pub(super) struct Mark {
    /// On a terminal.
    pub(super) paint: Paint,
    pub(super) symbol: &'static str,
    /// In HTML.
    pub(super) class: &'static str,
}

impl Mark {
    pub(super) const GOOD: Self = Self::new(Paint::Green, "✓", "good");
    pub(super) const BAD: Self = Self::new(Paint::Red, "✗", "bad");
    pub(super) const WARNING: Self = Self::new(Paint::Yellow, "!", "open");
    pub(super) const INFO: Self = Self::new(Paint::Cyan, "i", "open");
    pub(super) const OPEN: Self = Self::new(Paint::Yellow, "?", "open");
    pub(super) const ACCEPTED: Self = Self::new(Paint::Cyan, "~", "open");
    pub(super) const REPLACED: Self = Self::new(Paint::Dim, "–", "open");
    pub(super) const UNUSED: Self = Self::new(Paint::Dim, "–", "good");

    const fn new(paint: Paint, symbol: &'static str, class: &'static str) -> Self {
        Self { paint, symbol, class }
    }
}

/// The word of a verdict in prose, that in metrics, its mark, and the class of a heading that shows it.
pub(super) struct VerdictStyle {
    pub(super) label: &'static str,
    pub(super) code: &'static str,
    pub(super) mark: Mark,
    pub(super) heading_class: &'static str,
}

pub(super) fn verdict_style(verdict: Verdict) -> VerdictStyle {
    let (label, code, mark, heading_class) = match verdict {
        Verdict::Ready => ("Ready", "ready", Mark::GOOD, "good"),
        Verdict::ReadyWithWarnings => {
            ("Ready, with warnings", "ready_with_warnings", Mark::WARNING, "warning")
        }
        Verdict::Blocked => ("Blocked", "blocked", Mark::BAD, "blocking"),
        Verdict::Incomplete => ("Incomplete", "incomplete", Mark::OPEN, "warning"),
    };
    VerdictStyle { label, code, mark, heading_class }
}

/// The mark of a severity, its sign in Markdown, and its level in SARIF.
pub(super) struct SeverityStyle {
    pub(super) mark: Mark,
    pub(super) emoji: &'static str,
    pub(super) sarif_level: &'static str,
}

pub(super) fn severity_style(severity: Severity) -> SeverityStyle {
    let (mark, emoji, sarif_level) = match severity {
        Severity::Blocking => (Mark::BAD, "❌", "error"),
        Severity::Warning => (Mark::WARNING, "⚠️", "warning"),
        Severity::Info => (Mark::INFO, "ℹ️", "note"),
    };
    SeverityStyle { mark, emoji, sarif_level }
}

/// The word of a status in headings, that in metrics, and its mark.
pub(super) struct StatusStyle {
    pub(super) label: &'static str,
    pub(super) code: &'static str,
    pub(super) mark: Mark,
}

pub(super) fn status_style(status: CheckStatus) -> StatusStyle {
    let (label, code, mark) = match status {
        CheckStatus::Unmet => ("not met", "unmet", Mark::BAD),
        CheckStatus::Accepted => ("not met, and accepted for a time", "accepted", Mark::ACCEPTED),
        CheckStatus::Unverified => ("unverified", "unverified", Mark::OPEN),
        CheckStatus::Replaced => ("not met, but another takes its place", "replaced", Mark::REPLACED),
        CheckStatus::Met => ("met", "met", Mark::GOOD),
    };
    StatusStyle { label, code, mark }
}

/// The word and the mark of a prerequisite.
pub(super) fn prerequisite_style(verdict: PrerequisiteVerdict, is_accepted: bool) -> (&'static str, Mark) {
    match verdict {
        _ if is_accepted => ("accepted", Mark::ACCEPTED),
        PrerequisiteVerdict::Met => ("met", Mark::GOOD),
        PrerequisiteVerdict::Warning => ("warning", Mark::WARNING),
        PrerequisiteVerdict::Unmet => ("not met", Mark::BAD),
        PrerequisiteVerdict::Unverified => ("not known", Mark::OPEN),
    }
}

/// What came of a waiver: in words, as a word in metrics, and as a mark.
pub(super) fn waiver_style(state: WaiverState) -> (&'static str, &'static str, Mark) {
    match state {
        WaiverState::Used => ("used", "used", Mark::ACCEPTED),
        WaiverState::Expired => ("over, and still needed", "expired", Mark::BAD),
        WaiverState::Unused => ("not needed any more", "unused", Mark::UNUSED),
    }
}
