//! The rules of the verdicts, one line each.
#![expect(clippy::unwrap_used, reason = "helpers of tests, where a panic is a failed test")]

use arcprobe::analysis::diagnose::{Context, diagnose_run};
use arcprobe::analysis::verdict;
use arcprobe::model::evidence::{
    Cause, CertificateSummary, Evidence, LookupSource, NotRun, Purpose, TrustStore,
};
use arcprobe::model::plan::{Plan, PlanItem, UnverifiedKind};
use arcprobe::model::report::{Check, CheckVerdict, Verdict};
use arcprobe::model::rules::{AddressClass, PrivateLink, Protocol};
use arcprobe::model::vantage::VantageKind;

use super::make::{CheckCase, https, judge_cases, vantage, wss};

const V4: &str = "20.0.0.1";
const OTHER_V4: &str = "20.0.0.2";
const V6: &str = "2603::1";
const INSIDE: &str = "10.1.2.3";

fn one(case: CheckCase) -> Check {
    judge_cases(VantageKind::Workstation, vec![case]).remove(0)
}

fn word(check: &Check) -> String {
    match check.verdict {
        CheckVerdict::Met => "met".into(),
        CheckVerdict::Unmet => format!("{} {}", check.phase.unwrap(), check.cause.unwrap()),
        CheckVerdict::Unverified => format!("{:?}", check.unverified.unwrap()),
    }
}

fn host() -> CheckCase {
    https("host.example.com")
}

fn proxied(cause: Cause) -> CheckCase {
    host().through_proxy("http://proxy:3128").bad(INSIDE, cause)
}

fn protocol(protocol: Protocol) -> CheckCase {
    CheckCase::new("host.example.com", 9000, protocol)
}

fn private_link(expects: AddressClass) -> CheckCase {
    host().spec(|s| (s.addresses, s.private_link) = (expects, PrivateLink::Private))
}

#[test]
fn one_check() {
    let table = vec![
        ("met", host().good(V4)),
        ("met", protocol(Protocol::Tcp).good(V4)),
        ("met", protocol(Protocol::Tls).good(V4)),
        ("met", protocol(Protocol::Ssh).good(V4)),
        ("met", host().bad(V4, Cause::TcpTimeout).good(OTHER_V4)),
        ("met", host().bad(V4, Cause::TcpTimeout).attempt(Purpose::Retry, V4, None)),
        ("met", host().bad(V6, Cause::TcpUnreachable).good(V4)),
        ("websocket ws_refused", wss("host.example.com").bad(V4, Cause::WsRefused)),
        ("greeting http_timeout", protocol(Protocol::Git).bad(V4, Cause::HttpTimeout)),
        ("resolve dns_nxdomain", host().unresolved(Cause::DnsNxdomain)),
        ("resolve dns_sinkhole", host().sinkholed("0.0.0.0")),
        // the furthest failure tells most
        ("tls tls_reset", host().bad(V4, Cause::TcpRefused).bad(OTHER_V4, Cause::TlsReset)),
        ("tls tls_timeout", host().bad(V4, Cause::TcpRefused).bad(OTHER_V4, Cause::TlsTimeout)),
        // then an answer before silence, and IPv4 before IPv6
        ("connect tcp_refused", host().bad(V4, Cause::TcpTimeout).bad(OTHER_V4, Cause::TcpRefused)),
        ("connect tcp_timeout", host().bad(V6, Cause::TcpUnreachable).bad(V4, Cause::TcpTimeout)),
        ("connect tcp_reset", host().bad(V6, Cause::TcpRefused).bad(V4, Cause::TcpReset)),
        ("connect tcp_unreachable", host().bad(V6, Cause::TcpUnreachable)),
        // nothing measured, or not enough
        ("NotRun", host().not_run(NotRun::Deadline)),
        ("NotRun", host().not_run(NotRun::Interrupted)),
        ("Broken", host().not_run(NotRun::Broken)),
        ("Broken", host()),
        ("WildcardUnknown", host().unverified(UnverifiedKind::WildcardUnknown, "no host is known")),
        ("met", host().good(V4).not_run(NotRun::Interrupted)),
        ("connect tcp_reset", host().bad(V4, Cause::TcpReset).not_run(NotRun::Interrupted)),
        ("resolve dns_refused", host().unresolved(Cause::DnsRefused).not_run(NotRun::Deadline)),
        ("NotRun", host().bad(V4, Cause::TcpReset).resolve(add_address).not_run(NotRun::Deadline)),
        // what a proxy refused stays refused, however far the direct cross-check got
        ("proxy proxy_dns", proxied(Cause::ProxyDns).not_run(NotRun::Deadline)),
        ("proxy proxy_denied", proxied(Cause::ProxyDenied).directly(V4, None).not_run(NotRun::Deadline)),
    ];
    for (expected, case) in table {
        assert_eq!(word(&one(case.clone())), expected, "{case:#?}");
    }
}

fn add_address(detail: &mut arcprobe::model::evidence::ResolveDetail) {
    detail.addresses.push(OTHER_V4.parse().unwrap());
}

#[test]
fn second_looks() {
    let stalled = || host().bad(V4, Cause::TlsTimeout);
    let table = [
        ("tls tls_path_mtu", stalled().attempt(Purpose::SmallSegments, V4, None)),
        ("tls tls_path_mtu", stalled().attempt(Purpose::SmallSegments, V4, Some(Cause::TlsUnknownIssuer))),
        ("tls tls_timeout", stalled().attempt(Purpose::SmallSegments, V4, Some(Cause::TlsTimeout))),
        ("tls tls_timeout", stalled().attempt(Purpose::SmallSegments, V4, Some(Cause::TcpTimeout))),
        ("tls tls_reset", host().bad(V4, Cause::TlsReset).attempt(Purpose::SmallSegments, V4, None)),
        ("tls clock_skew", host().bad(V4, Cause::TlsExpired).tls(skewed)),
        ("tls tls_expired", host().bad(V4, Cause::TlsExpired)),
        ("tls tls_name_mismatch", host().bad(V4, Cause::TlsNameMismatch).tls(skewed)),
    ];
    for (expected, case) in table {
        assert_eq!(word(&one(case.clone())), expected, "{case:#?}");
    }
}

#[test]
fn an_ordinary_client_contradicts_broken_exchanges_only() {
    let got_through = |case: CheckCase, cause| case.bad(V4, cause).attempt(Purpose::Reference, V4, None);
    for &cause in Cause::ALL {
        let expected = if cause.is_broken_exchange() {
            "Contradicted".to_owned()
        } else {
            word(&one(host().bad(V4, cause)))
        };
        assert_eq!(word(&one(got_through(host(), cause))), expected, "{cause}");
    }
    let proxied = || host().through_proxy("http://proxy:3128");
    let reference = |case: CheckCase, cause| case.attempt(Purpose::Reference, V4, cause);
    let stalled = || reference(host().bad(V4, Cause::TlsTimeout), None);
    let table = [
        // the client fails as well, or gets what the service does not give
        ("tls tls_reset", reference(host().bad(V4, Cause::TlsReset), Some(Cause::Unknown))),
        ("tls tls_reset", reference(host().bad(V4, Cause::TlsReset), Some(Cause::HttpBlockPage))),
        // the phases, walked once more, fail again or not
        ("Contradicted", stalled().attempt(Purpose::Retry, V4, Some(Cause::HttpTimeout))),
        ("met", stalled().attempt(Purpose::Retry, V4, None)),
        // what tells most counts
        ("http http_block_page", stalled().bad(OTHER_V4, Cause::HttpBlockPage)),
        ("tls tls_path_mtu", stalled().attempt(Purpose::SmallSegments, V4, None)),
        (
            "resolve dns_private_answer",
            host().bad(INSIDE, Cause::TcpTimeout).attempt(Purpose::Reference, INSIDE, None),
        ),
        ("Contradicted", got_through(proxied(), Cause::ProxyClosed)),
        ("proxy proxy_auth_required", got_through(proxied(), Cause::ProxyAuthRequired)),
        ("proxy proxy_dns", got_through(proxied(), Cause::ProxyDns)),
        ("websocket ws_refused", got_through(wss("hub.example.com"), Cause::WsRefused)),
        ("Contradicted", got_through(host(), Cause::TcpReset).not_run(NotRun::Deadline)),
    ];
    for (expected, case) in table {
        assert_eq!(word(&one(case.clone())), expected, "{case:#?}");
    }
}

/// Our clock is forty days ahead of the server's.
pub(super) fn skewed(tls: &mut arcprobe::model::evidence::TlsDetail) {
    tls.server_date = Some("Wed, 01 Jul 2026 12:00:00 GMT".into());
    tls.clock_skew_s = Some(-3_456_000);
    tls.chain.push(CertificateSummary {
        not_before: Some("2026-06-01T00:00:00Z".into()),
        not_after: Some("2026-08-01T00:00:00Z".into()),
        ..Default::default()
    });
}

#[test]
fn classes_of_addresses() {
    let (public, private) = (AddressClass::Public, AddressClass::Private);
    let any = |c: CheckCase| c.spec(|s| s.addresses = AddressClass::Any);
    let over_public_chain = |c: CheckCase| c.tls(|t| t.trusted_by = Some(TrustStore::Public));
    let alias = "gbl.privatelink.his.arc.azure.com";
    let table = [
        ("met", host().good(INSIDE)),
        ("met", host().good(INSIDE).good(V4)),
        ("resolve dns_private_answer", host().bad(INSIDE, Cause::TcpTimeout)),
        ("connect tcp_timeout", host().bad(INSIDE, Cause::TcpTimeout).bad(V4, Cause::TcpTimeout)),
        ("connect tcp_timeout", any(host().bad(INSIDE, Cause::TcpTimeout))),
        ("resolve dns_private_answer", private_link(public).good(INSIDE)),
        ("met", over_public_chain(private_link(public).good(INSIDE))),
        ("met", over_public_chain(private_link(public).good("100.64.1.5"))),
        ("met", over_public_chain(private_link(public).bad("10.1.2.4", Cause::TcpTimeout).good(INSIDE))),
        (
            "resolve dns_private_answer",
            over_public_chain(private_link(public).good(INSIDE)).resolve(|d| d.cnames.push(alias.into())),
        ),
        ("met", private_link(public).good(V4)),
        ("met", private_link(private).good(INSIDE)),
        ("resolve dns_public_answer", private_link(private).good(V4)),
        ("resolve dns_public_answer", private_link(private).bad(V4, Cause::TcpReset)),
        ("met", private_link(public).good(INSIDE).resolve(|d| d.source = LookupSource::ConnectTo)),
        ("met", private_link(public).through_proxy("http://proxy:3128").good(INSIDE)),
    ];
    for (expected, case) in table {
        assert_eq!(word(&one(case.clone())), expected, "{case:#?}");
    }
}

#[test]
fn each_family_is_a_path_of_its_own() {
    let from = |local: &'static str| {
        move |case: CheckCase| case.connect(|d| d.local = format!("[{local}]:4711").parse().ok())
    };
    let both = |cause| host().good(V4).bad(V6, cause);
    let table = [
        // the race between the families ends when TCP is connected
        ("tls tls_timeout", both(Cause::TlsTimeout)),
        ("tls tls_reset", both(Cause::TlsReset)),
        ("http http_timeout", both(Cause::HttpTimeout)),
        ("tls tls_path_mtu", both(Cause::TlsTimeout).attempt(Purpose::SmallSegments, V6, None)),
        ("met", both(Cause::TcpTimeout)),
        ("met", both(Cause::TcpRefused)),
        ("met", both(Cause::TlsTimeout).good("2603::2")),
        ("met", host().bad(V4, Cause::TlsTimeout).good(V6)),
        ("met", host().good(V4).bad(OTHER_V4, Cause::TlsTimeout)),
        // programs prefer IPv4 to the addresses of tunnels and of sites
        ("met", from("fd00::5")(both(Cause::TlsTimeout))),
        ("met", from("2002:a00::5")(both(Cause::TlsTimeout))),
        ("tls tls_timeout", from("2603::5")(both(Cause::TlsTimeout))),
    ];
    for (expected, case) in table {
        assert_eq!(word(&one(case.clone())), expected, "{case:#?}");
    }
}

#[test]
fn a_large_hello_counts_for_every_check_at_the_address() {
    let large = |cause| host().good(V4).attempt(Purpose::LargeHello, V4, cause);
    let neighbour = || https("neighbour.example.com");
    let dropped = Some(Cause::TlsTimeout);
    let small = |cause| large(dropped).attempt(Purpose::LargeHello, V4, cause).in_small_segments();
    let table = [
        (["met", "met"], [large(None), neighbour().good(V4)]),
        (["tls tls_large_hello"; 2], [large(dropped), neighbour().good(V4)]),
        (["tls tls_large_hello"; 2], [large(Some(Cause::TlsReset)), neighbour().good(V4)]),
        (["tls tls_path_mtu"; 2], [small(None), neighbour().good(V4)]),
        (["tls tls_path_mtu"; 2], [small(Some(Cause::TlsAlert)), neighbour().good(V4)]),
        (["tls tls_large_hello"; 2], [small(dropped), neighbour().good(V4)]),
        (["tls tls_large_hello"; 2], [small(Some(Cause::TcpTimeout)), neighbour().good(V4)]),
        (["met", "met"], [large(Some(Cause::TcpTimeout)), neighbour().good(V4)]),
        (["met", "met"], [large(Some(Cause::TlsAlert)), neighbour().good(V4)]),
        (["tls tls_large_hello", "met"], [large(dropped), neighbour().good(V4).good(OTHER_V4)]),
        (["tls tls_large_hello", "met"], [large(dropped), neighbour().good(OTHER_V4)]),
        (["tls tls_large_hello", "tls tls_reset"], [large(dropped), neighbour().bad(V4, Cause::TlsReset)]),
    ];
    for (expected, cases) in table {
        let checks = judge_cases(VantageKind::Pod, cases.to_vec());
        assert_eq!(checks.iter().map(word).collect::<Vec<_>>(), expected, "{cases:#?}");
    }
}

#[test]
fn notes_tell_the_decisive_detail() {
    let inspected = host().good(V4).tls(|t| {
        (t.trusted_by, t.authority) = (Some(TrustStore::Given), Some("CN=Corp Root".into()));
    });
    let inspected = inspected.http(|h| h.mark = Some("header x-ms-request-id".into()));
    let own = inspected.clone().spec(|s| s.certificate.public = false);
    let table = [
        (None, host().good(V4)),
        (None, own),
        (Some("TLS is inspected by CN=Corp Root, which --proxy-cert makes trusted"), inspected),
        (
            Some("one address fails: 20.0.0.1:443 (tcp_timeout)"),
            host().bad(V4, Cause::TcpTimeout).good(OTHER_V4),
        ),
        (
            Some("the connection is refused (20.0.0.1:443): raw text of tcp_refused"),
            host().bad(V4, Cause::TcpRefused),
        ),
        (
            Some(
                "an ordinary client got status 200, the probe failed: the connection is reset during the TLS handshake \
                 (20.0.0.1:443): raw text of tls_reset",
            ),
            host()
                .bad(V4, Cause::TlsReset)
                .attempt(Purpose::Reference, V4, None)
                .http(|h| h.status = Some(200)),
        ),
        (Some("the run's deadline passed first"), host().not_run(NotRun::Deadline)),
        (Some("no host"), host().unverified(UnverifiedKind::WildcardUnknown, "no host")),
        (
            Some("the answer is a private address where a public one is expected: 10.1.2.3"),
            host().good(INSIDE),
        ),
    ];
    for (expected, case) in table {
        assert_eq!(one(case.clone()).note.as_deref(), expected, "{case:#?}");
    }
}

/// No program can test a wildcard whose names nobody knows: where the name above it answers, that is a note.
#[test]
fn an_untestable_wildcard_is_a_note_where_its_parent_answers() {
    let wildcard = |pattern| {
        https("x").below_wildcard(pattern).unverified(UnverifiedKind::WildcardUnknown, "no host is known")
    };
    let parent = || https("host.example.com");
    let table = [
        ("WildcardParentAnswers", wildcard("*.host.example.com"), parent().good(V4)),
        ("WildcardUnknown", wildcard("*.host.example.com"), parent().bad(V4, Cause::TcpReset)),
        ("WildcardUnknown", wildcard("*.host.example.com"), parent().not_run(NotRun::Deadline)),
        ("WildcardUnknown", wildcard("*.example.com"), parent().good(V4)),
        ("WildcardUnknown", wildcard("*.other.example.com"), parent().good(V4)),
        (
            "WildcardUnknown",
            wildcard("*.host.example.com"),
            CheckCase::new("host.example.com", 8443, Protocol::Https).good(V4),
        ),
    ];
    for (expected, wildcard, parent) in table {
        let checks = judge_cases(VantageKind::Workstation, vec![wildcard, parent]);
        assert_eq!(word(&checks[0]), expected, "{checks:#?}");
        let is_reported =
            diagnose_run(&checks, &Context::default()).iter().any(|f| f.id == "wildcard_unverified");
        assert_eq!(is_reported, expected == "WildcardUnknown", "{checks:#?}");
    }
}

#[test]
fn a_check_without_an_observation_is_unverified() {
    let item = || PlanItem { check: host().planned, action: host().action };
    let plan = Plan { vantage: VantageKind::Pod, items: vec![item(), item()] };
    let mut evidence = Evidence { observations: vec![host().good(V4).observation], ..Default::default() };
    let words = |e: &Evidence| verdict::judge_checks(&plan, e).iter().map(word).collect::<Vec<_>>();
    assert_eq!(words(&evidence), ["met", "Broken"]);
    evidence.interrupted = true;
    assert_eq!(words(&evidence), ["met", "NotRun"]);
}

#[test]
fn the_overall_verdict() {
    let bad = || host().bad(V4, Cause::TcpReset);
    let unknown = |kind| host().unverified(kind, "");
    let either = |case: CheckCase| case.alternative("front");
    let table = [
        (Verdict::Ready, vec![host().good(V4)]),
        (Verdict::Blocked, vec![bad()]),
        (Verdict::Ready, vec![bad().optional()]),
        (Verdict::Ready, vec![either(bad()), either(host().good(V4))]),
        (Verdict::Blocked, vec![either(bad()), either(bad())]),
        (Verdict::Ready, vec![unknown(UnverifiedKind::WildcardUnknown)]),
        (Verdict::Ready, vec![unknown(UnverifiedKind::CalledFromAzure)]),
        (Verdict::Incomplete, vec![unknown(UnverifiedKind::ValueMissing)]),
        (Verdict::Incomplete, vec![host().not_run(NotRun::Broken)]),
        (Verdict::Ready, vec![host().optional().not_run(NotRun::Broken)]),
        (Verdict::Blocked, vec![bad(), host().not_run(NotRun::Deadline)]),
    ];
    for (expected, cases) in table {
        let checks = judge_cases(VantageKind::Workstation, cases);
        assert_eq!(verdict::judge_run(&checks, &[], &[], false), expected, "{checks:#?}");
    }
    let mut silent = vantage(VantageKind::Pod);
    assert_eq!(verdict::judge_run(&[], &[], &[silent.clone()], false), Verdict::Ready);
    assert_eq!(verdict::judge_run(&[], &[], &[silent.clone()], true), Verdict::Incomplete);
    silent.error = Some("the job did not start".into());
    assert_eq!(verdict::judge_run(&[], &[], &[silent], false), Verdict::Incomplete);
}
