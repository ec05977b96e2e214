//! The JSON report of real runs: the schema, the promised fields, and that nothing but times and addresses changes.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::lab::{Dns, Host, Http, Lab, Serves, Tcp, Tls};
use crate::program::{Program, TestRules};

/// Something of everything.
fn start_lab() -> (Lab, TestRules) {
    let lab = Lab::start(vec![
        Host::good("good.lab.example"),
        Host::with_dns("alias.lab.example", Dns::Cname(vec!["good.lab.example".into()])),
        Host::new("refused.lab.example", Tcp::Refused),
        Host::new("hole.lab.example", Tcp::Blackhole),
        Host::new("inspected.lab.example", Tls::Intercepted),
        Host::new(
            "portal.lab.example",
            Serves::PlainHttp(Http::Redirect("http://portal.example/?key=secret".into())),
        ),
    ]);
    let rules = ["good", "alias", "missing", "refused", "hole", "inspected"]
        .iter()
        .fold(TestRules::new(), |rules, id| rules.endpoint(id, &format!("{id}.lab.example"), ""))
        .endpoint("portal", "portal.lab.example", "protocol: http\nport: 80\nneed: optional")
        .endpoint("wildcard", "\"*.wild.lab.example\"", "");
    (lab, rules)
}

fn run_report(lab: &Lab, rules: &TestRules) -> Value {
    let flags = rules.flags(lab.directory());
    Program::check_in(lab).args(flags).args(["-o", "json", "--timeout", "400ms"]).run().exits(3).json()
}

#[test]
fn real_reports_fit_the_schema_and_the_contract() {
    let (lab, rules) = start_lab();
    let report = run_report(&lab, &rules);
    let schema: Value =
        serde_json::from_str(include_str!("../../../src/report/schema-v1.json")).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let errors: Vec<String> =
        validator.iter_errors(&report).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    has_promised_keys(&report);
    has_no_empty_unknowns(&report, "");
}

#[test]
fn a_check_names_the_line_of_its_endpoint() {
    let (lab, rules) = start_lab();
    let report = run_report(&lab, &rules);
    for check in report["checks"].as_array().unwrap() {
        let place = &check["defined"];
        let text = std::fs::read_to_string(place["file"].as_str().unwrap()).unwrap();
        let line = usize::try_from(place["line"].as_u64().unwrap()).unwrap();
        let id = check["requirement"].as_str().unwrap();
        assert!(text.lines().nth(line - 1).unwrap().contains(id), "{place}: {id}");
    }
    let args = ["-l", "eastus", "--deadline", "1s", "-o", "sarif", "--timeout", "200ms"];
    let log = Program::check_in(&lab).args(args).run().json();
    let places =
        log["runs"][0]["results"].as_array().unwrap().iter().flat_map(|r| r["locations"].as_array().unwrap());
    let places: Vec<_> = places.map(|l| &l["physicalLocation"]).collect();
    assert!(!places.is_empty());
    for place in places {
        assert_eq!(place["artifactLocation"]["uri"], "rules/azure-public.yaml", "{place}");
        assert!(place["region"]["startLine"].as_u64().unwrap() > 10);
    }
}

#[test]
fn the_gateway_host_is_checked_with_gateway_connectivity() {
    let (lab, _) = start_lab();
    let args = ["-l", "eastus", "--gateway-url", "https://abc123.gw.arc.azure.com", "--deadline", "2s"];
    let report = Program::check_in(&lab).args(args).args(["-o", "json", "--timeout", "400ms"]).run().json();
    let hosts: Vec<_> = report["checks"].as_array().unwrap().iter().map(|c| c["host"].clone()).collect();
    assert!(hosts.contains(&"abc123.gw.arc.azure.com".into()), "{hosts:?}");
}

/// Every key that other programs may count on, whatever its value.
fn has_promised_keys(report: &Value) {
    let table: &[(&str, &str)] = &[
        ("", "schema_version tool rules run verdict vantages checks findings advice"),
        ("/tool", "name version"),
        ("/rules/0", "name revision sha256"),
        ("/run", "started_at took_ms cloud region features connectivity interrupted"),
        ("/vantages/0", "id kind node delivered facts error"),
        ("/vantages/0/facts", "resolvers proxy"),
        ("/advice", "networks overlaps skip_range connect_command"),
    ];
    for (place, keys) in table {
        has_keys(report.pointer(place).unwrap_or_else(|| panic!("nothing at {place}")), keys, place);
    }
    for check in report["checks"].as_array().expect("checks") {
        has_keys(
            check,
            "id requirement title required features callers host port protocol pattern vantage route verdict phase \
             cause took_ms attempts",
            "check",
        );
        has_keys(&check["route"], "kind proxy reason", "route");
        for attempt in check["attempts"].as_array().expect("attempts") {
            has_keys(attempt, "address steps", "attempt");
            for step in attempt["steps"].as_array().expect("steps") {
                has_keys(step, "phase outcome started_ms took_ms detail", "step");
                assert!(step["detail"].is_object(), "{step:#}");
            }
        }
        let is_unmet = check["verdict"] == "unmet";
        assert_eq!(check["cause"].is_string() && check["phase"].is_string(), is_unmet, "{check:#}");
    }
    for finding in report["findings"].as_array().expect("findings") {
        let keys = "id severity confidence summary subject evidence consequence remedy docs";
        has_keys(finding, keys, "finding");
        has_keys(&finding["remedy"], "text commands", "remedy");
    }
}

fn has_keys(value: &Value, keys: &str, place: &str) {
    for key in keys.split_whitespace() {
        assert!(value.get(key).is_some(), "{place}: no {key} in {value:#}");
    }
}

/// Unknown is `null`.
fn has_no_empty_unknowns(value: &Value, place: &str) {
    match value {
        Value::String(text) => assert!(!text.is_empty(), "{place} is an empty text"),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(n, v)| has_no_empty_unknowns(v, &format!("{place}/{n}")));
        }
        Value::Object(map) => map.iter().for_each(|(k, v)| has_no_empty_unknowns(v, &format!("{place}/{k}"))),
        _ => {}
    }
}

#[test]
fn ids_in_a_report_are_unique_and_references_resolve() {
    let (lab, rules) = start_lab();
    let report = run_report(&lab, &rules);
    let checks = report["checks"].as_array().expect("checks");
    let ids: BTreeSet<_> = checks.iter().map(|c| c["id"].as_str().expect("an id")).collect();
    assert_eq!(ids.len(), checks.len());
    let vantages: Vec<_> =
        report["vantages"].as_array().expect("vantages").iter().map(|v| &v["id"]).collect();
    assert!(checks.iter().all(|c| vantages.contains(&&c["vantage"])));
    let findings = report["findings"].as_array().expect("findings");
    for evidence in findings.iter().flat_map(|f| f["evidence"].as_array().expect("evidence")) {
        assert!(ids.contains(evidence.as_str().expect("an id")), "{evidence}");
    }
    for check in checks.iter().filter(|c| c["verdict"] == "unmet") {
        let explains = |f: &&Value| {
            f["severity"] != "info" && f["evidence"].as_array().is_some_and(|e| e.contains(&check["id"]))
        };
        assert_eq!(findings.iter().filter(explains).count(), 1, "{}", check["id"]);
    }
}

#[test]
fn two_runs_differ_in_times_and_addresses_only() {
    let (lab, rules) = start_lab();
    let [one, two] = [(); 2].map(|()| {
        let mut report = run_report(&lab, &rules);
        redact(&mut report);
        serde_json::to_string_pretty(&report).expect("JSON")
    });
    let changed: Vec<_> = one.lines().zip(two.lines()).filter(|(a, b)| a != b).take(5).collect();
    assert!(one == two, "{changed:#?}");
}

fn redact(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(redact),
        Value::Object(map) => {
            for (key, value) in map {
                if key.ends_with("_ms")
                    || ["started_at", "address", "local", "clock_skew_s"].contains(&key.as_str())
                {
                    *value = Value::Null;
                } else {
                    redact(value);
                }
            }
        }
        _ => {}
    }
}
