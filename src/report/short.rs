//! The report in a few lines, for chats and tickets.

use indexmap::IndexMap;

use super::header::describe_run;
use super::headline;
use super::index::{CheckStatus, ReportIndex, format_target};
use super::sanitize::LONGEST_LINE;
use super::screen::sanitize_for_command;
use super::waivers as accepted;
use crate::model::evidence::sanitize;
use crate::model::finding::Finding;
use crate::model::report::{Check, Report};
use crate::model::wording::{format_count, list_some};

/// Ways to fail that have a line each.
const MAX_GROUPS: usize = 20;

/// Renders one line for the verdict, one for each finding and one for each way in which checks are not met.
pub fn render(report: &Report) -> String {
    render_lines(report, &|_| false).iter().map(|line| sanitize(line, LONGEST_LINE) + "\n").collect()
}

/// The lines; findings that are told elsewhere, by their places, are left out.
pub(super) fn render_lines(report: &Report, is_told: &dyn Fn(usize) -> bool) -> Vec<String> {
    let tally = ReportIndex::new(report);
    let mut lines =
        vec![format!("{}: {}", headline::verdict_label(report.verdict), headline::describe_verdict(&tally))];
    lines.push(format!("run: {} {}, {}", report.run.cloud, report.run.region, describe_run(report)));
    let own = report.findings.iter().enumerate().filter(|(place, _)| !is_told(*place));
    lines.extend(own.map(|(_, one)| describe_finding(one)));
    lines
        .extend(group_failures(&tally, CheckStatus::Unmet, "unmet", |check| describe_failure(check, &tally)));
    lines.extend(group_failures(&tally, CheckStatus::Accepted, "accepted", |check| {
        describe_accepted(check, &tally)
    }));
    lines.extend(accepted::describe_unused_waivers(report));
    lines
}

fn describe_finding(finding: &Finding) -> String {
    let behind = match finding.evidence.len() {
        0 => String::new(),
        n => format_count(n, "check") + "; ",
    };
    let summary = accepted::summarize_finding(finding);
    let summary = summary.trim_end_matches('.');
    format!(
        "{}: {summary} ({behind}arcprobe explain {})",
        finding.severity.as_str(),
        sanitize_for_command(&finding.id)
    )
}

/// Checks that fail alike from the same place share a line, as they share a row of the grid.
fn group_failures(
    tally: &ReportIndex<'_>,
    standing: CheckStatus,
    word: &str,
    said: impl Fn(&Check) -> Option<String>,
) -> Vec<String> {
    let checks = tally.with_status(standing).filter_map(|check| Some((said(check)?, format_target(check))));
    let mut lines: IndexMap<String, Vec<String>> = IndexMap::new();
    for (alike, target) in checks {
        lines.entry(alike).or_default().push(target);
    }
    let left = lines.len().saturating_sub(MAX_GROUPS);
    let shown = lines
        .iter()
        .take(MAX_GROUPS)
        .map(|(alike, t)| format!("{word}: {} {alike}", list_some(t, MAX_NAMED)));
    let more = (left > 0).then(|| format!("{word}: {left} more kinds of failures; -o text shows them"));
    shown.chain(more).collect()
}

fn describe_accepted(check: &Check, tally: &ReportIndex<'_>) -> Option<String> {
    let until = check.accepted.as_ref().map(|a| format!(" until {}: {}", a.until, a.reason));
    Some(describe_failure(check, tally)? + &until.unwrap_or_default())
}

/// `None` where another vantage stands for that of the check.
fn describe_failure(check: &Check, tally: &ReportIndex<'_>) -> Option<String> {
    let crowd = tally.group_name_of(check)?;
    let cause = check.cause.map_or("unknown", crate::model::evidence::Cause::word);
    let from = if tally.has_many_vantages() { format!(" from {crowd}") } else { String::new() };
    let optional = if check.planned.required { "" } else { " (optional)" };
    Some(format!("{cause}{from}{optional}"))
}

/// Hosts that are named in a line.
const MAX_NAMED: usize = 3;
