//! The report as JUnit XML, for what shows test results: a suite for each vantage, a case for each check; one suite more for
//! the prerequisites and one for the waivers, where there are any.
//!
//! There is no standard. What is written is what both of the schemas in use accept, that of Ant and that of Jenkins: a suite
//! has properties, cases and both outputs in this order, a case has at most one outcome, a time stamp has no zone.
//!
//! A failure is what the exit code 3 stands for: something required that is not met and not accepted, or a waiver that is
//! over and still needed. What is optional or accepted is skipped, with the word for its failure, so that one report never
//! says two things.

use std::collections::HashMap;
use std::time::Duration;

use super::accepted::{name, told as accepted};
use super::headline;
use super::markup::Markup;
use super::prerequisites::is_accepted;
use super::screen::bare;
use super::tally::{Standing, Tally, target};
use crate::model::evidence::Cause;
use crate::model::finding::{Finding, Severity};
use crate::model::report::{
    Check, Prerequisite, PrerequisiteVerdict, Report, Vantage, WAIVER_EXPIRED, WaiverState,
};

/// Renders the suites.
pub fn render(report: &Report) -> String {
    document(|xml| {
        suites(xml, report, (0, ""));
    })
}

/// A document with what `inside` puts between its outermost tags.
pub(super) fn document(inside: impl FnOnce(&mut Markup)) -> String {
    let mut xml = Markup::default();
    xml.own(&["<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"]);
    xml.element("testsuites", &[], |xml| {
        xml.line();
        inside(xml);
    });
    xml.line();
    xml.finish()
}

/// The suites of a report, numbered from `first` on, their names behind a prefix; gives the number after the last one.
pub(super) fn suites(xml: &mut Markup, report: &Report, (first, prefix): (usize, &str)) -> usize {
    let tally = Tally::new(report);
    let story = story(&tally);
    let vantages = report.vantages.iter().map(|vantage| of_vantage(&tally, vantage));
    let others = [prerequisites(report), waivers(report)].into_iter().flatten();
    let mut next = first;
    for mut suite in vantages.chain(others) {
        suite.name.insert_str(0, prefix);
        write(xml, report, (next, &suite), &story);
        next += 1;
    }
    next
}

/// A suite with one case that is an error: nothing could be looked at, for this reason.
pub(super) fn unknown(xml: &mut Markup, place: usize, name: &str, (started, why): (&str, &str)) {
    let case = Case {
        class: "cluster".into(),
        name: format!("{name} can be looked at"),
        took: Duration::ZERO,
        outcome: Outcome::Error(why.to_owned()),
    };
    let suite = Suite { name: name.to_owned(), host: name.to_owned(), cases: vec![case] };
    frame(xml, (place, &suite, started), |_| {}, why);
}

struct Suite {
    name: String,
    host: String,
    cases: Vec<Case>,
}

struct Case {
    class: String,
    name: String,
    took: Duration,
    outcome: Outcome,
}

enum Outcome {
    Passed,
    /// The word for it, the message, and what somebody who sees this case alone needs.
    Failed(String, String, String),
    Skipped(String),
    Error(String),
}

impl Suite {
    fn count(&self, counts: fn(&Outcome) -> bool) -> String {
        self.cases.iter().filter(|case| counts(&case.outcome)).count().to_string()
    }
}

fn of_vantage(tally: &Tally<'_>, vantage: &Vantage) -> Suite {
    let unseen = vantage.error.as_ref().map(|error| unseen(vantage, error));
    let checks = tally.from(&vantage.id).map(|(check, standing)| of_check(tally, check, standing));
    Suite {
        name: vantage.id.clone(),
        host: vantage.node.as_ref().unwrap_or(&vantage.id).clone(),
        cases: unseen.into_iter().chain(checks).collect(),
    }
}

fn write(xml: &mut Markup, report: &Report, (place, suite): (usize, &Suite), story: &str) {
    frame(xml, (place, suite, &report.run.started_at), |xml| properties(xml, report), story);
}

fn frame(
    xml: &mut Markup,
    (place, suite, started_at): (usize, &Suite, &str),
    properties: impl FnOnce(&mut Markup),
    story: &str,
) {
    let took = suite.cases.iter().fold(Duration::ZERO, |sum, case| sum.saturating_add(case.took));
    let attributes: &[(&'static str, &str)] = &[
        ("id", &place.to_string()),
        ("name", named(&suite.name)),
        ("package", "arcprobe"),
        ("hostname", named(&suite.host)),
        ("timestamp", &started(started_at)),
        ("time", &seconds(took)),
        ("tests", &suite.cases.len().to_string()),
        ("failures", &suite.count(|outcome| matches!(outcome, Outcome::Failed(..)))),
        ("errors", &suite.count(|outcome| matches!(outcome, Outcome::Error(_)))),
        ("skipped", &suite.count(|outcome| matches!(outcome, Outcome::Skipped(_)))),
    ];
    xml.element("testsuite", attributes, |xml| {
        xml.line();
        element_of(xml, properties);
        suite.cases.iter().for_each(|one| case(xml, one));
        xml.simple("system-out", &[], story);
        xml.line();
        xml.empty("system-err", &[]);
        xml.line();
    });
    xml.line();
}

fn started(started_at: &str) -> String {
    let time = started_at.parse::<jiff::Timestamp>().unwrap_or_default();
    time.strftime("%Y-%m-%dT%H:%M:%S").to_string()
}

/// Both schemas want a name of at least one character.
fn named(name: &str) -> &str {
    if name.trim().is_empty() { "unknown" } else { name }
}

fn seconds(took: Duration) -> String {
    format!("{:.3}", took.as_secs_f64())
}

fn properties(xml: &mut Markup, report: &Report) {
    let run = &report.run;
    let layers: Vec<String> = report.rules.iter().map(|l| format!("{} {}", l.name, l.revision)).collect();
    let properties = [
        ("arcprobe", report.tool.version.clone()),
        ("verdict", headline::word(report.verdict).to_owned()),
        ("cloud", run.cloud.name().to_owned()),
        ("region", run.region.clone()),
        ("features", run.features.join(",")),
        ("connectivity", run.connectivity.word().to_owned()),
        ("rules", layers.join(", ")),
    ];
    for (name, value) in &properties {
        xml.empty("property", &[("name", name), ("value", value)]);
        xml.line();
    }
}

/// Both schemas want the element, whether anything is in it or not.
fn element_of(xml: &mut Markup, properties: impl FnOnce(&mut Markup)) {
    xml.element("properties", &[], |xml| {
        xml.line();
        properties(xml);
    });
    xml.line();
}

fn case(xml: &mut Markup, case: &Case) {
    let (class, name, time) = (named(&case.class), named(&case.name), seconds(case.took));
    xml.element("testcase", &[("classname", class), ("name", name), ("time", &time)], |xml| {
        match &case.outcome {
            Outcome::Passed => {}
            Outcome::Failed(word, message, text) => {
                xml.simple("failure", &[("type", word), ("message", message)], text);
            }
            Outcome::Skipped(message) => xml.empty("skipped", &[("message", message)]),
            Outcome::Error(message) => xml.empty("error", &[("type", "not_measured"), ("message", message)]),
        }
    });
    xml.line();
}

/// What kept a vantage from being looked from: an error, since it is no statement on the network.
fn unseen(vantage: &Vantage, error: &str) -> Case {
    Case {
        class: "vantage".into(),
        name: format!("can be looked from {}", vantage.id),
        took: Duration::ZERO,
        outcome: Outcome::Error(error.to_owned()),
    }
}

fn of_check(tally: &Tally<'_>, check: &Check, standing: Standing) -> Case {
    let word = check.cause.map_or("unknown", Cause::word);
    let outcome = match standing {
        Standing::Met => Outcome::Passed,
        Standing::Unmet if check.required => {
            let message = format!("{word}: {}", said(check));
            Outcome::Failed(word.into(), message, explained(tally, check))
        }
        Standing::Unmet => Outcome::Skipped(format!("optional and not met: {word}: {}", said(check))),
        Standing::Accepted => Outcome::Skipped(format!("{}; not met: {word}: {}", why(check), said(check))),
        Standing::Replaced => Outcome::Skipped(format!("not met ({word}), but another takes its place")),
        Standing::Unverified => Outcome::Skipped(format!("unverified: {}", why_open(check))),
    };
    Case {
        class: format!("{}.{}", check.vantage, check.requirement),
        name: format!("{}: {}", target(check), check.title),
        took: check.took,
        outcome,
    }
}

fn why(check: &Check) -> String {
    check.accepted.as_ref().map(accepted).unwrap_or_default()
}

fn prerequisites(report: &Report) -> Option<Suite> {
    let findings = by_id(report);
    let finding = |item: &Prerequisite| findings.get(item.finding.as_deref()?).copied();
    let cases = report.prerequisites.iter().map(|item| of_prerequisite(item, finding(item)));
    others("prerequisites", cases.collect())
}

/// The findings by their ids, the gravest of each.
fn by_id(report: &Report) -> HashMap<&str, &Finding> {
    report.findings.iter().rev().map(|finding| (finding.id.as_str(), finding)).collect()
}

fn of_prerequisite(item: &Prerequisite, finding: Option<&Finding>) -> Case {
    let said = format!("{}; needed: {}", item.found, item.wanted);
    let outcome = match (item.verdict, is_accepted(item)) {
        (PrerequisiteVerdict::Met, _) => Outcome::Passed,
        (_, Some(by)) => Outcome::Skipped(format!("{}; found: {said}", accepted(by))),
        (PrerequisiteVerdict::Warning, _) => Outcome::Skipped(format!("warning: {said}")),
        (PrerequisiteVerdict::Unverified, _) => Outcome::Skipped(format!("not known: {said}")),
        (PrerequisiteVerdict::Unmet, _) => {
            let lines = finding.map(told).unwrap_or_default();
            Outcome::Failed(named(item.finding.as_deref().unwrap_or_default()).into(), said, lines.join("\n"))
        }
    };
    let (class, name) = (format!("prerequisites.{}", item.id), item.title.clone());
    Case { class, name, took: Duration::ZERO, outcome }
}

/// What is over fails by its finding, as the verdict does: whoever accepted that finding has no failure either.
fn waivers(report: &Report) -> Option<Suite> {
    let case = |name: String, outcome| Case { class: "waivers".into(), name, took: Duration::ZERO, outcome };
    let is_over = |f: &&Finding| f.id == WAIVER_EXPIRED && f.severity == Severity::Blocking;
    let over = report.findings.iter().filter(is_over).map(|finding| {
        let failed =
            Outcome::Failed(WAIVER_EXPIRED.into(), finding.summary.clone(), told(finding).join("\n"));
        case(finding.summary.clone(), failed)
    });
    let others_of = report.waivers.iter().filter_map(|waiver| {
        let outcome = match waiver.state {
            WaiverState::Used => Outcome::Passed,
            WaiverState::Unused => Outcome::Skipped("not needed any more".into()),
            WaiverState::Expired => return None,
        };
        Some(case(format!("{} until {}", name(waiver), waiver.until), outcome))
    });
    others("waivers", over.chain(others_of).collect())
}

/// A suite that is about no vantage; none without a case.
fn others(name: &str, cases: Vec<Case>) -> Option<Suite> {
    (!cases.is_empty()).then(|| Suite { name: name.to_owned(), host: name.to_owned(), cases })
}

fn said(check: &Check) -> &str {
    check.cause.map_or("failed", Cause::text)
}

fn why_open(check: &Check) -> String {
    let reason = super::rows::reason(check.unverified);
    check.note.as_ref().map_or_else(|| reason.to_owned(), |note| format!("{reason}: {note}"))
}

/// What somebody who sees this failure alone needs.
fn explained(tally: &Tally<'_>, check: &Check) -> String {
    let mut lines = Vec::new();
    lines.extend(check.note.clone());
    lines.push(format!("needed for: {}", check.why));
    lines.push(format!("without it: {}", check.breaks));
    match tally.finding_of(check).and_then(|place| tally.report.findings.get(place)) {
        Some(finding) => lines.extend(told(finding)),
        None => lines.extend(check.cause.map(|cause| format!("arcprobe explain {cause}"))),
    }
    lines.join("\n")
}

fn told(finding: &Finding) -> Vec<String> {
    let mut lines = vec![format!("finding: {}", finding.summary), format!("seen: {}", finding.explanation)];
    lines.push(format!("do: {}", finding.remedy.text));
    lines.extend(finding.remedy.commands.iter().map(|command| format!("    {command}")));
    lines.push(format!("arcprobe explain {}", bare(&finding.id)));
    lines
}

fn story(tally: &Tally<'_>) -> String {
    let mut lines = vec![format!("{}: {}", headline::word(tally.report.verdict), headline::sentence(tally))];
    lines.extend(tally.report.findings.iter().map(|f| format!("{}: {}", f.severity.word(), f.summary)));
    lines.join("\n")
}
