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

use maud::{Markup, html};

use super::clusters::ClusterReport;
use super::headline;
use super::index::{CheckStatus, ReportIndex, format_target};
use super::markup::Text;
use super::prerequisites::accepted_by;
use super::screen::sanitize_for_command;
use super::waivers::{describe_acceptance, describe_waiver, explain_finding, summarize_finding};
use crate::analysis::verdict::is_blocking_waiver;
use crate::model::evidence::Cause;
use crate::model::finding::Finding;
use crate::model::report::{
    Check, Prerequisite, PrerequisiteVerdict, Report, Vantage, WAIVER_EXPIRED, WaiverState,
};

/// Renders the suites; those of several clusters have the names of their contexts in front.
pub(super) fn render(clusters: &[ClusterReport<'_>]) -> String {
    let runs: Vec<TestRun> = clusters.iter().map(new_test_run).collect();
    let suites = runs.iter().flat_map(|run| run.suites.iter().map(move |suite| (run, suite)));
    let begin = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n".to_owned();
    let xml = suites
        .enumerate()
        .fold(begin, |xml, (number, (run, suite))| xml + &render_suite(number, run, suite).into_string());
    xml + "</testsuites>\n"
}

/// Suites with what they have in common.
struct TestRun {
    started_at: String,
    properties: Vec<(&'static str, String)>,
    /// What came of it.
    story: String,
    suites: Vec<TestSuite>,
}

struct TestSuite {
    name: String,
    host: String,
    cases: Vec<TestCase>,
}

struct TestCase {
    class: String,
    name: String,
    took: Duration,
    outcome: TestOutcome,
}

enum TestOutcome {
    Passed,
    /// The word for it, the message, and what somebody who sees this case alone needs.
    Failed(String, String, String),
    Skipped(String),
    Error(String),
}

fn new_test_run(cluster: &ClusterReport<'_>) -> TestRun {
    match cluster.report {
        Ok(report) => report_suites(report, cluster.name),
        Err(why) => {
            let suites = vec![failed_suite(cluster.name.unwrap_or_default(), why)];
            let started_at = cluster.started_at.to_owned();
            TestRun { started_at, properties: Vec::new(), story: why.to_owned(), suites }
        }
    }
}

fn report_suites(report: &Report, cluster: Option<&str>) -> TestRun {
    let tally = ReportIndex::new(report);
    let prefix = cluster.map(|name| format!("{name}/")).unwrap_or_default();
    let vantages = report.vantages.iter().map(|vantage| vantage_suite(&tally, vantage));
    let others = [prerequisites_suite(report), waivers_suite(report)].into_iter().flatten();
    let named = |suite: TestSuite| TestSuite { name: format!("{prefix}{}", suite.name), ..suite };
    TestRun {
        started_at: report.run.started_at.clone(),
        properties: list_properties(report),
        story: describe_run(&tally),
        suites: vantages.chain(others).map(named).collect(),
    }
}

/// One case that is an error: nothing could be looked at, for this reason.
fn failed_suite(cluster: &str, why: &str) -> TestSuite {
    let case = TestCase {
        class: "cluster".into(),
        name: format!("{cluster} can be looked at"),
        took: Duration::ZERO,
        outcome: TestOutcome::Error(why.to_owned()),
    };
    TestSuite { name: cluster.to_owned(), host: cluster.to_owned(), cases: vec![case] }
}

fn vantage_suite(tally: &ReportIndex<'_>, vantage: &Vantage) -> TestSuite {
    let unseen = vantage.error.as_ref().map(|error| unmeasured_case(vantage, error));
    let checks = tally.checks_from(&vantage.id).map(|(check, standing)| check_case(tally, check, standing));
    TestSuite {
        name: vantage.id.to_string(),
        host: vantage.node.as_deref().unwrap_or(&vantage.id).to_owned(),
        cases: unseen.into_iter().chain(checks).collect(),
    }
}

/// Both schemas want the properties, whether there are any or not.
fn render_suite(number: usize, run: &TestRun, suite: &TestSuite) -> Markup {
    let cases = &suite.cases;
    let took = cases.iter().fold(Duration::ZERO, |sum, case| sum.saturating_add(case.took));
    let count = |counts: fn(&TestOutcome) -> bool| cases.iter().filter(|case| counts(&case.outcome)).count();
    let failures = count(|outcome| matches!(outcome, TestOutcome::Failed(..)));
    let errors = count(|outcome| matches!(outcome, TestOutcome::Error(_)));
    let skipped = count(|outcome| matches!(outcome, TestOutcome::Skipped(_)));
    html! {
        testsuite id=(number) name=(Text(non_empty_name(&suite.name))) package="arcprobe"
            hostname=(Text(non_empty_name(&suite.host))) timestamp=(format_timestamp(&run.started_at))
            time=(format_seconds(took)) tests=(cases.len()) failures=(failures) errors=(errors) skipped=(skipped)
        {
            "\n"
            properties {
                @for (name, value) in &run.properties { "\n" property name=(name) value=(Text(value)) {} }
            }
            "\n"
            @for case in cases { (render_case(case)) "\n" }
            system-out { (Text(&run.story)) }
            system-err {}
        }
        "\n"
    }
}

fn render_case(case: &TestCase) -> Markup {
    html! {
        testcase classname=(Text(non_empty_name(&case.class))) name=(Text(non_empty_name(&case.name)))
            time=(format_seconds(case.took))
        {
            @match &case.outcome {
                TestOutcome::Passed => {},
                TestOutcome::Failed(word, message, text) => {
                    failure type=(Text(word)) message=(Text(message)) { (Text(text)) }
                },
                TestOutcome::Skipped(message) => skipped message=(Text(message)) {},
                TestOutcome::Error(message) => error type="not_measured" message=(Text(message)) {},
            }
        }
    }
}

fn format_timestamp(started_at: &str) -> String {
    let time = started_at.parse::<jiff::Timestamp>().unwrap_or_default();
    time.strftime("%Y-%m-%dT%H:%M:%S").to_string()
}

/// Both schemas want a name of at least one character.
fn non_empty_name(name: &str) -> &str {
    if name.trim().is_empty() { "unknown" } else { name }
}

fn format_seconds(took: Duration) -> String {
    format!("{:.3}", took.as_secs_f64())
}

fn list_properties(report: &Report) -> Vec<(&'static str, String)> {
    let run = &report.run;
    let layers: Vec<String> = report.rules.iter().map(|l| format!("{} {}", l.name, l.revision)).collect();
    vec![
        ("arcprobe", report.tool.version.clone()),
        ("verdict", headline::verdict_label(report.verdict)),
        ("cloud", run.cloud.az_name().to_owned()),
        ("region", run.region.clone()),
        ("features", run.features.join(",")),
        ("connectivity", run.connectivity.as_str().to_owned()),
        ("rules", layers.join(", ")),
    ]
}

/// What kept a vantage from being looked from: an error, since it is no statement on the network.
fn unmeasured_case(vantage: &Vantage, error: &str) -> TestCase {
    TestCase {
        class: "vantage".into(),
        name: format!("can be looked from {}", vantage.id),
        took: Duration::ZERO,
        outcome: TestOutcome::Error(error.to_owned()),
    }
}

fn check_case(tally: &ReportIndex<'_>, check: &Check, standing: CheckStatus) -> TestCase {
    let word = check.cause.map_or("unknown", Cause::word);
    let outcome = match standing {
        CheckStatus::Met => TestOutcome::Passed,
        CheckStatus::Unmet if check.planned.required => {
            let message = format!("{word}: {}", cause_text(check));
            TestOutcome::Failed(word.into(), message, failure_details(tally, check))
        }
        CheckStatus::Unmet => {
            TestOutcome::Skipped(format!("optional and not met: {word}: {}", cause_text(check)))
        }
        CheckStatus::Accepted => TestOutcome::Skipped(format!(
            "{}; not met: {word}: {}",
            check_acceptance(check),
            cause_text(check)
        )),
        CheckStatus::Replaced => {
            TestOutcome::Skipped(format!("not met ({word}), but another takes its place"))
        }
        CheckStatus::Unverified => {
            TestOutcome::Skipped(format!("unverified: {}", describe_unverified(check)))
        }
    };
    TestCase {
        class: format!("{}.{}", check.planned.vantage, check.planned.endpoint),
        name: format!("{}: {}", format_target(check), check.planned.title),
        took: check.took,
        outcome,
    }
}

fn check_acceptance(check: &Check) -> String {
    check.accepted.as_ref().map(describe_acceptance).unwrap_or_default()
}

fn prerequisites_suite(report: &Report) -> Option<TestSuite> {
    let findings = findings_by_id(report);
    let finding = |item: &Prerequisite| findings.get(item.finding.as_deref()?).copied();
    let cases = report.prerequisites.iter().map(|item| prerequisite_case(item, finding(item)));
    non_empty_suite("prerequisites", cases.collect())
}

/// The findings by their ids, the most severe of each.
fn findings_by_id(report: &Report) -> HashMap<&str, &Finding> {
    report.findings.iter().rev().map(|finding| (finding.id.as_str(), finding)).collect()
}

fn prerequisite_case(item: &Prerequisite, finding: Option<&Finding>) -> TestCase {
    let said = format!("{}; needed: {}", item.found, item.wanted);
    let outcome = match (item.verdict, accepted_by(item)) {
        (PrerequisiteVerdict::Met, _) => TestOutcome::Passed,
        (_, Some(by)) => TestOutcome::Skipped(format!("{}; found: {said}", describe_acceptance(by))),
        (PrerequisiteVerdict::Warning, _) => TestOutcome::Skipped(format!("warning: {said}")),
        (PrerequisiteVerdict::Unverified, _) => TestOutcome::Skipped(format!("not known: {said}")),
        (PrerequisiteVerdict::Unmet, _) => {
            let lines = finding.map(finding_lines).unwrap_or_default();
            TestOutcome::Failed(
                non_empty_name(item.finding.as_deref().unwrap_or_default()).into(),
                said,
                lines.join("\n"),
            )
        }
    };
    let (class, name) = (format!("prerequisites.{}", item.id), item.title.clone());
    TestCase { class, name, took: Duration::ZERO, outcome }
}

/// What is over fails by its finding, as the verdict does: whoever accepted that finding has no failure either.
fn waivers_suite(report: &Report) -> Option<TestSuite> {
    let case =
        |name: String, outcome| TestCase { class: "waivers".into(), name, took: Duration::ZERO, outcome };
    let is_expired = |f: &&Finding| is_blocking_waiver(&f.id, f.severity);
    let over = report.findings.iter().filter(is_expired).map(|finding| {
        let failed = TestOutcome::Failed(
            WAIVER_EXPIRED.into(),
            finding.summary.clone(),
            finding_lines(finding).join("\n"),
        );
        case(finding.summary.clone(), failed)
    });
    let others_of = report.waivers.iter().filter_map(|waiver| {
        let outcome = match waiver.state {
            WaiverState::Used => TestOutcome::Passed,
            WaiverState::Unused => TestOutcome::Skipped("not needed any more".into()),
            WaiverState::Expired => return None,
        };
        Some(case(format!("{} until {}", describe_waiver(waiver), waiver.until), outcome))
    });
    non_empty_suite("waivers", over.chain(others_of).collect())
}

/// A suite that is about no vantage; none without a case.
fn non_empty_suite(name: &str, cases: Vec<TestCase>) -> Option<TestSuite> {
    (!cases.is_empty()).then(|| TestSuite { name: name.to_owned(), host: name.to_owned(), cases })
}

fn cause_text(check: &Check) -> &str {
    check.cause.map_or("failed", Cause::text)
}

fn describe_unverified(check: &Check) -> String {
    let reason = super::rows::unverified_reason(check.unverified);
    check.note.as_ref().map_or_else(|| reason.to_owned(), |note| format!("{reason}: {note}"))
}

/// What somebody who sees this failure alone needs.
fn failure_details(tally: &ReportIndex<'_>, check: &Check) -> String {
    let mut lines = Vec::new();
    lines.extend(check.note.clone());
    lines.push(format!("needed for: {}", check.planned.why));
    lines.push(format!("without it: {}", check.planned.breaks));
    match tally.finding_of(check).and_then(|place| tally.report.findings.get(place)) {
        Some(finding) => lines.extend(finding_lines(finding)),
        None => lines.extend(check.cause.map(|cause| format!("arcprobe explain {cause}"))),
    }
    lines.join("\n")
}

fn finding_lines(finding: &Finding) -> Vec<String> {
    let mut lines = vec![
        format!("finding: {}", summarize_finding(finding)),
        format!("seen: {}", explain_finding(finding)),
    ];
    lines.push(format!("do: {}", finding.remedy.text));
    lines.extend(finding.remedy.lines().iter().map(|command| format!("    {command}")));
    lines.push(format!("arcprobe explain {}", sanitize_for_command(&finding.id)));
    lines
}

fn describe_run(tally: &ReportIndex<'_>) -> String {
    let mut lines = vec![format!(
        "{}: {}",
        headline::verdict_label(tally.report.verdict),
        headline::describe_verdict(tally)
    )];
    lines.extend(
        tally.report.findings.iter().map(|f| format!("{}: {}", f.severity.as_str(), summarize_finding(f))),
    );
    lines.join("\n")
}
