//! Checks -> rows of the grid: those that fail alike for a reason that a finding gives are folded into one.

use super::grid::{Row, Section, decisive_time, format_duration, phase_cells, phase_label};
use super::group::group_by_key;
use super::index::{CheckStatus, ReportIndex, format_target};
use super::marks::{Mark, status_style};
use super::waivers::describe_acceptance;
use crate::model::evidence::{Cause, Phase};
use crate::model::ids::VantageId;
use crate::model::plan::UnverifiedKind;
use crate::model::report::{Check, CheckVerdict};
use crate::model::wording::{format_count, list_some};

/// How many hosts of a folded row are named.
const MAX_NAMED: usize = 3;

/// So many vantages, or crowds of them, have sections of their own.
pub(super) const MAX_GROUPS: usize = 12;

/// What fails alike: the finding, where, with which word, and by which waiver it is accepted.
type FailureGroup<'a> = (Option<usize>, Option<Phase>, Option<Cause>, Option<(&'a str, &'a str, &'a str)>);

/// A vantage and what it is called in titles.
type NamedVantage<'a> = (&'a VantageId, &'a str);

/// The sections of the grid: unmet checks, those of vantages that saw the same once; with `all` the others too, and every
/// vantage.
pub(super) fn grid_sections(tally: &ReportIndex<'_>, all: bool) -> Vec<Section> {
    let mut sections = Vec::new();
    let every = tally.vantages();
    let crowds =
        tally.vantage_groups().iter().take(MAX_GROUPS).map(|crowd| (crowd.first, crowd.name.as_str()));
    let named: Vec<NamedVantage<'_>> =
        if all { every.into_iter().map(|id| (id, id.as_str())).collect() } else { crowds.collect() };
    for vantage in named {
        sections.extend([true, false].map(|required| unmet_section(tally, vantage, required, !all)));
        sections.push(accepted_section(tally, vantage, !all));
        if all {
            let others = CheckStatus::ALL.into_iter().skip(2);
            sections.extend(others.map(|standing| status_section(tally, vantage, standing)));
        }
    }
    sections
}

fn unmet_section(tally: &ReportIndex<'_>, vantage: NamedVantage<'_>, required: bool, fold: bool) -> Section {
    let checks: Vec<&Check> = checks_of_status(tally, vantage.0, CheckStatus::Unmet)
        .filter(|c| c.planned.required == required)
        .collect();
    let word = if required { "not met, required" } else { "not met, optional" };
    let rows = fold_rows(tally, &checks, fold);
    Section { title: section_title(tally, word, vantage, checks.len()), rows }
}

fn accepted_section(tally: &ReportIndex<'_>, vantage: NamedVantage<'_>, fold: bool) -> Section {
    let checks: Vec<&Check> = checks_of_status(tally, vantage.0, CheckStatus::Accepted).collect();
    let rows = fold_rows(tally, &checks, fold);
    Section { title: section_title(tally, "accepted", vantage, checks.len()), rows }
}

fn check_acceptance(check: &Check) -> String {
    check.accepted.as_ref().map(describe_acceptance).unwrap_or_default()
}

fn status_section(tally: &ReportIndex<'_>, vantage: NamedVantage<'_>, wanted: CheckStatus) -> Section {
    let rows: Vec<Row> = checks_of_status(tally, vantage.0, wanted).map(|c| check_row(tally, c)).collect();
    Section { title: section_title(tally, status_style(wanted).label, vantage, rows.len()), rows }
}

fn checks_of_status<'a>(
    tally: &'a ReportIndex<'_>,
    vantage: &VantageId,
    wanted: CheckStatus,
) -> impl Iterator<Item = &'a Check> {
    tally.checks_from(vantage).filter(move |(_, standing)| *standing == wanted).map(|(check, _)| check)
}

fn section_title(
    tally: &ReportIndex<'_>,
    word: &str,
    (_, vantage): NamedVantage<'_>,
    count: usize,
) -> String {
    let from = if tally.has_many_vantages() { format!(", from {vantage}") } else { String::new() };
    format!("{word}{from} ({count})")
}

/// In plan order; a fold stands where its first check would.
fn fold_rows(tally: &ReportIndex<'_>, checks: &[&Check], fold: bool) -> Vec<Row> {
    let groups = group_by_key(checks.iter().copied(), |check| failure_group(tally, check));
    let row = |check: &&Check| {
        let alike = &groups[&failure_group(tally, check)];
        let is_explained = tally.finding_of(check).is_some() || check.accepted.is_some();
        match alike[..] {
            [first, _, _, ..] if fold && is_explained => {
                std::ptr::eq(first, *check).then(|| fold_checks(tally, alike))
            }
            _ => Some(check_row(tally, check)),
        }
    };
    checks.iter().filter_map(row).collect()
}

fn failure_group<'a>(tally: &ReportIndex<'_>, check: &'a Check) -> FailureGroup<'a> {
    let accepted = check.accepted.as_ref().map(|a| (a.code.as_str(), a.reason.as_str(), a.until.as_str()));
    (tally.finding_of(check), check.phase, check.cause, accepted)
}

fn fold_checks(tally: &ReportIndex<'_>, checks: &[&Check]) -> Row {
    let names: Vec<String> = checks.iter().map(|c| format_target(c)).collect();
    let accepted = checks[0].accepted.as_ref().map(|a| format!("; {}", describe_acceptance(a)));
    Row {
        target: format_count(checks.len(), "check"),
        tail: describe_cause(tally, checks[0], false),
        detail: Some(list_some(&names, MAX_NAMED) + &accepted.unwrap_or_default()),
        ..check_row(tally, checks[0])
    }
}

fn check_row(tally: &ReportIndex<'_>, check: &Check) -> Row {
    let explained = tally.finding_of(check).is_some() && check.verdict == CheckVerdict::Unmet;
    Row {
        mark: check_mark(check),
        target: format_target(check),
        cells: phase_cells(check),
        tail: match check.verdict {
            CheckVerdict::Unmet => describe_cause(tally, check, true),
            CheckVerdict::Met => describe_slowest(check),
            CheckVerdict::Unverified => String::new(),
        },
        has_short_tail: check.verdict == CheckVerdict::Met,
        detail: match check.verdict {
            CheckVerdict::Unmet if check.accepted.is_some() => Some(check_acceptance(check)),
            _ if explained => None,
            CheckVerdict::Unverified => {
                check.note.clone().or_else(|| Some(unverified_reason(check.unverified).into()))
            }
            _ => check.note.clone(),
        },
    }
}

fn check_mark(check: &Check) -> Mark {
    match check.verdict {
        CheckVerdict::Unmet if check.accepted.is_some() => Mark::ACCEPTED,
        CheckVerdict::Met => Mark::GOOD,
        CheckVerdict::Unmet => Mark::BAD,
        CheckVerdict::Unverified => Mark::OPEN,
    }
}

fn describe_cause(tally: &ReportIndex<'_>, check: &Check, with_time: bool) -> String {
    let cause = check.cause.map_or("unknown", Cause::word);
    let time =
        decisive_time(check).filter(|_| with_time).map(|(_, took)| format!(" {}", format_duration(took)));
    let finding = tally.finding_of(check).map(|place| format!(" [{}]", place + 1));
    format!("{cause}{}{}", time.unwrap_or_default(), finding.unwrap_or_default())
}

fn describe_slowest(check: &Check) -> String {
    decisive_time(check)
        .map_or(String::new(), |(phase, took)| format!("{} {}", format_duration(took), phase_label(phase)))
}

/// Why a check is unverified, in a few words.
pub(super) fn unverified_reason(kind: Option<UnverifiedKind>) -> &'static str {
    kind.map_or("nothing can be concluded", UnverifiedKind::text)
}
