//! The report as one page of HTML that is passed on: to a network team, by mail, on paper. It needs no script, asks nobody
//! for anything, and its own policy (CSP) forbids both, should a text of a peer ever get through as markup.

mod besides;
mod certificates;
mod endpoints;
pub(super) mod findings;
mod networks;
mod open;
pub(super) mod page;
mod timing;

use super::headline;
use super::markup::Markup;
use super::tally::Tally;
use super::{asked, header};
use crate::model::finding::Severity;
use crate::model::report::{PrerequisiteVerdict, Report, Verdict};

/// No more rows are shown of a kind; a browser takes its time for a table of ten thousand.
const MOST_ROWS: usize = 2000;

/// Renders the page.
pub fn render(report: &Report) -> String {
    let tally = Tally::new(report);
    let sections = sections(&tally);
    let title = format!("{}: network check for Azure Arc, {}", word(report.verdict), report.run.region);
    document(&title, |html| {
        html.element("header", &[], |html| top(html, &tally));
        html.line();
        let links: Vec<_> = sections.iter().map(|(id, title, _)| (*id, *title)).collect();
        navigation(html, &links);
        html.element("main", &[("id", "main")], |html| {
            for (id, title, body) in &sections {
                section(html, id, title, body);
            }
        });
        html.element("footer", &[], |html| bottom(html, report));
    })
}

/// A page with this body.
pub(super) fn document(title: &str, body: impl FnOnce(&mut Markup)) -> String {
    let mut html = Markup::default();
    html.own(&["<!DOCTYPE html>\n"]);
    html.element("html", &[("lang", "en")], |html| {
        html.line();
        head(html, title);
        html.element("body", &[], |html| {
            html.simple("a", &[("class", "skip"), ("href", "#main")], "Skip to the findings");
            html.line();
            body(html);
        });
    });
    html.line();
    html.finish()
}

/// All of a report but its heading, one level deeper than on a page of its own, as a part of the section of this id.
pub(super) fn nested(report: &Report, id: &str) -> Markup {
    let tally = Tally::new(report);
    let mut html = Markup::default();
    summary(&mut html, &tally);
    for (id, title, body) in sections(&tally) {
        section(&mut html, id, title, &body);
    }
    html.element("div", &[("class", "foot")], |html| bottom(html, report));
    html.deeper(&format!("{id}-"), &format!("{id}-title"))
}

/// Id, title and content.
type Section = (&'static str, &'static str, Markup);

fn sections(tally: &Tally<'_>) -> Vec<Section> {
    let all: [(&'static str, &'static str, Markup); 8] = [
        ("findings", "Findings", findings::all(tally)),
        ("besides", "Besides the network", besides::prerequisites(tally.report)),
        ("accepted", "Accepted for a time", besides::waivers(tally.report)),
        ("open", "What has to be open", open::table(tally)),
        ("endpoints", "Endpoints", endpoints::matrix(tally)),
        ("networks", "Networks and commands", networks::all(tally.report)),
        ("time", "Time by phase", timing::table(tally)),
        ("certificates", "Certificates", certificates::chains(tally)),
    ];
    all.into_iter().filter(|(_, _, body)| !body.is_empty()).collect()
}

fn head(html: &mut Markup, title: &str) {
    html.element("head", &[], |html| {
        html.own(&[
            "\n<meta charset=\"utf-8\">\n",
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n",
            "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n",
            "<meta name=\"color-scheme\" content=\"light dark\">\n",
            "<meta name=\"referrer\" content=\"no-referrer\">\n",
        ]);
        html.simple("title", &[], title);
        html.own(&["\n<style>\n", include_str!("style.css"), "</style>\n"]);
    });
    html.line();
}

fn top(html: &mut Markup, tally: &Tally<'_>) {
    title(html, tally.report.verdict);
    summary(html, tally);
}

/// The answer in a word.
pub(super) fn title(html: &mut Markup, verdict: Verdict) {
    let (class, mark) = look(verdict);
    html.simple("p", &[("class", "kind")], "Network check for Azure Arc-enabled Kubernetes");
    html.element("h1", &[("class", class)], |html| {
        html.simple("span", &[("class", "mark"), ("aria-hidden", "true")], mark);
        html.text(word(verdict));
    });
}

/// The answer in a sentence, in numbers, and the facts that it rests on.
fn summary(html: &mut Markup, tally: &Tally<'_>) {
    let report = tally.report;
    html.simple("p", &[("class", "lead")], &headline::sentence(tally));
    html.line();
    html.element("ul", &[("class", "tiles")], |html| tiles(html, tally));
    html.element("dl", &[("class", "facts")], |html| {
        for (label, value) in header::facts(report, false) {
            page::fact(html, label, &value);
        }
        page::fact(html, "when", &page::day(&report.run.started_at));
    });
}

fn tiles(html: &mut Markup, tally: &Tally<'_>) {
    let mut tile = |number: String, label: &str| {
        html.element("li", &[], |html| {
            html.simple("strong", &[], &number);
            html.simple("span", &[], label);
        });
    };
    let (required, optional) = (tally.count(true), tally.count(false));
    tile(format!("{} of {}", required.met, required.all()), "required checks met");
    if optional.all() > 0 {
        tile(format!("{} of {}", optional.met, optional.all()), "optional checks met");
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
    tile(blocking.to_string(), if blocking == 1 { "blocking finding" } else { "blocking findings" });
    tile(warning.to_string(), if warning == 1 { "warning" } else { "warnings" });
    tile(super::grid::human(tally.report.run.took), "for all checks");
}

/// Links to ids.
pub(super) fn navigation(html: &mut Markup, sections: &[(&str, &str)]) {
    html.element("nav", &[("aria-label", "Sections of this report")], |html| {
        html.element("ul", &[], |html| {
            for (id, title) in sections {
                let link = format!("#{id}");
                html.element("li", &[], |html| html.simple("a", &[("href", &link)], title));
            }
        });
    });
    html.line();
}

/// A part of the page below a heading of the second level.
pub(super) fn section(html: &mut Markup, id: &str, title: &str, body: &Markup) {
    let heading = format!("{id}-title");
    html.line();
    html.element("section", &[("id", id), ("aria-labelledby", &heading)], |html| {
        html.simple("h2", &[("id", &heading)], title);
        html.append(body);
    });
}

fn bottom(html: &mut Markup, report: &Report) {
    let asked = asked::all(report);
    if !asked.is_empty() {
        html.element("details", &[], |html| {
            html.simple("summary", &[], "What was asked for the hosts below wildcards");
            html.element("ul", &[], |html| asked.iter().for_each(|text| html.simple("li", &[], text)));
        });
    }
    let tool = &report.tool;
    let text = format!(
        "Made by {} {} from what was measured at {}.",
        tool.name, tool.version, report.run.started_at
    );
    html.simple("p", &[], &text);
    html.element("ul", &[("class", "digests")], |html| {
        for layer in &report.rules {
            let text = format!("rules {} {}, sha256 {}", layer.name, layer.revision, layer.sha256);
            html.simple("li", &[], &text);
        }
    });
}

pub(super) fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Ready => "Ready",
        Verdict::ReadyWithWarnings => "Ready, with warnings",
        Verdict::Blocked => "Blocked",
        Verdict::Incomplete => "Incomplete",
    }
}

/// The class and the symbol of a verdict.
pub(super) fn look(verdict: Verdict) -> (&'static str, &'static str) {
    match verdict {
        Verdict::Ready => ("good", "✓"),
        Verdict::ReadyWithWarnings => ("warning", "!"),
        Verdict::Blocked => ("blocking", "✗"),
        Verdict::Incomplete => ("warning", "?"),
    }
}
