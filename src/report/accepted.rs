//! What is accepted for a time, in words that the formats share.

use super::screen::{Paint, Screen};
use super::tally::some_of;
use super::v1::{Accepted, Report, WaiverState, WaiverUse};

/// How many waivers are named that nobody needs.
const NAMED: usize = 8;

/// Until when, and why.
pub(super) fn told(accepted: &Accepted) -> String {
    format!("accepted until {}: {}", accepted.until, accepted.reason)
}

/// What a waiver is about.
pub(super) fn name(waiver: &WaiverUse) -> String {
    let from = waiver.vantage.as_ref().map(|vantage| format!(" from {vantage}")).unwrap_or_default();
    format!("{} at {}{from}", waiver.code, waiver.endpoint)
}

/// What came of a waiver, in a word.
pub(super) fn word(state: WaiverState) -> &'static str {
    match state {
        WaiverState::Used => "used",
        WaiverState::Expired => "over, and still needed",
        WaiverState::Unused => "not needed any more",
    }
}

/// One line on the waivers that nobody needs.
pub(super) fn not_needed(report: &Report) -> Option<String> {
    let unused = report.waivers.iter().filter(|waiver| waiver.state == WaiverState::Unused);
    let names: Vec<String> = unused.map(name).collect();
    (!names.is_empty()).then(|| format!("not needed any more: {}", some_of(&names, NAMED)))
}

/// Draws the waivers that somebody has to do something about, and a blank line below them if there are any.
pub(super) fn draw(screen: &mut Screen, report: &Report) {
    let not_needed = not_needed(report);
    let mut over = report.waivers.iter().filter(|waiver| waiver.state == WaiverState::Expired).peekable();
    if over.peek().is_none() && not_needed.is_none() {
        return;
    }
    screen.line(&[(Paint::Bold, "waivers")]);
    for waiver in over {
        let text = format!("{}: over since {}, and still needed", name(waiver), waiver.until);
        screen.paragraph(&[(Paint::Red, "  ✗ ")], 4, Paint::Plain, &text);
    }
    if let Some(text) = not_needed {
        screen.paragraph(&[(Paint::Dim, "  – ")], 4, Paint::Dim, &text);
    }
    screen.blank();
}
