//! The formats for other programs, compared with what those programs accept.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use arcprobe::analysis::verdict::judge_report;
use arcprobe::analysis::waivers::apply_waivers;
use arcprobe::model::report::{Report, Verdict, WaiverState};
use arcprobe::report::{Format, render};
use serde_json::{Value, json};

use super::accepted::waive_everything;
use super::samples::{ALL, TODAY, YESTERDAY};
use super::{NARROW, in_tree, read, tampered};
use crate::require::require;

/// Every sample as it is, and with every text in it tampered with.
fn samples() -> Vec<(String, Report)> {
    ALL.iter()
        .flat_map(|(name, _)| {
            [((*name).to_owned(), read(name)), (format!("{name}, tampered"), tampered(name))]
        })
        .collect()
}

#[test]
fn junit_counts_match_its_cases() {
    for (name, report) in samples() {
        let text = render(&report, Format::Junit, &NARROW);
        let xml = roxmltree::Document::parse(&text).unwrap_or_else(|e| panic!("{name}: {e}\n{text}"));
        let mut cases = 0;
        for suite in xml.root_element().children().filter(|n| n.has_tag_name("testsuite")) {
            let has = |tag: &str| suite.descendants().filter(|n| n.has_tag_name(tag)).count().to_string();
            let table =
                [("tests", "testcase"), ("failures", "failure"), ("errors", "error"), ("skipped", "skipped")];
            for (attribute, tag) in table {
                assert_eq!(suite.attribute(attribute), Some(has(tag).as_str()), "{name}: {attribute}");
            }
            cases += suite.children().filter(|n| n.has_tag_name("testcase")).count();
        }
        let unseen = report.vantages.iter().filter(|v| v.error.is_some()).count();
        let over = |f: &&arcprobe::model::finding::Finding| f.id == "waiver_expired";
        let waivers = report.waivers.iter().filter(|w| w.state != WaiverState::Expired).count()
            + report.findings.iter().filter(over).count();
        assert_eq!(cases, report.checks.len() + unseen + report.prerequisites.len() + waivers, "{name}");
    }
}

/// A report that is blocked has failures, and no other has; whatever is accepted, and whichever waiver is over.
#[test]
fn junit_fails_where_the_exit_code_does() {
    let mut blocked = 0;
    for (name, report) in samples() {
        for until in [None, Some(TODAY), Some(YESTERDAY)] {
            let all = until.map(|until| waive_everything(&report, until)).unwrap_or_default();
            let report = apply_waivers(report.clone(), &all, TODAY);
            let text = render(&report, Format::Junit, &NARROW);
            let is_blocked = judge_report(&report) == Verdict::Blocked;
            assert_eq!(text.contains("<failure "), is_blocked, "{name} until {until:?}");
            blocked += usize::from(is_blocked);
        }
    }
    assert!((20..40).contains(&blocked), "{blocked}");
}

#[test]
fn junit_fits_its_schema() {
    for (name, report) in samples() {
        assert_junit(&name, &render(&report, Format::Junit, &NARROW));
    }
}

#[track_caller]
pub(crate) fn assert_junit(name: &str, text: &str) {
    let schema = in_tree("tests/it/reports/junit.xsd");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("report.xml");
    std::fs::write(&file, text).unwrap();
    let Some(xmllint) = require("xmllint") else { return };
    let output =
        Command::new(xmllint).arg("--noout").arg("--schema").arg(&schema).arg(&file).output().unwrap();
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
}

#[track_caller]
pub(crate) fn assert_sarif(name: &str, text: &str) -> Value {
    let validator = jsonschema::validator_for(&sarif_structure()).unwrap();
    let log: Value = serde_json::from_str(text).unwrap_or_else(|e| panic!("{name}: {e}"));
    let errors: Vec<String> = validator.iter_errors(&log).map(|e| e.to_string()).collect();
    assert!(errors.is_empty(), "{name}: {errors:#?}");
    log
}

#[test]
fn sarif_has_the_structure_of_its_schema() {
    for (name, report) in samples() {
        let log = assert_sarif(&name, &render(&report, Format::Sarif, &NARROW));
        let run = &log["runs"][0];
        let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
        let results = run["results"].as_array().unwrap();
        assert_eq!(results.len(), report.findings.len(), "{name}");
        for result in results {
            let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(rules[index]["id"], result["ruleId"], "{name}");
        }
    }
}

/// What SARIF 2.1.0 (3.13 to 3.52) demands of the objects that are used, with nothing else allowed.
fn sarif_structure() -> Value {
    let message = json!({ "type": "object", "required": ["text"], "additionalProperties": false,
        "properties": { "text": { "type": "string", "minLength": 1 }, "markdown": { "type": "string" } } });
    let level = json!({ "enum": ["none", "note", "warning", "error"] });
    let logical = json!({ "type": "object", "additionalProperties": false, "properties": {
        "name": { "type": "string" }, "fullyQualifiedName": { "type": "string" }, "kind": { "const": "resource" } } });
    let location = json!({ "type": "object", "additionalProperties": false,
        "properties": { "logicalLocations": { "type": "array", "minItems": 1, "items": logical } } });
    let rule = json!({ "type": "object", "required": ["id"], "additionalProperties": false, "properties": {
        "id": { "type": "string", "minLength": 1 }, "shortDescription": message, "help": message,
        "defaultConfiguration": { "type": "object", "properties": { "level": level } } } });
    let suppression = json!({ "type": "object", "required": ["kind"], "additionalProperties": false, "properties": {
        "kind": { "enum": ["inSource", "external"] }, "status": { "enum": ["accepted", "underReview", "rejected"] },
        "justification": { "type": "string" } } });
    let result = json!({ "type": "object", "required": ["message"], "additionalProperties": false, "properties": {
        "suppressions": { "type": "array", "uniqueItems": true, "items": suppression },
        "ruleId": { "type": "string" }, "ruleIndex": { "type": "integer", "minimum": 0 }, "level": level, "message": message,
        "locations": { "type": "array", "uniqueItems": true, "items": location },
        "partialFingerprints": { "type": "object", "additionalProperties": { "type": "string" } },
        "properties": { "type": "object" } } });
    let utc =
        json!({ "type": "string", "pattern": "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d+)?Z$" });
    let invocation = json!({ "type": "object", "required": ["executionSuccessful"], "additionalProperties": false,
        "properties": { "executionSuccessful": { "type": "boolean" },
            "toolExecutionNotifications": { "type": "array", "items": { "type": "object", "required": ["message"],
                "additionalProperties": false, "properties": { "message": message, "level": level } } },
            "startTimeUtc": utc, "endTimeUtc": utc } });
    let driver = json!({ "type": "object", "required": ["name"], "additionalProperties": false, "properties": {
        "name": { "type": "string" }, "version": { "type": "string" },
        "rules": { "type": "array", "uniqueItems": true, "items": rule } } });
    let details = json!({ "type": "object", "additionalProperties": false, "properties": { "id": { "type": "string" } } });
    let run = json!({ "type": "object", "required": ["tool", "results"], "additionalProperties": false, "properties": {
        "automationDetails": details,
        "tool": { "type": "object", "required": ["driver"], "properties": { "driver": driver } },
        "invocations": { "type": "array", "items": invocation }, "columnKind": { "const": "unicodeCodePoints" },
        "results": { "type": "array", "items": result }, "properties": { "type": "object" } } });
    json!({ "type": "object", "required": ["version", "runs"], "additionalProperties": false, "properties": {
        "$schema": { "type": "string" }, "version": { "const": "2.1.0" }, "runs": { "type": "array", "items": run } } })
}

#[test]
fn metrics_are_valid_prometheus_and_openmetrics() {
    for (name, report) in samples() {
        assert!(assert_metrics(&name, &render(&report, Format::Openmetrics, &NARROW)) > 8, "{name}");
    }
}

/// Each family once, in one piece, with HELP and TYPE before its samples; no series twice; `# EOF` is the last line. Returns how
/// many there are.
#[track_caller]
pub(crate) fn assert_metrics(name: &str, text: &str) -> usize {
    let body = text.strip_suffix("# EOF\n").unwrap_or_else(|| panic!("{name}: no end\n{text}"));
    let (mut families, mut series) = (BTreeSet::new(), BTreeSet::new());
    let mut family = String::new();
    for line in body.lines() {
        if let Some(head) = line.strip_prefix("# HELP ") {
            head.split(' ').next().unwrap().clone_into(&mut family);
            assert!(families.insert(family.clone()), "{name}: {family} begins twice");
        } else if let Some(head) = line.strip_prefix("# TYPE ") {
            assert_eq!(head, format!("{family} gauge"), "{name}");
        } else {
            let (key, value) = line.rsplit_once(' ').unwrap();
            assert!(value.parse::<f64>().is_ok(), "{name}: {line}");
            assert_eq!(key.split('{').next(), Some(family.as_str()), "{name}: {line}");
            assert!(series.insert(key.to_owned()), "{name}: {key} is there twice");
            labels(key);
        }
    }
    families.len()
}

/// The labels of a series; panics where a quote or a backslash is not escaped.
fn labels(series: &str) -> BTreeMap<String, String> {
    let Some((_, rest)) = series.split_once('{') else { return BTreeMap::new() };
    let mut rest = rest.strip_suffix('}').unwrap();
    let mut labels = BTreeMap::new();
    while !rest.is_empty() {
        let (name, after) = rest.split_once("=\"").unwrap();
        let (mut value, mut escaped, mut end) = (String::new(), false, None);
        for (at, c) in after.char_indices() {
            match c {
                c if escaped => {
                    assert!("\\\"n".contains(c), "{series}");
                    value.push(c);
                    escaped = false;
                }
                '\\' => escaped = true,
                '"' => {
                    end = Some(at);
                    break;
                }
                c => value.push(c),
            }
        }
        labels.insert(name.to_owned(), value);
        rest = after[end.unwrap() + 1..].trim_start_matches(',');
    }
    labels
}

#[test]
fn metrics_match_the_report() {
    let text = render(&read("mixed"), Format::Openmetrics, &NARROW);
    for line in [
        "arcprobe_run_verdict{verdict=\"blocked\"} 1",
        "arcprobe_run_start_timestamp_seconds 1790928662",
        "arcprobe_check_met{vantage=\"pod\",requirement=\"obo\",host=\"eastus.obo.arc.azure.com\",port=\"8084\",required=\"true\"} 0",
        "arcprobe_check_failure{vantage=\"pod\",requirement=\"obo\",host=\"eastus.obo.arc.azure.com\",port=\"8084\",cause=\"tcp_timeout\"} 1",
        "arcprobe_phase_duration_seconds{vantage=\"pod\",requirement=\"obo\",host=\"eastus.obo.arc.azure.com\",port=\"8084\",phase=\"connect\"} 5",
    ] {
        assert!(text.lines().any(|l| l == line), "{line}\n{text}");
    }
    assert!(
        !text.contains("arcprobe_check_met{vantage=\"pod\",requirement=\"defender\""),
        "unverified is no 0"
    );
}

#[test]
fn markdown() {
    for name in ["mixed", "hostile", "all-met", "accepted", "prerequisites"] {
        insta::assert_snapshot!(format!("{name}-markdown"), render(&read(name), Format::Markdown, &NARROW));
    }
}

#[test]
fn markdown_contains_no_markup_of_a_peer() {
    for (name, report) in samples() {
        assert_own_markdown(&name, &render(&report, Format::Markdown, &NARROW));
    }
}

/// Outside of code there is no element but our own, no link and no mention.
#[track_caller]
pub(crate) fn assert_own_markdown(name: &str, text: &str) {
    let own = ["<details>", "<details open>", "</details>", "<summary>", "</summary>"];
    let bare = without_code(&without_escapes(text));
    let bare = own.iter().fold(bare, |text, tag| text.replace(tag, ""));
    for sign in ["<", "](", "![", "://", "@"] {
        assert!(!bare.contains(sign), "{name}: {sign}\n{bare}");
    }
}

/// A sign behind a backslash is no markup.
fn without_escapes(text: &str) -> String {
    let mut rest = text.chars();
    let mut kept = String::new();
    while let Some(c) = rest.next() {
        match c {
            '\\' => drop(rest.next()),
            c => kept.push(c),
        }
    }
    kept
}

fn without_code(text: &str) -> String {
    let mut kept = String::new();
    let mut fence = None;
    for line in text.lines() {
        let ticks = line.len() - line.trim_start_matches('`').len();
        match fence {
            None if ticks >= 3 => fence = Some(ticks),
            Some(open) if ticks >= open => fence = None,
            None => kept.extend(line.split('`').step_by(2).chain(["\n"])),
            Some(_) => {}
        }
    }
    kept
}
