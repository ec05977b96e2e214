//! The checks that have no row in the grid: lines below it that say in few words where they stand.

use super::rows::reason;
use super::screen::{Paint, Screen};
use super::tally::{Standing, Tally, some_of, target};
use super::v1::Check;
use crate::plan::UnverifiedKind;

/// How many hosts of a kind are named.
const NAMED: usize = 4;

/// Draws the lines, and a blank one below them if there are any.
pub(super) fn draw(screen: &mut Screen, tally: &Tally<'_>) {
    remarks(screen, tally);
    replaced(screen, tally);
    unverified(screen, tally);
    let has_remark = |check: &Check| tally.finding_of(check).is_none() && check.note.is_some();
    if tally.standing(Standing::Replaced).next().is_some()
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
                )
            )
    };
    tally.standing(Standing::Unverified).filter(move |check| !is_named(check))
}

/// What is met with a blemish that no finding speaks of.
fn remarks(screen: &mut Screen, tally: &Tally<'_>) {
    let many = tally.many_vantages();
    for check in tally.standing(Standing::Met).filter(|c| tally.finding_of(c).is_none()) {
        if let Some(note) = &check.note {
            let text = format!("{}: {note}", name(check, many));
            screen.paragraph(&[(Paint::Yellow, "! met, but ")], 4, Paint::Plain, &text);
        }
    }
}

fn replaced(screen: &mut Screen, tally: &Tally<'_>) {
    let names: Vec<String> = tally.standing(Standing::Replaced).map(target).collect();
    if !names.is_empty() {
        let text = format!("not met, but another takes its place: {}", some_of(&names, NAMED));
        screen.paragraph(&[(Paint::Dim, "– ")], 4, Paint::Plain, &text);
    }
}

/// One line for each reason.
fn unverified(screen: &mut Screen, tally: &Tally<'_>) {
    let mut reasons: Vec<(Option<UnverifiedKind>, Vec<String>)> = Vec::new();
    let many = tally.many_vantages();
    for check in open(tally) {
        let name = name(check, many);
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

fn name(check: &Check, many_vantages: bool) -> String {
    let from = if many_vantages { format!(" from {}", check.vantage) } else { String::new() };
    let optional = if check.required { "" } else { " (optional)" };
    format!("{}{from}{optional}", target(check))
}
