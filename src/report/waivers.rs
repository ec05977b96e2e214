//! What is accepted for a time, in words that the formats share.

use std::collections::HashMap;

use super::index::list_some;
use super::screen::{Paint, Screen};
use crate::model::finding::Finding;
use crate::model::report::{AppliedWaiver, Report, WaiverRef, WaiverState};

/// How many waivers are named that nobody needs.
const MAX_NAMED: usize = 8;

/// Until when, and why.
pub(super) fn describe_acceptance(accepted: &WaiverRef) -> String {
    format!("accepted until {}: {}", accepted.until, accepted.reason)
}

/// What a waiver is about.
pub(super) fn describe_waiver(waiver: &AppliedWaiver) -> String {
    let from = waiver.vantage.as_ref().map(|vantage| format!(" from {vantage}")).unwrap_or_default();
    format!("{} at {}{from}", waiver.code, waiver.endpoint)
}

/// What came of a waiver, in a word.
pub(super) fn waiver_state_label(state: WaiverState) -> &'static str {
    match state {
        WaiverState::Used => "used",
        WaiverState::Expired => "over, and still needed",
        WaiverState::Unused => "not needed any more",
    }
}

/// One line on the waivers that nobody needs.
pub(super) fn describe_unused_waivers(report: &Report) -> Option<String> {
    let unused = report.waivers.iter().filter(|waiver| waiver.state == WaiverState::Unused);
    let names: Vec<String> = unused.map(describe_waiver).collect();
    (!names.is_empty()).then(|| format!("not needed any more: {}", list_some(&names, MAX_NAMED)))
}

/// Draws the waivers that somebody has to do something about, and a blank line below them if there are any.
pub(super) fn draw_waivers(screen: &mut Screen, report: &Report) {
    let not_needed = describe_unused_waivers(report);
    let mut over = report.waivers.iter().filter(|waiver| waiver.state == WaiverState::Expired).peekable();
    if over.peek().is_none() && not_needed.is_none() {
        return;
    }
    screen.line(&[(Paint::Bold, "waivers")]);
    for waiver in over {
        let text = format!("{}: over since {}, and still needed", describe_waiver(waiver), waiver.until);
        screen.paragraph(&[(Paint::Red, "  ✗ ")], 4, Paint::Plain, &text);
    }
    if let Some(text) = not_needed {
        screen.paragraph(&[(Paint::Dim, "  – ")], 4, Paint::Dim, &text);
    }
    screen.blank_line();
}

/// The waivers that accept a finding. A finding says so in its summary, but a summary may say anything: only with a waiver of
/// that day, about its id or one of its checks, it is accepted.
pub(super) struct WaiverIndex<'a> {
    by_code: HashMap<(&'a str, &'a str), &'a AppliedWaiver>,
    by_check: HashMap<(&'a str, &'a str), &'a AppliedWaiver>,
}

impl<'a> WaiverIndex<'a> {
    pub(super) fn new(report: &'a Report) -> Self {
        let mut waived = Self { by_code: HashMap::new(), by_check: HashMap::new() };
        for waiver in report.waivers.iter().filter(|waiver| waiver.state == WaiverState::Used) {
            waived.by_code.entry((&waiver.code, &waiver.until)).or_insert(waiver);
            for id in &waiver.checks {
                waived.by_check.entry((id, &waiver.until)).or_insert(waiver);
            }
        }
        waived
    }

    /// By which waiver, and what the summary was before.
    pub(super) fn find_waiver<'f>(&self, finding: &'f Finding) -> Option<(&'a AppliedWaiver, &'f str)> {
        let (until, summary) = finding.summary.strip_prefix("Accepted until ")?.split_once(": ")?;
        let by_code = || self.by_code.get(&(finding.id.as_str(), until)).copied();
        let by_check =
            finding.evidence.iter().find_map(|id| self.by_check.get(&(id.as_str(), until)).copied());
        Some((by_check.or_else(by_code)?, summary))
    }
}
