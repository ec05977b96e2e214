//! Who answered, over the wire: behind an inspection whose CA was passed a stranger's page never passes.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use serde_json::Value;

use crate::lab::{App, Host, Http, Lab, Serves, Tls, WebSocket};
use crate::phases::verdict_of;
use crate::program::{Program, RunResult, TestRules, check};

/// Hosts of three companies, so that a page that all of them send is nobody's of them.
const NAMES: [&str; 3] = ["arm.one.example", "sts.two.example", "mcr.three.example"];

fn html(status: u16, body: &str) -> Http {
    Http::Custom(status, vec![("Content-Type".into(), "text/html".into())], body.into())
}

fn inspected(answers: &[Http]) -> Lab {
    let each = NAMES.iter().zip(answers);
    let over = |http: &Http| Serves::TlsAndApp(Tls::Intercepted, App::Http(http.clone()));
    Lab::start(each.map(|(name, http)| Host::new(*name, over(http))).collect())
}

fn run(lab: &Lab, rule: &str, more: &[&str]) -> RunResult {
    let rules = NAMES.iter().fold(TestRules::new(), |rules, name| rules.endpoint(&name[..3], name, rule));
    let flags = rules.flags(lab.directory());
    Program::check_in(lab).args(flags).args(["-o", "json", "--timeout", "1500ms"]).args(more).run()
}

fn verdicts(lab: &Lab, rule: &str) -> Vec<String> {
    let authority = lab.corporate_ca().display().to_string();
    let report = run(lab, rule, &["--proxy-cert", &authority]).json();
    NAMES.iter().map(|name| verdict_of(check(&report, &name[..3]))).collect()
}

/// It answers everything in plain HTTP, on port 443 too.
#[test]
fn a_portal_that_speaks_no_tls_is_one_finding() {
    let lab = Lab::start(NAMES.map(Host::good).into());
    let port = start_plain_portal();
    let rules = NAMES.iter().fold(TestRules::new(), |rules, name| rules.endpoint(&name[..3], name, ""));
    let resolver = lab.resolver().to_string();
    let ran = Program::new()
        .args(["check", "--resolver", &resolver, "--timeout", "1500ms", "-o", "json"])
        .args(NAMES.iter().map(|name| format!("--connect-to={name}:443::{port}")))
        .args(rules.flags(lab.directory()))
        .run();
    let report = ran.exits(3).json();
    for name in NAMES {
        assert_eq!(verdict_of(check(&report, &name[..3])), "tls tls_not_tls");
    }
    let findings: Vec<_> =
        report["findings"].as_array().unwrap().iter().filter(|f| f["severity"] == "blocking").collect();
    assert_eq!(findings.len(), 1, "{report:#}");
    assert_eq!(findings[0]["id"], "captive_portal");
    let text = findings[0].to_string();
    assert!(text.contains("302 to http://login.corp.example/"), "{text}");
    assert!(!text.contains("allow TCP"), "{text}");
}

/// Complains about what is no request, as web servers do, and redirects what is one.
fn start_plain_portal() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 4096];
            let length = stream.read(&mut request).unwrap_or_default();
            let status = if request[..length].starts_with(b"GET / HTTP/1.1") {
                "302 Found\r\nLocation: http://login.corp.example/"
            } else {
                "400 Bad Request"
            };
            let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    port
}

#[test]
fn a_stranger_behind_an_inspection_never_passes() {
    let page = "<html><title>Gateway</title><p>Incident 4711 for HOST at 10:22</p></html>";
    let table = [
        html(403, "<html><title>Access Denied</title></html>"),
        html(502, page),
        html(503, page),
        html(200, "<html><body><a href=/go>Click to continue</a></body></html>"),
        html(200, page),
        html(404, page),
        html(401, page),
        // the page does not say what it is
        Http::Custom(200, vec![], "<!DOCTYPE html><p>Sign in</p>".into()),
        Http::Custom(200, vec![("Content-Type".into(), "application/json".into())], page.into()),
        Http::Custom(200, vec![("Content-Type".into(), "text/plain".into())], "access denied".into()),
        Http::Custom(
            200,
            vec![("Content-Type".into(), "application/json".into())],
            "{\"blocked\":true}".into(),
        ),
        Http::Redirect("https://portal.contoso.example/logon".into()),
        Http::Custom(403, vec![], String::new()),
        Http::Custom(503, vec![], String::new()),
        Http::Custom(404, vec![], String::new()),
        Http::BlockPage,
        // nothing, and nothing of its own
        Http::Custom(200, vec![], String::new()),
        Http::Custom(204, vec![], String::new()),
        Http::Custom(
            404,
            vec![("Content-Type".into(), "application/json".into())],
            "{\"code\":\"denied\"}".into(),
        ),
        Http::Custom(
            401,
            vec![("WWW-Authenticate".into(), "Basic realm=\"FortiGate\"".into())],
            String::new(),
        ),
        Http::Custom(401, vec![("WWW-Authenticate".into(), "Basic realm=\"Gateway\"".into())], String::new()),
        Http::Custom(
            200,
            vec![("Content-Type".into(), "application/grpc".into()), ("grpc-status".into(), "7".into())],
            String::new(),
        ),
        Http::Redirect("/logon".into()),
        Http::Redirect("https://1.2.3.4/logon".into()),
    ];
    for answer in &table {
        for rule in ["", "answer: {status: [200], content: json}", "answer: {marks: [lab]}"] {
            let lab = inspected(&[answer.clone(), answer.clone(), answer.clone()]);
            for verdict in verdicts(&lab, rule) {
                let is_open = ["unverified", "http http_block_page", "http http_redirected"];
                assert!(is_open.contains(&verdict.as_str()), "{answer:?} with {rule:?}: {verdict}");
            }
        }
    }
}

/// Two gateways on one path, each with a CA of its own: the one that was passed is tolerated, the other one is found.
#[test]
fn two_inspecting_cas_are_two_findings() {
    let serves =
        [Tls::Intercepted, Tls::UnknownIssuer, Tls::Intercepted].map(|tls| Serves::TlsAndApp(tls, App::Good));
    let lab = Lab::start(NAMES.iter().zip(serves).map(|(name, serves)| Host::new(*name, serves)).collect());
    let report = run(&lab, "answer: {marks: [lab]}", &[]).exits(3).json();
    for name in NAMES {
        assert_eq!(verdict_of(check(&report, &name[..3])), "tls tls_intercepted");
    }
    let of = |report: &Value, id: &str| {
        let all = report["findings"].as_array().unwrap();
        all.iter().filter(|f| f["id"] == id).cloned().collect::<Vec<_>>()
    };
    let both = of(&report, "tls_inspection");
    assert_eq!(both.len(), 2, "{report:#}");
    assert_eq!(both.iter().map(|f| f["evidence"].as_array().unwrap().len()).sum::<usize>(), 3);
    assert_ne!(both[0]["subject"], both[1]["subject"]);

    let authority = lab.corporate_ca().display().to_string();
    let report = run(&lab, "answer: {marks: [lab]}", &["--proxy-cert", &authority]).exits(3).json();
    let verdicts = NAMES.map(|name| verdict_of(check(&report, &name[..3])));
    assert_eq!(verdicts, ["met", "tls tls_intercepted", "met"]);
    let left = of(&report, "tls_inspection");
    assert_eq!(left.len(), 1, "{report:#}");
    assert_eq!(left[0]["evidence"].as_array().unwrap().len(), 1);
    assert_eq!(of(&report, "tls_inspection_trusted").len(), 1);
}

/// A root that is younger than our list and in the machine's store: no inspection, and no proof either.
#[test]
fn a_root_that_only_this_machine_knows_leaves_the_proof_to_the_answer() {
    let answers = [Http::Status(200), html(200, "<html><p>Welcome</p></html>"), Http::BlockPage];
    let over = |http: &Http| Serves::TlsAndApp(Tls::InterceptedAndLogged, App::Http(http.clone()));
    let hosts = NAMES.iter().zip(&answers).map(|(name, http)| Host::new(*name, over(http)));
    let lab = Lab::start(hosts.collect());
    let rules = NAMES.iter().fold(TestRules::new(), |rules, name| {
        rules.endpoint(&name[..3], name, "answer: {marks: [lab]}\ninspection: forbidden")
    });
    let flags = rules.flags(lab.directory());
    let machine = lab.corporate_ca().display().to_string();
    let report =
        Program::check_in(&lab).args(flags).args(["-o", "json"]).env("SSL_CERT_FILE", &machine).run().json();
    let verdicts = NAMES.map(|name| verdict_of(check(&report, &name[..3])));
    assert_eq!(verdicts, ["met", "unverified", "http http_block_page"], "{report:#}");
    let ids = finding_ids(&report);
    assert!(ids.contains(&"clients_may_distrust".to_owned()), "{ids:?}");
    assert!(!ids.iter().any(|id| id.starts_with("tls_inspection")), "{ids:?}");
}

/// Two hosts of different companies are enough, if the answer says anything.
#[test]
fn data_that_two_strangers_have_alike_is_neither_ones() {
    let json = vec![("Content-Type".into(), "application/json".into())];
    let denied = Http::Custom(404, json, "{\"status\":\"denied by policy\"}".into());
    let lab = inspected(&[denied.clone(), denied, Http::Status(200)]);
    let blocked = "http http_block_page";
    assert_eq!(verdicts(&lab, ""), [blocked, blocked, "unverified"]);
    let to_itself = NAMES.map(|name| Http::Redirect(format!("https://{name}/logon")));
    assert_eq!(verdicts(&inspected(&to_itself), ""), ["unverified"; 3]);
}

#[test]
fn the_marks_of_the_service_pass_through_an_inspection() {
    let lab = inspected(&[Http::Status(200), Http::Json(404, "{\"error\":{}}".into()), Http::Status(503)]);
    assert_eq!(verdicts(&lab, "answer: {status: [200], marks: [lab]}"), ["met", "met", "met"]);
    let authority = lab.corporate_ca().display().to_string();
    let report =
        run(&lab, "answer: {status: [200], marks: [lab]}", &["--proxy-cert", &authority]).exits(0).json();
    assert_eq!(check(&report, "arm")["proof"], "mark");
    assert_eq!(finding_ids(&report), ["tls_inspection_trusted", "service_failing", "stands_in"]);
}

#[test]
fn a_page_that_one_host_gives_away_is_recognized_at_the_others() {
    let page = |names: bool| {
        let product = if names { "<!-- FortiGuard -->" } else { "" };
        html(403, &format!("<html><p>Incident 4711</p></html>{product}"))
    };
    let other = html(403, "<html><p>Something else</p></html>");
    let lab = inspected(&[html(403, "<html><p>Incident 12</p></html>"), page(false), other]);
    assert_eq!(verdicts(&lab, ""), ["unverified"; 3]);
    let named = html(403, "<html><p>Incident 4711</p></html>");
    let Http::Custom(status, mut headers, body) = named.clone() else { unreachable!() };
    headers.push(("Server".into(), "FortiGate".into()));
    let lab = inspected(&[Http::Custom(status, headers, body), named, Http::Status(200)]);
    let blocked = "http http_block_page";
    assert_eq!(verdicts(&lab, "answer: {marks: [lab]}"), [blocked, blocked, "met"]);
    let authority = lab.corporate_ca().display().to_string();
    let report = run(&lab, "answer: {marks: [lab]}", &["--proxy-cert", &authority]).exits(3).json();
    let ids = finding_ids(&report);
    assert_eq!(ids.iter().filter(|id| *id == "blocked_by_filter").count(), 1, "{ids:?}");
}

#[test]
fn over_a_public_chain_any_status_is_reached() {
    for (status, finding) in [(400, None), (403, None), (404, None), (429, Some(())), (503, Some(()))] {
        let lab =
            Lab::start(NAMES.iter().map(|name| Host::new(*name, html(status, "<p>Blocked</p>"))).collect());
        let report = run(&lab, "answer: {status: [200], content: json}", &[]).exits(0).json();
        let note = check(&report, "arm")["note"].as_str().unwrap_or_default();
        assert!(note.contains(&status.to_string()), "{note}");
        let ids = finding_ids(&report);
        assert_eq!(ids.contains(&"service_failing".to_owned()), finding.is_some(), "{status}: {ids:?}");
        let expected = if finding.is_some() { "ready_with_warnings" } else { "ready" };
        assert_eq!(report["verdict"], expected, "{status}");
    }
}

/// A relay answers an upgrade without a token with whatever it likes; only three answers say that it got none.
#[test]
fn a_relay_that_refuses_an_upgrade_was_reached() {
    for status in [400, 401, 404, 500, 503, 504] {
        let lab = Lab::start(vec![Host::new(NAMES[0], WebSocket::RefuseStatus(status))]);
        let rules = TestRules::new().endpoint("arm", NAMES[0], "protocol: wss\nanswer: {status: [101, 401]}");
        let flags = rules.flags(lab.directory());
        let report = Program::check_in(&lab).args(flags).args(["-o", "json"]).run().exits(0).json();
        assert_eq!(verdict_of(check(&report, "arm")), "met", "{status}");
    }
}

/// Another probe takes a second: meanwhile the WebSocket is watched, and seen to be cut.
#[test]
fn a_websocket_is_watched_while_other_probes_run() {
    let hosts = |ms| {
        let slow = Host::new(NAMES[1], Http::Silent);
        Lab::start(vec![Host::new(NAMES[0], WebSocket::CloseAfter(ms)), slow])
    };
    let verdict = |lab: &Lab, hosts: &[&str]| {
        let rule = |name: &str| if name == NAMES[0] { "protocol: wss" } else { "" };
        let rules =
            hosts.iter().fold(TestRules::new(), |rules, name| rules.endpoint(&name[..3], name, rule(name)));
        let flags = rules.flags(lab.directory());
        let ran = Program::check_in(lab).args(flags).args(["-o", "json", "--timeout", "1500ms"]).run();
        verdict_of(check(&ran.json(), "arm"))
    };
    assert_eq!(verdict(&hosts(700), &NAMES[..2]), "websocket ws_closed");
    assert_eq!(verdict(&hosts(10_000), &NAMES[..1]), "met");
}

fn finding_ids(report: &Value) -> Vec<String> {
    let findings = report["findings"].as_array().unwrap();
    findings.iter().map(|finding| finding["id"].as_str().unwrap().to_owned()).collect()
}
