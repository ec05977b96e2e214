//! What was asked for the hosts below wildcards, in a line each.

use super::grid::human;
use super::screen::{Paint, Screen};
use super::tally::{plural, some_of};
use super::v1::Report;
use crate::evidence::{Inquiry, InquiryOutcome};

/// How many hosts are named.
const NAMED: usize = 3;

/// Draws the lines with a blank one below: all of them, or those with something remarkable about them.
pub(super) fn draw(screen: &mut Screen, report: &Report, all: bool) {
    let shown = report.discoveries.iter().filter(|inquiry| all || inquiry.note.is_some());
    let mut any = false;
    for inquiry in shown {
        any = true;
        let mark = match inquiry.outcome {
            InquiryOutcome::Found => (Paint::Green, "✓ "),
            InquiryOutcome::Failed | InquiryOutcome::Refused => (Paint::Yellow, "? "),
        };
        screen.paragraph(&[mark], 4, Paint::Plain, &text(inquiry));
    }
    if any {
        screen.blank();
    }
}

/// All of them, as text.
pub(super) fn all(report: &Report) -> Vec<String> {
    report.discoveries.iter().map(text).collect()
}

fn text(inquiry: &Inquiry) -> String {
    let came = match inquiry.outcome {
        InquiryOutcome::Found => {
            format!("{} ({})", plural(inquiry.hosts.len(), "host"), some_of(&inquiry.hosts, NAMED))
        }
        InquiryOutcome::Refused => "no host below the wildcard".to_owned(),
        InquiryOutcome::Failed => inquiry.cause.map_or("no answer", |cause| cause.word()).to_owned(),
    };
    let note = inquiry.note.as_ref().map(|note| format!("; {note}")).unwrap_or_default();
    format!("{} asked {}: {came} in {}{note}", inquiry.endpoint, inquiry.asked, human(inquiry.took))
}
