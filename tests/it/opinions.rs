//! Second opinions over the wire: servers that our phases fail at and an ordinary client does not, and the other way round.

use serde_json::Value;

use crate::lab::{App, Host, Http, Lab, Proxy, Serves, Tcp, Tls, WebSocket};
use crate::phases::verdict_of;
use crate::program::{Program, RunResult, TestRules, check};

/// As a front end that a probe cannot speak with.
fn to_probes(behaviour: Http) -> Http {
    Http::ToClosing(Box::new(behaviour), Box::new(Http::Status(200)))
}

fn run(lab: &Lab, rules: &TestRules, more: &[&str]) -> RunResult {
    let flags = rules.flags(lab.directory());
    Program::check_in(lab).args(flags).args(["-o", "json", "--timeout", "1500ms"]).args(more).run()
}

/// Whether hands were shaken in time for a large hello, which is no matter of these tests, is chance.
fn list_purposes(check: &Value) -> Vec<&str> {
    let all = check["attempts"].as_array().unwrap().iter().map(|a| a["purpose"].as_str().unwrap());
    all.filter(|purpose| !["lookup", "large_hello"].contains(purpose)).collect()
}

fn find_attempt<'a>(check: &'a Value, purpose: &str) -> &'a Value {
    let attempts = check["attempts"].as_array().unwrap();
    attempts.iter().find(|a| a["purpose"] == purpose).unwrap_or_else(|| panic!("no {purpose}: {check:#}"))
}

fn find_second_opinion(check: &Value) -> &Value {
    find_attempt(check, "reference")
}

fn list_finding_ids(report: &Value) -> Vec<&str> {
    report["findings"].as_array().unwrap().iter().map(|f| f["id"].as_str().unwrap()).collect()
}

/// Entries of the lab's log that begin so.
fn count_requests(lab: &Lab, start: &str) -> usize {
    lab.log().iter().filter(|entry| entry.starts_with(start)).count()
}

#[test]
fn where_only_the_probe_fails_it_is_a_finding_about_the_program() {
    let lab = Lab::start(vec![
        Host::new("quick.lab.example", to_probes(Http::CloseAfterRequest)),
        Host::new("plain.lab.example", Serves::PlainHttp(to_probes(Http::Garbage))),
        Host::good("good.lab.example"),
    ]);
    let rules = TestRules::new()
        .endpoint("quick", "quick.lab.example", "")
        .endpoint("plain", "plain.lab.example", "protocol: http\nport: 80")
        .endpoint("good", "good.lab.example", "");
    let report = run(&lab, &rules, &[]).exits(5).json();
    for (id, cause) in [("quick", "http_closed"), ("plain", "http_protocol")] {
        let check = check(&report, id);
        assert_eq!(verdict_of(check), "unverified", "{check:#}");
        assert_eq!((&check["unverified"], &check["cause"]), (&"contradicted".into(), &Value::Null));
        assert_eq!(list_purposes(check), ["probe", "reference", "retry"], "{check:#}");
        assert_eq!(find_second_opinion(check)["steps"][0]["detail"]["status"], 200);
        let steps = find_attempt(check, "retry")["steps"].as_array().unwrap();
        assert_eq!(steps.last().unwrap()["cause"], cause);
    }
    assert_eq!(list_finding_ids(&report), ["probe_disagrees", "stands_in"]);
    let text = report["findings"][0]["explanation"].as_str().unwrap();
    assert!(text.contains("http_closed at 127.0.0.1:") && text.contains("the client got 200"), "{text}");
}

/// It runs beside the probe, so that a server which says nothing costs one time-out whether or not a client gets through.
#[test]
fn silence_costs_one_time_out() {
    let lab = Lab::start(vec![
        Host::new("silent.lab.example", to_probes(Http::Silent)),
        Host::new("mute.lab.example", Http::Silent),
        Host::new("hole.lab.example", Tcp::Blackhole),
    ]);
    let rules = TestRules::new()
        .endpoint("silent", "silent.lab.example", "")
        .endpoint("mute", "mute.lab.example", "")
        .endpoint("hole", "hole.lab.example", "");
    let report = run(&lab, &rules, &[]).exits(3).json();
    assert_eq!(verdict_of(check(&report, "silent")), "unverified");
    for (id, verdict) in [("mute", "http http_timeout"), ("hole", "connect tcp_timeout")] {
        let check = check(&report, id);
        assert_eq!(verdict_of(check), verdict);
        assert_eq!(find_second_opinion(check)["steps"][0]["outcome"], "failed", "{check:#}");
    }
    for check in report["checks"].as_array().unwrap() {
        let took = check["took_ms"].as_f64().unwrap();
        assert!(took < 1.5 * 1500.0, "{took} ms: {check:#}");
    }
}

#[test]
fn what_a_network_got_over_is_met() {
    let lab = Lab::start(vec![Host::new("flaps.lab.example", Tls::ResetsFirstHello)]);
    let rules = TestRules::new().endpoint("flaps", "flaps.lab.example", "");
    let report = run(&lab, &rules, &[]).exits(0).json();
    let check = check(&report, "flaps");
    assert_eq!(verdict_of(check), "met", "{check:#}");
    assert_eq!(list_purposes(check), ["probe", "older_version", "reference", "retry"], "{check:#}");
    assert_eq!(list_finding_ids(&report), ["stands_in"]);
}

/// The client judges chains and answers as the probe does, and says nothing on what the probe judged.
#[test]
fn what_was_judged_is_not_asked_about() {
    let over = |http| Serves::TlsAndApp(Tls::Intercepted, App::Http(http));
    let lab = Lab::start(vec![
        Host::new("inspected.lab.example", over(to_probes(Http::CloseAfterRequest))),
        Host::new("expired.lab.example", Tls::Expired),
        Host::new("upgrade.lab.example", WebSocket::Stripped),
        Host::new("page.lab.example", Serves::PlainHttp(Http::BlockPage)),
    ]);
    let rules = TestRules::new()
        .endpoint("inspected", "inspected.lab.example", "")
        .endpoint("expired", "expired.lab.example", "")
        .endpoint("upgrade", "upgrade.lab.example", "protocol: wss\nanswer: {status: [101, 404]}")
        .endpoint("page", "page.lab.example", "protocol: http\nport: 80");
    let report = run(&lab, &rules, &[]).exits(3).json();
    for check in report["checks"].as_array().unwrap() {
        assert_eq!(check["verdict"], "unmet", "{check:#}");
        assert!(!list_purposes(check).contains(&"reference"), "{check:#}");
    }
    // the same inspection, by an authority that was given: now the answer is the service's
    let authority = lab.corporate_ca().display().to_string();
    let report = run(&lab, &rules, &["--proxy-cert", &authority]).json();
    assert_eq!(verdict_of(check(&report, "inspected")), "unverified");
}

/// A filter that breaks the probe off and shows its page to everybody else lets nobody through.
#[test]
fn a_page_of_somebody_else_is_no_success() {
    let filter = Http::ToClosing(Box::new(Http::CloseAfterRequest), Box::new(Http::BlockPage));
    let lab = Lab::start(vec![Host::new("page.lab.example", Serves::PlainHttp(filter))]);
    let rules = TestRules::new().endpoint("page", "page.lab.example", "protocol: http\nport: 80");
    let report = run(&lab, &rules, &[]).exits(3).json();
    let check = check(&report, "page");
    assert_eq!(verdict_of(check), "http http_closed");
    assert_eq!(find_second_opinion(check)["steps"][0]["cause"], "http_block_page", "{check:#}");
}

#[test]
fn healthy_checks_and_no_cross_check_cost_nothing() {
    let lab = Lab::start(vec![
        Host::good("good.lab.example"),
        Host::new("reset.lab.example", Tls::ResetAfterHello),
        Host::new("stalls.lab.example", Tls::Stall),
    ]);
    let good = TestRules::new().endpoint("good", "good.lab.example", "");
    run(&lab, &good, &[]).exits(0);
    assert_eq!(count_requests(&lab, "http good.lab.example "), 1, "{:?}", lab.log());
    let rules = TestRules::new().endpoint("reset", "reset.lab.example", "").endpoint(
        "stalls",
        "stalls.lab.example",
        "",
    );
    let report = run(&lab, &rules, &["--no-cross-check"]).exits(3).json();
    for check in report["checks"].as_array().unwrap() {
        assert!(!list_purposes(check).contains(&"reference"), "{check:#}");
    }
}

/// Two requirements at the same URL share one opinion.
#[test]
fn the_same_question_is_asked_once() {
    let lab = Lab::start(vec![Host::new("reset.lab.example", Tls::ResetAfterHello)]);
    let rules =
        TestRules::new().endpoint("one", "reset.lab.example", "").endpoint("two", "reset.lab.example", "");
    let report = run(&lab, &rules, &[]).exits(3).json();
    // with the time at which it was asked for
    assert_eq!(find_second_opinion(check(&report, "one")), find_second_opinion(check(&report, "two")));
}

/// The client goes through the same proxy, with its credentials; the direct way is another question.
#[test]
fn the_client_takes_the_same_proxy() {
    let lab = Lab::start(vec![
        Host::new("quick.lab.example", to_probes(Http::CloseAfterRequest)),
        Host::new("reset.lab.example", Tls::ResetAfterHello),
    ]);
    let rules = TestRules::new().endpoint("quick", "quick.lab.example", "").endpoint(
        "reset",
        "reset.lab.example",
        "",
    );
    let proxy = format!("http://{}@{}", crate::lab::CREDENTIALS, lab.proxy(Proxy::RequiresAuthentication));
    let report = Program::new()
        .args(["check", "-o", "json", "--timeout", "1500ms", "--resolver", &lab.resolver().to_string()])
        .args(["--public-roots", &lab.roots().display().to_string(), "--proxy-https", &proxy])
        .args(rules.flags(lab.directory()))
        .run()
        .exits(3)
        .json();
    let quick = check(&report, "quick");
    assert_eq!(verdict_of(quick), "unverified", "{quick:#}");
    assert_eq!(verdict_of(check(&report, "reset")), "tls tls_reset");
    assert!(count_requests(&lab, "proxy CONNECT quick.lab.example:443") >= 3, "{:?}", lab.log());
    assert!(!report.to_string().contains("secret"));
}
