//! The report in a few lines, for chats and tickets.

use super::accepted;
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
    lines.extend(alike(&tally, Standing::Unmet, "unmet", |check| failed(check, many)));
    lines.extend(alike(&tally, Standing::Accepted, "accepted", |check| accepted(check, many)));
    lines.extend(accepted::not_needed(report));
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
fn alike(tally: &Tally<'_>, standing: Standing, word: &str, said: impl Fn(&Check) -> String) -> Vec<String> {
    let mut lines: Vec<(String, Vec<String>)> = Vec::new();
    for check in tally.standing(standing) {
        let alike = said(check);
        match lines.iter_mut().find(|(key, _)| *key == alike) {
            Some((_, targets)) => targets.push(target(check)),
            None => lines.push((alike, vec![target(check)])),
        }
    }
    lines.into_iter().map(|(alike, targets)| format!("{word}: {} {alike}", named(&targets))).collect()
}

fn accepted(check: &Check, many_vantages: bool) -> String {
    let until = check.accepted.as_ref().map(|a| format!(" until {}: {}", a.until, a.reason));
    failed(check, many_vantages) + &until.unwrap_or_default()
}

fn failed(check: &Check, many_vantages: bool) -> String {
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
