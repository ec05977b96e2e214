//! The report in a few lines, for chats and tickets.

use super::headline;
use super::screen::bare;
use super::tally::{Standing, Tally, plural, target};
use super::v1::{Check, Report};
use crate::evidence::printable;
use crate::finding::Finding;

/// No line is longer.
const LONGEST_LINE: usize = 500;

/// Renders one line for the verdict, one for each finding and one for each way in which checks are not met.
pub fn render(report: &Report) -> String {
    let tally = Tally::new(report);
    let mut lines = vec![format!("{}: {}", headline::word(report.verdict), headline::sentence(&tally))];
    lines.extend(report.findings.iter().map(finding));
    let many = tally.many_vantages();
    lines.extend(unmet(&tally, many));
    lines.iter().map(|line| printable(line, LONGEST_LINE) + "\n").collect()
}

fn finding(finding: &Finding) -> String {
    let behind = match finding.evidence.len() {
        0 => String::new(),
        n => plural(n, "check") + "; ",
    };
    let summary = finding.summary.trim_end_matches('.');
    format!("{}: {summary} ({behind}arcprobe explain {})", finding.severity.word(), bare(&finding.id))
}

/// Checks that fail alike from the same place share a line, as they share a row of the grid.
fn unmet(tally: &Tally<'_>, many_vantages: bool) -> Vec<String> {
    let mut lines: Vec<(String, Vec<String>)> = Vec::new();
    for check in tally.standing(Standing::Unmet) {
        let alike = alike(check, many_vantages);
        match lines.iter_mut().find(|(key, _)| *key == alike) {
            Some((_, targets)) => targets.push(target(check)),
            None => lines.push((alike, vec![target(check)])),
        }
    }
    lines.into_iter().map(|(alike, targets)| format!("unmet: {} {alike}", named(&targets))).collect()
}

fn alike(check: &Check, many_vantages: bool) -> String {
    let cause = check.cause.map_or("unknown", crate::evidence::Cause::word);
    let from = if many_vantages { format!(" from {}", check.vantage) } else { String::new() };
    let optional = if check.required { "" } else { " (optional)" };
    format!("{cause}{from}{optional}")
}

fn named(targets: &[String]) -> String {
    match targets.len() {
        0..=MOST_NAMED => targets.join(", "),
        n => format!("{} and {} more", targets[..MOST_NAMED].join(", "), n - MOST_NAMED),
    }
}

/// Hosts that are named in a line.
const MOST_NAMED: usize = 3;
