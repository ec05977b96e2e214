//! What is needed besides the network, and what was accepted for a time.

use maud::{Markup, html};

use super::MAX_ROWS;
use super::elements::{render_mark, render_omitted_note, render_row_head, render_table};
use crate::model::report::{AppliedWaiver, Prerequisite, Report};
use crate::model::wording::format_count;
use crate::report::marks::{prerequisite_style, waiver_style};
use crate::report::markup::Text;
use crate::report::prerequisites::accepted_by;
use crate::report::waivers::describe_acceptance;

/// The prerequisites; nothing where they were not looked at.
pub(super) fn render_prerequisites(report: &Report) -> Markup {
    let items = &report.prerequisites;
    let caption = "What a cluster and the machine with az need besides the network";
    let columns = ["What", "Verdict", "Found", "Needed"];
    html! {
        @if !items.is_empty() {
            @let rows = html! { tbody { @for item in items.iter().take(MAX_ROWS) { (render_prerequisite(item)) } } };
            (render_table(caption, &columns, &rows))
            (render_omitted_note(items.len(), MAX_ROWS))
        }
    }
}

fn render_prerequisite(item: &Prerequisite) -> Markup {
    let accepted = accepted_by(item);
    let (word, mark) = prerequisite_style(item.verdict, accepted.is_some());
    html! {
        tr {
            th scope="row" { (Text(&item.title)) }
            td {
                (render_mark(mark, word))
                @if let Some(accepted) = accepted { span.below { (Text(describe_acceptance(accepted))) } }
            }
            td { (Text(&item.found)) }
            td { (Text(&item.wanted)) }
        }
    }
}

/// The waivers; nothing where there are none.
pub(super) fn render_waivers(report: &Report) -> Markup {
    let waivers = &report.waivers;
    let columns = ["What", "Where", "Last day", "What came of it", "Why"];
    html! {
        @if !waivers.is_empty() {
            p { "What is accepted is not met still, but does not count until the last day of its waiver." }
            @let rows = html! { tbody { @for waiver in waivers.iter().take(MAX_ROWS) { (render_waiver(waiver)) } } };
            (render_table("What was accepted for a time", &columns, &rows))
            (render_omitted_note(waivers.len(), MAX_ROWS))
        }
    }
}

fn render_waiver(waiver: &AppliedWaiver) -> Markup {
    let (word, _, mark) = waiver_style(waiver.state);
    html! {
        tr {
            (render_row_head(&waiver.code, ""))
            td {
                code { (Text(&waiver.endpoint)) }
                @if let Some(vantage) = &waiver.vantage { span.below { "from " (Text(vantage)) } }
            }
            td.date { (Text(&waiver.until)) }
            td {
                (render_mark(mark, word))
                @if !waiver.checks.is_empty() { span.below { (format_count(waiver.checks.len(), "check")) } }
            }
            td { (Text(&waiver.reason)) }
        }
    }
}
