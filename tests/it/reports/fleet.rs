//! A report on several clusters, in every format.

use std::time::Duration;

use arcprobe::model::report::{Report, Verdict};
use arcprobe::report::fleet::json::{SavedReport, parse, schema};
use arcprobe::report::fleet::{Fleet, FleetRun, Member};
use arcprobe::report::{self, Format, render_saved};
use clap::ValueEnum as _;
use serde_json::{Value, json};

use super::formats::{assert_junit, assert_metrics, assert_own_markdown, assert_sarif};
use super::{NARROW, TextOptions, fixture, in_tree, read, same_or_update, tamper};

const FIXTURE: &str = "fixtures/reports/fleet.json";

/// Two clusters behind the same firewall in different regions, one that is well, one with a trouble of its own, one that does
/// not answer.
fn sample_fleet() -> Fleet {
    let moved = |name: &str, region: &str| {
        let text = fixture(name).replace("eastus", region);
        report::json::parse(text.as_bytes()).unwrap()
    };
    let member = |context: &str, report: Report| Member {
        context: context.to_owned(),
        server: Some(format!("https://{context}.k8s.contoso.example:6443")),
        error: None,
        report: Some(report),
    };
    let clusters = vec![
        member("shop-eastus", read("mixed")),
        member("shop-westeurope", moved("mixed", "westeurope")),
        member("build", read("all-met")),
        member("lab", read("dead-resolver")),
        Member {
            context: "factory".into(),
            server: Some("https://10.8.0.1:6443".into()),
            error: Some(
                "its region cannot be read: context \"factory\", server https://10.8.0.1:6443: no answer within 15 s; \
                 --location REGION gives one for all clusters"
                    .into(),
            ),
            report: None,
        },
    ];
    let course = FleetRun {
        started_at: "2026-10-02T08:11:02Z".parse().unwrap(),
        took: Duration::from_millis(11_230),
        interrupted: false,
    };
    Fleet { tool: read("mixed").tool, ..Fleet::new(clusters, course) }
}

fn saved_fleet() -> SavedReport {
    parse(std::fs::read_to_string(in_tree(FIXTURE)).unwrap().as_bytes()).unwrap()
}

fn as_fleet(saved: &SavedReport) -> &Fleet {
    match saved {
        SavedReport::Fleet(fleet) => fleet,
        SavedReport::Single(_) => panic!("it is on one cluster"),
    }
}

fn render_fleet(format: Format) -> String {
    render_saved(&saved_fleet(), format, &NARROW)
}

#[test]
fn the_fixture_matches_the_sample_and_round_trips() {
    let text = render_saved(&SavedReport::Fleet(sample_fleet()), Format::Json, &NARROW);
    same_or_update(FIXTURE, &text);
    assert_eq!(render_fleet(Format::Json), text);
}

#[test]
fn the_schema_in_the_tree_is_the_generated_one() {
    let text = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
    same_or_update("src/report/schema-fleet-v1.json", &text);
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let value: Value = serde_json::from_str(&render_fleet(Format::Json)).unwrap();
    assert!(validator.is_valid(&value));
    assert!(!validator.is_valid(&json!({"schema_version": 1, "kind": "fleet"})));
}

/// The two behind the same firewall share its causes, though their hosts differ; the others share nothing with them.
#[test]
fn shared_causes_are_those_found_in_both_clusters() {
    let saved = saved_fleet();
    let fleet = as_fleet(&saved);
    assert_eq!(fleet.verdict, Verdict::Blocked);
    let mixed = read("mixed").findings.len();
    assert_eq!(fleet.shared.len(), mixed, "{:#?}", fleet.shared);
    for shared in &fleet.shared {
        let contexts: Vec<_> = shared.found.iter().map(|found| found.context.as_str()).collect();
        assert_eq!(contexts, ["shop-eastus", "shop-westeurope"], "{}", shared.id);
        assert_eq!(shared.not_in, ["build", "lab"], "one that could not be checked shows nothing");
    }
}

#[test]
fn text_and_short() {
    insta::assert_snapshot!("fleet-80", render_fleet(Format::Text));
    insta::assert_snapshot!("fleet-short", render_fleet(Format::Short));
    insta::assert_snapshot!("fleet-markdown", render_fleet(Format::Markdown));
}

#[test]
fn formats_for_programs_are_accepted_by_their_readers() {
    assert_junit("fleet", &render_fleet(Format::Junit));
    assert_metrics("fleet", &render_fleet(Format::Openmetrics));
    let log = assert_sarif("fleet", &render_fleet(Format::Sarif));
    let ids: Vec<_> =
        log["runs"].as_array().unwrap().iter().map(|run| run["automationDetails"]["id"].clone()).collect();
    assert_eq!(ids.len(), 5, "one that could not be checked is a run that failed");
    assert_eq!(log["runs"][4]["invocations"][0]["executionSuccessful"], false);
    assert_eq!(ids[0], "arcprobe/shop-eastus/");
    let metrics = render_fleet(Format::Openmetrics);
    for line in [
        "arcprobe_cluster_checked{context=\"factory\"} 0",
        "arcprobe_run_verdict{context=\"build\",verdict=\"ready\"} 1",
        "arcprobe_run_verdict{context=\"lab\",verdict=\"blocked\"} 1",
    ] {
        assert!(metrics.lines().any(|l| l == line), "{line}\n{metrics}");
    }
    let suites = render_fleet(Format::Junit);
    assert!(suites.contains("name=\"shop-westeurope/pod\""), "{suites}");
    assert!(suites.contains("name=\"factory can be looked at\""), "{suites}");
}

/// Every anchor is there once, and every link leads to one.
#[test]
fn the_page_has_unique_anchors_and_no_broken_links() {
    let html = render_fleet(Format::Html);
    let values = |attribute: &str| -> Vec<String> {
        let start = format!(" {attribute}=\"");
        html.split(&start).skip(1).map(|part| part.split('"').next().unwrap().to_owned()).collect()
    };
    let ids = values("id");
    let unique: std::collections::BTreeSet<_> = ids.iter().collect();
    assert_eq!(unique.len(), ids.len(), "{ids:?}");
    for link in values("href").iter().filter_map(|link| link.strip_prefix('#')) {
        assert!(unique.contains(&link.to_owned()), "{link}");
    }
    assert!(ids.contains(&"c2-finding-1".to_owned()) && ids.contains(&"shared-1".to_owned()), "{ids:?}");
}

#[test]
fn no_format_passes_control_characters_of_a_peer() {
    let mut value: Value = serde_json::from_str(&render_fleet(Format::Json)).unwrap();
    tamper(&mut value, "");
    let SavedReport::Fleet(fleet) = parse(value.to_string().as_bytes()).unwrap() else { panic!() };
    let saved = SavedReport::Fleet(fleet);
    for &format in Format::value_variants() {
        for verbose in [false, true] {
            let text = render_saved(&saved, format, &TextOptions { verbose, ..NARROW });
            let bad = |c: char| (c.is_control() && c != '\n') || c == '\u{200b}' || c == '\u{202e}';
            assert!(!text.contains(bad), "{format:?}");
        }
    }
    let at = |format| render_saved(&saved, format, &NARROW);
    assert!(!at(Format::Html).contains("<script") && !at(Format::Html).contains("<img"));
    assert_own_markdown("fleet, tampered", &at(Format::Markdown));
    assert_junit("fleet, tampered", &at(Format::Junit));
    assert_metrics("fleet, tampered", &at(Format::Openmetrics));
    assert_sarif("fleet, tampered", &at(Format::Sarif));
}

/// What the document says of itself may be anything.
#[test]
fn a_changed_document_is_judged_by_its_reports() {
    let mut value: Value = serde_json::from_str(&render_fleet(Format::Json)).unwrap();
    value["verdict"] = json!("ready");
    value["shared"] = json!([{"id": "x", "severity": "blocking", "summary": "", "not_in": [],
        "found": [{"cluster": 99, "context": "", "finding": 99}]}]);
    let SavedReport::Fleet(fleet) = parse(value.to_string().as_bytes()).unwrap() else { panic!() };
    assert_eq!(fleet.verdict, Verdict::Blocked);
    assert!(fleet.shared.iter().all(|shared| shared.id != "x"));
    value["schema_version"] = json!(2);
    let error = parse(value.to_string().as_bytes()).unwrap_err().to_string();
    assert!(error.contains("schema_version 2"), "{error}");
}
