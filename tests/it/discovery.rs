//! Hosts below wildcards: found by asking, or not, through the real binary.

use std::time::Duration;

use serde_json::Value;

use crate::lab::{Dns, Host, Http, Lab, LabOptions, Resolver, Serves, Tcp, Tls, WebSocket, azure, registry};
use crate::program::{Program, TestRules, check};

const LIST: &str = "list.lab.example";
const HUBS: &str = "'*.hub.lab.example'";
const RELAY: &str = "protocol: wss\nanswer: {status: [101]}\ndiscovery: notification-allow-list\nask: list";

/// A list service, and hubs that are found through it.
fn relay_rules() -> TestRules {
    let path = "request: {path: '/urls/allowlist?location={region}'}\nanswer: {status: [200], content: json}";
    TestRules::new().endpoint("list", LIST, path).endpoint("relay", HUBS, RELAY)
}

fn registry_rules() -> TestRules {
    let path = "request: {method: HEAD, path: /v2/chart/manifests/1, headers: {Accept: application/json}}";
    let data = "discovery: registry-redirect\nask: registry\nsamples: [old.data.lab.example]";
    TestRules::new().endpoint("registry", "registry.lab.example", path).endpoint(
        "data",
        "'*.data.lab.example'",
        data,
    )
}

fn identity_rules() -> TestRules {
    let path = "request: {path: '/discovery?location={region}'}";
    let regional = "discovery: his-region\nask: global";
    TestRules::new().endpoint("global", "gbl.his.lab.example", path).endpoint(
        "regional",
        "'{his_code}.his.lab.example'",
        regional,
    )
}

fn serve_json(text: &str) -> Http {
    Http::Json(200, text.to_owned())
}

fn run(lab: &Lab, rules: &TestRules, more: &[&str]) -> Value {
    let flags = rules.flags(lab.directory());
    let timeout: &[&str] = if more.contains(&"--timeout") { &[] } else { &["--timeout", "1500ms"] };
    Program::check_in(lab).args(flags).args(["-o", "json"]).args(timeout).args(more).run().json()
}

/// `host verdict` for each check of a requirement; the pattern where no host is known.
fn list_checks(report: &Value, requirement: &str) -> Vec<String> {
    let all = report["checks"].as_array().expect("checks").iter();
    let word = |c: &Value| {
        let host = c["host"].as_str().or(c["pattern"].as_str()).unwrap_or_default().to_owned();
        format!("{host} {}", c["verdict"].as_str().unwrap_or_default())
    };
    all.filter(|c| c["requirement"] == requirement).map(word).collect()
}

/// The findings with this id; their severities.
fn list_findings<'a>(report: &'a Value, id: &str) -> Vec<&'a str> {
    let all = report["findings"].as_array().expect("findings").iter();
    all.filter(|f| f["id"] == id).filter_map(|f| f["severity"].as_str()).collect()
}

#[test]
fn the_allow_list_names_hubs_that_are_probed_with_a_websocket() {
    let lab = Lab::start(vec![
        Host::new(LIST, serve_json(r#"["a.hub.lab.example", "B.hub.lab.example", "a.hub.lab.example"]"#)),
        Host::good("a.hub.lab.example"),
        Host::new("b.hub.lab.example", WebSocket::Stripped),
    ]);
    let report = run(&lab, &relay_rules(), &[]);
    assert_eq!(list_checks(&report, "relay"), ["a.hub.lab.example met", "b.hub.lab.example unmet"]);
    assert_eq!(check(&report, "relay")["pattern"], "*.hub.lab.example");
    let discovery = &report["discoveries"][0];
    assert_eq!(discovery["outcome"], "found", "{discovery:#}");
    assert_eq!(discovery["asked"], format!("{LIST}/urls/allowlist?location=eastus"));
    assert_eq!(discovery["hosts"], serde_json::json!(["a.hub.lab.example", "b.hub.lab.example"]));
    assert!(discovery["cause"].is_null() && discovery["took_ms"].as_f64() > Some(0.0));
    assert!(list_findings(&report, "discovery_failed").is_empty());
}

#[test]
fn the_global_endpoint_names_the_regional_one() {
    let table = [
        // what it says, the checks, whether there is a pattern and a note
        (r#""https://eus.his.lab.example""#, "eus.his.lab.example met", false),
        (r#""https://weu.his.lab.example/""#, "weu.his.lab.example met", true),
        (r#""https://eus.his.evil.example""#, "eus.his.lab.example met", false),
        ("[]", "eus.his.lab.example met", false),
    ];
    for (answer, expected, is_other) in table {
        let lab = Lab::start(vec![
            Host::new("gbl.his.lab.example", serve_json(answer)),
            Host::good("eus.his.lab.example"),
            Host::good("weu.his.lab.example"),
            Host::good("eus.his.evil.example"),
        ]);
        let report = run(&lab, &identity_rules(), &[]);
        assert_eq!(list_checks(&report, "regional"), [expected], "{answer}");
        assert_eq!(check(&report, "regional")["pattern"].is_string(), is_other, "{answer}");
        assert_eq!(report["discoveries"][0]["note"].is_string(), is_other, "{answer}");
        assert!(!lab.log().iter().any(|line| line.contains("evil")), "{:?}", lab.log());
    }
}

#[test]
fn the_registry_redirects_to_its_data_host() {
    let lab = Lab::start(vec![
        Host::new("registry.lab.example", registry("/v2/chart", "https://new.data.lab.example/blob")),
        Host::good("new.data.lab.example"),
    ]);
    let report = run(&lab, &registry_rules(), &[]);
    assert_eq!(list_checks(&report, "data"), ["new.data.lab.example met"]);
    assert!(!report.to_string().contains("secret"), "{report:#}");
    assert!(!lab.log().iter().any(|line| line.contains("/blob?")), "a redirection was followed");
}

#[test]
fn without_an_answer_the_samples_are_probed_and_the_wildcard_stays_unverified() {
    let digest = format!("sha256:{}", "a".repeat(64));
    let table = [
        registry("/v2/chart", "https://data.elsewhere.example/blob"),
        registry("/v2/other", "https://new.data.lab.example/blob"),
        serve_json(&format!(r#"{{"manifests": [{{"digest": "{digest}"}}]}}"#)),
        serve_json(&format!(r#"{{"layers": [{{"digest": "{digest}"}}]}}"#)),
        serve_json(r#"{"layers": [{"digest": "sha256:../../admin"}]}"#),
    ];
    for answers in table {
        let shown = format!("{answers:?}");
        let lab = Lab::start(vec![
            Host::new("registry.lab.example", answers),
            Host::good("old.data.lab.example"),
            Host::good("data.elsewhere.example"),
        ]);
        let report = run(&lab, &registry_rules(), &[]);
        let expected = ["old.data.lab.example met", "*.data.lab.example unverified"];
        assert_eq!(list_checks(&report, "data"), expected, "{shown}");
        assert_eq!(list_findings(&report, "discovery_failed").len(), 1, "{shown}");
        assert!(list_findings(&report, "wildcard_unverified").is_empty(), "reported twice: {shown}");
        assert!(
            !lab.log().iter().any(|line| line.contains("elsewhere") || line.contains("admin")),
            "{shown}"
        );
    }
}

const UNKNOWN: &str =
    r#"{"errors": [{"code": "MANIFEST_UNKNOWN", "message": "manifest tagged by it is not found"}]}"#;

/// Tags of the registry come and go: that it answers is the proof, and one of several manifests leads to a data host.
#[test]
fn a_registry_without_a_tag_is_open() {
    let without_helm = || vec![("/v2/azurearck8s/".to_owned(), Http::Json(404, UNKNOWN.to_owned()))];
    let Http::Paths(pause) =
        registry("/v2/oss/kubernetes/pause", "https://northcentralus.data.mcr.microsoft.com/x")
    else {
        unreachable!("a registry has paths")
    };
    let nothing = ["/v2/a", "/v2/o"].map(|start| (start.to_owned(), Http::Json(404, UNKNOWN.to_owned())));
    let base = ("/v2/".to_owned(), Http::Json(200, "{}".to_owned()));
    let table = [
        (
            [without_helm(), pause].concat(),
            "ready",
            vec!["northcentralus.data.mcr.microsoft.com met"],
            vec![],
        ),
        (
            nothing.into_iter().chain([base]).collect(),
            "ready_with_warnings",
            vec![
                "westus.data.mcr.microsoft.com met",
                "northeurope.data.mcr.microsoft.com met",
                "westeurope.data.mcr.microsoft.com met",
                "*.data.mcr.microsoft.com unverified",
            ],
            vec!["warning"],
        ),
    ];
    for (paths, verdict, data_hosts, findings) in table {
        let mut hosts = azure();
        hosts.retain(|host| host.name != "mcr.microsoft.com");
        hosts.push(Host::new("mcr.microsoft.com", Http::Paths(paths)));
        let lab = Lab::start_with(hosts, LabOptions { default: Some(Serves::Good), ..LabOptions::default() });
        let report = Program::check_in(&lab).args(["-l", "eastus", "-o", "json"]).run().exits(0).json();
        assert_eq!(report["verdict"], verdict, "{:#}", report["findings"]);
        assert_eq!(list_checks(&report, "pub-mcr"), ["mcr.microsoft.com met"]);
        assert_eq!(list_checks(&report, "pub-mcr-data"), data_hosts);
        assert_eq!(list_findings(&report, "discovery_failed"), findings);
    }
}

/// The notification service is known to take its time: its answer may take several time-outs, and those of others may not.
#[test]
fn a_service_that_is_known_to_be_slow_has_its_time() {
    let late = |text: &str| Http::Late(Duration::from_millis(1200), Box::new(serve_json(text)));
    let lab = Lab::start(vec![
        Host::new(LIST, late(r#"["a.hub.lab.example"]"#)),
        Host::good("a.hub.lab.example"),
        Host::new("other.lab.example", late("[]")),
    ]);
    let path = "request: {path: '/urls/allowlist?location={region}'}\nanswer: {status: [200], patience: 8}";
    let rules = TestRules::new().endpoint("list", LIST, path).endpoint("relay", HUBS, RELAY).endpoint(
        "other",
        "other.lab.example",
        "",
    );
    let report = run(&lab, &rules, &["--timeout", "500ms", "--no-cross-check"]);
    assert_eq!(list_checks(&report, "list"), [format!("{LIST} met")]);
    assert_eq!(list_checks(&report, "relay"), ["a.hub.lab.example met"]);
    assert_eq!(check(&report, "other")["cause"], "http_timeout");
}

/// Each phase in which the question can fail, and each answer that is of no use.
#[test]
fn a_failed_discovery_has_a_cause_of_its_own() {
    let page = |status| {
        Http::Custom(status, vec![("Content-Type".into(), "text/html".into())], "<p>Blocked</p>".into())
    };
    let serves = |serves: Serves| Host::new(LIST, serves);
    let large = format!("[{}\"x\"]", "\"a.hub.lab.example\",".repeat(20_000));
    let table = [
        (Host::with_dns(LIST, Dns::Nxdomain), "resolve", "dns_nxdomain"),
        (serves(Tcp::Refused.into()), "connect", "tcp_refused"),
        (serves(Tcp::Blackhole.into()), "connect", "tcp_timeout"),
        (serves(Tls::Expired.into()), "tls", "tls_expired"),
        (serves(Tls::Intercepted.into()), "tls", "tls_intercepted"),
        (serves(Tls::Stall.into()), "tls", "tls_timeout"),
        (serves(Http::Silent.into()), "http", "http_timeout"),
        (serves(Http::CloseAfterRequest.into()), "http", "http_closed"),
        (serves(Http::Status(503).into()), "http", "http_unexpected_status"),
        (serves(Http::Redirect("https://portal.lab.example/".into()).into()), "http", "http_redirected"),
        (serves(Http::EndlessBody.into()), "http", "unknown"),
        (serves(serve_json(&large).into()), "http", "unknown"),
        (serves(serve_json("{}").into()), "http", "unknown"),
        (serves(serve_json("[]").into()), "http", "unknown"),
        (serves(page(200).into()), "http", "unknown"),
    ];
    for (host, phase, cause) in table {
        let shown = format!("{:?} {:?}", host.dns, host.serves);
        let lab = Lab::start(vec![host, Host::good("a.hub.lab.example")]);
        let report = run(&lab, &relay_rules(), &[]);
        let discovery = &report["discoveries"][0];
        let got = [&discovery["outcome"], &discovery["phase"], &discovery["cause"]];
        assert_eq!(got, ["failed", phase, cause], "{shown}: {discovery:#}");
        assert!(discovery["raw"].is_string(), "{discovery:#}");
        assert_eq!(list_checks(&report, "relay"), ["*.hub.lab.example unverified"], "{shown}");
        assert_eq!(check(&report, "relay")["unverified"], "not_discovered");
        // what explains the host that is asked explains this too
        let is_failing = list_findings(&report, "service_failing") == ["warning"];
        let (findings, verdict): (&[&str], _) = match check(&report, "list")["verdict"] == "met" {
            true if is_failing => (&[], "incomplete"),
            true => (&["warning"], "incomplete"),
            false => (&[], "blocked"),
        };
        assert_eq!(list_findings(&report, "discovery_failed"), findings, "{shown}");
        assert!(list_findings(&report, "wildcard_unverified").is_empty(), "{shown}");
        assert_eq!(
            list_findings(&report, "stands_in").len() + 1,
            report["findings"].as_array().unwrap().len()
        );
        assert_eq!(report["verdict"], verdict, "{shown}");
    }
}

#[test]
fn hosts_outside_the_wildcard_are_refused() {
    let hosts = || vec![Host::good("a.hub.lab.example"), Host::good("a.evil.example")];
    let table = [
        (
            r#"["a.evil.example", "hub.lab.example", "a.hub.lab.example.evil.example"]"#,
            "refused",
            "warning",
            5,
        ),
        (r#"["a.evil.example", "a.hub.lab.example"]"#, "found", "info", 0),
    ];
    for (answer, outcome, severity, code) in table {
        let lab = Lab::start(hosts().into_iter().chain([Host::new(LIST, serve_json(answer))]).collect());
        let flags = relay_rules().flags(lab.directory());
        let report = Program::check_in(&lab).args(flags).args(["-o", "json"]).run().exits(code).json();
        assert_eq!(report["discoveries"][0]["outcome"], outcome);
        assert_eq!(report["discoveries"][0]["refused"][0], "a.evil.example");
        assert_eq!(list_findings(&report, "discovery_failed"), [severity]);
        assert!(!lab.log().iter().any(|line| line.contains("evil")), "{:?}", lab.log());
    }
}

#[test]
fn no_discovery_asks_no_service() {
    let lab = Lab::start(vec![Host::new(LIST, serve_json(r#"["a.hub.lab.example"]"#))]);
    let report = run(&lab, &relay_rules(), &["--no-discovery"]);
    assert_eq!(list_checks(&report, "relay"), ["*.hub.lab.example unverified"]);
    assert_eq!(report["discoveries"], serde_json::json!([]));
    assert!(list_findings(&report, "discovery_failed").is_empty());
    let asked = lab.log().iter().filter(|line| line.contains("/urls/allowlist")).count();
    assert_eq!(asked, 1, "the check alone");
}

/// What is silent costs one time-out, discovery, samples and all. The limit leaves room for a busy machine.
#[test]
fn a_silent_service_costs_one_time_out() {
    let dropped = || {
        vec![
            Host::new("registry.lab.example", Tcp::Blackhole),
            Host::new("old.data.lab.example", Tcp::Blackhole),
        ]
    };
    for resolver in [Resolver::Good, Resolver::Silent] {
        let lab = Lab::start_with(dropped(), LabOptions { resolver, ..LabOptions::default() });
        let report = run(&lab, &registry_rules(), &["--timeout", "2s"]);
        let took = report["run"]["took_ms"].as_f64().expect("a number");
        assert!((1900.0..3500.0).contains(&took), "{resolver:?}: {took} ms");
        let telling = report["findings"].as_array().expect("findings").iter();
        let blocking: Vec<_> = telling.filter(|f| f["severity"] == "blocking").map(|f| &f["id"]).collect();
        assert_eq!(blocking.len(), 1, "{resolver:?}: {blocking:?}");
        assert!(list_findings(&report, "discovery_failed").is_empty(), "part of one cause");
    }
}

#[test]
fn a_deadline_ends_discoveries_too() {
    let lab = Lab::start(vec![Host::new(LIST, Http::Silent)]);
    let report = run(&lab, &relay_rules(), &["--deadline", "400ms"]);
    assert_eq!(list_checks(&report, "relay"), ["*.hub.lab.example unverified"]);
    assert_eq!(report["discoveries"][0]["raw"], "the run's deadline passed first");
    assert!(list_findings(&report, "discovery_failed").is_empty());
    assert_eq!(list_findings(&report, "run_incomplete").len(), 1);
}

/// The order of the rules, whatever comes when.
#[test]
fn checks_stay_in_plan_order() {
    let lab = Lab::start_with(
        vec![Host::new(LIST, serve_json(r#"["b.hub.lab.example", "a.hub.lab.example"]"#))],
        LabOptions { default: Some(Serves::Good), ..LabOptions::default() },
    );
    let rules = TestRules::new()
        .endpoint("relay", HUBS, RELAY)
        .endpoint("list", LIST, "request: {path: /urls/allowlist}")
        .endpoint("last", "last.lab.example", "");
    let report = run(&lab, &rules, &[]);
    let ids: Vec<_> =
        report["checks"].as_array().expect("checks").iter().map(|c| c["id"].as_str().unwrap()).collect();
    let expected = ["relay/b.hub", "relay/a.hub", "list/list", "last/last"];
    assert_eq!(ids, expected.map(|id| format!("workstation/{id}.lab.example")));
}
