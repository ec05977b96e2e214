//! Several clusters on a screen: a line for each, the causes that they share, then a section for each.

use super::sentence::{sentence, whereabouts};
use super::shared::unnamed;
use super::{Fleet, Member, Shared};
use crate::model::finding::Finding;
use crate::model::report::{Report, Verdict};
use crate::report::grid::human;
use crate::report::headline;
use crate::report::next::HINT;
use crate::report::screen::{Paint, Screen, width};
use crate::report::tally::{Tally, plural};
use crate::report::text::{Elsewhere, TextOptions, body, part, show_finding, verdict_paint};

/// The name of a context takes no more columns in the list; those of EKS are long.
const WIDEST_NAME: usize = 40;

/// Renders the screen.
pub fn render(fleet: &Fleet, options: &TextOptions) -> String {
    let mut screen = Screen::new(options.colour, options.width);
    verdict(&mut screen, fleet);
    screen.blank();
    list(&mut screen, fleet);
    for (place, shared) in fleet.shared.iter().enumerate() {
        screen.blank();
        cause(&mut screen, fleet, place + 1, shared, options.verbose);
    }
    let shared_by = fleet.shared_by();
    for (place, member) in fleet.clusters.iter().enumerate() {
        let told = |finding| elsewhere(fleet, (place, finding), *shared_by.get(&(place, finding))?);
        section(&mut screen, member, options, &told);
    }
    screen.blank();
    verdict(&mut screen, fleet);
    screen.line(&[(Paint::Dim, HINT)]);
    screen.finish()
}

fn verdict(screen: &mut Screen, fleet: &Fleet) {
    let word = format!("{}: ", headline::word(fleet.verdict));
    let text = format!("{} In {}.", sentence(fleet), human(fleet.took));
    screen.paragraph(&[(verdict_paint(fleet.verdict), &word)], 0, Paint::Bold, &text);
}

/// A line for each cluster, in columns.
fn list(screen: &mut Screen, fleet: &Fleet) {
    let names: Vec<String> = fleet.clusters.iter().map(|member| cut(&member.context)).collect();
    let widest = names.iter().map(|name| width(name)).max().unwrap_or_default();
    for (member, name) in fleet.clusters.iter().zip(&names) {
        let name = format!("  {name}{}  ", " ".repeat(widest - width(name)));
        let word = format!("{:<21}", headline::word(member.verdict()));
        let pieces = [(Paint::Bold, name.as_str()), (verdict_paint(member.verdict()), word.as_str())];
        screen.paragraph(&pieces, width(&name), Paint::Plain, &what(member));
    }
}

fn cut(name: &str) -> String {
    match name.char_indices().rev().nth(WIDEST_NAME - 1) {
        // the ends of long names tell clusters apart
        Some((at, _)) if at > 0 => format!("…{}", &name[at..].chars().skip(1).collect::<String>()),
        _ => name.to_owned(),
    }
}

fn what(member: &Member) -> String {
    let (met, region) = member.in_short();
    let Some(report) = &member.report else { return met };
    let findings = match report.findings.len() {
        0 => String::new(),
        n => format!(", {}", plural(n, "finding")),
    };
    format!("{met} required checks met, {region}{findings}")
}

fn cause(screen: &mut Screen, fleet: &Fleet, number: usize, shared: &Shared, verbose: bool) {
    let Some(example) = fleet.example(shared) else { return };
    let example = Finding { severity: shared.severity, ..example.clone() };
    show_finding(screen, &format!("shared {number}"), &example, verbose);
    part(screen, "in", &whereabouts(fleet, shared));
}

fn section(
    screen: &mut Screen,
    member: &Member,
    options: &TextOptions,
    told: &dyn Fn(usize) -> Option<Elsewhere>,
) {
    screen.blank();
    let server = member.server.as_ref().map(|server| format!(", {server}")).unwrap_or_default();
    let title = format!("── {}{server} ", member.context);
    let rule = "─".repeat(screen.width().saturating_sub(width(&title)));
    screen.line(&[(Paint::Bold, &title), (Paint::Dim, &rule)]);
    match &member.report {
        None => {
            let prefix = [(verdict_paint(Verdict::Incomplete), "INCOMPLETE: ")];
            screen.paragraph(&prefix, 0, Paint::Bold, &what(member));
        }
        Some(report) if is_good(report) && !options.verbose => {
            let tally = Tally::new(report);
            let word = format!("{}: ", headline::word(report.verdict));
            let paint = verdict_paint(report.verdict);
            screen.paragraph(&[(paint, &word)], 0, Paint::Bold, &headline::sentence(&tally));
            if let Some(command) = &report.advice.connect_command {
                screen.command(2, &command.bash);
            }
        }
        Some(report) => body(screen, report, options, told),
    }
}

/// What a finding has that the example of its shared cause has not: the example itself is told above.
fn elsewhere(fleet: &Fleet, (place, finding): (usize, usize), number: usize) -> Option<Elsewhere> {
    let shared = fleet.shared.get(number - 1)?;
    let first = fleet.clusters.get(shared.found.first()?.cluster)?;
    let (example, member) = (fleet.example(shared)?, fleet.clusters.get(place)?);
    let own = member.report.as_ref()?.findings.get(finding)?;
    let remedy = |f: &Finding| f.remedy.text.clone() + "\n" + &f.remedy.commands.join("\n");
    let differs = |own: &str, example: &str| unnamed(own, member) != unnamed(example, first);
    Some(Elsewhere {
        place: format!("shared {number}"),
        seen_differs: differs(&own.explanation, &example.explanation),
        remedy_differs: differs(&remedy(own), &remedy(example)),
    })
}

/// Nothing is worth more than a line.
fn is_good(report: &Report) -> bool {
    report.verdict == Verdict::Ready && report.findings.is_empty()
}
