//! The checks that have no row in the grid: lines below it that say in few words where they stand.

use indexmap::IndexMap;

use super::index::{CheckStatus, ReportIndex, format_target};
use super::marks::Mark;
use super::rows::{MAX_GROUPS, unverified_reason};
use super::screen::{Paint, Screen};
use crate::model::plan::UnverifiedKind;
use crate::model::report::Check;
use crate::model::wording::list_some;

/// How many hosts of a kind are named.
const MAX_NAMED: usize = 4;

/// How many checks that are met with a remark have a line.
const MAX_REMARKS: usize = 20;

/// Draws the lines, and a blank one below them if there are any.
pub(super) fn draw_unlisted_checks(screen: &mut Screen, tally: &ReportIndex<'_>) {
    draw_unlisted_lines(screen, tally);
    let has_remark = |check: &Check| tally.finding_of(check).is_none() && check.note.is_some();
    if tally.vantage_groups().len() > MAX_GROUPS
        || tally.with_status(CheckStatus::Replaced).next().is_some()
        || unverified_without_finding(tally).next().is_some()
        || tally.with_status(CheckStatus::Met).any(has_remark)
    {
        screen.blank_line();
    }
}

/// The lines alone.
pub(super) fn draw_unlisted_lines(screen: &mut Screen, tally: &ReportIndex<'_>) {
    draw_other_vantages(screen, tally);
    draw_remarks(screen, tally);
    draw_replaced(screen, tally);
    draw_unverified(screen, tally);
}

/// The unverified checks that no finding names.
fn unverified_without_finding<'a>(tally: &'a ReportIndex<'_>) -> impl Iterator<Item = &'a Check> {
    let is_named = |check: &Check| {
        let kind = check.unverified;
        tally.finding_of(check).is_some()
            && matches!(
                kind,
                Some(
                    UnverifiedKind::WildcardUnknown
                        | UnverifiedKind::NotDiscovered
                        | UnverifiedKind::ValueMissing
                        | UnverifiedKind::Contradicted
                        | UnverifiedKind::Unproven
                )
            )
    };
    tally.with_status(CheckStatus::Unverified).filter(move |check| !is_named(check))
}

/// What is met with a blemish that no finding speaks of.
fn draw_remarks(screen: &mut Screen, tally: &ReportIndex<'_>) {
    let met = tally.with_status(CheckStatus::Met).filter(|c| tally.finding_of(c).is_none());
    let remarks =
        met.filter_map(|check| Some(format!("{}: {}", describe_check(check, tally)?, check.note.as_ref()?)));
    let remarks: Vec<String> = remarks.collect();
    for text in remarks.iter().take(MAX_REMARKS) {
        screen.paragraph(&[(Paint::Yellow, "! met, but ")], 4, Paint::Plain, text);
    }
    if remarks.len() > MAX_REMARKS {
        let text = format!("{} more are met with a remark; -v shows them", remarks.len() - MAX_REMARKS);
        screen.paragraph(&[(Paint::Yellow, "! ")], 4, Paint::Plain, &text);
    }
}

/// The vantages that have no section for themselves.
fn draw_other_vantages(screen: &mut Screen, tally: &ReportIndex<'_>) {
    let left: Vec<String> =
        tally.vantage_groups().iter().skip(MAX_GROUPS).map(|crowd| crowd.name.clone()).collect();
    if !left.is_empty() {
        let text =
            format!("other checks came out otherwise from {}; -v shows them", list_some(&left, MAX_NAMED));
        screen.paragraph(&[(Paint::Dim, "… ")], 4, Paint::Plain, &text);
    }
}

fn draw_replaced(screen: &mut Screen, tally: &ReportIndex<'_>) {
    let first = tally.with_status(CheckStatus::Replaced).filter(|check| tally.group_name_of(check).is_some());
    let names: Vec<String> = first.map(format_target).collect();
    if !names.is_empty() {
        let text = format!("not met, but another takes its place: {}", list_some(&names, MAX_NAMED));
        screen.paragraph(&[(Paint::Dim, "– ")], 4, Paint::Plain, &text);
    }
}

/// One line for each reason.
fn draw_unverified(screen: &mut Screen, tally: &ReportIndex<'_>) {
    let mut reasons: IndexMap<Option<UnverifiedKind>, Vec<String>> = IndexMap::new();
    for check in unverified_without_finding(tally) {
        reasons.entry(check.unverified).or_default().extend(describe_check(check, tally));
    }
    reasons.retain(|_, names| !names.is_empty());
    for (kind, names) in reasons {
        let is_note = kind.is_some_and(UnverifiedKind::is_untestable);
        let (mark, word) = if is_note { (Mark::INFO, "") } else { (Mark::OPEN, "unverified, ") };
        let (reason, number) = (unverified_reason(kind), names.len());
        let text = format!("{word}{reason} ({number}): {}", list_some(&names, MAX_NAMED));
        screen.paragraph(&[(mark.paint, &format!("{} ", mark.symbol))], 4, Paint::Plain, &text);
    }
}

/// `None` where another vantage stands for that of the check.
fn describe_check(check: &Check, tally: &ReportIndex<'_>) -> Option<String> {
    let crowd = tally.group_name_of(check)?;
    let from = if tally.has_many_vantages() { format!(" from {crowd}") } else { String::new() };
    let optional = if check.planned.required { "" } else { " (optional)" };
    Some(format!("{}{from}{optional}", format_target(check)))
}
