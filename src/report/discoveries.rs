//! What was asked for the hosts below wildcards, in a line each.

use super::grid::format_duration;
use super::screen::{Paint, Screen};
use crate::model::evidence::{Discovery, DiscoveryOutcome};
use crate::model::report::Report;
use crate::model::wording::{format_count, list_some};

/// So many are told.
const MAX_LINES: usize = 24;

/// How many hosts are named.
const MAX_NAMED: usize = 3;

/// Draws the lines with a blank one below: all of them, or those with something remarkable about them.
pub(super) fn draw_discoveries(screen: &mut Screen, report: &Report, all: bool) {
    let shown: Vec<_> = report.discoveries.iter().filter(|inquiry| all || inquiry.note.is_some()).collect();
    let any = !shown.is_empty();
    for inquiry in shown.iter().take(MAX_LINES) {
        let mark = match inquiry.outcome {
            DiscoveryOutcome::Found => (Paint::Green, "✓ "),
            DiscoveryOutcome::Failed | DiscoveryOutcome::Refused => (Paint::Yellow, "? "),
        };
        screen.paragraph(&[mark], 4, Paint::Plain, &describe_discovery(inquiry));
    }
    if shown.len() > MAX_LINES {
        let text = format!("{} more were asked, as the JSON report has it", shown.len() - MAX_LINES);
        screen.paragraph(&[(Paint::Dim, "… ")], 4, Paint::Plain, &text);
    }
    if any {
        screen.blank_line();
    }
}

/// All of them, as text.
pub(super) fn describe_discoveries(report: &Report) -> Vec<String> {
    let left = report.discoveries.len().saturating_sub(MAX_LINES);
    let more = (left > 0).then(|| format!("{left} more were asked, as the JSON report has it"));
    report.discoveries.iter().take(MAX_LINES).map(describe_discovery).chain(more).collect()
}

fn describe_discovery(inquiry: &Discovery) -> String {
    let came = match inquiry.outcome {
        DiscoveryOutcome::Found => {
            format!(
                "{} ({})",
                format_count(inquiry.hosts.len(), "host"),
                list_some(&inquiry.hosts, MAX_NAMED)
            )
        }
        DiscoveryOutcome::Refused => "no host below the wildcard".to_owned(),
        DiscoveryOutcome::Failed => inquiry.cause.map_or("no answer", |cause| cause.word()).to_owned(),
    };
    let note = inquiry.note.as_ref().map(|note| format!("; {note}")).unwrap_or_default();
    format!("{} asked {}: {came} in {}{note}", inquiry.endpoint, inquiry.asked, format_duration(inquiry.took))
}
