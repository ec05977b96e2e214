//! Checks -> rows of the grid: those that fail alike for a reason that a finding gives are folded into one.

use std::collections::HashMap;

use super::accepted::told;
use super::grid::{Row, Section, cells, human, label, telling_time};
use super::screen::Paint;
use super::tally::{Standing, Tally, plural, some_of, target};
use crate::model::evidence::{Cause, Phase};
use crate::model::plan::UnverifiedKind;
use crate::model::report::{Check, CheckVerdict};

/// From so many on, checks that fail alike are one row.
const FOLD_FROM: usize = 3;

/// How many hosts of a folded row are named.
const NAMED: usize = 3;

/// So many vantages, or crowds of them, have sections of their own.
pub(super) const MOST_CROWDS: usize = 12;

/// What fails alike: the finding, where, and with which word.
type Kind = (Option<usize>, Option<Phase>, Option<Cause>);

/// A vantage and what it is called in titles.
type Named<'a> = (&'a str, &'a str);

/// The sections of the grid: unmet checks, those of vantages that saw the same once; with `all` the others too, and every
/// vantage.
pub(super) fn sections(tally: &Tally<'_>, all: bool) -> Vec<Section> {
    let mut sections = Vec::new();
    let every = tally.vantages();
    let crowds = tally.crowds().iter().take(MOST_CROWDS).map(|crowd| (crowd.first, crowd.name.as_str()));
    let named: Vec<Named<'_>> =
        if all { every.into_iter().map(|id| (id, id)).collect() } else { crowds.collect() };
    for vantage in named {
        sections.extend([true, false].map(|required| unmet(tally, vantage, required, !all)));
        sections.push(accepted(tally, vantage, !all));
        if all {
            let others = [Standing::Replaced, Standing::Unverified, Standing::Met];
            sections.extend(others.map(|standing| listed(tally, vantage, standing)));
        }
    }
    sections
}

fn unmet(tally: &Tally<'_>, vantage: Named<'_>, required: bool, fold: bool) -> Section {
    let checks: Vec<&Check> =
        standing(tally, vantage.0, Standing::Unmet).filter(|c| c.required == required).collect();
    let word = if required { "not met, required" } else { "not met, optional" };
    let rows = if fold { folded(tally, &checks) } else { checks.iter().map(|c| row(tally, c)).collect() };
    Section { title: title(tally, word, vantage, checks.len()), rows }
}

/// Those that fail alike and are accepted for the same reason share a row.
fn accepted(tally: &Tally<'_>, vantage: Named<'_>, fold: bool) -> Section {
    let checks: Vec<&Check> = standing(tally, vantage.0, Standing::Accepted).collect();
    let mut kinds: Vec<Vec<&Check>> = Vec::new();
    let mut places = HashMap::new();
    for check in &checks {
        let accepted = check.accepted.as_ref().filter(|_| fold).map(|a| (&a.code, &a.reason, &a.until));
        let key = (kind(tally, check), accepted, (!fold).then_some(&check.id));
        let place = *places.entry(key).or_insert(kinds.len());
        if place == kinds.len() {
            kinds.push(Vec::new());
        }
        kinds[place].push(check);
    }
    let rows = kinds.iter().flat_map(|alike| match alike[..] {
        [first, _, _, ..] => {
            let names: Vec<String> = alike.iter().map(|c| target(c)).collect();
            let (target, tail) = (plural(alike.len(), "check"), cause(tally, first, false));
            let more = format!("{}; {}", some_of(&names, NAMED), reason_of(first));
            vec![Row { target, tail, more: Some(more), ..row(tally, first) }]
        }
        _ => alike.iter().map(|check| row(tally, check)).collect(),
    });
    let rows = rows.collect();
    Section { title: title(tally, word(Standing::Accepted), vantage, checks.len()), rows }
}

fn reason_of(check: &Check) -> String {
    check.accepted.as_ref().map(told).unwrap_or_default()
}

fn listed(tally: &Tally<'_>, vantage: Named<'_>, wanted: Standing) -> Section {
    let rows: Vec<Row> = standing(tally, vantage.0, wanted).map(|c| row(tally, c)).collect();
    Section { title: title(tally, word(wanted), vantage, rows.len()), rows }
}

fn standing<'a>(tally: &'a Tally<'_>, vantage: &str, wanted: Standing) -> impl Iterator<Item = &'a Check> {
    tally.from(vantage).filter(move |(_, standing)| *standing == wanted).map(|(check, _)| check)
}

fn title(tally: &Tally<'_>, word: &str, (_, vantage): Named<'_>, count: usize) -> String {
    let from = if tally.many_vantages() { format!(", from {vantage}") } else { String::new() };
    format!("{word}{from} ({count})")
}

fn word(standing: Standing) -> &'static str {
    match standing {
        Standing::Met => "met",
        Standing::Unmet => "not met",
        Standing::Accepted => "accepted",
        Standing::Replaced => "not met, but another takes its place",
        Standing::Unverified => "unverified",
    }
}

/// In plan order; a fold stands where its first check would.
fn folded(tally: &Tally<'_>, checks: &[&Check]) -> Vec<Row> {
    let mut kinds: HashMap<Kind, Vec<&Check>> = HashMap::new();
    for check in checks {
        kinds.entry(kind(tally, check)).or_default().push(check);
    }
    let mut rows = Vec::new();
    for check in checks {
        let kind = kind(tally, check);
        match kinds.get(&kind).map_or(0, Vec::len) {
            0 => {}
            many if many >= FOLD_FROM && kind.0.is_some() => {
                rows.extend(kinds.remove(&kind).map(|alike| fold(tally, &alike)));
            }
            _ => rows.push(row(tally, check)),
        }
    }
    rows
}

fn kind(tally: &Tally<'_>, check: &Check) -> Kind {
    (tally.finding_of(check), check.phase, check.cause)
}

fn fold(tally: &Tally<'_>, checks: &[&Check]) -> Row {
    let names: Vec<String> = checks.iter().map(|c| target(c)).collect();
    let first = row(tally, checks[0]);
    Row {
        target: plural(checks.len(), "check"),
        tail: cause(tally, checks[0], false),
        more: Some(some_of(&names, NAMED)),
        ..first
    }
}

fn row(tally: &Tally<'_>, check: &Check) -> Row {
    let explained = tally.finding_of(check).is_some() && check.verdict == CheckVerdict::Unmet;
    Row {
        mark: mark(check),
        target: target(check),
        cells: cells(check),
        tail: match check.verdict {
            CheckVerdict::Unmet => cause(tally, check, true),
            CheckVerdict::Met => slowest(check),
            CheckVerdict::Unverified => String::new(),
        },
        short: check.verdict == CheckVerdict::Met,
        more: match check.verdict {
            CheckVerdict::Unmet if check.accepted.is_some() => Some(reason_of(check)),
            _ if explained => None,
            CheckVerdict::Unverified => check.note.clone().or_else(|| Some(reason(check.unverified).into())),
            _ => check.note.clone(),
        },
    }
}

fn mark(check: &Check) -> (Paint, &'static str) {
    match check.verdict {
        CheckVerdict::Unmet if check.accepted.is_some() => (Paint::Cyan, "~"),
        CheckVerdict::Met => (Paint::Green, "✓"),
        CheckVerdict::Unmet => (Paint::Red, "✗"),
        CheckVerdict::Unverified => (Paint::Yellow, "?"),
    }
}

fn cause(tally: &Tally<'_>, check: &Check, with_time: bool) -> String {
    let cause = check.cause.map_or("unknown", Cause::word);
    let time = telling_time(check).filter(|_| with_time).map(|(_, took)| format!(" {}", human(took)));
    let finding = tally.finding_of(check).map(|place| format!(" [{}]", place + 1));
    format!("{cause}{}{}", time.unwrap_or_default(), finding.unwrap_or_default())
}

fn slowest(check: &Check) -> String {
    telling_time(check).map_or(String::new(), |(phase, took)| format!("{} {}", human(took), label(phase)))
}

/// Why a check is unverified, in a few words.
pub(super) fn reason(kind: Option<UnverifiedKind>) -> &'static str {
    match kind {
        Some(UnverifiedKind::WildcardUnknown) => "no name below the wildcard is known",
        Some(UnverifiedKind::NotDiscovered) => "the names below the wildcard were not found",
        Some(UnverifiedKind::ValueMissing) => "a value was not given",
        Some(UnverifiedKind::CalledFromAzure) => "called by Azure, not by the cluster",
        Some(UnverifiedKind::NotRun) => "the run ended first",
        Some(UnverifiedKind::NoVantage) => "nothing could be looked at from there",
        Some(UnverifiedKind::Broken) => "the probe broke down, a defect of arcprobe",
        Some(UnverifiedKind::Contradicted) => "an ordinary client got through, the probe did not",
        None => "nothing can be concluded",
    }
}
