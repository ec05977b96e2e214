//! What a saved report found unmet, whoever wrote the report.

use std::io::Write as _;
use std::process::Stdio;

use serde_json::{Value, json};

use super::requirements;
use crate::hostile::assert_printable;
use crate::program::{Program, RunResult, to_result};

const MIXED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/reports/mixed.json");

const FORMS: [&str; 8] =
    ["text", "json", "csv", "markdown", "squid", "azure-firewall", "palo-alto", "no-proxy"];

#[test]
fn only_what_is_unmet_is_listed() {
    let ran = requirements(["--only-unmet", MIXED]).exits(0);
    insta::assert_snapshot!("requirements-unmet", ran.stdout);
    assert!(ran.stderr.contains("1 check is unverified in the report and not listed"), "{}", ran.stderr);
    let list = requirements(["--only-unmet", MIXED, "-o", "json"]).exits(0).json();
    assert_eq!(list["only_unmet"], true);
    let rows = list["requirements"].as_array().unwrap();
    let row = |id: &str| rows.iter().find(|r| r["id"] == id).unwrap_or_else(|| panic!("{id}"));
    assert_eq!(row("mcr")["from"], json!(["pod", "node"]), "two vantages share a row");
    assert_eq!(row("relay")["host"], "*.servicebus.windows.net", "three hosts share their wildcard");
    assert!(!rows.iter().any(|r| r["id"] == "defender"), "unverified is not unmet");
    let expanded = requirements(["--only-unmet", MIXED, "-o", "json", "--expand"]).exits(0).json();
    let relays = expanded["requirements"].as_array().unwrap().iter().filter(|r| r["id"] == "relay");
    assert_eq!(relays.count(), 3);
}

/// A waiver changes what counts, not what the firewall lets through.
#[test]
fn accepted_checks_are_listed_anyway() {
    let accepted = MIXED.replace("mixed", "accepted");
    let list = |path: &str| requirements(["--only-unmet", path, "-o", "palo-alto"]).exits(0);
    assert_eq!(list(&accepted).stdout, list(MIXED).stdout);
    let expected = "9 checks are accepted by waivers and listed anyway";
    assert!(list(&accepted).stderr.contains(expected) && !list(MIXED).stderr.contains("accepted"));
    let list = requirements(["--only-unmet", &accepted, "-o", "json"]).exits(0).json();
    let mcr = list["requirements"].as_array().unwrap().iter().find(|r| r["id"] == "mcr").unwrap();
    assert_eq!(mcr["remarks"], json!(["found tls_intercepted", "accepted until 2026-12-31"]));
}

/// The rules know of an endpoint what its check does not say.
#[test]
fn the_rules_complete_a_report() {
    let mut report = read_mixed_report();
    report["vantages"].as_array_mut().unwrap().iter_mut().for_each(|v| v["kind"] = "workstation".into());
    for check in checks(&mut report).filter(|c| c["requirement"] == "relay") {
        check["requirement"] = "pub-relay".into();
    }
    let list = run_on_report(&report, &["-o", "json"]).exits(0).json();
    let rows = list["requirements"].as_array().unwrap();
    let relay = rows.iter().find(|r| r["id"] == "pub-relay").unwrap();
    assert_eq!(relay["tls_inspection"], "forbidden");
    assert_eq!(relay["from"], json!(["pod", "workstation"]), "the workstation stood in for them");
    assert!(relay["sources"][0]["date"].is_string());
}

#[test]
fn a_met_alternative_is_enough() {
    let mut report = read_mixed_report();
    let both = checks(&mut report).filter(|c| c["requirement"] == "arm" || c["requirement"] == "aad");
    for (check, verdict) in both.zip(["met", "unmet"]) {
        check["alternative"] = "either".into();
        check["verdict"] = verdict.into();
    }
    let list = run_on_report(&report, &["-o", "csv"]).exits(0).stdout;
    assert!(!list.contains("management.azure.com") && !list.contains("login.microsoftonline.com"), "{list}");
}

/// A firewall that opens what is inspected, or has no name, changes nothing.
#[test]
fn devices_get_only_what_they_open() {
    let ran = requirements(["--only-unmet", MIXED, "-o", "palo-alto"]).exits(0);
    assert!(ran.stdout.contains("sts.windows.net/") && !ran.stdout.contains("management"), "{}", ran.stdout);
    assert!(ran.stderr.contains("to exempt from TLS inspection: management.azure.com, "), "{}", ran.stderr);
    let mut report = read_mixed_report();
    for (check, cause) in checks(&mut report).filter(|check| check["verdict"] == "unmet").zip([
        "dns_nxdomain",
        "proxy_auth_required",
        "clock_skew",
        "tcp_timeout",
    ]) {
        check["cause"] = cause.into();
    }
    let rows = run_on_report(&report, &["-o", "json"]).exits(0).json();
    let fixes: Vec<_> = rows["requirements"].as_array().unwrap().iter().map(|row| &row["fixes"]).collect();
    assert_eq!(fixes[..4], [&json!(["resolve"]), &json!(["logon"]), &json!(["other"]), &json!(["open"])]);
    let notes = run_on_report(&report, &["-o", "squid"]).exits(0).stderr;
    for heading in [
        "to resolve in DNS: ",
        "to authenticate at the proxy for: ",
        "to fix elsewhere, see arcprobe explain: ",
    ] {
        assert!(notes.contains(heading), "{heading}{notes}");
    }
}

#[test]
fn nothing_unmet_is_an_empty_list() {
    let mut report = read_mixed_report();
    checks(&mut report).for_each(|check| check["verdict"] = "met".into());
    for form in FORMS {
        let ran = run_on_report(&report, &["-o", form]).exits(0);
        assert!(ran.stderr.contains("the report found nothing unmet"), "{form}: {}", ran.stderr);
    }
}

#[test]
fn an_invalid_host_is_refused() {
    let bad = [
        "a.example.com\nhttp_access allow all",
        "a.example.com http_access",
        "\"; reboot",
        "[concat('x')]",
        "*",
        "",
        "{git_host}",
        "a.example.com\u{202e}",
    ];
    for host in bad {
        for field in ["host", "pattern"] {
            let mut report = read_mixed_report();
            let check = checks(&mut report).find(|c| c["verdict"] == "unmet").unwrap();
            check[field] = host.into();
            let refused = run_on_report(&report, &["-o", "squid"]).exits(2);
            assert_eq!(refused.stdout, "", "{host:?}");
            let line = "--only-unmet -: the check \"pod/arm/management.azure.com\" has no usable host:";
            assert!(
                refused.stderr.contains(line) && refused.stderr.contains("right is"),
                "{host:?}: {}",
                refused.stderr
            );
            assert_printable(&refused.stderr);
        }
    }
    let mut report = read_mixed_report();
    checks(&mut report).for_each(|check| check["port"] = 0.into());
    assert!(run_on_report(&report, &[]).exits(2).stderr.contains("has port 0"));
}

/// What is still closed must not take the place of what is open.
#[test]
fn a_partial_list_is_not_a_whole_configuration() {
    let refused = run_on_report(&read_mixed_report(), &["-o", "cilium"]).exits(2);
    assert!(refused.stderr.contains("denies what it does not list"), "{}", refused.stderr);
    let template = run_on_report(&read_mixed_report(), &["-o", "azure-firewall"]).exits(0).stdout;
    assert!(template.contains("/arc-kubernetes-unmet'"), "{template}");
    let mut met = read_mixed_report();
    checks(&mut met).for_each(|check| check["verdict"] = "met".into());
    for form in ["squid", "azure-firewall", "palo-alto"] {
        let ran = run_on_report(&met, &["-o", form]).exits(0);
        assert_eq!(ran.stdout, "", "{form}");
        assert!(ran.stderr.contains("nothing is written"), "{}", ran.stderr);
    }
}

/// Every text of a report that is no host and no word of a closed set.
#[test]
fn no_text_of_a_report_escapes_its_field() {
    let evil = "=cmd()|x` </td><script>\n- toEntities: [all]\nhttp_access allow all \\\u{1b}[2J\u{202e}";
    let mut report = read_mixed_report();
    report["run"]["region"] = evil.into();
    report["run"]["features"] = json!(["core", evil]);
    report["rules"][0]["name"] = evil.into();
    for check in checks(&mut report) {
        for field in ["title", "why", "breaks", "requirement"] {
            check[field] = evil.repeat(100).into();
        }
        check["callers"] = json!([evil]);
        check["features"] = json!([evil]);
    }
    for form in FORMS {
        let ran = run_on_report(&report, &["-o", form, "-v"]).exits(0);
        let text = ran.stdout;
        assert_printable(&text);
        let begins = |start: &str| text.lines().any(|line| line.trim_start().starts_with(start));
        match form {
            "squid" => assert!(!begins("http_access allow all") && !text.contains('\\')),
            "csv" => assert!(!text.contains(",=") && !begins("="), "{text}"),
            "markdown" => assert!(!text.contains("<script>") && text.contains("\\|x\\`"), "{text}"),
            "json" | "azure-firewall" => drop(serde_json::from_str::<Value>(&text).unwrap()),
            _ => {}
        }
        assert!(text.lines().all(|line| line.chars().count() < 4_000), "{form}");
    }
}

#[test]
fn a_file_that_is_not_a_report_is_refused() {
    for (text, part) in
        [("", "EOF"), ("{}", "schema_version"), ("{\"schema_version\": 2}", "reads version 1")]
    {
        let ran = run_with_stdin(text.as_bytes(), &[]).exits(2);
        assert!(ran.stderr.contains(part), "{}", ran.stderr);
        // another version is one, and would not be helped
        let is_one = part == "reads version 1";
        assert_eq!(!is_one, ran.stderr.contains("arcprobe check -o json writes one"), "{}", ran.stderr);
    }
}

fn read_mixed_report() -> Value {
    serde_json::from_str(&std::fs::read_to_string(MIXED).unwrap()).unwrap()
}

fn checks(report: &mut Value) -> impl Iterator<Item = &mut Value> {
    report["checks"].as_array_mut().unwrap().iter_mut()
}

fn run_on_report(report: &Value, args: &[&str]) -> RunResult {
    run_with_stdin(report.to_string().as_bytes(), args)
}

/// With the report on standard input.
fn run_with_stdin(report: &[u8], args: &[&str]) -> RunResult {
    let mut command = Program::new().args(["requirements", "--only-unmet", "-"]).args(args).into_command();
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(report).unwrap();
    to_result(&child.wait_with_output().unwrap())
}
