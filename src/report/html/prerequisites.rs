//! What is needed besides the network, and what was accepted for a time.

use super::MAX_ROWS;
use super::elements::{write_mark, write_omitted_note, write_row_head, write_table};
use crate::model::report::{AppliedWaiver, Prerequisite, Report};
use crate::model::wording::format_count;
use crate::report::marks::{prerequisite_style, waiver_style};
use crate::report::markup::Markup;
use crate::report::prerequisites;
use crate::report::waivers::describe_acceptance;

/// The prerequisites; nothing where they were not looked at.
pub(super) fn render_prerequisites(report: &Report) -> Markup {
    let mut html = Markup::default();
    let items = &report.prerequisites;
    if items.is_empty() {
        return html;
    }
    let columns = ["What", "Verdict", "Found", "Needed"];
    write_table(
        &mut html,
        "What a cluster and the machine with az need besides the network",
        &columns,
        |html| {
            html.element("tbody", &[], |html| {
                items.iter().take(MAX_ROWS).for_each(|item| write_prerequisite(html, item));
            });
        },
    );
    write_omitted_note(&mut html, items.len(), MAX_ROWS);
    html
}

fn write_prerequisite(html: &mut Markup, item: &Prerequisite) {
    let accepted = prerequisites::accepted_by(item);
    let (word, mark) = prerequisite_style(item.verdict, accepted.is_some());
    html.element("tr", &[], |html| {
        html.text_element("th", &[("scope", "row")], &item.title);
        html.element("td", &[], |html| {
            write_mark(html, mark, word);
            if let Some(accepted) = accepted {
                html.text_element("span", &[("class", "below")], &describe_acceptance(accepted));
            }
        });
        html.text_element("td", &[], &item.found);
        html.text_element("td", &[], &item.wanted);
    });
}

/// The waivers; nothing where there are none.
pub(super) fn render_waivers(report: &Report) -> Markup {
    let mut html = Markup::default();
    if report.waivers.is_empty() {
        return html;
    }
    let text = "What is accepted is not met still, but does not count until the last day of its waiver.";
    html.text_element("p", &[], text);
    let columns = ["What", "Where", "Last day", "What came of it", "Why"];
    write_table(&mut html, "What was accepted for a time", &columns, |html| {
        html.element("tbody", &[], |html| {
            report.waivers.iter().take(MAX_ROWS).for_each(|w| write_waiver(html, w));
        });
    });
    write_omitted_note(&mut html, report.waivers.len(), MAX_ROWS);
    html
}

fn write_waiver(html: &mut Markup, waiver: &AppliedWaiver) {
    let (word, _, mark) = waiver_style(waiver.state);
    html.element("tr", &[], |html| {
        write_row_head(html, &waiver.code, "");
        html.element("td", &[], |html| {
            html.text_element("code", &[], &waiver.endpoint);
            if let Some(vantage) = &waiver.vantage {
                html.text_element("span", &[("class", "below")], &format!("from {vantage}"));
            }
        });
        html.text_element("td", &[("class", "date")], &waiver.until);
        html.element("td", &[], |html| {
            write_mark(html, mark, word);
            if !waiver.checks.is_empty() {
                html.text_element("span", &[("class", "below")], &format_count(waiver.checks.len(), "check"));
            }
        });
        html.text_element("td", &[], &waiver.reason);
    });
}
