//! Every failure word, produced on the wire by a server that misbehaves that way and seen through the real binary.

use serde_json::Value;

use crate::lab::{App, Dns, Greeting, Host, Http, Lab, LabOptions, Resolver, Serves, Tcp, Tls, WebSocket};
use crate::program::{Program, TestRules, check};

/// A host of the lab and what has to be said of it.
struct Case {
    name: &'static str,
    host: fn(&str) -> Host,
    /// Lines of its rule, in addition to the usual ones.
    rule: &'static str,
    /// `met`, or the phase and the word.
    expected: &'static str,
}

const HTTPS: &str = "";
const WSS: &str = "protocol: wss\nanswer: {status: [101, 401, 403, 404]}";
const HTTP: &str = "protocol: http\nport: 80";
const JSON: &str = "protocol: http\nport: 80\nanswer: {status: [200], content: json}";
const MARKED: &str = "protocol: http\nport: 80\nanswer: {marks: [lab]}";
const LISTED: &str = "protocol: http\nport: 80\nanswer: {status: [204]}";
const GIT: &str = "protocol: git\nport: 9418";
const SSH: &str = "protocol: ssh\nport: 22";
const OWN: &str = "certificate: {public: false}\naddresses: any";

macro_rules! cases {
    ($( $name:literal $rule:ident $host:expr => $expected:literal; )+) => {
        &[ $( Case { name: $name, host: |name| $host(name), rule: $rule, expected: $expected } ),+ ]
    };
}

fn serves(serves: impl Into<Serves>) -> impl Fn(&str) -> Host {
    let serves = serves.into();
    move |name| Host::new(name, serves.clone())
}

fn dns(dns: Dns) -> impl Fn(&str) -> Host {
    move |name| Host::with_dns(name, dns.clone())
}

fn plain(http: Http) -> impl Fn(&str) -> Host {
    serves(Serves::PlainHttp(http))
}

/// As Azure Relay says it.
const NO_UPGRADE: &[u8] =
    b"HTTP/1.1 400 This endpoint is only for web-socket requests\r\nContent-Length: 0\r\n\r\n";

const CASES: &[Case] = cases! {
    "good" HTTPS serves(Serves::Good) => "met";
    "dns-nxdomain" HTTPS dns(Dns::Nxdomain) => "resolve dns_nxdomain";
    "dns-no-data" HTTPS dns(Dns::NoData) => "resolve dns_no_data";
    "dns-servfail" HTTPS dns(Dns::Servfail) => "resolve dns_servfail";
    "dns-refused" HTTPS dns(Dns::Refused) => "resolve dns_refused";
    "dns-silent" HTTPS dns(Dns::Silent) => "resolve dns_timeout";
    "dns-wrong-id" HTTPS dns(Dns::WrongId) => "resolve dns_timeout";
    "dns-garbage" HTTPS dns(Dns::Garbage) => "resolve dns_timeout";
    "dns-cname" HTTPS dns(Dns::Cname(vec!["a.lab.example".into(), "b.lab.example".into()])) => "met";
    "tcp-refused" HTTPS serves(Tcp::Refused) => "connect tcp_refused";
    "tcp-blackhole" HTTPS serves(Tcp::Blackhole) => "connect tcp_timeout";
    "unroutable-v6" HTTPS dns(Dns::PlusUnroutableV6) => "met";
    "tls-stall" HTTPS serves(Tls::Stall) => "tls tls_timeout";
    "tls-reset" HTTPS serves(Tls::ResetAfterHello) => "tls tls_reset";
    "tls-closed" HTTPS serves(Tls::CloseAfterHello) => "tls tls_closed";
    "tls-alert" HTTPS serves(Tls::Alert) => "tls tls_alert";
    "tls-old" HTTPS serves(Tls::OldVersion) => "tls tls_version";
    "tls-not-tls" HTTPS serves(Tls::NotTls) => "tls tls_not_tls";
    "tls-expired" HTTPS serves(Tls::Expired) => "tls tls_expired";
    "tls-not-yet" HTTPS serves(Tls::NotYetValid) => "tls tls_not_yet_valid";
    "tls-wrong-name" HTTPS serves(Tls::WrongName) => "tls tls_name_mismatch";
    "tls-unknown-issuer" OWN serves(Tls::UnknownIssuer) => "tls tls_unknown_issuer";
    "tls-self-signed" HTTPS serves(Tls::SelfSigned) => "tls tls_self_signed";
    "tls-incomplete" HTTPS serves(Tls::IncompleteChain) => "tls tls_incomplete_chain";
    "tls-intercepted" HTTPS serves(Tls::Intercepted) => "tls tls_intercepted";
    "http-silent" HTTPS serves(Http::Silent) => "http http_timeout";
    "http-reset" HTTPS serves(Http::ResetAfterRequest) => "http http_reset";
    "http-closed" HTTPS serves(Http::CloseAfterRequest) => "http http_closed";
    "http-garbage" HTTPS serves(Http::Garbage) => "http http_protocol";
    "http-huge-headers" HTTPS serves(Http::HugeHeaders) => "http http_protocol";
    "http-endless-body" HTTPS serves(Http::EndlessBody) => "met";
    "http-slow-drip" HTTPS serves(Http::SlowDrip) => "http http_timeout";
    "http-any-status" HTTPS serves(Http::Status(503)) => "met";
    "http-wrong-status" JSON plain(Http::Status(503)) => "unverified";
    "http-block-page" HTTP plain(Http::BlockPage) => "http http_block_page";
    "http-page-for-json" JSON plain(Http::Custom(200, vec![("Content-Type".into(), "text/html".into())], "<p>Sign in</p>".into())) => "http http_block_page";
    "http-portal" HTTP plain(Http::Redirect("http://portal.corp.example/login?session=1".into())) => "http http_redirected";
    "http-good" MARKED plain(Http::Status(204)) => "met";
    "http-listed" LISTED plain(Http::Status(204)) => "met";
    "http-unmarked" HTTP plain(Http::Status(204)) => "unverified";
    "ws-accepted" WSS serves(WebSocket::Accept) => "met";
    "ws-relay-like" WSS serves(WebSocket::RelayLike(404)) => "met";
    "ws-refused" WSS serves(WebSocket::RefuseStatus(502)) => "met";
    "ws-says-no-upgrade" WSS serves(Http::Raw(NO_UPGRADE.to_vec())) => "websocket ws_upgrade_stripped";
    "ws-bad-request" WSS serves(WebSocket::RefuseStatus(400)) => "met";
    "ws-cut-later" WSS serves(WebSocket::CloseAfter(100)) => "websocket ws_closed";
    "ws-stripped" WSS serves(WebSocket::Stripped) => "websocket ws_upgrade_stripped";
    "ws-upgrade-required" WSS serves(WebSocket::UpgradeRequired) => "websocket ws_upgrade_stripped";
    "ws-silent" WSS serves(WebSocket::Silent) => "websocket ws_timeout";
    "ws-closed-before" WSS serves(WebSocket::CloseBeforeAnswer) => "websocket ws_closed";
    "ws-closed-after" WSS serves(WebSocket::CloseAfterAccept) => "websocket ws_closed";
    "ws-bad-key" WSS serves(WebSocket::BadAcceptKey) => "websocket ws_protocol";
    "git-good" GIT serves(Greeting::GitGood) => "met";
    "git-no-repository" GIT serves(Greeting::GitNoRepository) => "met";
    "git-silent" GIT serves(Greeting::GitSilent) => "greeting tcp_timeout";
    "git-closed" GIT serves(Greeting::GitClose) => "greeting tcp_reset";
    "git-garbage" GIT serves(Greeting::GitGarbage) => "greeting unknown";
    "ssh-good" SSH serves(Greeting::SshGood) => "met";
    "ssh-welcomes" SSH serves(Greeting::SshWelcomes) => "met";
    "ssh-silent" SSH serves(Greeting::SshSilent) => "greeting tcp_timeout";
    "ssh-garbage" SSH serves(Greeting::SshGarbage) => "greeting unknown";
};

fn host_of(case: &Case) -> String {
    format!("{}.lab.example", case.name)
}

/// `met`, or the phase and the word.
pub(crate) fn verdict_of(check: &Value) -> String {
    match check["verdict"].as_str() {
        Some("unmet") => format!(
            "{} {}",
            check["phase"].as_str().unwrap_or("null"),
            check["cause"].as_str().unwrap_or("null")
        ),
        other => other.unwrap_or("null").to_owned(),
    }
}

/// Starts a lab with these cases and runs `check` over all of them at once.
fn report(lab: &Lab, cases: &[&Case], more: &[&str]) -> Value {
    let rules = cases
        .iter()
        .fold(TestRules::new(), |rules, case| rules.endpoint(case.name, &host_of(case), case.rule));
    let flags = rules.flags(lab.directory());
    Program::check_in(lab).args(flags).args(["-o", "json", "--timeout", "1500ms"]).args(more).run().json()
}

#[test]
fn every_fault_gets_its_failure_code() {
    let cases: Vec<&Case> = CASES.iter().collect();
    let lab = Lab::start(cases.iter().map(|c| (c.host)(&host_of(c))).collect());
    let report = report(&lab, &cases, &[]);
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|case| {
            let check = check(&report, case.name);
            let got = verdict_of(check);
            (got != case.expected)
                .then(|| format!("{}: {got}, expected {}\n{check:#}", case.name, case.expected))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The first words of git and SSH share the causes of connections, and the connection did open.
#[test]
fn a_silent_greeting_is_not_called_a_dropped_connection() {
    let cases: Vec<&Case> = CASES.iter().filter(|c| ["git-silent", "git-closed"].contains(&c.name)).collect();
    let lab = Lab::start(cases.iter().map(|c| (c.host)(&host_of(c))).collect());
    let report = report(&lab, &cases, &[]);
    for (name, words) in
        [("git-silent", "the connection opens, then nothing comes"), ("git-closed", "closed without a word")]
    {
        let note = check(&report, name)["note"].as_str().unwrap();
        assert!(note.contains(words) && !note.contains("packets"), "{note}");
    }
    let text = report["findings"].to_string();
    assert!(text.contains("nothing comes") && !text.contains("dropped"), "{text}");
}

/// A reset right after the handshake of TCP comes before or after the first byte of TLS; both are the truth.
#[test]
fn a_reset_after_accept_is_a_reset() {
    let case =
        Case { name: "tcp-reset", host: |n| Host::new(n, Tcp::ResetOnAccept), rule: HTTPS, expected: "" };
    let lab = Lab::start(vec![(case.host)(&host_of(&case))]);
    let got = verdict_of(check(&report(&lab, &[&case], &[]), "tcp-reset"));
    assert!(["connect tcp_reset", "tls tls_reset"].contains(&got.as_str()), "{got}");
}

#[test]
fn a_resolver_that_fails_is_one_finding() {
    let table = [
        (Resolver::Silent, "resolve dns_timeout"),
        (Resolver::Echoes, "resolve dns_timeout"),
        (Resolver::Dead, "resolve dns_unreachable"),
        (Resolver::RefusesAll, "resolve dns_refused"),
        (Resolver::ServfailAll, "resolve dns_servfail"),
        (Resolver::LosesFirst(2), "met"),
        (Resolver::TruncatesUdp, "met"),
        (Resolver::NoEdns, "met"),
    ];
    for (resolver, expected) in table {
        let case = Case { name: "any", host: |n| Host::good(n), rule: HTTPS, expected };
        let options = LabOptions { resolver, ..LabOptions::default() };
        let lab = Lab::start_with(vec![(case.host)(&host_of(&case))], options);
        assert_eq!(verdict_of(check(&report(&lab, &[&case], &[]), "any")), expected, "{resolver:?}");
    }
}

/// Without a diversion, an answer that leads to this machine is a filter's.
#[test]
fn unusable_addresses_are_not_connected_to() {
    let lab = Lab::start(vec![
        Host::with_dns("sinkhole.lab.example", Dns::Sinkhole),
        Host::with_dns("loopback.lab.example", Dns::Loopback),
    ]);
    let rules = TestRules::new().endpoint("sinkhole", "sinkhole.lab.example", "").endpoint(
        "loopback",
        "loopback.lab.example",
        "",
    );
    let report = Program::new()
        .args(["check", "-o", "json", "--resolver", &lab.resolver().to_string()])
        .args(rules.flags(lab.directory()))
        .run()
        .exits(3)
        .json();
    for id in ["sinkhole", "loopback"] {
        let check = check(&report, id);
        assert_eq!(verdict_of(check), "resolve dns_sinkhole", "{check:#}");
        assert_eq!(check["attempts"].as_array().map(Vec::len), Some(1), "nothing is connected to");
    }
}

/// The name leads to a private address that nothing answers at: the answer is the cause, not the silence.
#[test]
fn private_answers_are_named() {
    let lab = Lab::start(vec![Host::with_dns("private.lab.example", Dns::Private)]);
    let rules = TestRules::new().endpoint("private", "private.lab.example", "private_link: private");
    let report = Program::new()
        .args(["check", "-o", "json", "--timeout", "300ms", "--resolver", &lab.resolver().to_string()])
        .args(rules.flags(lab.directory()))
        .run()
        .exits(3)
        .json();
    assert_eq!(verdict_of(check(&report, "private")), "resolve dns_private_answer");
}

#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "the lab can read a connection's segment size on Linux only")]
fn dropped_large_packets_are_detected() {
    let case = Case { name: "small-path", host: |n| Host::new(n, Tls::SmallPath), rule: HTTPS, expected: "" };
    let lab = Lab::start(vec![(case.host)(&host_of(&case))]);
    assert_eq!(verdict_of(check(&report(&lab, &[&case], &[]), "small-path")), "tls tls_path_mtu");
}

#[test]
fn dropped_large_client_hellos_are_detected() {
    let case =
        Case { name: "large-hello", host: |n| Host::new(n, Tls::DropsLargeHello), rule: HTTPS, expected: "" };
    let lab = Lab::start(vec![(case.host)(&host_of(&case))]);
    let report = report(&lab, &[&case], &[]);
    assert_eq!(verdict_of(check(&report, "large-hello")), "tls tls_large_hello");
}

/// Small hellos pass whole and large ones in small segments: the packets are too large, not the message.
#[test]
#[cfg(target_os = "linux")]
fn a_path_that_loses_large_hellos_only_is_a_matter_of_mtu() {
    let host = |n: &str| Host::new(n, Tls::SmallPathForHellos);
    let case = Case { name: "hello-path", host, rule: HTTPS, expected: "" };
    let lab = Lab::start(vec![(case.host)(&host_of(&case))]);
    let report = report(&lab, &[&case], &[]);
    assert_eq!(verdict_of(check(&report, "hello-path")), "tls tls_path_mtu");
    let text = report["findings"][0]["explanation"].as_str().unwrap();
    assert!(text.contains("packets from here"), "{text}");
}

/// Second looks vary one thing each, and the finding says which one it was.
#[test]
fn a_handshake_that_is_cut_off_is_tried_in_other_ways() {
    let table = [
        // what is done to one host, and to the other, whose name is tried at the same address; finding, confidence
        (Tls::ResetsTls13, Serves::Good, "tls13_filtered", "high"),
        (Tls::ResetsTls13, Tls::ResetsTls13.into(), "tls13_filtered", "high"),
        (Tls::ResetAfterHello, Serves::Good, "sni_filtered", "high"),
        (Tls::CloseAfterHello, Serves::Good, "sni_filtered", "high"),
        (Tls::Stall, Serves::Good, "sni_filtered", "high"),
        (Tls::ResetAfterHello, Tls::Expired.into(), "sni_filtered", "high"),
        (Tls::ResetAfterHello, Tls::CloseAfterHello.into(), "sni_filtered", "low"),
    ];
    for (fault, other, finding, confidence) in table {
        let shown = format!("{fault:?} {other:?}");
        let cases = ["other", "cut", "good"].map(|name| Case {
            name,
            host: |n| Host::good(n),
            rule: HTTPS,
            expected: "",
        });
        let mut hosts: Vec<_> = cases.iter().map(|case| Host::good(host_of(case))).collect();
        (hosts[0].serves, hosts[1].serves) = (other, fault.into());
        let lab = Lab::start(hosts);
        let report = report(&lab, &cases.iter().collect::<Vec<_>>(), &["--no-cross-check"]);
        let id = check(&report, "cut")["id"].clone();
        let findings = report["findings"].as_array().unwrap();
        let of_cut = |f: &&Value| f["evidence"].as_array().unwrap().contains(&id);
        let found: Vec<_> = findings.iter().filter(of_cut).collect();
        assert_eq!(found.len(), 1, "{shown}: {found:#?}");
        assert_eq!(
            (&found[0]["id"], &found[0]["confidence"]),
            (&finding.into(), &confidence.into()),
            "{shown}"
        );
        let is_fact = !found[0]["summary"].as_str().unwrap().contains("perhaps");
        assert_eq!(is_fact, confidence == "high", "{shown}");
    }
}

/// The whole lab lives in another time: the certificates are in theirs, and `Date` says so.
#[test]
fn a_wrong_local_clock_is_detected() {
    for days in [-800, 800] {
        let offset = jiff::SignedDuration::from_hours(24 * days);
        let names = ["one", "two"];
        let options = LabOptions { clock_offset: offset, ..LabOptions::default() };
        let lab =
            Lab::start_with(names.iter().map(|n| Host::good(format!("{n}.lab.example"))).collect(), options);
        let rules = names
            .iter()
            .fold(TestRules::new(), |rules, name| rules.endpoint(name, &format!("{name}.lab.example"), ""));
        let flags = rules.flags(lab.directory());
        let report = Program::check_in(&lab).args(flags).args(["-o", "json"]).run().exits(3).json();
        for name in names {
            assert_eq!(verdict_of(check(&report, name)), "tls clock_skew", "{days} days");
        }
        let findings: Vec<_> =
            report["findings"].as_array().expect("findings").iter().map(|f| &f["id"]).collect();
        assert_eq!(findings.iter().filter(|id| **id == "clock_wrong").count(), 1, "{findings:?}");
    }
}

/// A certificate out of its time that nobody trusted in its time is no wrong clock, and its server gets no request at all. One that
/// was trusted is asked for the time, and gets nothing of the endpoint's own request.
#[test]
fn strangers_with_old_certificates_get_no_request() {
    let hosts = [
        ("signs-itself", Tls::SelfSigned, "tls tls_self_signed"),
        ("unlisted", Tls::UnknownIssuer, "tls tls_intercepted"),
        ("wrong", Tls::WrongName, "tls tls_name_mismatch"),
        ("own", Tls::Good, "tls clock_skew"),
    ];
    let name = |id: &str| format!("{id}.lab.example");
    let clock_offset = jiff::SignedDuration::from_hours(24 * -200);
    let options = LabOptions { clock_offset, ..LabOptions::default() };
    let lab = Lab::start_with(hosts.iter().map(|(id, tls, _)| Host::new(name(id), *tls)).collect(), options);
    let request = "request: {path: '/x?sig=S', headers: {Authorization: Bearer T}}";
    let rules = hosts.iter().fold(TestRules::new(), |rules, (id, ..)| rules.endpoint(id, &name(id), request));
    let flags = rules.flags(lab.directory());
    let report = Program::check_in(&lab).args(flags).args(["-o", "json"]).run().exits(3).json();
    for (id, _, expected) in hosts {
        assert_eq!(verdict_of(check(&report, id)), expected, "{id}");
    }
    let log = lab.log();
    let requests: Vec<_> = log.iter().filter(|line| line.starts_with("http ")).collect();
    assert_eq!(requests, ["http own.lab.example GET /"]);
}

/// With the inspecting authority given, an endpoint that tolerates inspection is met, and says so; one that does not is
/// not.
#[test]
fn a_configured_ca_is_trusted_where_the_rules_allow_inspection() {
    let lab = Lab::start(vec![
        Host::new("tolerant.lab.example", Tls::Intercepted),
        Host::new("strict.lab.example", Tls::Intercepted),
        Host::new("filtered.lab.example", Serves::TlsAndApp(Tls::Intercepted, App::Http(Http::BlockPage))),
    ]);
    let rules = TestRules::new()
        .endpoint("tolerant", "tolerant.lab.example", "answer: {marks: [lab]}")
        .endpoint("strict", "strict.lab.example", "inspection: forbidden")
        .endpoint("filtered", "filtered.lab.example", "");
    let flags = rules.flags(lab.directory());
    let authority = lab.corporate_ca().display().to_string();
    let report = Program::check_in(&lab)
        .args(flags)
        .args(["-o", "json", "--proxy-cert", &authority])
        .run()
        .exits(3)
        .json();
    assert_eq!(verdict_of(check(&report, "tolerant")), "met");
    assert_eq!(verdict_of(check(&report, "strict")), "tls tls_intercepted");
    assert_eq!(verdict_of(check(&report, "filtered")), "http http_block_page");
    let ids: Vec<_> =
        report["findings"].as_array().expect("findings").iter().map(|f| f["id"].clone()).collect();
    assert!(ids.contains(&"tls_inspection_trusted".into()), "{ids:?}");
}

/// Both families and every address are attempts of their own.
#[test]
fn addresses_are_observed_one_by_one() {
    let lab = Lab::start(vec![Host::with_dns("two.lab.example", Dns::PlusUnroutableV6)]);
    let rules = TestRules::new().endpoint("two", "two.lab.example", "");
    let flags = rules.flags(lab.directory());
    let report = Program::check_in(&lab).args(flags).args(["-o", "json"]).run().exits(0).json();
    let check = check(&report, "two");
    let attempts = check["attempts"].as_array().expect("attempts");
    let probes: Vec<_> = attempts.iter().filter(|a| a["purpose"] == "probe").collect();
    assert_eq!(probes.len(), 2, "{check:#}");
    assert_eq!(verdict_of(check), "met");
}
