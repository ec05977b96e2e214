//! The report as Markdown (GitHub's flavour), for tickets: the answer, what is wrong and what to do; the endpoints folded.

use std::fmt::Write as _;

use super::grid::format_duration;
use super::header;
use super::headline;
use super::index::{CheckStatus, ReportIndex, format_target};
use super::marks::{prerequisite_style, severity_style, status_style, waiver_style};
use super::prerequisites::accepted_by;
use super::sanitize::sanitize_text;
use super::screen::sanitize_for_command;
use super::waivers::{describe_acceptance, explain_finding, summarize_finding};
use crate::model::evidence::{Cause, sanitize_lines};
use crate::model::finding::{Finding, RemedyBlock};
use crate::model::report::{AppliedWaiver, Check, Prerequisite, Report, SkipEntry};
use crate::model::shell::Shell;
use crate::model::wording::format_count;

/// Renders a document that begins with a heading of the first level.
pub fn render(report: &Report) -> String {
    let mut out = format!("# {}\n\n", headline::verdict_label(report.verdict));
    write_body(&mut out, report, "##");
    out
}

/// All but the heading; its own headings are of this level.
pub(super) fn write_body(out: &mut String, report: &Report, level: &str) {
    let tally = ReportIndex::new(report);
    let (sentence, counts) = (headline::describe_verdict(&tally), headline::describe_counts(&tally));
    let _ = write!(out, "{}\n\n{}.\n\n", escape_text(&sentence), escape_text(&counts));
    let facts = header::list_facts(report, true);
    write_table(out, ["", ""], facts.iter().map(|(label, value)| [(*label).to_owned(), escape_text(value)]));
    for (place, one) in report.findings.iter().enumerate() {
        write_finding(out, (level, &(place + 1).to_string()), one);
    }
    for status in CheckStatus::ALL {
        write_endpoints(out, &tally, status);
    }
    write_prerequisites(out, report, level);
    write_waivers(out, report, level);
    write_skip_range(out, report, level);
}

/// Cells are Markdown already.
pub(super) fn write_table<const N: usize>(
    out: &mut String,
    columns: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) {
    let heads: String = columns.iter().map(|head| format!("{head} | ").trim_start().to_owned()).collect();
    let _ = write!(out, "| {}\n|{}\n", heads.trim_end(), "---|".repeat(N));
    out.extend(rows.into_iter().map(|cells| format!("| {} |\n", cells.join(" | "))));
    out.push('\n');
}

/// A finding below a heading; `number` is what it is called elsewhere in the document.
pub(super) fn write_finding(out: &mut String, (level, number): (&str, &str), finding: &Finding) {
    let symbol = severity_style(finding.severity).emoji;
    let severity = finding.severity.as_str();
    let _ = write!(
        out,
        "{level} {symbol} {number}. {} ({severity})\n\n",
        escape_text(&summarize_finding(finding))
    );
    let explanation = explain_finding(finding);
    let parts = [("Seen", &*explanation), ("Means", &finding.consequence), ("Do", &finding.remedy.text)];
    for (label, text) in parts.iter().filter(|(_, text)| !text.is_empty()) {
        let _ = write!(out, "**{label}:** {}\n\n", escape_text(text));
    }
    for RemedyBlock { heading, lines } in finding.remedy.blocks(Shell::Bash) {
        out.extend(heading.map(|heading| format!("{}\n\n", escape_text(&heading))));
        *out += &code_block(&lines.join("\n"));
    }
    let (confidence, checks) = (finding.confidence.as_str(), format_count(finding.evidence.len(), "check"));
    let page = format!("arcprobe explain {}", sanitize_for_command(&finding.id));
    let _ = write!(out, "{} ({confidence} confidence, from {checks})\n\n", code_span(&page));
}

fn write_endpoints(out: &mut String, tally: &ReportIndex<'_>, status: CheckStatus) {
    // of vantages that saw the same, the first stands for all
    let named = |check| Some((check, tally.group_name_of(check)?));
    let checks: Vec<(&Check, &str)> = tally.with_status(status).filter_map(named).collect();
    if checks.is_empty() {
        return;
    }
    let left = checks.len().saturating_sub(MAX_ROWS);
    let open = if matches!(status, CheckStatus::Unmet | CheckStatus::Accepted) { " open" } else { "" };
    let label = status_style(status).label;
    let count = format_count(checks.len(), "endpoint");
    let _ = write!(out, "<details{open}>\n<summary>{count}: {label}</summary>\n\n");
    let row = |(check, from): (&Check, &str)| {
        let need = if check.planned.required { "required" } else { "optional" };
        let finding = tally.finding_of(check).map(|place| (place + 1).to_string()).unwrap_or_default();
        let accepted = check.accepted.as_ref().filter(|_| status == CheckStatus::Accepted);
        let accepted = accepted.map(|by| format!("; {}", describe_acceptance(by))).unwrap_or_default();
        let outcome = escape_text(&(describe_outcome(check) + &accepted));
        [code_span(&format_target(check)), code_span(from), need.to_owned(), outcome, finding]
    };
    let columns = ["endpoint", "from", "needed", "what came of it", "finding"];
    write_table(out, columns, checks.into_iter().take(MAX_ROWS).map(row));
    if left > 0 {
        let _ = write!(out, "{left} more are in the JSON report.\n\n");
    }
    *out += "</details>\n\n";
}

/// Rows of a table; trackers of tickets take no text that is much longer.
const MAX_ROWS: usize = 200;

fn describe_outcome(check: &Check) -> String {
    let note = check.note.as_deref().unwrap_or_default();
    match (check.cause, check.unverified) {
        (Some(Cause::Unknown), _) => format!("unknown: {note}"),
        (Some(cause), _) => format!("{}: {}", cause.word(), cause.text_in(check.phase)),
        (None, Some(kind)) => super::rows::unverified_reason(Some(kind)).to_owned(),
        (None, None) if note.is_empty() => format_duration(check.took),
        (None, None) => note.to_owned(),
    }
}

/// What is needed besides the network.
fn write_prerequisites(out: &mut String, report: &Report, level: &str) {
    if report.prerequisites.is_empty() {
        return;
    }
    let _ = write!(out, "{level} Prerequisites\n\n");
    let row = |item: &Prerequisite| {
        let verdict = match accepted_by(item) {
            Some(accepted) => describe_acceptance(accepted),
            None => prerequisite_style(item.verdict, false).0.to_owned(),
        };
        [&item.title, &verdict, &item.found, &item.wanted].map(|text| escape_text(text))
    };
    write_table(out, ["what", "verdict", "found", "needed"], report.prerequisites.iter().map(row));
}

fn write_waivers(out: &mut String, report: &Report, level: &str) {
    if report.waivers.is_empty() {
        return;
    }
    let _ = write!(out, "{level} Accepted for a time\n\n");
    let row = |waiver: &AppliedWaiver| {
        let from = waiver.vantage.as_ref().map(|from| format!(" from {}", code_span(from)));
        [
            code_span(&waiver.code),
            code_span(&waiver.endpoint) + &from.unwrap_or_default(),
            escape_text(&waiver.until),
            waiver_style(waiver.state).0.to_owned(),
            escape_text(&waiver.reason),
        ]
    };
    let columns = ["what", "where", "last day", "what came of it", "why"];
    write_table(out, columns, report.waivers.iter().map(row));
}

fn write_skip_range(out: &mut String, report: &Report, level: &str) {
    let Some(range) = &report.advice.skip_range else { return };
    let _ = write!(out, "{level} Proxy skip range\n\n{}", code_block(&range.value));
    let row =
        |entry: &SkipEntry| [code_span(&entry.value), escape_text(&entry.why), escape_text(&entry.source)];
    write_table(out, ["entry", "why", "known from"], range.entries.iter().map(row));
    for problem in &range.problems {
        let _ = writeln!(out, "- **{}:** {}", problem.severity.as_str(), escape_text(&problem.text));
    }
    if !range.problems.is_empty() {
        out.push('\n');
    }
}

/// Text of anybody on one line: no markup, no HTML, no link, and nobody is mentioned by it.
pub(super) fn escape_text(text: &str) -> String {
    let mut out = String::new();
    for c in sanitize_text(text).chars() {
        match c {
            // a mention is made of plain text only
            '@' => out += "`@`",
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '~' | '&' | '!' | '$' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    // addresses become links by themselves
    out.replace("://", ":\\//").replace("www.", "www\\.")
}

/// A name in a line: as code, which has no markup, and in a cell of a table no bar.
pub(super) fn code_span(text: &str) -> String {
    format!("`{}`", sanitize_text(text).replace('`', "'").replace('|', "\\|"))
}

/// Lines to copy, behind a fence that they cannot end.
fn code_block(text: &str) -> String {
    let text = sanitize_lines(text);
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}text\n{text}\n{fence}\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_never_markup() {
        let table = [
            ("<b>|*x*_y_", "\\<b\\>\\|\\*x\\*\\_y\\_"),
            ("see https://evil.example @ops #1", "see https:\\//evil.example `@`ops \\#1"),
            ("a\n# b\u{1b}c", "a \\# b c"),
            ("![x](www.evil.example)", "\\!\\[x\\](www\\.evil.example)"),
        ];
        for (text, expected) in table {
            assert_eq!(escape_text(text), expected);
        }
        assert_eq!(code_span("a`|b"), "`a'\\|b`");
    }

    #[test]
    fn a_fence_is_longer_than_what_it_holds() {
        assert_eq!(code_block("a"), "```text\na\n```\n\n");
        assert_eq!(code_block("```\n<script>"), "````text\n```\n<script>\n````\n\n");
    }
}
