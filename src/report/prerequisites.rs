//! The prerequisites as lines of text.

use super::screen::{Paint, Screen};
use super::v1::{Prerequisite, PrerequisiteVerdict};

/// Where the values begin.
const INDENT: usize = 27;

/// Draws what is needed besides the network.
pub(super) fn draw(screen: &mut Screen, items: &[Prerequisite]) {
    screen.line(&[(Paint::Bold, "prerequisites")]);
    for item in items {
        let (paint, symbol) = match item.verdict {
            PrerequisiteVerdict::Met => (Paint::Green, "✓"),
            PrerequisiteVerdict::Warning => (Paint::Yellow, "!"),
            PrerequisiteVerdict::Unmet => (Paint::Red, "✗"),
            PrerequisiteVerdict::Unverified => (Paint::Yellow, "?"),
        };
        let label = format!("  {symbol} {:<23}", item.title);
        let wanted = match item.verdict {
            PrerequisiteVerdict::Met => String::new(),
            _ => format!("; needed: {}", item.wanted),
        };
        let lead = if item.verdict == PrerequisiteVerdict::Unverified { "not known: " } else { "" };
        screen.paragraph(&[(paint, &label)], INDENT, Paint::Plain, &format!("{lead}{}{wanted}", item.found));
    }
}
