//! The report in a few lines, for chats and tickets.

use super::accepted;
use super::headline;
use super::screen::bare;
use super::tally::{Standing, Tally, plural, target};
use crate::model::evidence::printable;
use crate::model::finding::Finding;
use crate::model::report::{Check, Report};

/// Ways to fail that have a line each.
const MOST_ALIKE: usize = 20;

/// No line is longer.
const LONGEST_LINE: usize = 500;

/// Renders one line for the verdict, one for each finding and one for each way in which checks are not met.
pub fn render(report: &Report) -> String {
    lines(report, &|_| false).iter().map(|line| printable(line, LONGEST_LINE) + "\n").collect()
}

/// The lines; findings that are told elsewhere, by their places, are left out.
pub(super) fn lines(report: &Report, is_told: &dyn Fn(usize) -> bool) -> Vec<String> {
    let tally = Tally::new(report);
    let mut lines = vec![format!("{}: {}", headline::word(report.verdict), headline::sentence(&tally))];
    let own = report.findings.iter().enumerate().filter(|(place, _)| !is_told(*place));
    lines.extend(own.map(|(_, one)| finding(one)));
    lines.extend(alike(&tally, Standing::Unmet, "unmet", |check| failed(check, &tally)));
    lines.extend(alike(&tally, Standing::Accepted, "accepted", |check| accepted(check, &tally)));
    lines.extend(accepted::not_needed(report));
    lines
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
fn alike(
    tally: &Tally<'_>,
    standing: Standing,
    word: &str,
    said: impl Fn(&Check) -> Option<String>,
) -> Vec<String> {
    let mut lines: Vec<(String, Vec<String>)> = Vec::new();
    for (check, alike) in tally.standing(standing).filter_map(|check| Some((check, said(check)?))) {
        match lines.iter_mut().find(|(key, _)| *key == alike) {
            Some((_, targets)) => targets.push(target(check)),
            None => lines.push((alike, vec![target(check)])),
        }
    }
    let left = lines.len().saturating_sub(MOST_ALIKE);
    let shown = lines.iter().take(MOST_ALIKE).map(|(alike, t)| format!("{word}: {} {alike}", named(t)));
    let more = (left > 0).then(|| format!("{word}: {left} more kinds of failures; -o text shows them"));
    shown.chain(more).collect()
}

fn accepted(check: &Check, tally: &Tally<'_>) -> Option<String> {
    let until = check.accepted.as_ref().map(|a| format!(" until {}: {}", a.until, a.reason));
    Some(failed(check, tally)? + &until.unwrap_or_default())
}

/// `None` where another vantage stands for that of the check.
fn failed(check: &Check, tally: &Tally<'_>) -> Option<String> {
    let crowd = tally.crowd_of(check)?;
    let cause = check.cause.map_or("unknown", crate::model::evidence::Cause::word);
    let from = if tally.many_vantages() { format!(" from {crowd}") } else { String::new() };
    let optional = if check.required { "" } else { " (optional)" };
    Some(format!("{cause}{from}{optional}"))
}

fn named(targets: &[String]) -> String {
    match targets.len() {
        0..=MOST_NAMED => targets.join(", "),
        n => format!("{} and {} more", targets[..MOST_NAMED].join(", "), n - MOST_NAMED),
    }
}

/// Hosts that are named in a line.
const MOST_NAMED: usize = 3;
