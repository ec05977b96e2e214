//! The report as a screen of text: the answer, the facts it rests on, what is wrong, then the checks and the next command.

use super::grid::draw_grid;
use super::headline;
use super::index::ReportIndex;
use super::marks::{severity_style, verdict_style};
use super::rows::grid_sections;
use super::screen::{Paint, Screen, sanitize_for_command};
use super::{
    discoveries as asked, header, next_steps as next, prerequisites, unlisted_checks as rest,
    waivers as accepted,
};
use crate::model::finding::{Finding, RemedyBlock};
use crate::model::report::{Report, Verdict};
use crate::model::shell::Shell;
use crate::model::wording::format_count;

/// How a report is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TextOptions {
    /// With ANSI colours.
    pub colour: bool,
    /// Columns of the terminal; text is fitted to 80 to 120.
    pub width: usize,
    /// Every check in a row of its own.
    pub verbose: bool,
    /// What commands are written for.
    pub shell: Shell,
}

/// Where the text of a finding begins.
const INDENT: usize = 10;

/// Renders the report for people.
pub fn render(report: &Report, options: &TextOptions) -> String {
    let mut screen = Screen::new(options.colour, options.width).for_shell(options.shell);
    draw_report(&mut screen, report, options, &|_| None);
    next::draw_next_steps(&mut screen, &ReportIndex::new(report));
    screen.finish()
}

/// Where else a finding is told at length, and what of it is not the same there.
pub(super) struct CrossReference {
    pub(super) target: String,
    pub(super) evidence_differs: bool,
    pub(super) remedy_differs: bool,
}

/// All but what to type next. `elsewhere` says what is shown elsewhere, by the place of the finding: here it is only what differs.
pub(super) fn draw_report(
    screen: &mut Screen,
    report: &Report,
    options: &TextOptions,
    elsewhere: &dyn Fn(usize) -> Option<CrossReference>,
) {
    let tally = ReportIndex::new(report);
    draw_verdict(screen, &tally);
    screen.blank_line();
    header::draw_facts(screen, report, options.verbose);
    if is_brief(report, options) {
        return draw_brief(screen, &tally);
    }
    for (place, finding) in report.findings.iter().enumerate() {
        let number = (place + 1).to_string();
        screen.blank_line();
        match elsewhere(place) {
            Some(elsewhere) => {
                draw_summary(screen, &number, finding);
                if elsewhere.evidence_differs {
                    draw_labelled(screen, "seen", &accepted::explain_finding(finding));
                }
                if elsewhere.remedy_differs {
                    draw_remedy(screen, finding);
                }
                draw_labelled(screen, "more", &format!("as {}, above", elsewhere.target));
            }
            None => draw_finding(screen, &number, finding, options.verbose),
        }
    }
    screen.blank_line();
    draw_grid(screen, &grid_sections(&tally, options.verbose));
    if !options.verbose {
        rest::draw_unlisted_checks(screen, &tally);
    }
    asked::draw_discoveries(screen, report, options.verbose);
    if !report.prerequisites.is_empty() {
        prerequisites::draw_prerequisites(screen, &report.prerequisites);
        screen.blank_line();
    }
    accepted::draw_waivers(screen, report);
    draw_counts(screen, &tally);
}

/// Where nothing has to be done, a screen is short.
fn is_brief(report: &Report, options: &TextOptions) -> bool {
    let is_plain = report.prerequisites.is_empty() && report.waivers.is_empty();
    report.verdict == Verdict::Ready && is_plain && !options.verbose
}

/// The notes, a line for each; the verdict above has the counts.
fn draw_brief(screen: &mut Screen, tally: &ReportIndex<'_>) {
    screen.blank_line();
    // that only this machine was measured stands among the facts
    for finding in tally.report.findings.iter().filter(|finding| finding.id != "stands_in") {
        let mark = severity_style(finding.severity).mark;
        let summary = accepted::summarize_finding(finding);
        let text = format!("{} ({})", summary.trim_end_matches('.'), sanitize_for_command(&finding.id));
        screen.paragraph(&[(mark.paint, &format!("{} ", mark.symbol))], 4, Paint::Plain, &text);
    }
    rest::draw_unlisted_lines(screen, tally);
}

fn draw_verdict(screen: &mut Screen, tally: &ReportIndex<'_>) {
    let paint = verdict_paint(tally.report.verdict);
    let word = format!("{}: ", headline::verdict_label(tally.report.verdict));
    screen.paragraph(&[(paint, &word)], 0, Paint::Bold, &headline::describe_verdict(tally));
}

pub(super) fn verdict_paint(verdict: Verdict) -> Paint {
    verdict_style(verdict).mark.paint
}

/// What is wrong, in a sentence.
fn draw_summary(screen: &mut Screen, number: &str, finding: &Finding) {
    let mark = severity_style(finding.severity).mark;
    let start = format!("{} {} [{number}] ", mark.symbol, finding.severity.as_str());
    screen.paragraph(&[(mark.paint, &start)], INDENT, Paint::Bold, &accepted::summarize_finding(finding));
}

/// A finding at length; `number` is what it is called elsewhere on the screen.
pub(super) fn draw_finding(screen: &mut Screen, number: &str, finding: &Finding, verbose: bool) {
    draw_summary(screen, number, finding);
    draw_labelled(screen, "seen", &accepted::explain_finding(finding));
    draw_labelled(screen, "means", &finding.consequence);
    draw_remedy(screen, finding);
    if verbose {
        draw_labelled(screen, "about", &finding.subject);
        let pages = finding.docs.iter().filter(|page| !page.starts_with("arcprobe explain"));
        pages.for_each(|page| draw_labelled(screen, "read", page));
    }
    draw_labelled(screen, "more", &explain_hint(finding));
}

fn draw_remedy(screen: &mut Screen, finding: &Finding) {
    draw_labelled(screen, "do", &finding.remedy.text);
    for RemedyBlock { heading, lines } in &finding.remedy.blocks(screen.shell()) {
        let indent = if let Some(heading) = heading {
            screen.paragraph(&[(Paint::Plain, &" ".repeat(INDENT + 2))], INDENT + 2, Paint::Plain, heading);
            INDENT + 4
        } else {
            INDENT + 2
        };
        for line in lines {
            screen.command(indent, line);
        }
    }
}

pub(super) fn draw_labelled(screen: &mut Screen, label: &str, text: &str) {
    if !text.is_empty() {
        screen.paragraph(&[(Paint::Dim, &format!("  {label:<8}"))], INDENT, Paint::Plain, text);
    }
}

fn explain_hint(finding: &Finding) -> String {
    let behind = match finding.evidence.len() {
        0 => String::new(),
        n => format!(", from {}", format_count(n, "check")),
    };
    format!(
        "arcprobe explain {} ({} confidence{behind})",
        sanitize_for_command(&finding.id),
        finding.confidence.as_str()
    )
}

fn draw_counts(screen: &mut Screen, tally: &ReportIndex<'_>) {
    // The verdict once more: of a long report a terminal shows the end.
    let verdict = format!("{}: ", headline::verdict_label(tally.report.verdict));
    let text = headline::describe_counts(tally);
    screen.paragraph(&[(verdict_paint(tally.report.verdict), &verdict)], 4, Paint::Bold, &text);
    draw_gaps(screen, tally);
}

/// The features that not all is met of.
fn draw_gaps(screen: &mut Screen, tally: &ReportIndex<'_>) {
    let short = tally.feature_counts().filter(|(_, count)| count.has_gap());
    let parts: Vec<String> =
        short.map(|(name, c)| format!("{name} {}/{}", c.met, c.total() - c.accepted)).collect();
    if !parts.is_empty() {
        screen.paragraph(&[(Paint::Plain, "    gaps in ")], 4, Paint::Plain, &parts.join(", "));
    }
}
