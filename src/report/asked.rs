//! What was asked for the hosts below wildcards, in a line each.

use super::grid::human;
use super::screen::{Paint, Screen};
use super::tally::{plural, some_of};
use crate::model::evidence::{Inquiry, InquiryOutcome};
use crate::model::report::Report;

/// So many are told.
const MOST: usize = 24;

/// How many hosts are named.
const NAMED: usize = 3;

/// Draws the lines with a blank one below: all of them, or those with something remarkable about them.
pub(super) fn draw(screen: &mut Screen, report: &Report, all: bool) {
    let shown: Vec<_> = report.discoveries.iter().filter(|inquiry| all || inquiry.note.is_some()).collect();
    let any = !shown.is_empty();
    for inquiry in shown.iter().take(MOST) {
        let mark = match inquiry.outcome {
            InquiryOutcome::Found => (Paint::Green, "✓ "),
            InquiryOutcome::Failed | InquiryOutcome::Refused => (Paint::Yellow, "? "),
        };
        screen.paragraph(&[mark], 4, Paint::Plain, &text(inquiry));
    }
    if shown.len() > MOST {
        let text = format!("{} more were asked, as the JSON report has it", shown.len() - MOST);
        screen.paragraph(&[(Paint::Dim, "… ")], 4, Paint::Plain, &text);
    }
    if any {
        screen.blank();
    }
}

/// All of them, as text.
pub(super) fn all(report: &Report) -> Vec<String> {
    let left = report.discoveries.len().saturating_sub(MOST);
    let more = (left > 0).then(|| format!("{left} more were asked, as the JSON report has it"));
    report.discoveries.iter().take(MOST).map(text).chain(more).collect()
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
