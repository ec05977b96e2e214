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

use super::headline;
use super::index::ReportIndex;
use super::marks::verdict_style;
use super::markup::Markup;
use super::{discoveries as asked, header};
use crate::model::finding::Severity;
use crate::model::report::{PrerequisiteVerdict, Report, Verdict};
use crate::model::wording::pluralize;

/// No more rows are shown of a kind; a browser takes its time for a table of ten thousand.
const MAX_ROWS: usize = 2000;

/// Renders the page.
pub fn render(report: &Report) -> String {
    let tally = ReportIndex::new(report);
    let sections = render_sections(&tally);
    let title = format!(
        "{}: network check for Azure Arc, {}",
        verdict_style(report.verdict).label,
        report.run.region
    );
    render_document(&title, |html| {
        html.element("header", &[], |html| write_header(html, &tally));
        html.line_break();
        let links: Vec<_> = sections.iter().map(|(id, title, _)| (*id, *title)).collect();
        write_navigation(html, &links);
        html.element("main", &[("id", "main")], |html| {
            for (id, title, body) in &sections {
                write_section(html, id, title, body);
            }
        });
        html.element("footer", &[], |html| write_footer(html, report));
    })
}

/// A page with this body.
pub(super) fn render_document(title: &str, body: impl FnOnce(&mut Markup)) -> String {
    let mut html = Markup::default();
    html.raw(&["<!DOCTYPE html>\n"]);
    html.element("html", &[("lang", "en")], |html| {
        html.line_break();
        write_head(html, title);
        html.element("body", &[], |html| {
            html.text_element("a", &[("class", "skip"), ("href", "#main")], "Skip to the findings");
            html.line_break();
            body(html);
        });
    });
    html.line_break();
    html.finish()
}

/// All of a report but its heading, one level deeper than on a page of its own, as a part of the section of this id.
pub(super) fn render_nested(report: &Report, id: &str) -> Markup {
    let tally = ReportIndex::new(report);
    let mut html = Markup::default();
    write_summary(&mut html, &tally);
    for (id, title, body) in render_sections(&tally) {
        write_section(&mut html, id, title, &body);
    }
    html.element("div", &[("class", "foot")], |html| write_footer(html, report));
    html.into_nested(&format!("{id}-"), &format!("{id}-title"))
}

/// Id, title and content.
type Section = (&'static str, &'static str, Markup);

fn render_sections(tally: &ReportIndex<'_>) -> Vec<Section> {
    let all: [(&'static str, &'static str, Markup); 8] = [
        ("findings", "Findings", findings::render_findings(tally)),
        (
            "prerequisites",
            "Prerequisites",
            crate::report::html::prerequisites::render_prerequisites(tally.report),
        ),
        ("accepted", "Accepted for a time", crate::report::html::prerequisites::render_waivers(tally.report)),
        ("open", "What has to be open", crate::report::html::destinations::render_destinations(tally)),
        ("endpoints", "Endpoints", endpoints::render_matrix(tally)),
        ("networks", "Networks and commands", networks::render_networks(tally.report)),
        ("time", "Time by phase", timing::render_timing(tally)),
        ("certificates", "Certificates", certificates::render_chains(tally)),
    ];
    all.into_iter().filter(|(_, _, body)| !body.is_empty()).collect()
}

fn write_head(html: &mut Markup, title: &str) {
    html.element("head", &[], |html| {
        html.raw(&[
            "\n<meta charset=\"utf-8\">\n",
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n",
            "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n",
            "<meta name=\"color-scheme\" content=\"light dark\">\n",
            "<meta name=\"referrer\" content=\"no-referrer\">\n",
        ]);
        html.text_element("title", &[], title);
        html.raw(&["\n<style>\n", include_str!("style.css"), "</style>\n"]);
    });
    html.line_break();
}

fn write_header(html: &mut Markup, tally: &ReportIndex<'_>) {
    write_title(html, tally.report.verdict);
    write_summary(html, tally);
}

/// The answer in a word.
pub(super) fn write_title(html: &mut Markup, verdict: Verdict) {
    let style = verdict_style(verdict);
    html.text_element("p", &[("class", "kind")], "Network check for Azure Arc-enabled Kubernetes");
    html.element("h1", &[("class", style.heading_class)], |html| {
        html.text_element("span", &[("class", "mark"), ("aria-hidden", "true")], style.mark.symbol);
        html.text(style.label);
    });
}

/// The answer in a sentence, in numbers, and the facts that it rests on.
fn write_summary(html: &mut Markup, tally: &ReportIndex<'_>) {
    let report = tally.report;
    html.text_element("p", &[("class", "lead")], &headline::describe_verdict(tally));
    html.line_break();
    html.element("ul", &[("class", "tiles")], |html| write_tiles(html, tally));
    html.element("dl", &[("class", "facts")], |html| {
        for (label, value) in header::list_facts(report, false) {
            crate::report::html::elements::write_fact(html, label, &value);
        }
        crate::report::html::elements::write_fact(
            html,
            "when",
            &crate::report::html::elements::format_timestamp(&report.run.started_at),
        );
    });
}

fn write_tiles(html: &mut Markup, tally: &ReportIndex<'_>) {
    let mut tile = |number: String, label: &str| {
        html.element("li", &[], |html| {
            html.text_element("strong", &[], &number);
            html.text_element("span", &[], label);
        });
    };
    let (required, optional) = (tally.count_checks(true), tally.count_checks(false));
    tile(format!("{} of {}", required.met, required.total()), "required checks met");
    if optional.total() > 0 {
        tile(format!("{} of {}", optional.met, optional.total()), "optional checks met");
    }
    if required.accepted + optional.accepted > 0 {
        tile((required.accepted + optional.accepted).to_string(), "checks accepted for a time");
    }
    let items = &tally.report.prerequisites;
    if !items.is_empty() {
        let met = items.iter().filter(|item| item.verdict == PrerequisiteVerdict::Met).count();
        tile(format!("{met} of {}", items.len()), "prerequisites met");
    }
    let count = |severity| tally.report.findings.iter().filter(|f| f.severity == severity).count();
    let (blocking, warning) = (count(Severity::Blocking), count(Severity::Warning));
    tile(blocking.to_string(), pluralize(blocking, "blocking finding", "blocking findings"));
    tile(warning.to_string(), pluralize(warning, "warning", "warnings"));
    tile(super::grid::format_duration(tally.report.run.took), "for all checks");
}

/// Links to ids.
pub(super) fn write_navigation(html: &mut Markup, sections: &[(&str, &str)]) {
    html.element("nav", &[("aria-label", "Sections of this report")], |html| {
        html.element("ul", &[], |html| {
            for (id, title) in sections {
                let link = format!("#{id}");
                html.element("li", &[], |html| html.text_element("a", &[("href", &link)], title));
            }
        });
    });
    html.line_break();
}

/// A part of the page below a heading of the second level.
pub(super) fn write_section(html: &mut Markup, id: &str, title: &str, body: &Markup) {
    let heading = format!("{id}-title");
    html.line_break();
    html.element("section", &[("id", id), ("aria-labelledby", &heading)], |html| {
        html.text_element("h2", &[("id", &heading)], title);
        html.append(body);
    });
}

fn write_footer(html: &mut Markup, report: &Report) {
    let discoveries = asked::describe_discoveries(report);
    if !discoveries.is_empty() {
        html.element("details", &[], |html| {
            html.text_element("summary", &[], "What was asked for the hosts below wildcards");
            html.element("ul", &[], |html| {
                for text in &discoveries {
                    html.text_element("li", &[], text);
                }
            });
        });
    }
    let tool = &report.tool;
    let text = format!(
        "Made by {} {} from what was measured at {}.",
        tool.name, tool.version, report.run.started_at
    );
    html.text_element("p", &[], &text);
    html.element("ul", &[("class", "digests")], |html| {
        for layer in &report.rules {
            let text = format!("rules {} {}, sha256 {}", layer.name, layer.revision, layer.sha256);
            html.text_element("li", &[], &text);
        }
    });
}
