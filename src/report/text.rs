//! The report as a screen of text: the answer, the facts it rests on, what is wrong, then the checks and the next command.

use super::grid::draw;
use super::headline;
use super::rows::sections;
use super::screen::{Paint, Screen, bare};
use super::tally::{Tally, plural};
use super::{accepted, asked, header, next, prerequisites, rest};
use crate::model::finding::{Finding, Severity};
use crate::model::report::{Report, Verdict};

/// How a report is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TextOptions {
    /// With ANSI colours.
    pub colour: bool,
    /// Columns of the terminal; text is fitted to 80 to 120.
    pub width: usize,
    /// Every check in a row of its own.
    pub verbose: bool,
}

/// Where the text of a finding begins.
const INDENT: usize = 10;

/// Renders the report for people.
pub fn render(report: &Report, options: &TextOptions) -> String {
    let mut screen = Screen::new(options.colour, options.width);
    body(&mut screen, report, options, &|_| None);
    next::draw(&mut screen, &Tally::new(report));
    screen.finish()
}

/// Where else a finding is told at length, and what of it is not the same there.
pub(super) struct Elsewhere {
    pub(super) place: String,
    pub(super) seen_differs: bool,
    pub(super) remedy_differs: bool,
}

/// All but what to type next. `told` says what is told elsewhere, by the place of the finding: here it is only what differs.
pub(super) fn body(
    screen: &mut Screen,
    report: &Report,
    options: &TextOptions,
    told: &dyn Fn(usize) -> Option<Elsewhere>,
) {
    let tally = Tally::new(report);
    verdict(screen, &tally);
    screen.blank();
    header::draw(screen, report, options.verbose);
    for (place, finding) in report.findings.iter().enumerate() {
        let number = (place + 1).to_string();
        screen.blank();
        match told(place) {
            Some(elsewhere) => {
                summary(screen, &number, finding);
                if elsewhere.seen_differs {
                    part(screen, "seen", &finding.explanation);
                }
                if elsewhere.remedy_differs {
                    remedy(screen, finding);
                }
                part(screen, "more", &format!("as {}, above", elsewhere.place));
            }
            None => show_finding(screen, &number, finding, options.verbose),
        }
    }
    screen.blank();
    draw(screen, &sections(&tally, options.verbose));
    if !options.verbose {
        rest::draw(screen, &tally);
    }
    asked::draw(screen, report, options.verbose);
    if !report.prerequisites.is_empty() {
        prerequisites::draw(screen, &report.prerequisites);
        screen.blank();
    }
    accepted::draw(screen, report);
    counts(screen, &tally);
}

fn verdict(screen: &mut Screen, tally: &Tally<'_>) {
    let paint = verdict_paint(tally.report.verdict);
    let word = format!("{}: ", headline::word(tally.report.verdict));
    screen.paragraph(&[(paint, &word)], 0, Paint::Bold, &headline::sentence(tally));
}

pub(super) fn verdict_paint(verdict: Verdict) -> Paint {
    match verdict {
        Verdict::Ready => Paint::Green,
        Verdict::ReadyWithWarnings | Verdict::Incomplete => Paint::Yellow,
        Verdict::Blocked => Paint::Red,
    }
}

/// What is wrong, in a sentence.
fn summary(screen: &mut Screen, number: &str, finding: &Finding) {
    let (paint, symbol) = match finding.severity {
        Severity::Blocking => (Paint::Red, "✗"),
        Severity::Warning => (Paint::Yellow, "!"),
        Severity::Info => (Paint::Cyan, "i"),
    };
    let start = format!("{symbol} {} [{number}] ", finding.severity.word());
    screen.paragraph(&[(paint, &start)], INDENT, Paint::Bold, &finding.summary);
}

/// A finding at length; `number` is what it is called elsewhere on the screen.
pub(super) fn show_finding(screen: &mut Screen, number: &str, finding: &Finding, verbose: bool) {
    summary(screen, number, finding);
    part(screen, "seen", &finding.explanation);
    part(screen, "means", &finding.consequence);
    remedy(screen, finding);
    if verbose {
        part(screen, "about", &finding.subject);
        let pages = finding.docs.iter().filter(|page| !page.starts_with("arcprobe explain"));
        pages.for_each(|page| part(screen, "read", page));
    }
    part(screen, "more", &more(finding));
}

fn remedy(screen: &mut Screen, finding: &Finding) {
    part(screen, "do", &finding.remedy.text);
    for command in &finding.remedy.commands {
        screen.command(INDENT + 2, command);
    }
}

pub(super) fn part(screen: &mut Screen, label: &str, text: &str) {
    if !text.is_empty() {
        screen.paragraph(&[(Paint::Dim, &format!("  {label:<8}"))], INDENT, Paint::Plain, text);
    }
}

fn more(finding: &Finding) -> String {
    let behind = match finding.evidence.len() {
        0 => String::new(),
        n => format!(", from {}", plural(n, "check")),
    };
    format!("arcprobe explain {} ({} confidence{behind})", bare(&finding.id), finding.confidence.word())
}

fn counts(screen: &mut Screen, tally: &Tally<'_>) {
    // The verdict once more: of a long report a terminal shows the end.
    let verdict = format!("{}: ", headline::word(tally.report.verdict));
    let text = headline::counts(tally);
    screen.paragraph(&[(verdict_paint(tally.report.verdict), &verdict)], 4, Paint::Bold, &text);
    lacking(screen, tally);
}

/// The features that not all is met of.
fn lacking(screen: &mut Screen, tally: &Tally<'_>) {
    let short = tally.features().filter(|(_, count)| count.has_gap());
    let parts: Vec<String> =
        short.map(|(name, c)| format!("{name} {}/{}", c.met, c.all() - c.accepted)).collect();
    if !parts.is_empty() {
        screen.paragraph(&[(Paint::Plain, "    gaps in ")], 4, Paint::Plain, &parts.join(", "));
    }
}
