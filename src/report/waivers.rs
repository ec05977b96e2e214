//! What is accepted for a time, in words that the formats share.

use std::borrow::Cow;

use super::screen::{Paint, Screen};
use crate::model::finding::Finding;
use crate::model::report::{AppliedWaiver, Report, WaiverState};
use crate::model::waiver::WaiverRef;
use crate::model::wording::list_some;

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

/// What is wrong, and until when it is accepted.
pub(super) fn summarize_finding(finding: &Finding) -> Cow<'_, str> {
    match &finding.accepted {
        Some(by) => format!("Accepted until {}: {}", by.until, finding.summary).into(),
        None => finding.summary.as_str().into(),
    }
}

/// What was seen, and why it is accepted.
pub(super) fn explain_finding(finding: &Finding) -> Cow<'_, str> {
    let Some(by) = &finding.accepted else { return finding.explanation.as_str().into() };
    format!("Accepted, because: {}. {}", by.reason.trim_end_matches('.'), finding.explanation).into()
}
