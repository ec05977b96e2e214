//! What is needed besides the network, and what was accepted for a time.

use super::MOST_ROWS;
use super::page::{left_out, mark, row_head, table};
use crate::model::report::{Prerequisite, PrerequisiteVerdict, Report, WaiverState, WaiverUse};
use crate::report::accepted::{told, word};
use crate::report::markup::Markup;
use crate::report::prerequisites;
use crate::report::tally::plural;

/// The prerequisites; nothing where they were not looked at.
pub(super) fn prerequisites(report: &Report) -> Markup {
    let mut html = Markup::default();
    let items = &report.prerequisites;
    if items.is_empty() {
        return html;
    }
    let columns = ["What", "Verdict", "Found", "Needed"];
    table(&mut html, "What a cluster and the machine with az need besides the network", &columns, |html| {
        html.element("tbody", &[], |html| items.iter().take(MOST_ROWS).for_each(|item| one(html, item)));
    });
    left_out(&mut html, items.len(), MOST_ROWS);
    html
}

fn one(html: &mut Markup, item: &Prerequisite) {
    let accepted = prerequisites::is_accepted(item);
    let (class, symbol) = match item.verdict {
        _ if accepted.is_some() => ("open", "~"),
        PrerequisiteVerdict::Met => ("good", "✓"),
        PrerequisiteVerdict::Warning => ("open", "!"),
        PrerequisiteVerdict::Unmet => ("bad", "✗"),
        PrerequisiteVerdict::Unverified => ("open", "?"),
    };
    html.element("tr", &[], |html| {
        html.simple("th", &[("scope", "row")], &item.title);
        html.element("td", &[], |html| {
            mark(html, class, symbol, prerequisites::word(item.verdict, accepted.is_some()));
            if let Some(accepted) = accepted {
                html.simple("span", &[("class", "below")], &told(accepted));
            }
        });
        html.simple("td", &[], &item.found);
        html.simple("td", &[], &item.wanted);
    });
}

/// The waivers; nothing where there are none.
pub(super) fn waivers(report: &Report) -> Markup {
    let mut html = Markup::default();
    if report.waivers.is_empty() {
        return html;
    }
    let text = "What is accepted is not met still, but does not count until the last day of its waiver.";
    html.simple("p", &[], text);
    let columns = ["What", "Where", "Last day", "What came of it", "Why"];
    table(&mut html, "What was accepted for a time", &columns, |html| {
        html.element("tbody", &[], |html| {
            report.waivers.iter().take(MOST_ROWS).for_each(|w| waiver(html, w));
        });
    });
    left_out(&mut html, report.waivers.len(), MOST_ROWS);
    html
}

fn waiver(html: &mut Markup, waiver: &WaiverUse) {
    let (class, symbol) = match waiver.state {
        WaiverState::Used => ("open", "~"),
        WaiverState::Expired => ("bad", "✗"),
        WaiverState::Unused => ("good", "–"),
    };
    html.element("tr", &[], |html| {
        row_head(html, &waiver.code, "");
        html.element("td", &[], |html| {
            html.simple("code", &[], &waiver.endpoint);
            if let Some(vantage) = &waiver.vantage {
                html.simple("span", &[("class", "below")], &format!("from {vantage}"));
            }
        });
        html.simple("td", &[("class", "date")], &waiver.until);
        html.element("td", &[], |html| {
            mark(html, class, symbol, word(waiver.state));
            if !waiver.checks.is_empty() {
                html.simple("span", &[("class", "below")], &plural(waiver.checks.len(), "check"));
            }
        });
        html.simple("td", &[], &waiver.reason);
    });
}
