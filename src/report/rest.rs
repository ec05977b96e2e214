//! The checks that have no row in the grid: lines below it that say in few words where they stand.

use super::rows::{MOST_CROWDS, reason};
use super::screen::{Paint, Screen};
use super::tally::{Standing, Tally, some_of, target};
use crate::model::plan::UnverifiedKind;
use crate::model::report::Check;

/// How many hosts of a kind are named.
const NAMED: usize = 4;

/// How many checks that are met with a remark have a line.
const MOST_REMARKS: usize = 20;

/// Draws the lines, and a blank one below them if there are any.
pub(super) fn draw(screen: &mut Screen, tally: &Tally<'_>) {
    others(screen, tally);
    remarks(screen, tally);
    replaced(screen, tally);
    unverified(screen, tally);
    let has_remark = |check: &Check| tally.finding_of(check).is_none() && check.note.is_some();
    if tally.crowds().len() > MOST_CROWDS
        || tally.standing(Standing::Replaced).next().is_some()
        || open(tally).next().is_some()
        || tally.standing(Standing::Met).any(has_remark)
    {
        screen.blank();
    }
}

/// The unverified checks that no finding names.
fn open<'a>(tally: &'a Tally<'_>) -> impl Iterator<Item = &'a Check> {
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
                )
            )
    };
    tally.standing(Standing::Unverified).filter(move |check| !is_named(check))
}

/// What is met with a blemish that no finding speaks of.
fn remarks(screen: &mut Screen, tally: &Tally<'_>) {
    let met = tally.standing(Standing::Met).filter(|c| tally.finding_of(c).is_none());
    let told = met.filter_map(|check| Some(format!("{}: {}", name(check, tally)?, check.note.as_ref()?)));
    let told: Vec<String> = told.collect();
    for text in told.iter().take(MOST_REMARKS) {
        screen.paragraph(&[(Paint::Yellow, "! met, but ")], 4, Paint::Plain, text);
    }
    if told.len() > MOST_REMARKS {
        let text = format!("{} more are met with a remark; -v shows them", told.len() - MOST_REMARKS);
        screen.paragraph(&[(Paint::Yellow, "! ")], 4, Paint::Plain, &text);
    }
}

/// The vantages that have no section for themselves.
fn others(screen: &mut Screen, tally: &Tally<'_>) {
    let left: Vec<String> = tally.crowds().iter().skip(MOST_CROWDS).map(|crowd| crowd.name.clone()).collect();
    if !left.is_empty() {
        let text = format!("other checks came out otherwise from {}; -v shows them", some_of(&left, NAMED));
        screen.paragraph(&[(Paint::Dim, "… ")], 4, Paint::Plain, &text);
    }
}

fn replaced(screen: &mut Screen, tally: &Tally<'_>) {
    let first = tally.standing(Standing::Replaced).filter(|check| tally.crowd_of(check).is_some());
    let names: Vec<String> = first.map(target).collect();
    if !names.is_empty() {
        let text = format!("not met, but another takes its place: {}", some_of(&names, NAMED));
        screen.paragraph(&[(Paint::Dim, "– ")], 4, Paint::Plain, &text);
    }
}

/// One line for each reason.
fn unverified(screen: &mut Screen, tally: &Tally<'_>) {
    let mut reasons: Vec<(Option<UnverifiedKind>, Vec<String>)> = Vec::new();
    for (check, name) in open(tally).filter_map(|check| Some((check, name(check, tally)?))) {
        match reasons.iter_mut().find(|(kind, _)| *kind == check.unverified) {
            Some((_, names)) => names.push(name),
            None => reasons.push((check.unverified, vec![name])),
        }
    }
    for (kind, names) in reasons {
        let text = format!("unverified, {} ({}): {}", reason(kind), names.len(), some_of(&names, NAMED));
        screen.paragraph(&[(Paint::Yellow, "? ")], 4, Paint::Plain, &text);
    }
}

/// `None` where another vantage stands for that of the check.
fn name(check: &Check, tally: &Tally<'_>) -> Option<String> {
    let crowd = tally.crowd_of(check)?;
    let from = if tally.many_vantages() { format!(" from {crowd}") } else { String::new() };
    let optional = if check.required { "" } else { " (optional)" };
    Some(format!("{}{from}{optional}", target(check)))
}
