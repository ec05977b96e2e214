//! The phase `proxy` through the real binary: each word, produced by a proxy of the lab, and what is reported of it.

use std::time::Duration;

use serde_json::Value;

use crate::lab::{CREDENTIALS, Host, Http, Lab, LabOptions, Proxy, Serves, Tls, WebSocket, pem};
use crate::program::{Program, RunResult, TestRules, check};

const NAMES: [&str; 2] = ["one.lab.example", "two.lab.example"];

fn lab() -> Lab {
    Lab::start(NAMES.iter().map(|n| Host::good(*n)).collect())
}

fn rules() -> TestRules {
    NAMES
        .iter()
        .fold(TestRules::new(), |rules, name| rules.endpoint(&name[..3], name, "answer: {marks: [lab]}"))
}

/// Runs `check` with nothing but the proxy to get out by: no name resolves for us.
fn run(lab: &Lab, proxy: &str, more: &[&str]) -> RunResult {
    check_through(lab, proxy, more).run()
}

fn check_through(lab: &Lab, proxy: &str, more: &[&str]) -> Program {
    check_rules(lab, &rules(), proxy, more)
}

fn check_rules(lab: &Lab, rules: &TestRules, proxy: &str, more: &[&str]) -> Program {
    let flags = rules.flags(lab.directory());
    Program::new()
        .args(["check", "-o", "json", "--timeout", "1500ms", "--resolver", &lab.resolver().to_string()])
        .args(["--public-roots", &lab.roots().display().to_string(), "--proxy-https", proxy])
        .args(flags)
        .args(more)
}

fn url(address: std::net::SocketAddr) -> String {
    format!("http://{address}")
}

fn causes(report: &Value) -> Vec<String> {
    let checks = report["checks"].as_array().unwrap();
    checks.iter().map(|c| c["cause"].as_str().unwrap_or("met").to_owned()).collect()
}

fn findings(report: &Value) -> Vec<String> {
    let findings = report["findings"].as_array().unwrap();
    findings.iter().map(|f| f["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn every_fault_of_a_proxy_is_one_finding() {
    let table = [
        (Proxy::RequiresAuthentication, "proxy_auth_required", "proxy_login"),
        (Proxy::Denies, "proxy_denied", "proxy_denied"),
        (Proxy::BadGateway, "proxy_upstream", "proxy_upstream"),
        (Proxy::Silent, "proxy_timeout", "proxy_down"),
        (Proxy::Closes, "proxy_closed", "proxy_down"),
        (Proxy::Garbage, "proxy_protocol", "proxy_down"),
    ];
    let lab = lab();
    for (behaviour, cause, finding) in table {
        let report = run(&lab, &url(lab.proxy(behaviour)), &["--no-cross-check"]).exits(3).json();
        assert_eq!(causes(&report), [cause, cause], "{behaviour:?}");
        let ids = findings(&report);
        assert_eq!(
            ids.iter().filter(|id| *id != "stands_in").collect::<Vec<_>>(),
            [finding],
            "{behaviour:?}"
        );
        assert_eq!(report["run"]["connectivity"], "proxy");
    }
}

/// A PAC file is no proxy; the proxies that it names are listed to choose from.
#[test]
fn a_pac_file_is_not_taken_for_a_proxy() {
    let file = "function FindProxyForURL(url, host) { return \"PROXY proxy.lab.example:8080; DIRECT\"; }";
    let typed = |media: &str| vec![("Content-Type".to_owned(), media.to_owned())];
    let page = |media: &str, text: &str| Http::Custom(200, typed(media), text.to_owned());
    let pac = "application/x-ns-proxy-autoconfig";
    let paths = [
        ("/proxy.pac", page("text/plain", file)),
        ("/config", page(pac, file)),
        ("/direct.pac", page(pac, "return \"DIRECT\"")),
        ("/endless.pac", Http::EndlessBody),
        ("/silent.pac", Http::Silent),
    ];
    let paths = Http::Paths(paths.map(|(path, page)| (path.to_owned(), page)).into());
    let lab = Lab::start(vec![Host::new("wpad.lab.example", Serves::PlainHttp(paths)), Host::good(NAMES[0])]);
    let local = lab.directory().join("local.pac");
    std::fs::write(&local, file).unwrap();
    let server = format!("127.0.0.1:{}", lab.port("wpad.lab.example"));
    let named = "\n  PROXY proxy.lab.example:8080  # --proxy-https http://proxy.lab.example:8080\n";
    let unread = "It cannot be read from here (";
    let table = [
        (format!("http://{server}/proxy.pac"), named),
        (format!("{server}/proxy.pac"), named),
        (format!("http://joe:topsecret@{server}/proxy.pac?key=topsecret"), named),
        (format!("http://{server}/config"), named),
        (local.display().to_string(), named),
        (format!("file://{}", local.display()), named),
        (format!("http://{server}/direct.pac"), "It has no PROXY HOST:PORT written out"),
        (format!("http://{server}/gone.pac"), "(it is answered with HTTP 404)"),
        (format!("http://{server}/endless.pac"), unread),
        (format!("http://{server}/silent.pac"), unread),
        ("/nowhere/proxy.pac".to_owned(), unread),
    ];
    for (value, expected) in table {
        let typed = run(&lab, &value, &[]).exits(2).stderr;
        let set =
            Program::new().args(["check", "-l", "eastus"]).env("HTTPS_PROXY", &value).run().exits(2).stderr;
        let shown = value.rsplit('@').next().unwrap().split('?').next().unwrap();
        for (place, stderr) in [("--proxy-https: ", typed), ("HTTPS_PROXY, environment: ", set)] {
            assert!(stderr.contains(&format!("{place}{shown} is a PAC file")), "{value}: {stderr}");
            assert!(stderr.contains(expected) && !stderr.contains("topsecret"), "{value}: {stderr}");
        }
    }
    for flag in ["--proxy-http", "--node-proxy-https"] {
        let flags = ["check", "-l", "eastus", "--from", "node", flag, &local.display().to_string()];
        let stderr = Program::new().args(flags).run().exits(2).stderr;
        assert!(stderr.contains(&format!("8080  # {flag} http://proxy.lab.example:8080")), "{stderr}");
    }
}

/// A path says nothing to a proxy, and does not make it a PAC file.
#[test]
fn a_proxy_with_a_path_stays_a_proxy() {
    let lab = lab();
    let proxy = format!("{}/some/path", url(lab.proxy(Proxy::Open)));
    let report = run(&lab, &proxy, &[]).exits(0).json();
    assert_eq!(causes(&report), ["met", "met"]);
}

/// A tunnel that opens and leads nowhere is the proxy's own path out, and not ours.
#[test]
fn a_dead_tunnel_is_one_finding_on_the_proxy() {
    let lab = lab();
    for (behaviour, cause) in [(Proxy::SilentTunnel, "tls_timeout"), (Proxy::ClosesTunnel, "tls_closed")] {
        let report = run(&lab, &url(lab.proxy(behaviour)), &["--no-cross-check"]).exits(3).json();
        assert_eq!(causes(&report), [cause, cause], "{behaviour:?}");
        assert_eq!(findings(&report), ["proxy_upstream", "stands_in"], "{behaviour:?}");
    }
}

/// In a tunnel, too, a second look varies one thing; what carries nothing for anybody stays the proxy's own matter.
#[test]
fn a_handshake_that_is_cut_off_in_a_tunnel_is_tried_in_other_ways() {
    let table = [
        (Tls::ResetsTls13, "tls13_filtered"),
        (Tls::ResetAfterHello, "sni_filtered"),
        (Tls::CloseAfterHello, "sni_filtered"),
        (Tls::Stall, "sni_filtered"),
    ];
    for (fault, finding) in table {
        let lab = Lab::start(vec![Host::new(NAMES[0], fault), Host::good(NAMES[1])]);
        let report = run(&lab, &url(lab.proxy(Proxy::Open)), &["--no-cross-check"]).exits(3).json();
        let found = list_findings(&report, finding);
        assert_eq!(found.len(), 1, "{fault:?} {report:#}");
        assert_eq!(found[0]["confidence"], "high", "{fault:?} {found:#?}");
        // the lab's proxy is at a loopback address, and a cluster could not use it
        assert_eq!(findings(&report), [finding, "proxy_loopback", "stands_in"], "{fault:?}");
    }
    // nobody gets through: nothing is tried but segments of the path to the proxy
    let lab = Lab::start(NAMES.iter().map(|name| Host::new(*name, Tls::ResetAfterHello)).collect());
    let report = run(&lab, &url(lab.proxy(Proxy::Open)), &["--no-cross-check"]).exits(3).json();
    assert_eq!(findings(&report), ["proxy_upstream", "stands_in"]);
    assert!(!report.to_string().contains("older_version"), "{report:#}");
}

/// What is refused in the burst is asked for again, with fewer connections at a time.
#[test]
fn a_proxy_that_limits_connections_is_asked_again_with_fewer() {
    let names: Vec<String> = (0..12).map(|n| format!("h{n}.lab.example")).collect();
    let hosts = names.iter().map(|name| Host::good(name.as_str())).collect();
    let lab =
        Lab::start_with(hosts, LabOptions { delay: Duration::from_millis(20), ..LabOptions::default() });
    let rules =
        names.iter().fold(TestRules::new(), |rules, name| rules.endpoint(&name[..name.len() - 12], name, ""));
    for status in [429, 403, 0] {
        let proxy = url(lab.proxy(Proxy::FourAtATime(status)));
        let flags = ["-o", "json", "--no-cross-check", "--proxy-https", &proxy];
        let program = Program::check_in(&lab).args(rules.flags(lab.directory())).args(flags);
        let report = program.run().exits(0).json();
        // the lab's proxy is at a loopback address
        assert_eq!(report["verdict"], "ready_with_warnings", "{status}: {report:#}");
        assert!(findings(&report).contains(&"proxy_limits".to_owned()), "{status}: {report:#}");
        let notes: Vec<_> =
            report["checks"].as_array().unwrap().iter().filter_map(|c| c["note"].as_str()).collect();
        assert!(notes.iter().any(|note| note.contains("fewer connections")), "{status}: {notes:?}");
    }
}

#[test]
fn an_unreachable_proxy_is_one_finding() {
    let lab = Lab::start(vec![Host::new("gone.lab.example", crate::lab::Tcp::Refused)]);
    let refused = format!("http://127.0.0.1:{}", lab.port("gone.lab.example"));
    let table = [(refused.as_str(), "proxy_refused"), ("http://no-such-proxy.lab.example:3128", "proxy_dns")];
    for (proxy, cause) in table {
        let report = run(&lab, proxy, &["--no-cross-check"]).exits(3).json();
        assert_eq!(causes(&report), [cause, cause]);
        assert!(findings(&report).contains(&"proxy_down".to_owned()));
    }
}

/// A plain proxy that is configured as https:// is reported as such.
#[test]
fn tls_to_a_plain_proxy_is_one_finding() {
    let lab = lab();
    let proxy = format!("https://{}", lab.proxy(Proxy::Open));
    let report = run(&lab, &proxy, &["--no-cross-check"]).exits(3).json();
    assert_eq!(causes(&report), ["proxy_tls", "proxy_tls"]);
}

#[test]
fn tunnels_lead_to_the_service() {
    let lab = lab();
    let report = run(&lab, &url(lab.proxy(Proxy::Open)), &[]).exits(0).json();
    assert_eq!(causes(&report), ["met", "met"]);
    let check = check(&report, "one");
    assert_eq!(check["route"]["kind"], "proxy");
    let phases: Vec<_> =
        check["attempts"][0]["steps"].as_array().unwrap().iter().map(|s| s["phase"].clone()).collect();
    assert_eq!(phases, ["proxy", "tls", "http"], "the name is the proxy's to look up");
    assert!(!lab.log().iter().any(|l| l.contains("dns")), "{:?}", lab.log());
}

#[test]
fn credentials_are_used_and_never_shown() {
    let lab = lab();
    let proxy = format!("http://{CREDENTIALS}@{}", lab.proxy(Proxy::RequiresAuthentication));
    let ran = run(&lab, &proxy, &[]).exits(0);
    let password = CREDENTIALS.split(':').nth(1).unwrap();
    for output in [&ran.stdout, &ran.stderr] {
        assert!(!output.contains(password), "{output}");
    }
    let wrong = format!("http://user:not-this-one@{}", lab.proxy(Proxy::RequiresAuthentication));
    let ran = run(&lab, &wrong, &["--no-cross-check"]).exits(3);
    assert!(!ran.stdout.contains("not-this-one") && !ran.stderr.contains("not-this-one"));
    assert_eq!(causes(&ran.json()), ["proxy_auth_required", "proxy_auth_required"]);
}

/// The direct way is tried for what fails through the proxy, and shown as evidence.
#[test]
fn failed_checks_are_tried_directly_too() {
    let lab = lab();
    let flags = rules().flags(lab.directory());
    let proxy = url(lab.proxy(Proxy::Denies));
    let report = Program::check_in(&lab)
        .args(flags)
        .args(["-o", "json", "--proxy-https", &proxy])
        .run()
        .exits(3)
        .json();
    let attempts = check(&report, "one")["attempts"].as_array().unwrap();
    assert!(
        attempts.iter().any(|a| a["purpose"] == "direct" && a["address"] != Value::Null),
        "{attempts:#?}"
    );
    let finding = report["findings"].as_array().unwrap().iter().find(|f| f["id"] == "proxy_denied").unwrap();
    assert!(finding["explanation"].as_str().unwrap().contains("directly"), "{finding:#}");
}

#[test]
fn inspection_by_a_proxy_is_detected_and_can_be_allowed() {
    let lab = lab();
    let proxy = url(lab.proxy(Proxy::Inspects));
    let report = run(&lab, &proxy, &["--no-cross-check"]).exits(3).json();
    assert_eq!(causes(&report), ["tls_intercepted", "tls_intercepted"]);
    let authority = lab.corporate_ca().display().to_string();
    let report = run(&lab, &proxy, &["--proxy-cert", &authority]).exits(0).json();
    assert!(findings(&report).contains(&"tls_inspection_trusted".to_owned()));
}

/// Every managed workstation has the company's CA in its store, and whoever passes it to az passes it to us, too.
#[test]
fn a_ca_that_was_passed_counts_although_this_machine_trusts_it() {
    let lab = lab();
    let proxy = url(lab.proxy(Proxy::Inspects));
    let authority = lab.corporate_ca().display().to_string();
    let managed = |more: &[&str]| check_through(&lab, &proxy, more).env("SSL_CERT_FILE", &authority).run();
    let report = managed(&["--no-cross-check"]).exits(3).json();
    assert_eq!(causes(&report), ["tls_intercepted", "tls_intercepted"]);
    assert!(report.to_string().contains("This machine trusts it"), "{report:#}");
    let report = managed(&["--proxy-cert", &authority]).exits(0).json();
    assert_eq!(causes(&report), ["met", "met"]);
    assert!(!findings(&report).contains(&"proxy_cert_unfit".to_owned()), "{report:#}");
}

/// A web server that is no proxy redirects to itself or to what was asked for.
#[test]
fn a_proxy_that_redirects_to_a_log_on_page_is_no_web_server() {
    let lab = lab();
    let table = [
        ("https://guest.contoso.example/", "proxy_auth_required"),
        ("/captive/start", "proxy_auth_required"),
        ("https://127.0.0.1/", "proxy_protocol"),
        ("/index.html", "proxy_protocol"),
    ];
    for page in ["", "<html><p>Sign in</p></html>"] {
        let proxy = url(lab.proxy(Proxy::Answers(511, &[], page)));
        let report = run(&lab, &proxy, &["--no-cross-check"]).exits(3).json();
        assert_eq!(causes(&report), ["proxy_auth_required"; 2]);
        assert_eq!(findings(&report)[0], "proxy_login");
    }
    for (place, cause) in table {
        let proxy = url(lab.proxy(Proxy::SendsTo(place)));
        let report = run(&lab, &proxy, &["--no-cross-check"]).exits(3).json();
        assert_eq!(causes(&report), [cause; 2], "{place}");
    }
}

/// What is presented can be saved, and is then what has to be given.
#[test]
fn the_inspecting_ca_can_be_saved_and_configured() {
    let lab = lab();
    let proxy = url(lab.proxy(Proxy::Inspects));
    let saved = lab.directory().join("saved.pem");
    let saved = saved.to_str().unwrap();
    let ran = run(&lab, &proxy, &["--no-cross-check", "--save-ca", saved]).exits(3);
    assert!(ran.stderr.contains("compare with what the owners"), "{}", ran.stderr);
    let print = fingerprint(lab.corporate_root());
    assert!(ran.stderr.contains(&print), "{}", ran.stderr);
    let report = ran.json();
    let inspection = list_findings(&report, "tls_inspection");
    assert!(inspection[0]["remedy"]["commands"].to_string().contains(&print), "{report:#}");
    let text = std::fs::read_to_string(saved).unwrap();
    assert_eq!(text.matches("BEGIN CERTIFICATE").count(), 1, "{text}");
    let report = run(&lab, &proxy, &["--proxy-cert", saved]).exits(0).json();
    assert!(findings(&report).contains(&"tls_inspection_trusted".to_owned()));

    let untouched = lab.directory().join("untouched.pem");
    let ran = run(&lab, &url(lab.proxy(Proxy::Open)), &["--save-ca", untouched.to_str().unwrap()]).exits(0);
    assert!(ran.stderr.contains("nothing is written"), "{}", ran.stderr);
}

/// The list for the owner of the proxy is complete at the first run: what must not be inspected stands there, although the
/// inspection kept it from being found.
#[test]
fn what_must_not_be_inspected_is_listed_at_the_first_run() {
    let lab = lab();
    let proxy = url(lab.proxy(Proxy::Inspects));
    let rules = rules().endpoint("relay", "'*.relay.lab.example'", "protocol: wss\ninspection: forbidden");
    let authority = lab.corporate_ca().display().to_string();
    for (more, id) in [(&[][..], "tls_inspection"), (&["--proxy-cert", &authority], "tls_inspection_trusted")]
    {
        let report = check_rules(&lab, &rules, &proxy, more).run().json();
        let finding = &list_findings(&report, id)[0];
        let commands = finding["remedy"]["commands"].to_string();
        assert!(commands.contains("exempt from TLS inspection: *.relay.lab.example"), "{finding:#}");
        assert!(finding["remedy"]["text"].to_string().contains("*.relay.lab.example"), "{finding:#}");
    }
}

fn list_findings(report: &Value, id: &str) -> Vec<Value> {
    report["findings"].as_array().unwrap().iter().filter(|f| f["id"] == id).cloned().collect()
}

/// As openssl prints it.
fn fingerprint(der: &[u8]) -> String {
    use sha2::Digest as _;
    let bytes: Vec<String> = sha2::Sha256::digest(der).iter().map(|byte| format!("{byte:02X}")).collect();
    bytes.join(":")
}

#[test]
fn the_configured_ca_is_judged() {
    let lab = lab();
    let proxy = url(lab.proxy(Proxy::Inspects));
    let explanation_for = |file: &str, form: &str| {
        let path = lab.directory().join(form);
        std::fs::write(&path, file).unwrap();
        let report = run(&lab, &proxy, &["--no-cross-check", "--proxy-cert", path.to_str().unwrap()]).json();
        let finding =
            report["findings"].as_array().unwrap().iter().find(|f| f["id"] == "proxy_cert_unfit").cloned();
        finding.map(|f| f["explanation"].as_str().unwrap().to_owned()).unwrap_or_default()
    };
    let corporate = std::fs::read_to_string(lab.corporate_ca()).unwrap();
    assert_eq!(explanation_for(&corporate, "right.pem"), "");
    // another authority, which is the lab's public one
    let other = std::fs::read_to_string(lab.roots()).unwrap();
    assert!(explanation_for(&other, "other.pem").contains("signs here, and the file holds"));
    assert_eq!(explanation_for(&format!("{other}{corporate}"), "both.pem"), "");
    let leaf = make_certificate(false, (2020, 2040));
    assert!(explanation_for(&leaf, "leaf.pem").contains("is no authority but the certificate of a server"));
    let expired = make_certificate(true, (2020, 2021));
    assert!(explanation_for(&expired, "expired.pem").contains("has expired"));
}

/// In DER, as Windows exports it: read here, and a warning since az passes the bytes on unread.
#[test]
fn a_ca_in_der_form_is_accepted() {
    use base64::Engine as _;
    let lab = lab();
    let text = std::fs::read_to_string(lab.corporate_ca()).unwrap();
    let body: String = text.lines().filter(|line| !line.starts_with('-')).collect();
    let path = lab.directory().join("corporate.cer");
    std::fs::write(&path, base64::prelude::BASE64_STANDARD.decode(body).unwrap()).unwrap();
    let proxy = url(lab.proxy(Proxy::Inspects));
    let report = run(&lab, &proxy, &["--proxy-cert", path.to_str().unwrap()]).exits(0).json();
    assert_eq!(report["run"]["proxy_cert_flaws"], serde_json::json!(["der"]));
    let warning = &list_findings(&report, "proxy_cert_unfit")[0];
    assert!(warning["remedy"]["commands"].to_string().contains("openssl x509 -inform der"), "{warning:#}");
}

/// A certificate that signs itself, as PEM.
fn make_certificate(is_authority: bool, (from, until): (i32, i32)) -> String {
    let mut parameters = rcgen::CertificateParams::new(vec!["proxy.corp.example".to_owned()]).unwrap();
    parameters.not_before = rcgen::date_time_ymd(from, 1, 1);
    parameters.not_after = rcgen::date_time_ymd(until, 1, 1);
    if is_authority {
        parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    }
    pem(parameters.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap().der())
}

#[test]
fn websockets_work_through_a_proxy() {
    let lab = Lab::start(vec![Host::new("relay.lab.example", WebSocket::Accept)]);
    let rules = TestRules::new().endpoint("relay", "relay.lab.example", "protocol: wss");
    let authority = lab.corporate_ca().display().to_string();
    let verdict = |behaviour: Proxy, more: &[&str]| {
        let flags = rules.flags(lab.directory());
        let ran = Program::check_in(&lab)
            .args(flags)
            .args(["-o", "json", "--no-cross-check", "--proxy-https", &url(lab.proxy(behaviour))])
            .args(more)
            .run();
        causes(&ran.json())[0].clone()
    };
    assert_eq!(verdict(Proxy::Open, &[]), "met");
    assert_eq!(verdict(Proxy::Denies, &[]), "proxy_denied");
    assert_eq!(verdict(Proxy::Inspects, &[]), "tls_intercepted");
    assert_eq!(verdict(Proxy::StripsUpgrade, &["--proxy-cert", &authority]), "ws_upgrade_stripped");
}

/// `NO_PROXY`, the environment in either case, and flags that win over it.
#[test]
fn routes_come_from_flags_and_environment() {
    let lab = Lab::start(vec![Host::good("one.lab.example"), Host::new("two.lab.example", Tls::Good)]);
    let proxy = url(lab.proxy(Proxy::Open));
    let run = |environment: &[(&str, &str)], more: &[&str]| {
        let flags = rules().flags(lab.directory());
        let program = Program::check_in(&lab).args(flags).args(["-o", "json"]).args(more);
        let program = environment.iter().fold(program, |p, (name, value)| p.env(name, value));
        program.run().exits(0).json()
    };
    let kinds = |report: &Value| -> Vec<String> {
        let checks = report["checks"].as_array().unwrap();
        checks.iter().map(|c| c["route"]["kind"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(kinds(&run(&[("https_proxy", &proxy)], &[])), ["proxy", "proxy"]);
    assert_eq!(kinds(&run(&[("HTTPS_PROXY", &proxy)], &["--no-proxy"])), ["direct", "direct"]);
    let skipped = run(&[("HTTPS_PROXY", &proxy), ("NO_PROXY", "two.lab.example")], &[]);
    assert_eq!(kinds(&skipped), ["proxy", "direct"]);
    assert!(check(&skipped, "two")["route"]["reason"].as_str().unwrap().contains("two.lab.example"));
    let flags = run(&[("HTTPS_PROXY", "http://127.0.0.1:1")], &["--proxy-https", &proxy]);
    assert_eq!(kinds(&flags), ["proxy", "proxy"]);
}
