//! The report as JUnit XML, for what shows test results: a suite for each vantage, a case for each check.
//!
//! There is no standard. What is written is what both of the schemas in use accept, that of Ant and that of Jenkins: a suite
//! has properties, cases and both outputs in this order, a case has at most one outcome, a time stamp has no zone.
//!
//! A failure is what the exit code 3 stands for: something required that is not met. What is optional is skipped, with the
//! word for its failure, so that one report never says two things.

use std::time::Duration;

use super::headline;
use super::markup::Markup;
use super::screen::bare;
use super::tally::{Standing, Tally, target};
use super::v1::{Check, Report, Vantage};
use crate::evidence::Cause;
use crate::finding::Finding;

/// Renders one suite for each vantage.
pub fn render(report: &Report) -> String {
    let tally = Tally::new(report);
    let story = story(&tally);
    let mut xml = Markup::default();
    xml.own(&["<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"]);
    xml.element("testsuites", &[], |xml| {
        xml.line();
        for (place, vantage) in report.vantages.iter().enumerate() {
            suite(xml, &tally, (place, vantage), &story);
        }
    });
    xml.line();
    xml.finish()
}

fn suite(xml: &mut Markup, tally: &Tally<'_>, (place, vantage): (usize, &Vantage), story: &str) {
    let checks: Vec<(&Check, Standing)> = tally.from(&vantage.id).collect();
    let failed = checks.iter().filter(|(check, standing)| fails(check, *standing)).count();
    let skipped = checks.iter().filter(|(_, standing)| *standing != Standing::Met).count() - failed;
    let errors = usize::from(vantage.error.is_some());
    let took = checks.iter().fold(Duration::ZERO, |sum, (check, _)| sum.saturating_add(check.took));
    let attributes: &[(&'static str, &str)] = &[
        ("id", &place.to_string()),
        ("name", named(&vantage.id)),
        ("package", "arcprobe"),
        ("hostname", named(vantage.node.as_deref().unwrap_or(&vantage.id))),
        ("timestamp", &started(tally.report)),
        ("time", &seconds(took)),
        ("tests", &(checks.len() + errors).to_string()),
        ("failures", &failed.to_string()),
        ("errors", &errors.to_string()),
        ("skipped", &skipped.to_string()),
    ];
    xml.element("testsuite", attributes, |xml| {
        xml.line();
        properties(xml, tally.report);
        if let Some(error) = &vantage.error {
            unseen(xml, vantage, error);
        }
        for (check, standing) in &checks {
            case(xml, tally, check, *standing);
        }
        xml.simple("system-out", &[], story);
        xml.line();
        xml.empty("system-err", &[]);
        xml.line();
    });
    xml.line();
}

fn started(report: &Report) -> String {
    let time = report.run.started_at.parse::<jiff::Timestamp>().unwrap_or_default();
    time.strftime("%Y-%m-%dT%H:%M:%S").to_string()
}

fn fails(check: &Check, standing: Standing) -> bool {
    standing == Standing::Unmet && check.required
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
    xml.element("properties", &[], |xml| {
        xml.line();
        for (name, value) in &properties {
            xml.empty("property", &[("name", name), ("value", value)]);
            xml.line();
        }
    });
    xml.line();
}

/// What kept a vantage from being looked from: an error, since it is no statement on the network.
fn unseen(xml: &mut Markup, vantage: &Vantage, error: &str) {
    let name = format!("can be looked from {}", vantage.id);
    xml.element("testcase", &[("classname", "vantage"), ("name", &name), ("time", "0.000")], |xml| {
        xml.empty("error", &[("type", "not_measured"), ("message", error)]);
    });
    xml.line();
}

fn case(xml: &mut Markup, tally: &Tally<'_>, check: &Check, standing: Standing) {
    let name = format!("{}: {}", target(check), check.title);
    let class = format!("{}.{}", check.vantage, check.requirement);
    let time = seconds(check.took);
    xml.element("testcase", &[("classname", &class), ("name", &name), ("time", &time)], |xml| {
        let word = check.cause.map_or("unknown", Cause::word);
        match standing {
            Standing::Met => {}
            Standing::Unmet if check.required => {
                let message = format!("{word}: {}", said(check));
                let attributes: &[(&'static str, &str)] = &[("type", word), ("message", &message)];
                xml.simple("failure", attributes, &explained(tally, check));
            }
            Standing::Unmet => skip(xml, &format!("optional and not met: {word}: {}", said(check))),
            Standing::Replaced => skip(xml, &format!("not met ({word}), but another takes its place")),
            Standing::Unverified => skip(xml, &format!("unverified: {}", why_open(check))),
        }
    });
    xml.line();
}

fn skip(xml: &mut Markup, message: &str) {
    xml.empty("skipped", &[("message", message)]);
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
