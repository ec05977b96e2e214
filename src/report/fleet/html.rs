//! Several clusters as one page: the answer, a table, the causes that they share, then a part for each that can be unfolded.

use super::headline::{describe_occurrences, describe_verdict};
use super::{Fleet, Member, SharedCause};
use crate::model::report::Verdict;
use crate::report::html::elements::{
    format_timestamp, write_code_block, write_fact, write_mark, write_table,
};
use crate::report::html::findings::{write_details, write_severity_tag};
use crate::report::html::{render_document, render_nested, write_navigation, write_section, write_title};
use crate::report::marks::verdict_style;
use crate::report::markup::Markup;

/// Renders the page.
pub fn render(fleet: &Fleet) -> String {
    let count = fleet.clusters.len();
    let heading =
        format!("{}: network check for Azure Arc, {count} clusters", verdict_style(fleet.verdict).label);
    render_document(&heading, |html| {
        html.element("header", &[], |html| write_header(html, fleet));
        html.line_break();
        let ids: Vec<String> = (0..count).map(section_id).collect();
        let shared = (!fleet.shared.is_empty()).then_some(("shared", "Shared causes"));
        let clusters = ids.iter().zip(&fleet.clusters).map(|(id, m)| (id.as_str(), m.context.as_str()));
        write_navigation(html, &shared.into_iter().chain(clusters).collect::<Vec<_>>());
        html.element("main", &[("id", "main")], |html| {
            if !fleet.shared.is_empty() {
                write_section(html, "shared", "Shared causes", &render_shared_causes(fleet));
            }
            for (place, member) in fleet.clusters.iter().enumerate() {
                write_section(html, &section_id(place), &member.context, &render_cluster(place, member));
            }
        });
        html.element("footer", &[], |html| {
            let tool = &fleet.tool;
            let text = format!(
                "Made by {} {} from what was measured at {}.",
                tool.name, tool.version, fleet.started_at
            );
            html.text_element("p", &[], &text);
        });
    })
}

fn section_id(place: usize) -> String {
    format!("c{}", place + 1)
}

fn write_header(html: &mut Markup, fleet: &Fleet) {
    write_title(html, fleet.verdict);
    html.text_element("p", &[("class", "lead")], &describe_verdict(fleet));
    html.line_break();
    html.element("dl", &[("class", "facts")], |html| {
        write_fact(html, "when", &format_timestamp(&fleet.started_at));
    });
    write_table(html, "Clusters", &["cluster", "verdict", "required checks met", "region"], |html| {
        html.element("tbody", &[], |html| {
            for (place, member) in fleet.clusters.iter().enumerate() {
                html.element("tr", &[], |html| write_cluster_row(html, place, member));
            }
        });
    });
}

fn write_cluster_row(html: &mut Markup, place: usize, member: &Member) {
    html.element("th", &[("scope", "row")], |html| {
        html.text_element("a", &[("href", &format!("#{}", section_id(place)))], &member.context);
    });
    html.element("td", &[], |html| {
        let style = verdict_style(member.verdict());
        write_mark(html, style.mark, style.label);
    });
    let (met, region) = member.summarize();
    html.text_element("td", &[], &met);
    html.text_element("td", &[], region);
}

fn render_shared_causes(fleet: &Fleet) -> Markup {
    let mut html = Markup::default();
    for (place, shared) in fleet.shared.iter().enumerate() {
        write_shared_cause(&mut html, fleet, place + 1, shared);
    }
    html
}

fn write_shared_cause(html: &mut Markup, fleet: &Fleet, number: usize, shared: &SharedCause) {
    let Some(example) = fleet.find_example(shared) else { return };
    let class = shared.severity.as_str();
    let (id, title) = (format!("shared-{number}"), format!("shared-{number}-title"));
    let card = format!("finding {class}");
    html.line_break();
    html.element("article", &[("class", &card), ("id", &id), ("aria-labelledby", &title)], |html| {
        html.element("p", &[("class", "tags")], |html| {
            write_severity_tag(html, shared.severity);
            html.text_element("span", &[], &format!("shared {number}"));
        });
        html.text_element("h3", &[("id", &title)], &shared.summary);
        html.element("dl", &[], |html| {
            write_fact(html, "In", &describe_occurrences(fleet, shared));
            write_details(html, example);
        });
        if !example.remedy.commands.is_empty() {
            let label = format!("Rules, settings and commands for shared cause {number}");
            write_code_block(html, &label, &example.remedy.commands.join("\n"));
        }
    });
}

/// What is ready is folded.
fn render_cluster(place: usize, member: &Member) -> Markup {
    let mut html = Markup::default();
    if let Some(server) = &member.server {
        html.element("dl", &[("class", "facts")], |html| write_fact(html, "server", server));
    }
    let Some(report) = &member.report else {
        html.text_element("p", &[], member.error.as_deref().unwrap_or("Nothing is known."));
        return html;
    };
    let open: &[(&str, &str)] = if member.verdict() == Verdict::Ready { &[] } else { &[("open", "")] };
    html.element("details", open, |html| {
        html.text_element(
            "summary",
            &[],
            &format!("{}: all that was seen", verdict_style(report.verdict).label),
        );
        html.append(&render_nested(report, &section_id(place)));
    });
    html
}
