//! The matrix: an endpoint is a row, a vantage a column. What is not met comes first.

use std::collections::HashMap;

use maud::{Markup, html};

use super::MAX_ROWS;
use super::elements::{Placement, render_mark, render_omitted_note, render_row_head, render_table};
use crate::model::evidence::Cause;
use crate::model::ids::VantageId;
use crate::model::report::Check;
use crate::model::wording::capitalize;
use crate::report::grid::{format_duration, phase_label};
use crate::report::group::group_by_key;
use crate::report::index::{CheckStatus, ReportIndex, format_target};
use crate::report::marks::status_style;
use crate::report::markup::Text;
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
pub(super) fn render_matrix(tally: &ReportIndex<'_>, place: Placement<'_>) -> Markup {
    let crowds = tally.vantage_groups();
    let rows = collect_rows(tally);
    let heads: Vec<String> =
        crowds.iter().take(MAX_COLUMNS).map(|crowd| format!("From {}", crowd.name)).collect();
    // what came of it first: on a phone the other columns are out of sight
    let columns: Vec<&str> =
        ["Endpoint"].into_iter().chain(heads.iter().map(String::as_str)).chain(["Needed"]).collect();
    let mut left = MAX_ROWS;
    let groups = CheckStatus::ALL.map(|status| {
        let group: Vec<&EndpointRow<'_>> =
            rows.iter().filter(|row| row.worst_status() == status).take(left).collect();
        left -= group.len();
        (status, group)
    });
    let body = html! {
        @for (status, group) in &groups {
            @if !group.is_empty() {
                tbody {
                    tr.group {
                        th scope="rowgroup" colspan=(columns.len()) {
                            (capitalize(status_style(*status).label)) " (" (group.len()) ")"
                        }
                    }
                    @for row in group { (render_row(tally, row, heads.len(), place)) }
                }
            }
        }
    };
    html! {
        @if !rows.is_empty() {
            (render_table("What came of each endpoint, by where it was looked from", &columns, &body))
            (render_omitted_note(rows.len(), MAX_ROWS))
            @if crowds.len() > MAX_COLUMNS {
                p.note { (crowds.len() - MAX_COLUMNS) " more vantages are in the JSON report." }
            }
        }
    }
}

/// Of vantages that saw the same, the first stands for all.
fn collect_rows<'a>(tally: &ReportIndex<'a>) -> Vec<EndpointRow<'a>> {
    let firsts = tally.vantage_groups().iter().enumerate();
    let columns: HashMap<&VantageId, usize> = firsts.map(|(place, crowd)| (crowd.first, place)).collect();
    let checks = tally.checks_with_status();
    let shown =
        checks.filter_map(|(check, status)| Some((*columns.get(&check.planned.vantage)?, check, status)));
    let rows = group_by_key(shown, |(_, check, _)| (&check.planned.endpoint, format_target(check)));
    rows.into_values().map(|checks| EndpointRow { checks }).collect()
}

fn render_row(
    tally: &ReportIndex<'_>,
    row: &EndpointRow<'_>,
    columns: usize,
    place: Placement<'_>,
) -> Markup {
    html! {
        @if let Some((_, first, _)) = row.checks.first() {
            tr {
                (render_row_head(&format_target(first), &first.planned.title))
                @for column in 0..columns {
                    td {
                        @match row.check_at(column) {
                            Some((check, status)) => (render_outcome(tally, check, status, place)),
                            None => span.below { "not checked from there" },
                        }
                    }
                }
                td { @if first.planned.required { "required" } @else { "optional" } }
            }
        }
    }
}

fn render_outcome(
    tally: &ReportIndex<'_>,
    check: &Check,
    status: CheckStatus,
    place: Placement<'_>,
) -> Markup {
    let cause = check.cause.unwrap_or(Cause::Unknown);
    let word = match status {
        CheckStatus::Met => format!("met in {}", format_duration(check.took)),
        CheckStatus::Unverified => unverified_reason(check.unverified).to_owned(),
        CheckStatus::Accepted => format!("{}, accepted", cause.word()),
        CheckStatus::Unmet | CheckStatus::Replaced => cause.word().to_owned(),
    };
    // a note on an unmet check begins with the text of its cause
    let text = check.note.as_deref().or(check.cause.map(Cause::text)).unwrap_or_default();
    let phase = check.phase.map(|phase| format!("{}: ", phase_label(phase))).unwrap_or_default();
    let accepted = check.accepted.as_ref().filter(|_| status == CheckStatus::Accepted);
    html! {
        (render_mark(status_style(status).mark, &word))
        @if !text.is_empty() { span.below { (Text(format!("{phase}{text}"))) } }
        @if let Some(accepted) = accepted { span.below { (Text(describe_acceptance(accepted))) } }
        @if let Some(number) = tally.finding_of(check).map(|at| at + 1) {
            a href={ "#" (place.id(&format!("finding-{number}"))) } { "finding " (number) }
        }
    }
}
