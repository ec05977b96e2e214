//! Several clusters as one page: the answer, a table, the causes that they share, then a part for each that can be unfolded.

use maud::{Markup, html};

use super::headline::{describe_occurrences, describe_verdict};
use super::{Fleet, Member};
use crate::model::report::Verdict;
use crate::report::header::format_timestamp;
use crate::report::html::elements::{Placement, render_fact, render_mark, render_table};
use crate::report::html::findings::{Card, render_card};
use crate::report::html::{Page, Section, render_nested, render_origin, render_page};
use crate::report::marks::verdict_style;
use crate::report::markup::Text;

/// Renders the page.
pub fn render(fleet: &Fleet) -> String {
    let shared = (!fleet.shared.is_empty()).then(|| Section {
        id: "shared".to_owned(),
        title: "Shared causes".to_owned(),
        body: render_shared_causes(fleet),
    });
    let clusters = (1..).zip(&fleet.clusters).map(|(number, member)| Section {
        id: section_id(number),
        title: member.context.clone(),
        body: render_cluster(number, member),
    });
    render_page(&Page {
        verdict: fleet.verdict,
        subject: format!("{} clusters", fleet.clusters.len()),
        summary: render_summary(fleet),
        sections: shared.into_iter().chain(clusters).collect(),
        footer: render_origin(&fleet.tool, &fleet.started_at),
    })
}

fn section_id(number: usize) -> String {
    format!("c{number}")
}

fn render_summary(fleet: &Fleet) -> Markup {
    let rows = html! {
        tbody { @for (number, member) in (1..).zip(&fleet.clusters) { (render_cluster_row(number, member)) } }
    };
    html! {
        p.lead { (Text(describe_verdict(fleet))) }
        dl.facts { (render_fact("when", &format_timestamp(&fleet.started_at))) }
        (render_table("Clusters", &["cluster", "verdict", "required checks met", "region"], &rows))
    }
}

fn render_cluster_row(number: usize, member: &Member) -> Markup {
    let style = verdict_style(member.verdict());
    let (met, region) = member.summarize();
    html! {
        tr {
            th scope="row" { a href={ "#" (section_id(number)) } { (Text(&member.context)) } }
            td { (render_mark(style.mark, style.label)) }
            td { (Text(met)) }
            td { (Text(region)) }
        }
    }
}

fn render_shared_causes(fleet: &Fleet) -> Markup {
    html! {
        @for (number, shared) in (1..).zip(&fleet.shared) {
            @if let Some(example) = fleet.find_example(shared) {
                (render_card(Placement::PAGE, &example, &Card {
                    name: format!("shared {number}"),
                    cause: format!("shared cause {number}"),
                    facts: render_fact("In", &describe_occurrences(fleet, shared)),
                    ..Card::default()
                }))
            }
        }
    }
}

/// What is ready is folded.
fn render_cluster(number: usize, member: &Member) -> Markup {
    let is_open = member.verdict() != Verdict::Ready;
    let prefix = format!("{}-", section_id(number));
    html! {
        @if let Some(server) = &member.server { dl.facts { (render_fact("server", server)) } }
        @if let Some(report) = &member.report {
            details open=[is_open.then_some("")] {
                summary { (verdict_style(report.verdict).label) ": all that was seen" }
                (render_nested(report, Placement::below_section(&prefix)))
            }
        } @else {
            p { (Text(member.why_unknown())) }
        }
    }
}
