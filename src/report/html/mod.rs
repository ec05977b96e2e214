//! The report as one page of HTML that is passed on: to a network team, by mail, on paper. It needs no script, asks nobody
//! for anything, and its own policy (CSP) forbids both, should a text of a peer ever get through as markup.

mod certificates;
mod destinations;
pub(super) mod elements;
mod endpoints;
pub(super) mod findings;
mod networks;
mod prerequisites;
mod timing;

use elements::{Placement, render_fact};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::index::ReportIndex;
use super::marks::verdict_style;
use super::markup::Text;
use super::{discoveries, header, headline};
use crate::model::finding::Severity;
use crate::model::report::{PrerequisiteVerdict, Report, Tool, Verdict};
use crate::model::wording::pluralize;

/// No more rows are shown of a kind; a browser takes its time for a table of ten thousand.
const MAX_ROWS: usize = 2000;

/// A page in the making.
pub(super) struct Page {
    pub(super) verdict: Verdict,
    /// What the network check is of; for the title of the window.
    pub(super) subject: String,
    /// Below the answer in a word.
    pub(super) summary: Markup,
    pub(super) sections: Vec<Section>,
    pub(super) footer: Markup,
}

/// A part of the page below a heading that links lead to.
pub(super) struct Section {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) body: Markup,
}

/// Renders the page.
pub fn render(report: &Report) -> String {
    let tally = ReportIndex::new(report);
    render_page(&Page {
        verdict: report.verdict,
        subject: report.run.region.clone(),
        summary: render_summary(&tally),
        sections: report_sections(&tally, Placement::PAGE),
        footer: render_footer(report),
    })
}

/// Renders a page on one cluster or on several.
pub(super) fn render_page(page: &Page) -> String {
    let style = verdict_style(page.verdict);
    let title = format!("{}: network check for Azure Arc, {}", style.label, page.subject);
    let whole = html! {
        (DOCTYPE) "\n"
        html lang="en" {
            head {
                (PreEscaped(HEAD))
                title { (Text(&title)) } "\n"
                style { "\n" (PreEscaped(include_str!("style.css"))) }
            }
            body {
                a.skip href="#main" { "Skip to the findings" }
                header {
                    p.kind { "Network check for Azure Arc-enabled Kubernetes" }
                    h1 class=(style.heading_class) {
                        span.mark aria-hidden="true" { (style.mark.symbol) } (style.label)
                    }
                    (page.summary)
                }
                nav aria-label="Sections of this report" {
                    ul {
                        @for section in &page.sections {
                            li { a href={ "#" (section.id) } { (Text(&section.title)) } }
                        }
                    }
                }
                main id="main" {
                    @for section in &page.sections { (render_section(Placement::PAGE, section)) }
                }
                footer { (page.footer) }
            }
        }
        "\n"
    };
    whole.into_string()
}

/// Each element without an end has a line of its own.
const HEAD: &str = "
<meta charset=\"utf-8\">
<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">
<meta name=\"color-scheme\" content=\"light dark\">
<meta name=\"referrer\" content=\"no-referrer\">
";

/// All of a report but its heading, as a part of another page.
pub(super) fn render_nested(report: &Report, place: Placement<'_>) -> Markup {
    let tally = ReportIndex::new(report);
    html! {
        (render_summary(&tally))
        @for section in report_sections(&tally, place) { (render_section(place, &section)) }
        div.foot { (render_footer(report)) }
    }
}

fn report_sections(tally: &ReportIndex<'_>, place: Placement<'_>) -> Vec<Section> {
    let all = [
        ("findings", "Findings", findings::render_findings(tally, place)),
        ("prerequisites", "Prerequisites", prerequisites::render_prerequisites(tally.report)),
        ("accepted", "Accepted for a time", prerequisites::render_waivers(tally.report)),
        ("open", "What has to be open", destinations::render_destinations(tally)),
        ("endpoints", "Endpoints", endpoints::render_matrix(tally, place)),
        ("networks", "Networks and commands", networks::render_networks(tally.report, place)),
        ("time", "Time by phase", timing::render_timing(tally)),
        ("certificates", "Certificates", certificates::render_chains(tally, place)),
    ];
    let shown = all.into_iter().filter(|(_, _, body)| !body.0.is_empty());
    shown.map(|(id, title, body)| Section { id: id.to_owned(), title: title.to_owned(), body }).collect()
}

fn render_section(place: Placement<'_>, section: &Section) -> Markup {
    let title = format!("{}-title", section.id);
    html! {
        "\n"
        section id=(place.id(&section.id)) aria-labelledby=(place.label(&title)) {
            (place.heading(0, Some(&place.id(&title)), &section.title))
            (section.body)
        }
    }
}

/// The answer in a sentence, in numbers, and the facts that it rests on.
fn render_summary(tally: &ReportIndex<'_>) -> Markup {
    let report = tally.report;
    html! {
        p.lead { (Text(headline::describe_verdict(tally))) }
        ul.tiles {
            @for (number, label) in list_tiles(tally) { li { strong { (number) } span { (label) } } }
        }
        dl.facts {
            @for (label, value) in header::list_facts(report, false) { (render_fact(label, &value)) }
        }
    }
}

fn list_tiles(tally: &ReportIndex<'_>) -> Vec<(String, &'static str)> {
    let (required, optional) = (tally.count_checks(true), tally.count_checks(false));
    let accepted = required.accepted + optional.accepted;
    let items = &tally.report.prerequisites;
    let met = items.iter().filter(|item| item.verdict == PrerequisiteVerdict::Met).count();
    let count = |severity| tally.report.findings.iter().filter(|f| f.severity == severity).count();
    let (blocking, warning) = (count(Severity::Blocking), count(Severity::Warning));
    let part = |met: usize, all: usize| format!("{met} of {all}");
    let tiles = [
        (true, part(required.met, required.total()), "required checks met"),
        (optional.total() > 0, part(optional.met, optional.total()), "optional checks met"),
        (accepted > 0, accepted.to_string(), "checks accepted for a time"),
        (!items.is_empty(), part(met, items.len()), "prerequisites met"),
        (true, blocking.to_string(), pluralize(blocking, "blocking finding", "blocking findings")),
        (true, warning.to_string(), pluralize(warning, "warning", "warnings")),
        (true, super::grid::format_duration(tally.report.run.took), "for all checks"),
    ];
    tiles.into_iter().filter(|(is_shown, ..)| *is_shown).map(|(_, number, label)| (number, label)).collect()
}

fn render_footer(report: &Report) -> Markup {
    let discoveries = discoveries::describe_discoveries(report);
    html! {
        @if !discoveries.is_empty() {
            details {
                summary { "What was asked for the hosts below wildcards" }
                ul { @for text in &discoveries { li { (Text(text)) } } }
            }
        }
        (render_origin(&report.tool, &report.run.started_at))
        ul.digests {
            @for layer in &report.rules {
                li { (Text(format!("rules {} {}, sha256 {}", layer.name, layer.revision, layer.sha256))) }
            }
        }
    }
}

/// What made a page, and of what.
pub(super) fn render_origin(tool: &Tool, measured_at: &str) -> Markup {
    let text = format!("Made by {} {} from what was measured at {measured_at}.", tool.name, tool.version);
    html! { p { (Text(text)) } }
}
