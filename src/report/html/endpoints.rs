//! The matrix: an endpoint is a row, a vantage a column. What is not met comes first.

use std::collections::HashMap;

use super::MOST_ROWS;
use super::page::{left_out, mark, row_head, table};
use crate::model::evidence::Cause;
use crate::model::report::Check;
use crate::report::accepted::told;
use crate::report::grid::{human, label};
use crate::report::markup::Markup;
use crate::report::rows::reason;
use crate::report::tally::{Standing, Tally, target};

/// More columns nobody reads; a cluster can have thousands of nodes.
const MOST_COLUMNS: usize = 40;

/// An endpoint with its checks, each with the place of its vantage.
struct Row<'a> {
    checks: Vec<(usize, &'a Check, Standing)>,
}

impl<'a> Row<'a> {
    fn at(&self, column: usize) -> Option<(&'a Check, Standing)> {
        let found = self.checks.iter().find(|(place, _, _)| *place == column);
        found.map(|(_, check, standing)| (*check, *standing))
    }

    /// The standing that its group is named after.
    fn worst(&self) -> Standing {
        let has = |wanted| self.checks.iter().any(|(_, _, standing)| *standing == wanted);
        let order = [Standing::Unmet, Standing::Accepted, Standing::Unverified, Standing::Replaced];
        order.into_iter().find(|standing| has(*standing)).unwrap_or(Standing::Met)
    }
}

/// The matrix; nothing where there is no check.
pub(super) fn matrix(tally: &Tally<'_>) -> Markup {
    let mut html = Markup::default();
    let crowds = tally.crowds();
    let rows = rows(tally);
    if rows.is_empty() {
        return html;
    }
    let heads: Vec<String> =
        crowds.iter().take(MOST_COLUMNS).map(|crowd| format!("From {}", crowd.name)).collect();
    // what came of it first: on a phone the other columns are out of sight
    let mut columns = vec!["Endpoint"];
    columns.extend(heads.iter().map(String::as_str));
    columns.push("Needed");
    let mut left = MOST_ROWS;
    table(&mut html, "What came of each endpoint, by where it was looked from", &columns, |html| {
        for (standing, title) in GROUPS {
            let group: Vec<&Row<'_>> = rows.iter().filter(|row| row.worst() == standing).take(left).collect();
            left -= group.len();
            body(html, tally, title, heads.len(), &group);
        }
    });
    left_out(&mut html, rows.len(), MOST_ROWS);
    if crowds.len() > MOST_COLUMNS {
        let text = format!("{} more vantages are in the JSON report.", crowds.len() - MOST_COLUMNS);
        html.simple("p", &[("class", "note")], &text);
    }
    html
}

const GROUPS: [(Standing, &str); 5] = [
    (Standing::Unmet, "Not met"),
    (Standing::Accepted, "Not met, and accepted for a time"),
    (Standing::Unverified, "Unverified"),
    (Standing::Replaced, "Not met, but another takes its place"),
    (Standing::Met, "Met"),
];

/// Of vantages that saw the same, the first stands for all.
fn rows<'a>(tally: &Tally<'a>) -> Vec<Row<'a>> {
    let firsts = tally.crowds().iter().enumerate();
    let columns: HashMap<&str, usize> = firsts.map(|(place, crowd)| (crowd.first, place)).collect();
    let mut places: HashMap<(&str, String), usize> = HashMap::new();
    let mut rows: Vec<Row<'a>> = Vec::new();
    for (check, standing) in tally.each() {
        let Some(&column) = columns.get(check.vantage.as_str()) else { continue };
        let place = *places.entry((&check.requirement, target(check))).or_insert(rows.len());
        if place == rows.len() {
            rows.push(Row { checks: Vec::new() });
        }
        rows[place].checks.push((column, check, standing));
    }
    rows
}

fn body(html: &mut Markup, tally: &Tally<'_>, title: &str, columns: usize, rows: &[&Row<'_>]) {
    if rows.is_empty() {
        return;
    }
    html.element("tbody", &[], |html| {
        let span = (columns + 2).to_string();
        html.element("tr", &[("class", "group")], |html| {
            let title = format!("{title} ({})", rows.len());
            html.simple("th", &[("scope", "rowgroup"), ("colspan", &span)], &title);
        });
        for row in rows {
            one(html, tally, row, columns);
        }
    });
}

fn one(html: &mut Markup, tally: &Tally<'_>, row: &Row<'_>, columns: usize) {
    let Some((_, first, _)) = row.checks.first() else { return };
    html.element("tr", &[], |html| {
        row_head(html, &target(first), &first.title);
        for column in 0..columns {
            html.element("td", &[], |html| match row.at(column) {
                Some((check, standing)) => outcome(html, tally, check, standing),
                None => html.simple("span", &[("class", "below")], "not checked from there"),
            });
        }
        html.simple("td", &[], if first.required { "required" } else { "optional" });
    });
}

fn outcome(html: &mut Markup, tally: &Tally<'_>, check: &Check, standing: Standing) {
    let cause = check.cause.unwrap_or(Cause::Unknown);
    match standing {
        Standing::Met => mark(html, "good", "✓", &format!("met in {}", human(check.took))),
        Standing::Unverified => mark(html, "open", "?", reason(check.unverified)),
        Standing::Unmet => mark(html, "bad", "✗", cause.word()),
        Standing::Accepted => mark(html, "open", "~", &format!("{}, accepted", cause.word())),
        Standing::Replaced => mark(html, "open", "–", cause.word()),
    }
    // a note on an unmet check begins with the text of its cause
    let text = check.note.as_deref().or(check.cause.map(Cause::text)).unwrap_or_default();
    let phase = check.phase.map(|phase| format!("{}: ", label(phase))).unwrap_or_default();
    if !text.is_empty() {
        html.simple("span", &[("class", "below")], &format!("{phase}{text}"));
    }
    if let Some(accepted) = check.accepted.as_ref().filter(|_| standing == Standing::Accepted) {
        html.simple("span", &[("class", "below")], &told(accepted));
    }
    if let Some(place) = tally.finding_of(check) {
        let link = format!("#finding-{}", place + 1);
        html.simple("a", &[("href", &link)], &format!("finding {}", place + 1));
    }
}
