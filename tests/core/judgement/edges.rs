//! Where one diagnosis ends and the next begins.

use arcprobe::diagnose::{Context, findings};
use arcprobe::evidence::{Cause, TrustStore};
use arcprobe::finding::Severity;
use arcprobe::rules::model::Protocol;
use arcprobe::vantage::VantageKind;

use super::make::{Case, RESOLVER, healthy, https, judged};

const AT: &str = "20.1.0.4";

/// The ids of what is found, with the number of checks in each, without mere information.
fn found(cases: Vec<Case>) -> Vec<String> {
    let checks = judged(VantageKind::Workstation, cases);
    let findings = findings(&checks, &Context::default());
    let telling = findings.iter().filter(|f| f.severity > Severity::Info);
    telling.map(|f| format!("{} {}", f.id, f.evidence.len())).collect()
}

fn hosts(number: usize) -> impl Iterator<Item = (Case, String)> {
    (0..number).map(|n| (https(&format!("h{n}.zone{n}.example")), format!("20.2.0.{n}")))
}

fn bad(number: usize, cause: Cause) -> Vec<Case> {
    hosts(number).map(|(case, address)| case.bad(&address, cause)).collect()
}

fn unresolved(number: usize, cause: Cause) -> Vec<Case> {
    hosts(number).map(|(case, _)| case.unresolved(cause)).collect()
}

fn with(cases: impl IntoIterator<Item = Case>) -> Vec<Case> {
    healthy().into_iter().chain(cases).collect()
}

fn check(table: Vec<(&[&str], Vec<Case>)>) {
    for (expected, cases) in table {
        assert_eq!(found(cases.clone()), expected, "{cases:#?}");
    }
}

#[test]
fn names() {
    check(vec![
        (&[], healthy()),
        (&["resolver_silent 1"], unresolved(1, Cause::DnsTimeout)),
        (&["resolver_silent 12"], with(unresolved(12, Cause::DnsTimeout))),
        (&["name_blocked 1"; 3], with(unresolved(3, Cause::DnsTimeout))),
        (&["resolver_failing 1"], unresolved(1, Cause::DnsRefused)),
        (&["resolver_failing 3"], unresolved(3, Cause::DnsNxdomain)),
        (&["name_blocked 1"; 2], unresolved(2, Cause::DnsNxdomain)),
        (&["name_blocked 1"], with([https("dl.k8s.io").unresolved(Cause::DnsServfail)])),
        // a server that answers now and then is not dead
        (&[], with([https("dl.k8s.io").good(AT).asked(RESOLVER, Some(Cause::DnsTimeout))])),
    ]);
}

#[test]
fn the_same_name_is_asked_for_whichever_settled_the_others() {
    let command = |asked: usize| {
        let tried = |(at, (case, _)): (usize, (Case, String))| {
            if at == asked { case.unresolved(Cause::DnsTimeout) } else { case.settled(Cause::DnsTimeout) }
        };
        let checks = judged(VantageKind::Workstation, hosts(4).enumerate().map(tried).collect());
        findings(&checks, &Context::default())[0].remedy.commands[0].clone()
    };
    assert!(command(0).starts_with("dig @") && command(0).ends_with("h0.zone0.example"), "{}", command(0));
    assert!((1..4).all(|asked| command(asked) == command(0)));
}

#[test]
fn connections() {
    let port = |host, port| Case::new(host, port, Protocol::Https).bad(AT, Cause::TcpTimeout);
    check(vec![
        (&["egress_blocked 4"], bad(4, Cause::TcpTimeout)),
        (&["address_blocked 3"], bad(3, Cause::TcpTimeout)),
        (&["egress_blocked 12"], with(bad(12, Cause::TcpReset))),
        (&["address_blocked 11"], with(bad(11, Cause::TcpReset))),
        (&["no_route 2"], bad(2, Cause::TcpUnreachable)),
        (&["address_blocked 2"], with(bad(2, Cause::TcpUnreachable))),
        (&["port_blocked 1"], with([port("obo.example", 8084)])),
        (&["address_blocked 1"], vec![port("obo.example", 8084)]),
        // the port is open to another host
        (
            &["address_blocked 1"],
            with([port("a.example", 8084), Case::new("b.example", 8084, Protocol::Https).good("20.1.0.8")]),
        ),
    ]);
}

#[test]
fn handshakes() {
    let by = |store| move |t: &mut arcprobe::evidence::TlsDetail| t.trusted_by = Some(store);
    let intercepted = |store| https("a.example").bad(AT, Cause::TlsIntercepted).tls(by(store));
    check(vec![
        (&["sni_filtered 2"], with(bad(2, Cause::TlsTimeout))),
        (&["sni_filtered 1"], with(bad(1, Cause::TlsClosed))),
        (&["tls_refused 2"], bad(2, Cause::TlsReset)),
        (&["tls_inspection 1"], with([intercepted(TrustStore::System)])),
        (&["tls_inspection 1"], with([intercepted(TrustStore::Nobody)])),
        (&["tls_inspection_forbidden 1"], with([intercepted(TrustStore::Given)])),
        (&["certificate_bad 2"], with(bad(2, Cause::TlsExpired))),
        (&["certificate_bad 1"; 2], with([bad(1, Cause::TlsSelfSigned), bad(1, Cause::TlsExpired)].concat())),
        // one server's clock is not ours
        (&[], with([https("a.example").good(AT).http(|h| h.clock_skew_s = Some(900))])),
    ]);
}

#[test]
fn proxies() {
    let by = |host: &str, port| Case::new(host, port, Protocol::Https).by_proxy("http://proxy:3128");
    let bad = |host: &str, port, cause| by(host, port).bad("10.0.0.9", cause);
    let good = |host: &str, port| by(host, port).good("10.0.0.9");
    let plain =
        |cause| Case::new("crl.example", 80, Protocol::Http).by_proxy("http://proxy:3128").bad(AT, cause);
    check(vec![
        // causes of one dead proxy are one finding
        (
            &["proxy_down 2"],
            vec![bad("a.example", 443, Cause::ProxyRefused), bad("b.example", 443, Cause::ProxyTimeout)],
        ),
        // two proxies are two findings
        (
            &["proxy_down 1"; 2],
            vec![
                bad("a.example", 443, Cause::ProxyRefused),
                https("b.example").by_proxy("http://other:80").bad(AT, Cause::ProxyRefused),
            ],
        ),
        // a refusal shows that the proxy lives
        (
            &["proxy_denied 1", "proxy_failing 1"],
            vec![bad("a.example", 443, Cause::ProxyDenied), bad("b.example", 443, Cause::ProxyTimeout)],
        ),
        // what works directly says nothing about the proxy
        (&["proxy_down 1"], with([bad("a.example", 443, Cause::ProxyClosed)])),
        (
            &["proxy_port_denied 1"],
            vec![good("a.example", 443), bad("b.example", 8084, Cause::ProxyUpstream)],
        ),
        // the port is open to another host
        (
            &["proxy_denied 1"],
            vec![good("a.one", 443), good("b.one", 8084), bad("c.two", 8084, Cause::ProxyDenied)],
        ),
        // the host is denied on 443, too
        (
            &["proxy_denied 2"],
            vec![
                good("a.one", 443),
                bad("c.two", 443, Cause::ProxyDenied),
                bad("c.two", 8084, Cause::ProxyDenied),
            ],
        ),
        (&["proxy_denied 1"], vec![bad("b.example", 8084, Cause::ProxyDenied)]),
        // plain requests need no tunnel
        (&["proxy_denied 1"], vec![good("a.one", 443), plain(Cause::ProxyDenied)]),
        (&["sni_filtered 1"], vec![good("a.one", 443), bad("c.two", 443, Cause::TlsReset)]),
        (&["endpoint_unmet 1"], vec![bad("a.one", 443, Cause::Unknown)]),
    ]);
}
