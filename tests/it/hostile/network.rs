//! Every way to misbehave that a server or a proxy has, one run of the real binary for each: within limits of time, memory and
//! processor that the system sets, with the right word, and harmless in every format.

use std::sync::Mutex;
use std::time::Duration;

use crate::beside::beside;
use crate::lab::{
    App, Dns, Greeting, HOSTILE, Host, Http, Lab, MARKUP, Proxy, Serves, Tls, WebSocket, gzip_bomb,
};
use crate::phases::verdict_of;
use crate::program::{Program, TestRules, check};

use super::harmless::{assert_sanitized, save_flags};

/// Private memory in KiB, and seconds of processor time. A run with nothing hostile in it needs an eighth of the memory.
const LIMITS: &str = "-d 65536,-t 20";

/// Of a phase.
const TIMEOUT: Duration = Duration::from_secs(1);

/// A run has a few phases, and all that is rendered from it; loaded machines take their time.
const LONGEST: Duration = Duration::from_secs(25);

/// Runs mostly wait for a time-out.
const AT_ONCE: usize = 6;

/// In milliseconds: a few phases of a time-out each, on a loaded machine.
const LONGEST_MEASURED: f64 = 6_000.0;

const HTTPS: &str = "";
const HTTP: &str = "protocol: http\nport: 80\nanswer: {status: [200]}";
const JSON: &str = "protocol: http\nport: 80\nanswer: {status: [200], content: json}";
const WSS: &str = "protocol: wss\nanswer: {status: [101, 401, 403, 404]}";
const SSH: &str = "protocol: ssh\nport: 22";
const GIT: &str = "protocol: git\nport: 9418";

/// A behaviour: its name, the lines of its rule, the host, and what has to be said of it.
type Row = (&'static str, &'static str, Serves, Dns, &'static str);

fn serves(name: &'static str, rule: &'static str, serves: impl Into<Serves>, expected: &'static str) -> Row {
    (name, rule, serves.into(), Dns::Loopback, expected)
}

fn dns(name: &'static str, dns: Dns, expected: &'static str) -> Row {
    (name, HTTPS, Serves::Good, dns, expected)
}

fn plain(name: &'static str, rule: &'static str, http: Http, expected: &'static str) -> Row {
    serves(name, rule, Serves::PlainHttp(http), expected)
}

fn raw(text: &str) -> Http {
    Http::Raw(text.as_bytes().to_vec())
}

fn dns_rows() -> Vec<Row> {
    vec![
        dns("dns-1000-aliases", Dns::Aliases(1000), "resolve dns_no_data"),
        dns("dns-alias-loop", Dns::CnameLoop, "resolve dns_no_data"),
        dns("dns-long-names", Dns::LongChain(60), "resolve dns_no_data"),
        dns("dns-hostile-alias", Dns::HostileAlias, "resolve dns_no_data"),
        dns("dns-pointer-loop", Dns::PointerLoop, "resolve dns_timeout"),
        dns("dns-other-name", Dns::OtherName, "resolve dns_no_data"),
        dns("dns-other-question", Dns::OtherQuestion, "resolve dns_timeout"),
        dns("dns-other-id", Dns::WrongId, "resolve dns_timeout"),
        dns("dns-flood", Dns::Floods, "resolve dns_timeout"),
        dns("dns-giant-text", Dns::GiantText, "resolve dns_no_data"),
        dns("dns-many-addresses", Dns::ManyAddresses, "met"),
        dns("dns-cut-for-ever", Dns::CutForever, "resolve unknown"),
        dns("dns-drip", Dns::Drips, "resolve dns_timeout"),
    ]
}

fn tls_rows() -> Vec<Row> {
    vec![
        serves("tls-10-megabytes", HTTPS, Tls::HugeChain, "tls unknown"),
        serves("tls-many-names", HTTPS, Tls::ManyNames, "met"),
        serves("tls-hostile-names", HTTPS, Tls::HostileNames, "tls tls_intercepted"),
        serves("tls-only-http2", HTTPS, Tls::OnlyHttp2, "tls tls_alert"),
        serves("tls-handshake-flood", HTTPS, Tls::FloodsHandshake, "tls unknown"),
        serves("tls-alert-flood", HTTPS, Tls::FloodsAlerts, "tls unknown"),
        serves("tls-drip", HTTPS, Tls::Drips, "tls tls_timeout"),
    ]
}

fn http_rows() -> Vec<Row> {
    vec![
        serves(
            "http-endless-headers",
            HTTPS,
            Http::Flood("HTTP/1.1 200 OK\r\n", "X-Filler: x\r\n"),
            "http http_protocol",
        ),
        serves(
            "http-endless-header",
            HTTPS,
            Http::Flood("HTTP/1.1 200 OK\r\nX-Filler: ", "x"),
            "http http_protocol",
        ),
        serves("http-endless-status", HTTPS, Http::Flood("HTTP/1.1 200 ", "x"), "http http_protocol"),
        serves(
            "http-endless-interim",
            HTTPS,
            Http::Flood("", "HTTP/1.1 103 Early Hints\r\n\r\n"),
            "http http_timeout",
        ),
        serves("http-endless-body", HTTPS, Http::EndlessBody, "met"),
        serves("http-drip", HTTPS, Http::SlowDrip, "http http_timeout"),
        plain(
            "http-endless-page",
            HTTP,
            Http::Flood("HTTP/1.1 403 No\r\nContent-Type: text/html\r\n\r\n", "<h1>no</h1>"),
            "unverified",
        ),
        plain(
            "http-endless-chunks",
            JSON,
            Http::Flood("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n"),
            "unverified",
        ),
        plain(
            "http-endless-extension",
            JSON,
            Http::Flood("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", "x"),
            "unverified",
        ),
        plain(
            "http-bad-chunks",
            JSON,
            raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\nx\r\n"),
            "unverified",
        ),
        plain(
            "http-short-body",
            JSON,
            raw("HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775807\r\n\r\nx"),
            "unverified",
        ),
        plain(
            "http-largest-length",
            JSON,
            raw("HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\nx"),
            "http http_protocol",
        ),
    ]
}

fn odd_answers() -> Vec<Row> {
    let bomb = |status: &str| {
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Encoding: gzip\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
        );
        Http::Raw([head.into_bytes(), gzip_bomb()].concat())
    };
    // HTTP allows no control characters in headers, but any byte of UTF-8
    let words: String = HOSTILE.chars().filter(|c| !c.is_control()).chain(MARKUP.chars()).collect();
    let hostile = ["Server", "Via", "Location", "Content-Type", "WWW-Authenticate", "X-Ms-Error-Code"];
    let hostile = hostile.map(|name| (name.to_owned(), words.clone())).to_vec();
    let page = format!("<html>{HOSTILE}{MARKUP}</html>");
    vec![
        plain(
            "http-two-lengths",
            HTTP,
            raw("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx"),
            "http http_protocol",
        ),
        plain(
            "http-negative-length",
            HTTP,
            raw("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nx"),
            "http http_protocol",
        ),
        plain("http-gzip-bomb", JSON, bomb("200 OK"), "met"),
        plain("http-gzip-bomb-refused", JSON, bomb("403 No"), "unverified"),
        plain("http-status-999", HTTP, raw("HTTP/1.1 999 No\r\nContent-Length: 0\r\n\r\n"), "unverified"),
        plain(
            "http-status-0",
            HTTP,
            raw("HTTP/1.1 000 No\r\nContent-Length: 0\r\n\r\n"),
            "http http_protocol",
        ),
        plain(
            "http-redirect-loop",
            HTTP,
            Http::Redirect("http://http-redirect-loop.lab.example/".into()),
            "met",
        ),
        plain("http-hostile-headers", HTTP, Http::Custom(302, hostile, page.clone()), "http http_redirected"),
        plain("http-hostile-page", JSON, Http::Custom(403, Vec::new(), page), "unverified"),
    ]
}

fn upgrades_and_greetings() -> Vec<Row> {
    vec![
        serves(
            "ws-endless-headers",
            WSS,
            Serves::TlsAndApp(
                Tls::Good,
                App::Http(Http::Flood("HTTP/1.1 101 Switching Protocols\r\n", "X-Filler: x\r\n")),
            ),
            "websocket ws_protocol",
        ),
        serves(
            "ws-endless-interim",
            WSS,
            Serves::TlsAndApp(Tls::Good, App::Http(Http::Flood("", "HTTP/1.1 103 Early Hints\r\n\r\n"))),
            "websocket ws_timeout",
        ),
        serves("ws-flood", WSS, WebSocket::Floods, "met"),
        serves("ws-giant-frame", WSS, WebSocket::GiantFrame, "websocket ws_protocol"),
        serves("ws-bad-frames", WSS, WebSocket::BadFrames, "websocket ws_protocol"),
        serves("ws-hostile-close", WSS, WebSocket::HostileClose, "met"),
        serves("ws-wrong-accept", WSS, WebSocket::BadAcceptKey, "websocket ws_protocol"),
        serves("ssh-flood", SSH, Greeting::SshFloods, "greeting unknown"),
        serves("ssh-hostile", SSH, Greeting::SshHostile, "met"),
        serves("git-flood", GIT, Greeting::GitFloods, "met"),
    ]
}

fn host(name: &str) -> String {
    format!("{name}.lab.example")
}

/// One run; what is wrong with it, if anything is.
fn run(lab: &Lab, (name, rule, ..): &Row, expected: &str, more: &[String]) -> Option<String> {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path().join("report");
    let rules = TestRules::new().endpoint(name, &host(name), rule);
    let ran = Program::check_in(lab)
        .args(rules.flags(directory.path()))
        .args(["--timeout", &format!("{}s", TIMEOUT.as_secs())])
        .args(save_flags(&at))
        .args(more)
        .env("TOKIO_WORKER_THREADS", "2") // whose stacks count as memory
        .with_ulimit(LIMITS)
        .run_within(LONGEST);
    let Ok(text) = std::fs::read_to_string(at.with_extension("json")) else {
        return Some(format!("{name}: exit code {} and no report: {}", ran.code, ran.stderr));
    };
    let report: serde_json::Value = serde_json::from_str(&text).ok()?;
    let measured = report["run"]["took_ms"].as_f64().unwrap();
    if measured > LONGEST_MEASURED {
        return Some(format!("{name}: measuring took {measured} ms"));
    }
    let check = check(&report, name);
    let verdict = verdict_of(check);
    let code = match verdict.as_str() {
        "met" => 0,
        "unverified" => 5,
        _ => 3,
    };
    if verdict != expected || ran.code != code {
        return Some(format!("{name}: {verdict}, expected {expected}; exit code {}\n{check:#}", ran.code));
    }
    assert_sanitized(name, &ran, &at);
    None
}

/// All rows, a few at a time.
fn run_all(rows: &[Row]) {
    let host =
        |(name, _, serves, dns, _): &Row| Host { dns: dns.clone(), ..Host::new(host(name), serves.clone()) };
    let lab = Lab::start(rows.iter().map(host).collect());
    let (left, wrong) = (Mutex::new(rows.iter()), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let row = left.lock().unwrap().next();
                    let Some(row) = row else { return };
                    let found = run(&lab, row, row.4, &[]);
                    wrong.lock().unwrap().extend(found);
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let asked = lab.log().iter().filter(|entry| entry.starts_with("http http-redirect-loop.")).count();
    assert!(asked <= 1, "a redirection is reported, not followed");
}

#[test]
fn hostile_resolvers_are_bounded_and_sanitized() {
    run_all(&dns_rows());
}

#[test]
fn hostile_tls_handshakes_are_bounded_and_sanitized() {
    run_all(&tls_rows());
}

#[test]
fn hostile_answers_are_bounded_and_sanitized() {
    run_all(&http_rows());
    run_all(&odd_answers());
}

#[test]
fn hostile_websockets_and_greetings_are_bounded_and_sanitized() {
    run_all(&upgrades_and_greetings());
}

#[test]
fn hostile_proxies_are_bounded_and_sanitized() {
    let rows = [
        (Proxy::FloodsHeaders, "proxy proxy_protocol"),
        (Proxy::FloodsInterim, "proxy proxy_timeout"),
        (Proxy::Drips, "proxy proxy_timeout"),
        (Proxy::FloodsTunnel, "tls tls_not_tls"),
        (Proxy::RequiresAuthentication, "proxy proxy_auth_required"),
        (Proxy::Hostile(407), "proxy proxy_auth_required"),
        (Proxy::Hostile(403), "proxy proxy_denied"),
        (Proxy::Hostile(302), "proxy proxy_protocol"),
    ];
    let row = serves("any", HTTPS, Serves::Good, "");
    beside(rows, |(behaviour, expected)| {
        let lab = Lab::start(vec![Host::good(host("any"))]);
        let url = format!("http://wrong:login@{}", lab.proxy(behaviour));
        let more = ["--proxy-https".to_owned(), url, "--no-cross-check".into()];
        let wrong = run(&lab, &row, expected, &more);
        assert!(wrong.is_none(), "{behaviour:?}: {}", wrong.unwrap_or_default());
        let asked = lab.log().iter().filter(|entry| entry.starts_with("proxy CONNECT")).count();
        assert_eq!(asked, 1, "{behaviour:?}: who refuses is not asked again");
    });
}
