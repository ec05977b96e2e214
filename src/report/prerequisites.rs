//! The prerequisites as lines of text.

use super::marks::prerequisite_style;
use super::screen::{Paint, Screen};
use super::waivers::describe_acceptance;
use crate::model::report::{Prerequisite, PrerequisiteVerdict};
use crate::model::waiver::WaiverRef;

/// Where the values begin.
const INDENT: usize = 27;

/// Draws what is needed besides the network.
pub(super) fn draw_prerequisites(screen: &mut Screen, items: &[Prerequisite]) {
    screen.line(&[(Paint::Bold, "prerequisites")]);
    for item in items {
        let accepted = accepted_by(item);
        let (_, mark) = prerequisite_style(item.verdict, accepted.is_some());
        let label = format!("  {} {:<23}", mark.symbol, item.title);
        let wanted = match item.verdict {
            PrerequisiteVerdict::Met => String::new(),
            _ => format!("; needed: {}", item.wanted),
        };
        let lead = if item.verdict == PrerequisiteVerdict::Unverified { "not known: " } else { "" };
        let accepted =
            accepted.map(|accepted| format!("; {}", describe_acceptance(accepted))).unwrap_or_default();
        let text = format!("{lead}{}{wanted}{accepted}", item.found);
        screen.paragraph(&[(mark.paint, &label)], INDENT, Paint::Plain, &text);
    }
}

/// By which waiver something that is not met is accepted.
pub(super) fn accepted_by(item: &Prerequisite) -> Option<&WaiverRef> {
    item.accepted.as_ref().filter(|_| item.verdict != PrerequisiteVerdict::Met)
}

/// Whether it keeps a cluster from being connected.
pub(super) fn is_blocking(item: &Prerequisite) -> bool {
    item.verdict == PrerequisiteVerdict::Unmet && item.accepted.is_none()
}
