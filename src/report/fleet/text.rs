//! Several clusters on a screen: a line for each, the causes that they share, then a section for each.

use super::headline::{describe_occurrences, describe_verdict};
use super::shared_causes::without_cluster_names;
use super::{Fleet, Member, SharedCause};
use crate::model::finding::Finding;
use crate::model::report::{Report, Verdict};
use crate::model::wording::format_count;
use crate::report::grid::format_duration;
use crate::report::headline;
use crate::report::index::ReportIndex;
use crate::report::next_steps::HINT;
use crate::report::screen::{Paint, Screen, display_width};
use crate::report::text::{
    CrossReference, TextOptions, draw_finding, draw_labelled, draw_report, verdict_paint,
};
use crate::report::waivers::explain_finding;

/// The name of a context takes no more columns in the list; those of EKS are long.
const MAX_NAME_WIDTH: usize = 40;

/// Renders the screen.
pub fn render(fleet: &Fleet, options: &TextOptions) -> String {
    let mut screen = Screen::new(options.colour, options.width).for_shell(options.shell);
    draw_verdict(&mut screen, fleet);
    screen.blank_line();
    draw_clusters(&mut screen, fleet);
    for (place, shared) in fleet.shared.iter().enumerate() {
        screen.blank_line();
        draw_shared_cause(&mut screen, fleet, place + 1, shared, options.verbose);
    }
    let shared_by = fleet.shared_cause_numbers();
    for (place, member) in fleet.clusters.iter().enumerate() {
        let reference =
            |finding| cross_reference(fleet, (place, finding), *shared_by.get(&(place, finding))?);
        draw_cluster(&mut screen, member, options, &reference);
    }
    screen.blank_line();
    draw_verdict(&mut screen, fleet);
    screen.line(&[(Paint::Dim, HINT)]);
    screen.finish()
}

fn draw_verdict(screen: &mut Screen, fleet: &Fleet) {
    let word = format!("{}: ", headline::verdict_label(fleet.verdict));
    let text = format!("{} In {}.", describe_verdict(fleet), format_duration(fleet.took));
    screen.paragraph(&[(verdict_paint(fleet.verdict), &word)], 0, Paint::Bold, &text);
}

/// A line for each cluster, in columns.
fn draw_clusters(screen: &mut Screen, fleet: &Fleet) {
    let names: Vec<String> = fleet.clusters.iter().map(|member| shorten_name(&member.context)).collect();
    let widest = names.iter().map(|name| display_width(name)).max().unwrap_or_default();
    for (member, name) in fleet.clusters.iter().zip(&names) {
        let name = format!("  {name}{}  ", " ".repeat(widest - display_width(name)));
        let word = format!("{:<21}", headline::verdict_label(member.verdict()));
        let pieces = [(Paint::Bold, name.as_str()), (verdict_paint(member.verdict()), word.as_str())];
        screen.paragraph(&pieces, display_width(&name), Paint::Plain, &describe_member(member));
    }
}

fn shorten_name(name: &str) -> String {
    match name.char_indices().rev().nth(MAX_NAME_WIDTH - 1) {
        // the ends of long names tell clusters apart
        Some((at, _)) if at > 0 => format!("…{}", &name[at..].chars().skip(1).collect::<String>()),
        _ => name.to_owned(),
    }
}

fn describe_member(member: &Member) -> String {
    let (met, region) = member.summarize();
    let Some(report) = &member.report else { return met };
    let findings = match report.findings.len() {
        0 => String::new(),
        n => format!(", {}", format_count(n, "finding")),
    };
    format!("{met} required checks met, {region}{findings}")
}

fn draw_shared_cause(screen: &mut Screen, fleet: &Fleet, number: usize, shared: &SharedCause, verbose: bool) {
    let Some(example) = fleet.find_example(shared) else { return };
    draw_finding(screen, &format!("shared {number}"), &example, verbose);
    draw_labelled(screen, "in", &describe_occurrences(fleet, shared));
}

fn draw_cluster(
    screen: &mut Screen,
    member: &Member,
    options: &TextOptions,
    elsewhere: &dyn Fn(usize) -> Option<CrossReference>,
) {
    screen.blank_line();
    let server = member.server.as_ref().map(|server| format!(", {server}")).unwrap_or_default();
    let title = format!("── {}{server} ", member.context);
    let rule = "─".repeat(screen.width().saturating_sub(display_width(&title)));
    screen.line(&[(Paint::Bold, &title), (Paint::Dim, &rule)]);
    match &member.report {
        None => {
            let prefix = [(verdict_paint(Verdict::Incomplete), "INCOMPLETE: ")];
            screen.paragraph(&prefix, 0, Paint::Bold, &describe_member(member));
        }
        Some(report) if is_ready_without_findings(report) && !options.verbose => {
            let tally = ReportIndex::new(report);
            let word = format!("{}: ", headline::verdict_label(report.verdict));
            let paint = verdict_paint(report.verdict);
            screen.paragraph(&[(paint, &word)], 0, Paint::Bold, &headline::describe_verdict(&tally));
            if let Some(command) = &report.advice.connect_command {
                screen.command(2, command.for_shell(screen.shell()));
            }
        }
        Some(report) => draw_report(screen, report, options, elsewhere),
    }
}

/// What a finding has that the example of its shared cause has not: the example itself is told above.
fn cross_reference(fleet: &Fleet, (place, finding): (usize, usize), number: usize) -> Option<CrossReference> {
    let shared = fleet.shared.get(number - 1)?;
    let first = fleet.clusters.get(shared.found.first()?.cluster)?;
    let (example, member) = (fleet.find_example(shared)?, fleet.clusters.get(place)?);
    let own = member.report.as_ref()?.findings.get(finding)?;
    let remedy = |f: &Finding| f.remedy.text.clone() + "\n" + &f.remedy.lines().join("\n");
    let differs = |own: &str, example: &str| {
        without_cluster_names(own, member) != without_cluster_names(example, first)
    };
    Some(CrossReference {
        target: format!("shared {number}"),
        evidence_differs: differs(&explain_finding(own), &explain_finding(&example)),
        remedy_differs: differs(&remedy(own), &remedy(&example)),
    })
}

/// Nothing is worth more than a line.
fn is_ready_without_findings(report: &Report) -> bool {
    report.verdict == Verdict::Ready && report.findings.is_empty()
}
