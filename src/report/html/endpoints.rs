//! The matrix: an endpoint is a row, a vantage a column. What is not met comes first.

use std::collections::HashMap;

use super::MAX_ROWS;
use super::elements::{write_mark, write_omitted_note, write_row_head, write_table};
use crate::model::evidence::Cause;
use crate::model::report::Check;
use crate::model::wording::capitalize;
use crate::report::grid::{format_duration, phase_label};
use crate::report::group::group_by_key;
use crate::report::index::{CheckStatus, ReportIndex, format_target};
use crate::report::marks::status_style;
use crate::report::markup::Markup;
use crate::report::rows::unverified_reason;
use crate::report::waivers::describe_acceptance;

/// More columns nobody reads; a cluster can have thousands of nodes.
const MAX_COLUMNS: usize = 40;

/// An endpoint with its checks, each with the place of its vantage.
struct EndpointRow<'a> {
    checks: Vec<(usize, &'a Check, CheckStatus)>,
}

impl<'a> EndpointRow<'a> {
    fn check_at(&self, column: usize) -> Option<(&'a Check, CheckStatus)> {
        let found = self.checks.iter().find(|(place, _, _)| *place == column);
        found.map(|(_, check, standing)| (*check, *standing))
    }

    /// The standing that its group is named after.
    fn worst_status(&self) -> CheckStatus {
        let has = |wanted: &CheckStatus| self.checks.iter().any(|(_, _, status)| status == wanted);
        CheckStatus::ALL.into_iter().find(has).unwrap_or(CheckStatus::Met)
    }
}

/// The matrix; nothing where there is no check.
pub(super) fn render_matrix(tally: &ReportIndex<'_>) -> Markup {
    let mut html = Markup::default();
    let crowds = tally.vantage_groups();
    let rows = collect_rows(tally);
    if rows.is_empty() {
        return html;
    }
    let heads: Vec<String> =
        crowds.iter().take(MAX_COLUMNS).map(|crowd| format!("From {}", crowd.name)).collect();
    // what came of it first: on a phone the other columns are out of sight
    let mut columns = vec!["Endpoint"];
    columns.extend(heads.iter().map(String::as_str));
    columns.push("Needed");
    let mut left = MAX_ROWS;
    write_table(&mut html, "What came of each endpoint, by where it was looked from", &columns, |html| {
        for standing in CheckStatus::ALL {
            let title = capitalize(status_style(standing).label);
            let group: Vec<&EndpointRow<'_>> =
                rows.iter().filter(|row| row.worst_status() == standing).take(left).collect();
            left -= group.len();
            write_group(html, tally, &title, heads.len(), &group);
        }
    });
    write_omitted_note(&mut html, rows.len(), MAX_ROWS);
    if crowds.len() > MAX_COLUMNS {
        let text = format!("{} more vantages are in the JSON report.", crowds.len() - MAX_COLUMNS);
        html.text_element("p", &[("class", "note")], &text);
    }
    html
}

/// Of vantages that saw the same, the first stands for all.
fn collect_rows<'a>(tally: &ReportIndex<'a>) -> Vec<EndpointRow<'a>> {
    let firsts = tally.vantage_groups().iter().enumerate();
    let columns: HashMap<&str, usize> = firsts.map(|(place, crowd)| (crowd.first, place)).collect();
    let checks = tally.checks_with_status();
    let shown = checks
        .filter_map(|(check, status)| Some((*columns.get(check.planned.vantage.as_str())?, check, status)));
    let rows = group_by_key(shown, |(_, check, _)| (&check.planned.endpoint, format_target(check)));
    rows.into_values().map(|checks| EndpointRow { checks }).collect()
}

fn write_group(
    html: &mut Markup,
    tally: &ReportIndex<'_>,
    title: &str,
    columns: usize,
    rows: &[&EndpointRow<'_>],
) {
    if rows.is_empty() {
        return;
    }
    html.element("tbody", &[], |html| {
        let span = (columns + 2).to_string();
        html.element("tr", &[("class", "group")], |html| {
            let title = format!("{title} ({})", rows.len());
            html.text_element("th", &[("scope", "rowgroup"), ("colspan", &span)], &title);
        });
        for row in rows {
            write_row(html, tally, row, columns);
        }
    });
}

fn write_row(html: &mut Markup, tally: &ReportIndex<'_>, row: &EndpointRow<'_>, columns: usize) {
    let Some((_, first, _)) = row.checks.first() else { return };
    html.element("tr", &[], |html| {
        write_row_head(html, &format_target(first), &first.planned.title);
        for column in 0..columns {
            html.element("td", &[], |html| match row.check_at(column) {
                Some((check, standing)) => write_outcome(html, tally, check, standing),
                None => html.text_element("span", &[("class", "below")], "not checked from there"),
            });
        }
        html.text_element("td", &[], if first.planned.required { "required" } else { "optional" });
    });
}

fn write_outcome(html: &mut Markup, tally: &ReportIndex<'_>, check: &Check, standing: CheckStatus) {
    let cause = check.cause.unwrap_or(Cause::Unknown);
    let word = match standing {
        CheckStatus::Met => format!("met in {}", format_duration(check.took)),
        CheckStatus::Unverified => unverified_reason(check.unverified).to_owned(),
        CheckStatus::Accepted => format!("{}, accepted", cause.word()),
        CheckStatus::Unmet | CheckStatus::Replaced => cause.word().to_owned(),
    };
    write_mark(html, status_style(standing).mark, &word);
    // a note on an unmet check begins with the text of its cause
    let text = check.note.as_deref().or(check.cause.map(Cause::text)).unwrap_or_default();
    let phase = check.phase.map(|phase| format!("{}: ", phase_label(phase))).unwrap_or_default();
    if !text.is_empty() {
        html.text_element("span", &[("class", "below")], &format!("{phase}{text}"));
    }
    if let Some(accepted) = check.accepted.as_ref().filter(|_| standing == CheckStatus::Accepted) {
        html.text_element("span", &[("class", "below")], &describe_acceptance(accepted));
    }
    if let Some(place) = tally.finding_of(check) {
        let link = format!("#finding-{}", place + 1);
        html.text_element("a", &[("href", &link)], &format!("finding {}", place + 1));
    }
}
