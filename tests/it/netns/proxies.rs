//! What `check` says behind the proxies that companies have, where there is no other way out.

use serde_json::Value;

use super::mitmproxy::{self, Mitmproxy};
use super::network::{Middle, Network, findings};
use super::squid::{self, Squid};
use super::{ready, tinyproxy};
use crate::lab::{Serves, Tcp};
use crate::phases::verdict_of;
use crate::program::check;

const WSS: &str = "protocol: wss\nanswer: {status: [101, 401, 403, 404]}";
const MARKED: &str = "answer: {marks: [lab]}";
const GATEWAY: &str = "port: 8084\nanswer: {marks: [lab]}";
const HTTP: &str = "protocol: http\nport: 80\nanswer: {marks: [lab]}";

const WRONG_LOGIN: &str = "http://user:wrong@10.9.1.1:3128";

/// Squid looks a name up twice before it gives up.
const TIMEOUT: [&str; 2] = ["--timeout", "4s"];

fn make_network() -> Network {
    let hosts = [
        ("api", Serves::Good),
        ("gateway", Serves::Good),
        ("relay", Serves::Good),
        ("blocked", Serves::Good),
        ("strict", Serves::Good),
        ("refusing", Serves::from(Tcp::Refused)),
        ("plain", Serves::PlainHttp(crate::lab::Http::Status(200))),
    ];
    Network::new(Middle::Ends, &hosts)
        .expect("api", MARKED)
        .expect("gateway", GATEWAY)
        .expect("relay", WSS)
        .expect("blocked", MARKED)
        .expect("refusing", "")
        .expect("missing", "")
        .expect("plain", HTTP)
}

fn proxy_flags<'a>(proxy: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["--proxy-https", proxy, "--proxy-http", proxy, "--no-cross-check"], &TIMEOUT[..], more].concat()
}

/// All that a proxy lets pass is met, a WebSocket and another port too; names that only it can look up are.
#[test]
fn an_open_squid() {
    if !ready(squid::TOOLS) {
        return;
    }
    let network = make_network();
    let _squid = Squid::start(&network, squid::OPEN);
    let verdicts = [
        ("api", "met"),
        ("gateway", "met"),
        ("relay", "met"),
        ("plain", "met"),
        ("refusing", "proxy proxy_upstream"),
        ("missing", "proxy proxy_upstream"),
    ];
    let report = network.sees(&proxy_flags(squid::URL, &[]), &verdicts);
    let all = report["findings"].as_array().unwrap().iter();
    let text: Vec<_> = all.filter_map(|f| f["summary"].as_str()).filter(|s| s.contains("missing")).collect();
    // squid has codes for both, by version
    let says_dns =
        |s: &&str| s.contains("no address for the name") || s.contains("its own DNS does not resolve");
    assert!(text.len() == 1 && text.iter().all(says_dns), "{text:?}");
}

/// What squid refuses in the burst of a run passes with fewer connections at a time.
#[test]
fn a_squid_that_limits_connections() {
    if !ready(squid::TOOLS) {
        return;
    }
    let network = make_network();
    let limit = "acl many maxconn 3\nhttp_access deny many";
    let _squid = Squid::start(&network, &format!("{limit}\n{}", squid::OPEN));
    let verdicts =
        [("api", "met"), ("gateway", "met"), ("relay", "met"), ("blocked", "met"), ("plain", "met")];
    let report = network.sees(&proxy_flags(squid::URL, &[]), &verdicts);
    let findings = findings(&report);
    assert!(findings.contains(&"proxy_limits") && !findings.contains(&"proxy_denied"), "{report:#}");
}

/// Squid closes what is one too many, CONNECT and plain HTTP alike.
#[test]
fn a_squid_that_limits_connections_of_a_client() {
    if !ready(squid::TOOLS) {
        return;
    }
    let names = ["p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7"];
    let plain = || Serves::PlainHttp(crate::lab::Http::Status(200));
    let network = Network::new(Middle::Ends, &names.map(|name| (name, plain())));
    let network = names.iter().fold(network, |network, name| network.expect(name, HTTP));
    let _squid = Squid::start(&network, &format!("client_ip_max_connections 3\n{}", squid::OPEN));
    let report = network.sees(&proxy_flags(squid::URL, &[]), &names.map(|name| (name, "met")));
    assert!(findings(&report).contains(&"proxy_limits"), "{report:#}");
    let notes: Vec<_> =
        report["checks"].as_array().unwrap().iter().filter_map(|c| c["note"].as_str()).collect();
    assert!(notes.iter().any(|note| note.contains("closed the connection at first")), "{notes:?}");
}

#[test]
fn squids_that_refuse() {
    if !ready(squid::TOOLS) {
        return;
    }
    let table: [(&str, &str, &[_]); 6] = [
        (squid::AUTHENTICATED, squid::URL, &[("api", "proxy proxy_auth_required")]),
        (squid::AUTHENTICATED, WRONG_LOGIN, &[("api", "proxy proxy_auth_required")]),
        (squid::AUTHENTICATED, squid::URL_WITH_LOGIN, &[("api", "met"), ("relay", "met"), ("plain", "met")]),
        (squid::DENY_LIST, squid::URL, &[("api", "met"), ("blocked", "proxy proxy_denied")]),
        (squid::ONLY_443, squid::URL, &[("api", "met"), ("gateway", "proxy proxy_denied")]),
        (squid::DEAD_RESOLVER, squid::URL, &[("api", "proxy proxy_upstream")]),
    ];
    for (rules, url, verdicts) in table {
        let network = make_network();
        let _squid = Squid::start(&network, rules);
        let report = network.sees(&proxy_flags(url, &[]), verdicts).to_string();
        for password in ["secret", "wrong"] {
            assert!(!report.contains(&format!(":{password}")), "{report}");
        }
    }
}

/// Inspection is an interception until the authority is given; a WebSocket does not survive it unless squid is configured to
/// pass upgrades on.
#[test]
fn squid_that_inspects() {
    if !ready(squid::TOOLS) || !squid::can_inspect() {
        return;
    }
    let upgrades = format!("{}\nhttp_upgrade_request_protocols websocket allow all", squid::OPEN);
    let table = [(squid::OPEN, "websocket ws_upgrade_stripped"), (upgrades.as_str(), "met")];
    for (rules, relay) in table {
        let network = make_network();
        let squid = Squid::inspecting(&network, rules);
        let verdicts = [("api", "tls tls_intercepted"), ("relay", "tls tls_intercepted")];
        let report = network.sees(&proxy_flags(squid::URL, &[]), &verdicts);
        assert!(report.to_string().contains("Contoso Squid Inspection CA"), "{report:#}");
        let authority = squid.authority().display().to_string();
        let verdicts = [("api", "met"), ("relay", relay)];
        let report = network.sees(&proxy_flags(squid::URL, &["--proxy-cert", &authority]), &verdicts);
        assert!(findings(&report).contains(&"tls_inspection_trusted"), "{report:#}");
    }
}

/// With the CA configured, an inspection changes no verdict where the services are reached, whoever else trusts it: a managed
/// machine has it in its own store, too. What must not be inspected fails, and is on the list from the first run on.
#[test]
fn a_configured_ca_gives_the_verdicts_of_no_inspection() {
    if !ready(&[squid::TOOLS, mitmproxy::TOOLS].concat()) || !squid::can_inspect() {
        return;
    }
    let upgrades = format!("{}\nhttp_upgrade_request_protocols websocket allow all", squid::OPEN);
    for product in ["squid", "mitmproxy"] {
        let network = make_network().expect("strict", "inspection: forbidden");
        let (_squid, _mitmproxy, ca) = if product == "squid" {
            let squid = Squid::inspecting(&network, &upgrades);
            let ca = squid.authority().display().to_string();
            (Some(squid), None, ca)
        } else {
            let mitmproxy = Mitmproxy::start(&network);
            let ca = mitmproxy.ca().display().to_string();
            (None, Some(mitmproxy), ca)
        };
        let reached = ["api", "gateway", "relay"];
        let refused: Vec<_> = reached.iter().map(|host| (*host, "tls tls_intercepted")).collect();
        let report = network.sees(&proxy_flags(squid::URL, &[]), &refused);
        assert!(commands(&report).contains("exempt from TLS inspection: strict.lab.example"), "{report:#}");
        let met: Vec<_> = reached.iter().map(|host| (*host, "met")).collect();
        let given = proxy_flags(squid::URL, &["--proxy-cert", &ca]);
        for store in [None, Some(ca.as_str())] {
            let report = network.sees_with_store(&given, store, &met);
            assert_eq!(verdict_of(check(&report, "strict")), "tls tls_intercepted", "{product}");
            assert!(!findings(&report).contains(&"proxy_cert_unfit"), "{product} {store:?}: {report:#}");
            assert!(
                findings(&report).contains(&"tls_inspection_forbidden"),
                "{product} {store:?}: {report:#}"
            );
        }
    }
}

fn commands(report: &Value) -> String {
    report["findings"].as_array().unwrap().iter().map(|f| f["remedy"]["commands"].to_string()).collect()
}

#[test]
fn tinyproxies() {
    if !ready(tinyproxy::TOOLS) {
        return;
    }
    let network = make_network();
    let open = tinyproxy::start(&network, "");
    let verdicts = [
        ("api", "met"),
        ("gateway", "met"),
        ("relay", "met"),
        ("plain", "met"),
        ("refusing", "proxy proxy_upstream"),
    ];
    network.sees(&proxy_flags(squid::URL, &[]), &verdicts);
    drop(open);
    let _strict = tinyproxy::start(&network, tinyproxy::STRICT);
    network.sees(&proxy_flags(squid::URL, &[]), &[("api", "proxy proxy_auth_required")]);
    let wrong = proxy_flags(WRONG_LOGIN, &[]);
    network.sees(&wrong, &[("api", "proxy proxy_auth_required")]);
    let verdicts = [("api", "met"), ("blocked", "proxy proxy_denied"), ("gateway", "proxy proxy_denied")];
    network.sees(&proxy_flags(squid::URL_WITH_LOGIN, &[]), &verdicts);
}

/// Nothing listens there; nobody is there; the way there is closed.
#[test]
fn no_proxy_where_one_should_be() {
    if !ready(&[]) {
        return;
    }
    let network = make_network();
    let flags = |url| [&["--proxy-https", url, "--no-cross-check"], &["--timeout", "1s"][..]].concat();
    network.sees(&flags("http://10.9.1.1:3128"), &[("api", "proxy proxy_refused")]);
    network.sees(&flags("http://198.51.100.7:3128"), &[("api", "proxy proxy_timeout")]);
    network.client.ip("route add unreachable 198.51.100.8");
    network.sees(&flags("http://198.51.100.8:3128"), &[("api", "proxy proxy_unreachable")]);
    network.sees(&flags("http://proxy.lab.example:3128"), &[("api", "proxy proxy_dns")]);
}
