//! Where one diagnosis ends and the next begins.

use arcprobe::analysis::diagnose::{Context, diagnose_run};
use arcprobe::model::evidence::{Cause, Discovery, DiscoveryOutcome, LookupSource, ProxyDetail, TrustStore};
use arcprobe::model::finding::Severity;
use arcprobe::model::ids::VantageId;
use arcprobe::model::report::{Check, Vantage};
use arcprobe::model::rules::Protocol;
use arcprobe::model::vantage::VantageKind;

use super::make::{CheckCase, RESOLVER, healthy, https, judge_cases, vantage};

const AT: &str = "20.1.0.4";

/// The ids of what is found, with the number of checks in each, without mere information.
fn found(cases: Vec<CheckCase>) -> Vec<String> {
    let checks = judge_cases(VantageKind::Workstation, cases);
    let findings = diagnose_run(&checks, &Context::default());
    let telling = findings.iter().filter(|f| f.severity > Severity::Info);
    telling.map(|f| format!("{} {}", f.id, f.evidence.len())).collect()
}

fn hosts(number: usize) -> impl Iterator<Item = (CheckCase, String)> {
    (0..number).map(|n| (https(&format!("h{n}.zone{n}.example")), format!("20.2.0.{n}")))
}

fn bad(number: usize, cause: Cause) -> Vec<CheckCase> {
    hosts(number).map(|(case, address)| case.bad(&address, cause)).collect()
}

fn unresolved(number: usize, cause: Cause) -> Vec<CheckCase> {
    hosts(number).map(|(case, _)| case.unresolved(cause)).collect()
}

fn with(cases: impl IntoIterator<Item = CheckCase>) -> Vec<CheckCase> {
    healthy().into_iter().chain(cases).collect()
}

fn pinned(case: CheckCase) -> CheckCase {
    case.resolve(|d| d.source = LookupSource::HostsFile)
}

fn check(table: Vec<(&[&str], Vec<CheckCase>)>) {
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
        // an address that unrelated services share because a content network serves them is no catch-all
        (
            &["address_blocked 2"],
            with([
                https("a.one.example").bad(AT, Cause::TcpTimeout),
                https("b.two.test").bad(AT, Cause::TcpTimeout),
            ]),
        ),
        (
            &["dns_catch_all 2"],
            vec![
                https("a.one.example").bad(AT, Cause::TcpTimeout),
                https("b.two.test").bad(AT, Cause::TlsReset),
            ],
        ),
        // where nothing gets out, the hosts file is not to blame; where the service answered, neither
        (
            &["egress_blocked 5"],
            [bad(4, Cause::TcpTimeout), vec![pinned(https("a.example").bad(AT, Cause::TcpTimeout))]].concat(),
        ),
        (
            &["http_failing 1"],
            with([pinned(https("a.example").bad(AT, Cause::HttpTimeout))
                .tls(|t| t.trusted_by = Some(TrustStore::Public))]),
        ),
        // a single name can lack an answer for IPv6
        (&[], with([https("a.example").good(AT).with_query_for_ipv6(Some(Cause::DnsTimeout))])),
        (&[], healthy().into_iter().map(|c| c.with_query_for_ipv6(Some(Cause::DnsNoData))).collect()),
        // a server that answers now and then is not dead
        (&[], with([https("dl.k8s.io").good(AT).with_query(RESOLVER, Some(Cause::DnsTimeout))])),
    ]);
}

#[test]
fn the_same_name_is_asked_for_whichever_settled_the_others() {
    let command = |asked: usize| {
        let tried = |(at, (case, _)): (usize, (CheckCase, String))| {
            if at == asked {
                case.unresolved(Cause::DnsTimeout)
            } else {
                case.lookup_failed_elsewhere(Cause::DnsTimeout)
            }
        };
        let checks = judge_cases(VantageKind::Workstation, hosts(4).enumerate().map(tried).collect());
        diagnose_run(&checks, &Context::default())[0].remedy.commands[0].to_string()
    };
    assert!(command(0).starts_with("dig @") && command(0).ends_with("h0.zone0.example"), "{}", command(0));
    assert!((1..4).all(|asked| command(asked) == command(0)));
}

#[test]
fn connections() {
    let port = |host, port| CheckCase::new(host, port, Protocol::Https).bad(AT, Cause::TcpTimeout);
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
            with([
                port("a.example", 8084),
                CheckCase::new("b.example", 8084, Protocol::Https).good("20.1.0.8"),
            ]),
        ),
    ]);
}

#[test]
fn families() {
    let (v6, other_v6) = ("2603::1", "2603::2");
    let host = || https("a.example");
    check(vec![
        (&["ip_family_failing 1"], with([host().good(v6).bad(AT, Cause::TcpTimeout)])),
        (&["ip_family_failing 1"], with([host().good(AT).bad(v6, Cause::TcpRefused)])),
        (&["some_addresses_fail 1"], with([host().good(v6).good(AT).bad(other_v6, Cause::TcpTimeout)])),
        // both families fail: the endpoint does
        (&["address_blocked 1"], with([host().bad(v6, Cause::TcpTimeout).bad(AT, Cause::TcpTimeout)])),
        (&["sni_filtered 1"], with([host().bad(v6, Cause::TlsReset).bad(AT, Cause::TlsReset)])),
    ]);
}

#[test]
fn handshakes() {
    let by = |store| move |t: &mut arcprobe::model::evidence::TlsDetail| t.trusted_by = Some(store);
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
    let by =
        |host: &str, port| CheckCase::new(host, port, Protocol::Https).through_proxy("http://proxy:3128");
    let bad = |host: &str, port, cause| by(host, port).bad("10.0.0.9", cause);
    let good = |host: &str, port| by(host, port).good("10.0.0.9");
    let plain = |cause| {
        CheckCase::new("crl.example", 80, Protocol::Http).through_proxy("http://proxy:3128").bad(AT, cause)
    };
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
                https("b.example").through_proxy("http://other:80").bad(AT, Cause::ProxyRefused),
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
        (&["proxy_upstream 1"], vec![good("a.one", 443), bad("c.two", 443, Cause::TlsReset)]),
        (&["endpoint_unmet 1"], vec![bad("a.one", 443, Cause::Unknown)]),
    ]);
}

/// Each of Squid's codes has a reason of its own, and what explains two codes is one finding.
#[test]
fn what_keeps_a_proxy_from_getting_on() {
    let table = [
        ("ERR_DNS_FAIL 0", 503, "its own DNS does not resolve the name"),
        ("ERR_CONNECT_FAIL 110", 503, "its own connections there fail"),
        ("ERR_SOCKET_FAILURE 24", 503, "its own connections there fail"),
        ("ERR_CANNOT_FORWARD 0", 500, "it has no address for the name, or no parent proxy to send it to"),
        ("ERR_CANNOT_FORWARD 0", 503, "it has no parent proxy to send it to, or no address for the name"),
        ("ERR_FORWARDING_DENIED 0", 503, "it may not forward it, and finds no parent proxy that does"),
        ("ERR_SECURE_CONNECT_FAIL 71", 503, "its own TLS there fails"),
        ("ERR_READ_TIMEOUT 0", 503, "nothing answers it in time"),
        ("ERR_LIFETIME_EXP 0", 503, "nothing answers it in time"),
        ("", 504, "nothing answers it in time"),
        ("ERR_SOMETHING 0", 502, "it does not say why"),
    ];
    for (code, status, reason) in table {
        let by = |host: &str| https(host).through_proxy("http://proxy:3128");
        let seen = |d: &mut ProxyDetail| {
            d.status = Some(status);
            d.headers = [("x-squid-error".to_owned(), code.to_owned())].into();
        };
        let bad = by("a.example").bad("10.0.0.9", Cause::ProxyUpstream).proxy(seen);
        let checks = judge_cases(VantageKind::Workstation, vec![by("b.example").good("10.0.0.9"), bad]);
        let found = &diagnose_run(&checks, &Context::default())[0];
        assert_eq!(found.summary, format!("The proxy http://proxy:3128 cannot reach a.example: {reason}."));
    }
}

/// Vantages of a kind are named with their nodes, and counted where they are many.
#[test]
fn places_among_others() {
    let on = |kind: VantageKind, node: &str| Vantage {
        id: VantageId::on_node(kind, node),
        node: Some(node.into()),
        ..vantage(kind)
    };
    let table = [
        (VantageKind::Pod, 1, 1, "From the pod network:"),
        (VantageKind::Node, 1, 1, "From the node network:"),
        (VantageKind::Pod, 1, 2, "From pods on n0:"),
        (VantageKind::Node, 1, 2, "From node n0:"),
        (VantageKind::Pod, 3, 3, "From pods on n0, pods on n1 and pods on n2:"),
        (VantageKind::Pod, 4, 4, "From pods on all 4 nodes:"),
        (VantageKind::Node, 4, 4, "From all 4 nodes:"),
        (VantageKind::Pod, 4, 6, "From pods on 4 of 6 nodes:"),
        (VantageKind::Node, 5, 6, "From 5 of 6 nodes:"),
    ];
    for (kind, hit, all, expected) in table {
        // the other kind is not counted
        let other = if kind == VantageKind::Pod { VantageKind::Node } else { VantageKind::Pod };
        let mut vantages: Vec<_> = (0..all).map(|n| on(kind, &format!("n{n}"))).collect();
        vantages.push(on(other, "n0"));
        let checks = |(n, vantage): (usize, &Vantage)| {
            let refused = with(bad(usize::from(n < hit), Cause::TlsExpired));
            let named = |mut check: Check| {
                check.planned.vantage.clone_from(&vantage.id);
                check
            };
            judge_cases(vantage.kind, refused).into_iter().map(named).collect::<Vec<_>>()
        };
        let checks: Vec<_> = vantages[..all].iter().enumerate().flat_map(checks).collect();
        let context = Context { vantages: &vantages, ..Context::default() };
        let found = &diagnose_run(&checks, &context)[0];
        assert!(found.explanation.starts_with(expected), "{kind:?} {hit} {all}: {}", found.explanation);
    }
}

/// More lines than anybody pastes are counted.
#[test]
fn long_lists_of_commands_are_cut() {
    let commands = |hosts: usize| {
        let checks = judge_cases(VantageKind::Workstation, with(bad(hosts, Cause::TlsTimeout)));
        diagnose_run(&checks, &Context::default()).remove(0).remedy.lines()
    };
    let is_cut = |commands: &[String]| commands.iter().any(|c| c.contains("left out"));
    assert!(!is_cut(&commands(40)));
    let more = "arcprobe requirements -l REGION  # lists all; 3 more are left out here";
    assert!(commands(43).iter().any(|c| c == more), "{:#?}", commands(43));
}

/// What explains why a host cannot be used explains what it could not be asked for; both may break off differently.
#[test]
fn a_discovery_at_an_unmet_host_is_explained_with_the_host() {
    let inquiry = |asked: &str, cause| Discovery { asked: asked.into(), ..failed(cause) };
    let inspected = || with([https("gns.example").bad(AT, Cause::TlsIntercepted)]);
    let table = [
        (inquiry("gns.example/list", Cause::TlsIntercepted), inspected(), false),
        (inquiry("else.example/list", Cause::TlsIntercepted), inspected(), true),
        (inquiry("gns.example/list", Cause::TlsIntercepted), with(bad(1, Cause::TlsIntercepted)), true),
        (
            inquiry("gns.example/list", Cause::TlsIntercepted),
            with([https("gns.example").bad(AT, Cause::TlsReset)]),
            false,
        ),
        (inquiry("gns.example/list", Cause::TlsReset), inspected(), false),
        (inquiry("gns.example:8443/list", Cause::TlsReset), inspected(), true),
        (inquiry("gns.example/list", Cause::TlsReset), with([https("gns.example").good(AT)]), true),
    ];
    for (inquiry, cases, is_told) in table {
        let checks = judge_cases(VantageKind::Workstation, cases);
        let discoveries = [inquiry];
        let context = Context { discoveries: &discoveries, ..Context::default() };
        let found = diagnose_run(&checks, &context).iter().any(|f| f.id == "discovery_failed");
        assert_eq!(found, is_told, "{discoveries:?}");
    }
}

/// Of the hosts below a wildcard.
fn failed(cause: Cause) -> Discovery {
    Discovery {
        vantage: "workstation".into(),
        endpoint: "relay".into(),
        pattern: "*.relay.example".into(),
        method: "notification-allow-list".into(),
        asked: "gns.example/list".into(),
        outcome: DiscoveryOutcome::Failed,
        hosts: Vec::new(),
        refused: Vec::new(),
        phase: cause.phase(),
        cause: Some(cause),
        raw: None,
        note: None,
        took: std::time::Duration::from_millis(120),
    }
}
