//! The report as Markdown (GitHub's flavour), for tickets: the answer, what is wrong and what to do; the endpoints folded.

use super::accepted::told;
use super::grid::human;
use super::header;
use super::headline;
use super::prerequisites::{is_accepted, word};
use super::screen::bare;
use super::tally::{Standing, Tally, plural, target};
use crate::model::evidence::{Cause, printable, printable_lines};
use crate::model::finding::{Finding, Severity};
use crate::model::report::{Check, Report};

/// No text of a report is longer; what is, was not written by this program.
const LONGEST_TEXT: usize = 4000;

/// Renders a document that begins with a heading of the first level.
pub fn render(report: &Report) -> String {
    let mut out = format!("# {}\n\n", headline::word(report.verdict));
    body(&mut out, report, "##");
    out
}

/// All but the heading; its own headings are of this level.
pub(super) fn body(out: &mut String, report: &Report, level: &str) {
    let tally = Tally::new(report);
    let (sentence, counts) = (headline::sentence(&tally), headline::counts(&tally));
    put(out, &format!("{}\n\n{}.\n\n", prose(&sentence), prose(&counts)));
    facts(out, report);
    for (place, one) in report.findings.iter().enumerate() {
        finding(out, (level, &(place + 1).to_string()), one);
    }
    let groups = [
        (Standing::Unmet, "not met"),
        (Standing::Accepted, "not met, and accepted for a time"),
        (Standing::Replaced, "not met, but another takes its place"),
        (Standing::Unverified, "unverified"),
        (Standing::Met, "met"),
    ];
    for (standing, word) in groups {
        endpoints(out, &tally, standing, word);
    }
    besides(out, report, level);
    waivers(out, report, level);
    skip_range(out, report, level);
}

fn facts(out: &mut String, report: &Report) {
    put(out, "| | |\n|---|---|\n");
    for (label, value) in header::facts(report, true) {
        put(out, &format!("| {label} | {} |\n", prose(&value)));
    }
    put(out, "\n");
}

/// A finding below a heading; `number` is what it is called elsewhere in the document.
pub(super) fn finding(out: &mut String, (level, number): (&str, &str), finding: &Finding) {
    let symbol = match finding.severity {
        Severity::Blocking => "❌",
        Severity::Warning => "⚠️",
        Severity::Info => "ℹ️",
    };
    let severity = finding.severity.word();
    put(out, &format!("{level} {symbol} {number}. {} ({severity})\n\n", prose(&finding.summary)));
    let parts =
        [("Seen", &finding.explanation), ("Means", &finding.consequence), ("Do", &finding.remedy.text)];
    for (label, text) in parts.iter().filter(|(_, text)| !text.is_empty()) {
        put(out, &format!("**{label}:** {}\n\n", prose(text)));
    }
    if !finding.remedy.commands.is_empty() {
        put(out, &fenced(&finding.remedy.commands.join("\n")));
    }
    let (confidence, checks) = (finding.confidence.word(), plural(finding.evidence.len(), "check"));
    let page = format!("arcprobe explain {}", bare(&finding.id));
    put(out, &format!("{} ({confidence} confidence, from {checks})\n\n", code(&page)));
}

fn endpoints(out: &mut String, tally: &Tally<'_>, standing: Standing, word: &str) {
    // of vantages that saw the same, the first stands for all
    let named = |check| Some((check, tally.crowd_of(check)?));
    let checks: Vec<(&Check, &str)> = tally.standing(standing).filter_map(named).collect();
    if checks.is_empty() {
        return;
    }
    let left = checks.len().saturating_sub(MOST_ROWS);
    let open = if matches!(standing, Standing::Unmet | Standing::Accepted) { " open" } else { "" };
    put(
        out,
        &format!("<details{open}>\n<summary>{}: {word}</summary>\n\n", plural(checks.len(), "endpoint")),
    );
    put(out, "| endpoint | from | needed | what came of it | finding |\n|---|---|---|---|---|\n");
    for (check, crowd) in checks.into_iter().take(MOST_ROWS) {
        let need = if check.required { "required" } else { "optional" };
        let place = tally.finding_of(check).map(|place| (place + 1).to_string()).unwrap_or_default();
        let (target, from) = (code(&target(check)), code(crowd));
        let accepted = check.accepted.as_ref().filter(|_| standing == Standing::Accepted);
        let accepted = accepted.map(|accepted| format!("; {}", told(accepted))).unwrap_or_default();
        let outcome = prose(&(outcome(check) + &accepted));
        put(out, &format!("| {target} | {from} | {need} | {outcome} | {place} |\n"));
    }
    if left > 0 {
        put(out, &format!("\n{left} more are in the JSON report.\n"));
    }
    put(out, "\n</details>\n\n");
}

/// Rows of a table; trackers of tickets take no text that is much longer.
const MOST_ROWS: usize = 200;

fn outcome(check: &Check) -> String {
    let note = check.note.as_deref().unwrap_or_default();
    match (check.cause, check.unverified) {
        (Some(Cause::Unknown), _) => format!("unknown: {note}"),
        (Some(cause), _) => format!("{}: {}", cause.word(), cause.text()),
        (None, Some(kind)) => super::rows::reason(Some(kind)).to_owned(),
        (None, None) if note.is_empty() => human(check.took),
        (None, None) => note.to_owned(),
    }
}

/// What is needed besides the network.
fn besides(out: &mut String, report: &Report, level: &str) {
    if report.prerequisites.is_empty() {
        return;
    }
    put(out, &format!("{level} Besides the network\n\n"));
    put(out, "| what | verdict | found | needed |\n|---|---|---|---|\n");
    for item in &report.prerequisites {
        let verdict = match is_accepted(item) {
            Some(accepted) => told(accepted),
            None => word(item.verdict, false).to_owned(),
        };
        let [title, verdict, found, wanted] =
            [&item.title, &verdict, &item.found, &item.wanted].map(|t| prose(t));
        put(out, &format!("| {title} | {verdict} | {found} | {wanted} |\n"));
    }
    put(out, "\n");
}

fn waivers(out: &mut String, report: &Report, level: &str) {
    if report.waivers.is_empty() {
        return;
    }
    put(out, &format!("{level} Accepted for a time\n\n"));
    put(out, "| what | where | last day | what came of it | why |\n|---|---|---|---|---|\n");
    for waiver in &report.waivers {
        let from = waiver.vantage.as_ref().map(|from| format!(" from {}", code(from))).unwrap_or_default();
        let (what, place) = (code(&waiver.code), code(&waiver.endpoint));
        let (until, state) = (prose(&waiver.until), super::accepted::word(waiver.state));
        put(out, &format!("| {what} | {place}{from} | {until} | {state} | {} |\n", prose(&waiver.reason)));
    }
    put(out, "\n");
}

fn skip_range(out: &mut String, report: &Report, level: &str) {
    let Some(range) = &report.advice.skip_range else { return };
    put(out, &format!("{level} Proxy skip range\n\n"));
    put(out, &fenced(&range.value));
    put(out, "| entry | why | known from |\n|---|---|---|\n");
    for entry in &range.entries {
        put(out, &format!("| {} | {} | {} |\n", code(&entry.value), prose(&entry.why), prose(&entry.source)));
    }
    put(out, "\n");
    for problem in &range.problems {
        put(out, &format!("- **{}:** {}\n", problem.severity.word(), prose(&problem.text)));
    }
    if !range.problems.is_empty() {
        put(out, "\n");
    }
}

pub(super) fn put(out: &mut String, text: &str) {
    out.push_str(text);
}

/// Text of anybody on one line: no markup, no HTML, no link, and nobody is mentioned by it.
pub(super) fn prose(text: &str) -> String {
    let mut out = String::new();
    for c in printable(text, LONGEST_TEXT).chars() {
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
pub(super) fn code(text: &str) -> String {
    format!("`{}`", printable(text, LONGEST_TEXT).replace('`', "'").replace('|', "\\|"))
}

/// Lines to copy, behind a fence that they cannot end.
fn fenced(text: &str) -> String {
    let text = printable_lines(text);
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
            assert_eq!(prose(text), expected);
        }
        assert_eq!(code("a`|b"), "`a'\\|b`");
    }

    #[test]
    fn a_fence_is_longer_than_what_it_holds() {
        assert_eq!(fenced("a"), "```text\na\n```\n\n");
        assert_eq!(fenced("```\n<script>"), "````text\n```\n<script>\n````\n\n");
    }
}
