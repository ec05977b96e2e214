//! Several clusters as one page: the answer, a table, the causes that they share, then a part for each that can be unfolded.

use super::sentence::{sentence, whereabouts};
use super::{Fleet, Member, Shared};
use crate::model::report::Verdict;
use crate::report::html::findings::{self, told};
use crate::report::html::page::{day, fact, lines, mark, table};
use crate::report::html::{document, look, navigation, nested, section, title, word};
use crate::report::markup::Markup;

/// Renders the page.
pub fn render(fleet: &Fleet) -> String {
    let count = fleet.clusters.len();
    let heading = format!("{}: network check for Azure Arc, {count} clusters", word(fleet.verdict));
    document(&heading, |html| {
        html.element("header", &[], |html| top(html, fleet));
        html.line();
        let ids: Vec<String> = (0..count).map(id).collect();
        let shared = (!fleet.shared.is_empty()).then_some(("shared", "Shared causes"));
        let clusters = ids.iter().zip(&fleet.clusters).map(|(id, m)| (id.as_str(), m.context.as_str()));
        navigation(html, &shared.into_iter().chain(clusters).collect::<Vec<_>>());
        html.element("main", &[("id", "main")], |html| {
            if !fleet.shared.is_empty() {
                section(html, "shared", "Shared causes", &causes(fleet));
            }
            for (place, member) in fleet.clusters.iter().enumerate() {
                section(html, &id(place), &member.context, &part(place, member));
            }
        });
        html.element("footer", &[], |html| {
            let tool = &fleet.tool;
            let text = format!(
                "Made by {} {} from what was measured at {}.",
                tool.name, tool.version, fleet.started_at
            );
            html.simple("p", &[], &text);
        });
    })
}

fn id(place: usize) -> String {
    format!("c{}", place + 1)
}

fn top(html: &mut Markup, fleet: &Fleet) {
    title(html, fleet.verdict);
    html.simple("p", &[("class", "lead")], &sentence(fleet));
    html.line();
    html.element("dl", &[("class", "facts")], |html| fact(html, "when", &day(&fleet.started_at)));
    table(html, "Clusters", &["cluster", "verdict", "required checks met", "region"], |html| {
        html.element("tbody", &[], |html| {
            for (place, member) in fleet.clusters.iter().enumerate() {
                html.element("tr", &[], |html| row(html, place, member));
            }
        });
    });
}

fn row(html: &mut Markup, place: usize, member: &Member) {
    html.element("th", &[("scope", "row")], |html| {
        html.simple("a", &[("href", &format!("#{}", id(place)))], &member.context);
    });
    html.element("td", &[], |html| {
        let (class, symbol) = match look(member.verdict()) {
            ("blocking", symbol) => ("bad", symbol),
            ("good", symbol) => ("good", symbol),
            (_, symbol) => ("open", symbol),
        };
        mark(html, class, symbol, word(member.verdict()));
    });
    let (met, region) = member.in_short();
    html.simple("td", &[], &met);
    html.simple("td", &[], region);
}

fn causes(fleet: &Fleet) -> Markup {
    let mut html = Markup::default();
    for (place, shared) in fleet.shared.iter().enumerate() {
        cause(&mut html, fleet, place + 1, shared);
    }
    html
}

fn cause(html: &mut Markup, fleet: &Fleet, number: usize, shared: &Shared) {
    let Some(example) = fleet.example(shared) else { return };
    let (class, symbol) = findings::look(shared.severity);
    let (id, title) = (format!("shared-{number}"), format!("shared-{number}-title"));
    let card = format!("finding {class}");
    html.line();
    html.element("article", &[("class", &card), ("id", &id), ("aria-labelledby", &title)], |html| {
        html.element("p", &[("class", "tags")], |html| {
            mark(html, &format!("tag {class}"), symbol, shared.severity.word());
            html.simple("span", &[], &format!("shared {number}"));
        });
        html.simple("h3", &[("id", &title)], &shared.summary);
        html.element("dl", &[], |html| {
            fact(html, "In", &whereabouts(fleet, shared));
            told(html, example);
        });
        if !example.remedy.commands.is_empty() {
            let label = format!("Rules, settings and commands for shared cause {number}");
            lines(html, &label, &example.remedy.commands.join("\n"));
        }
    });
}

/// What is ready is folded.
fn part(place: usize, member: &Member) -> Markup {
    let mut html = Markup::default();
    if let Some(server) = &member.server {
        html.element("dl", &[("class", "facts")], |html| fact(html, "server", server));
    }
    let Some(report) = &member.report else {
        html.simple("p", &[], member.error.as_deref().unwrap_or("Nothing is known."));
        return html;
    };
    let open: &[(&str, &str)] = if member.verdict() == Verdict::Ready { &[] } else { &[("open", "")] };
    html.element("details", open, |html| {
        html.simple("summary", &[], &format!("{}: all that was seen", word(report.verdict)));
        html.append(&nested(report, &id(place)));
    });
    html
}
