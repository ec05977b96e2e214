//! What is accepted for a time, and prerequisites, in every format.

use std::collections::BTreeSet;

use arcprobe::analysis::waivers::apply_waivers;
use arcprobe::model::report::{CheckVerdict, PrerequisiteVerdict, Report, Verdict};
use arcprobe::model::waiver::Waiver;
use arcprobe::report::diff::{compare, text};
use arcprobe::report::text::TextOptions;
use arcprobe::report::{Format, render};
use jiff::civil::Date;
use serde_json::{Value, json};

use super::samples::{TODAY, YESTERDAY, waiver};
use super::{NARROW, read};

/// Waivers for each failure and each finding that a report has.
pub(super) fn waive_everything(report: &Report, until: Date) -> Vec<Waiver> {
    let mut codes: BTreeSet<&str> = report.findings.iter().map(|f| f.id.as_str()).collect();
    for cause in report.checks.iter().filter_map(|c| c.cause) {
        codes.insert(cause.word());
    }
    codes.into_iter().map(|code| waiver(code, "*", until, "CHG-1")).collect()
}

fn report_with_waivers(name: &str, until: Date) -> Report {
    let report = read(name);
    let waivers = waive_everything(&report, until);
    apply_waivers(report, &waivers, TODAY)
}

#[test]
fn the_headline_says_what_depends_on_waivers() {
    let table = [
        (
            "mixed",
            TODAY,
            "READY: This cluster can be connected, apart from what is accepted. 18 of 32 required checks are met; \
                          13 accepted for a time, 1 that cannot be verified.",
        ),
        (
            "dead-resolver",
            TODAY,
            "READY: A cluster can be connected from here, apart from what is accepted. 0 of 29 required checks",
        ),
        (
            "warnings",
            TODAY,
            "READY: A cluster can be connected from here. 28 of 29 required checks are met; the others cannot",
        ),
        ("warnings", YESTERDAY, "BLOCKED: What was accepted for a time counts again. The waiver of "),
        ("dead-resolver", YESTERDAY, "BLOCKED: A cluster cannot be connected from here. The DNS server"),
        (
            "prerequisites",
            YESTERDAY,
            "BLOCKED: A cluster cannot be connected from here. No node can take the agents",
        ),
        (
            "prerequisites",
            TODAY,
            "INCOMPLETE: Whether a cluster can be connected from here is open. Nothing required has failed, apart from what \
             is accepted, but 1 of ",
        ),
        (
            "incomplete",
            TODAY,
            "INCOMPLETE: Whether this cluster can be connected is open. Nothing required has failed, but",
        ),
    ];
    for (name, until, start) in table {
        let text = render(&report_with_waivers(name, until), Format::Short, &NARROW);
        assert!(text.starts_with(start), "{name}: {text}");
    }
}

#[test]
fn an_unmet_prerequisite_without_a_finding_is_in_the_headline() {
    let mut report = read("prerequisites");
    report.findings.clear();
    let text = render(&report, Format::Short, &NARROW);
    assert_eq!(
        text.lines().next(),
        Some(
            "BLOCKED: A cluster cannot be connected from here. nodes: tainted or cordoned: worker-1, worker-2."
        )
    );
}

/// `accepted` on what is met, or on what is not known, says nothing.
#[test]
fn only_unmet_checks_can_be_accepted() {
    let mut report = read("accepted");
    let accepted = report.checks.iter().find_map(|c| c.accepted.clone());
    let (plain, waived) = (read("all-met"), &mut read("all-met"));
    waived
        .checks
        .iter_mut()
        .filter(|c| c.verdict != CheckVerdict::Unmet)
        .for_each(|c| c.accepted.clone_from(&accepted));
    for format in
        [Format::Text, Format::Short, Format::Junit, Format::Html, Format::Markdown, Format::Openmetrics]
    {
        assert_eq!(render(waived, format, &NARROW), render(&plain, format, &NARROW), "{format:?}");
    }
    report.checks.retain(|c| c.accepted.is_none());
    let text = render(&report, Format::Text, &TextOptions { verbose: true, ..NARROW });
    assert!(!text.contains("accepted, from"), "{text}");
}

#[test]
fn junit_says_why_something_is_skipped() {
    let text = render(&read("accepted"), Format::Junit, &NARROW);
    for part in [
        "<skipped message=\"accepted until 2026-12-31: CHG-1042, until the firewall team exempts these endpoints.; not met: tls_intercepted: ",
        "<testsuite id=\"2\" name=\"waivers\" package=\"arcprobe\"",
        "<failure type=\"waiver_expired\" message=\"The waiver of port-8084-blocked for eastus.obo.arc.azure.com ended on 2026-10-01\">",
        "name=\"dns_nxdomain at *.privatelink.example until 2026-12-31\" time=\"0.000\"><skipped message=\"not needed any more\"></skipped>",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    let text = render(&read("prerequisites"), Format::Junit, &NARROW);
    for part in [
        "<failure type=\"arc_no_place\" message=\"tainted or cordoned: worker-1, worker-2; needed: a ready node",
        "<skipped message=\"warning: not everything is allowed",
        "<skipped message=\"not known: pods may not be listed; needed: 850 MB",
        "<skipped message=\"accepted until 2026-12-31: CHG-1050: custom locations come next year; found: Microsoft.ExtendedLocation",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
}

#[test]
fn sarif_suppresses_what_is_accepted() {
    let results = |report: &Report| {
        let log: Value = serde_json::from_str(&render(report, Format::Sarif, &NARROW)).unwrap();
        log["runs"][0]["results"].as_array().unwrap().clone()
    };
    let suppressed = |results: &[Value]| -> Vec<Value> {
        results.iter().filter(|r| !r["suppressions"].is_null()).map(|r| r["ruleId"].clone()).collect()
    };
    let accepted = results(&read("accepted"));
    assert_eq!(suppressed(&accepted), ["tls-inspection"]);
    let tls = accepted.iter().find(|r| r["ruleId"] == "tls-inspection").unwrap();
    let text = "CHG-1042, until the firewall team exempts these endpoints. (accepted until 2026-12-31)";
    assert_eq!(
        tls["suppressions"],
        json!([{ "kind": "external", "status": "accepted", "justification": text }])
    );
    let prerequisites = results(&read("prerequisites"));
    assert_eq!(suppressed(&prerequisites), ["arc_provider"]);
    let place = &prerequisites[0]["locations"][0]["logicalLocations"][0];
    assert_eq!(
        (&place["name"], &place["fullyQualifiedName"]),
        (&json!("nodes"), &json!("prerequisite/nodes"))
    );
    // a summary that only says so is believed by nobody
    let mut forged = read("accepted");
    for finding in &mut forged.findings {
        if let Some(by) = finding.accepted.take() {
            finding.summary = format!("Accepted until {}: {}", by.until, finding.summary);
        }
    }
    assert_eq!(suppressed(&results(&forged)), Vec::<Value>::new());
}

#[test]
fn metrics_show_accepted_checks_as_labels() {
    let text = render(&read("accepted"), Format::Openmetrics, &NARROW);
    for line in [
        "arcprobe_checks{required=\"true\",verdict=\"unmet\"} 5",
        "arcprobe_checks{required=\"true\",verdict=\"accepted\"} 8",
        "arcprobe_check_met{vantage=\"pod\",requirement=\"arm\",host=\"management.azure.com\",port=\"443\",required=\"true\"} 0",
        "arcprobe_check_accepted{vantage=\"pod\",requirement=\"arm\",host=\"management.azure.com\",port=\"443\",code=\"tls-inspection\"} 1",
        "arcprobe_waivers{state=\"expired\"} 1",
        // the end of 2026-12-31, and of yesterday
        "arcprobe_waiver_expiry_timestamp_seconds{code=\"tls-inspection\",endpoint=\"*\",vantage=\"\"} 1798761600",
        "arcprobe_waiver_expiry_timestamp_seconds{code=\"port-8084-blocked\",endpoint=\"eastus.obo.arc.azure.com\",vantage=\"\"} 1790899200",
    ] {
        assert!(text.lines().any(|l| l == line), "{line}\n{text}");
    }
    assert!(!text.contains("expiry_timestamp_seconds{code=\"dns_nxdomain\""), "nobody needs it");
    let text = render(&read("prerequisites"), Format::Openmetrics, &NARROW);
    for line in [
        "arcprobe_prerequisite{id=\"kubernetes\"} 1",
        "arcprobe_prerequisite{id=\"nodes\"} 0",
        "arcprobe_prerequisite{id=\"permissions\"} 1",
        "arcprobe_prerequisite{id=\"providers\"} 0",
        "arcprobe_prerequisite_accepted{id=\"providers\",code=\"arc_provider\"} 1",
    ] {
        assert!(text.lines().any(|l| l == line), "{line}\n{text}");
    }
    assert!(!text.contains("arcprobe_prerequisite{id=\"capacity\"}"), "not known is no 0");
}

#[test]
fn the_html_page_names_waivers_and_prerequisites() {
    let html = render(&read("accepted"), Format::Html, &NARROW);
    for part in [
        "tls_intercepted, accepted",
        "accepted until 2026-12-31: CHG-1042",
        "Not met, and accepted for a time (8)",
        "not met, accepted",
        "over, and still needed",
        "checks accepted for a time",
    ] {
        assert!(html.contains(part), "{part}");
    }
    let html = render(&read("prerequisites"), Format::Html, &NARROW);
    for part in
        ["Prerequisites", "tainted or cordoned", "not known", "accepted until 2026-12-31: CHG-1050", "2 of 6"]
    {
        assert!(html.contains(part), "{part}");
    }
}

#[test]
fn a_diff_lists_newly_and_no_longer_accepted_checks() {
    let (plain, accepted) = (read("mixed"), read("accepted"));
    let diff = compare(&accepted, &plain);
    assert!(
        !diff.has_regressions()
            && !diff.has_warnings()
            && diff.newly_unmet.is_empty()
            && diff.fixed.is_empty()
    );
    assert_eq!((diff.newly_accepted.len(), diff.resolved_findings.len()), (9, 0));
    assert_eq!(diff.new_findings.len(), 1, "the waiver that is over");
    insta::assert_snapshot!("newly-accepted-diff", text::render(&diff, &NARROW));
    let diff = compare(&plain, &accepted);
    assert!(diff.has_regressions() && diff.newly_unmet.is_empty() && diff.no_longer_accepted.len() == 9);
    insta::assert_snapshot!("no-longer-accepted-diff", text::render(&diff, &NARROW));
}

/// What is fixed under a waiver is fixed; what breaks under one is listed and breaks nothing.
#[test]
fn a_diff_lists_checks_that_break_or_are_fixed_under_a_waiver() {
    let (good, bad) = (read("all-met"), report_with_waivers("dead-resolver", TODAY));
    let diff = compare(&bad, &good);
    assert!(
        !diff.has_regressions()
            && diff.newly_unmet.is_empty()
            && diff.newly_accepted.len() == bad.checks.len()
    );
    let text = text::render(&diff, &NARROW).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("dns_timeout; did not fail before; accepted until 2026-10-02: CHG-1"), "{text}");
    assert_eq!(compare(&good, &bad).fixed.len(), bad.checks.len() - 1);
    // over what is optional: the verdict is blocked, and was not
    let (then, now) = (report_with_waivers("warnings", TODAY), report_with_waivers("warnings", YESTERDAY));
    let diff = compare(&now, &then);
    assert!(
        diff.has_regressions() && diff.no_longer_accepted.len() == 3 && diff.resolved_findings.is_empty()
    );
    let text = text::render(&diff, &NARROW);
    assert!(
        text.starts_with("WORSE: A waiver is over; 0 fixed. The verdict was READY, and is BLOCKED."),
        "{text}"
    );
}

#[test]
fn changed_prerequisites_are_listed_in_a_diff() {
    let mut older = read("prerequisites");
    (older.prerequisites[2].verdict, older.prerequisites[2].found) =
        (PrerequisiteVerdict::Met, "2 of 2 can take the agents".into());
    older.prerequisites[5].accepted = None;
    older.prerequisites[4].found = "other words for the same".into();
    let newer = read("prerequisites");
    let diff = compare(&newer, &older);
    assert!(
        diff.has_regressions() && diff.has_warnings() && diff.prerequisites.len() == 2,
        "{:#?}",
        diff.prerequisites
    );
    let text = text::render(&diff, &NARROW);
    for part in [
        "WORSE: 1 prerequisite newly not met; 0 fixed.",
        "✗ nodes: was met, is not met; tainted or cordoned: worker-1, worker-2",
        "· resource providers: was not met, is accepted; ",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert!(!compare(&older, &older).has_regressions());
    // a run that did not look says nothing; what lacks counts in any case
    let without = read("all-met");
    assert!(compare(&without, &newer).prerequisites.is_empty());
    let diff = compare(&newer, &without);
    assert!(diff.has_regressions() && diff.prerequisites.len() == 1 && diff.prerequisites[0].id == "nodes");
    assert_eq!(newer.verdict, Verdict::Blocked);
}
