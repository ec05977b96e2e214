//! Scenarios of what comes after TLS, and of runs as a whole.

use std::time::Duration;

use arcprobe::analysis::diagnose::{Context, diagnose_run};
use arcprobe::model::evidence::{BodyForm, Cause, Discovery, DiscoveryOutcome, NotRun, Purpose, TrustStore};
use arcprobe::model::plan::UnverifiedKind;
use arcprobe::model::report::Verdict::{Blocked, Incomplete, Ready, ReadyWithWarnings};
use arcprobe::model::rules::Protocol;
use arcprobe::model::vantage::VantageKind::{Node, Pod, Workstation};

use super::goldens::Scenario;
use super::make::{CheckCase, healthy, https, judge_cases, wss};

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario::new("all-met", Ready, &["stands_in"], healthy()),
        Scenario::new("block-page", Blocked, &["blocked_by_filter", "stands_in"], block_page()),
        Scenario::new("redirected", Blocked, &["redirected", "stands_in"], redirected()),
        Scenario::new("captive-portal", Blocked, &["captive_portal", "stands_in"], portal()),
        Scenario::new("portal-without-tls", Blocked, &["captive_portal", "stands_in"], plain_portal()),
        Scenario::new("http-failing", Blocked, &["http_failing", "http_failing", "stands_in"], http()),
        Scenario::new("websocket-blocked", Blocked, &["websocket_blocked", "stands_in"], websocket()),
        Scenario::new("greeting-failing", ReadyWithWarnings, &["greeting_failing", "stands_in"], greeting()),
        Scenario::new("endpoint-unmet", Blocked, &["endpoint_unmet", "stands_in"], unknown()),
        Scenario::new(
            "answer-unproven",
            Incomplete,
            &["tls_inspection_trusted", "answer_unproven", "answer_unproven", "stands_in"],
            unproven(),
        ),
        Scenario::new(
            "service-failing",
            ReadyWithWarnings,
            &["service_failing", "service_failing", "stands_in"],
            failing(),
        ),
        Scenario::new("probe-disagrees", Incomplete, &["probe_disagrees", "stands_in"], contradicted()),
        Scenario::new(
            "wildcards",
            ReadyWithWarnings,
            &["wildcard_unverified", "value_missing", "stands_in"],
            wildcards(),
        ),
        Scenario::new("discovery-stopped", Blocked, &["name_blocked", "stands_in"], unfound())
            .asking(vec![inquiry(DiscoveryOutcome::Failed, Some(Cause::DnsNxdomain), &[], &[])]),
        Scenario::new("discovery-failed", Incomplete, &["discovery_failed", "stands_in"], unlisted())
            .asking(vec![inquiry(DiscoveryOutcome::Failed, Some(Cause::Unknown), &[], &[])]),
        Scenario::new("discovery-refused", Incomplete, &["discovery_failed", "stands_in"], unlisted())
            .asking(vec![inquiry(DiscoveryOutcome::Refused, None, &[], &["relay.evil.example"])]),
        Scenario::new("discovery-odd", Ready, &["discovery_failed", "stands_in"], listed())
            .asking(vec![inquiry(DiscoveryOutcome::Found, None, &[HUB], &["relay.evil.example"])]),
        Scenario::new("discovery-proxied", Ready, &["discovery_failed", "stands_in"], proxied_registry())
            .asking(vec![Discovery {
                method: "registry-redirect".into(),
                asked: format!("{REGISTRY}/v2/oss/pause/manifests/3.6"),
                ..inquiry(DiscoveryOutcome::Found, None, &[HUB], &["data.evil.example"])
            }]),
        Scenario::new("run-interrupted", Incomplete, &["run_incomplete", "stands_in"], cut_short())
            .interrupted(),
        Scenario::new("region-unlisted", ReadyWithWarnings, &["region_unlisted", "stands_in"], healthy())
            .in_unlisted_region("mexicocentral"),
        from_three_vantages(),
    ]
}

const AT: &str = "20.1.0.4";

fn with(cases: impl IntoIterator<Item = CheckCase>) -> Vec<CheckCase> {
    healthy().into_iter().chain(cases).collect()
}

fn block_page() -> Vec<CheckCase> {
    with([https("gbl.his.arc.azure.com").bad(AT, Cause::HttpBlockPage).http(|h| {
        (h.status, h.appliance) = (Some(403), Some("FortiGate".into()));
    })])
}

fn redirected() -> Vec<CheckCase> {
    with([sent_to("gbl.his.arc.azure.com", "https://login.corp.example/sso?x=1")])
}

fn sent_to(host: &str, place: &str) -> CheckCase {
    // one address for all of them would be the work of DNS
    let address = format!("20.1.0.{}", host.len());
    https(host).bad(&address, Cause::HttpRedirected).http(|h| {
        h.status = Some(302);
        h.headers.insert("location".into(), place.into());
    })
}

/// A redirection as a portal would send it, from a product that filters.
fn filtered_to(host: &str, place: &str) -> CheckCase {
    https(host).bad(AT, Cause::HttpBlockPage).http(|h| {
        h.status = Some(302);
        h.headers.insert("location".into(), place.into());
        h.appliance = Some("Check Point".into());
    })
}

/// It shows itself at each host in another way.
fn portal() -> Vec<CheckCase> {
    let page = https("sts.windows.net").bad(AT, Cause::HttpBlockPage);
    vec![
        sent_to("gbl.his.arc.azure.com", "https://10.1.1.1:8443/fs?x=1"),
        sent_to("mcr.microsoft.com", "http://login.corp.example/"),
        sent_to("graph.windows.net", "http://login.corp.example/"),
        page.http(|h| (h.status, h.content) = (Some(511), Some(BodyForm::Html))),
    ]
}

/// Answers everything in plain HTTP, on port 443 too.
fn plain_portal() -> Vec<CheckCase> {
    ["management.azure.com", "sts.windows.net", "mcr.microsoft.com"].map(|host| without_tls(host, 400)).into()
}

fn without_tls(host: &str, status: u16) -> CheckCase {
    let address = format!("20.1.0.{}", host.len());
    let case = https(host).bad(&address, Cause::TlsNotTls);
    case.attempt(Purpose::PlainHttp, &address, None).http(|h| {
        h.status = Some(status);
        h.body = Some("<h1>Bad Request</h1>".into());
    })
}

/// A redirection to elsewhere is a portal only with a mark of one.
#[test]
fn a_portal_needs_marks() {
    let (arm, sts) = ("management.azure.com", "sts.windows.net");
    let table = [
        ("captive_portal", vec![sent_to(arm, "http://192.168.1.1/")]),
        ("captive_portal", vec![sent_to(arm, "//[fe80::1]/")]),
        ("captive_portal", vec![sent_to(arm, "https://guest.corp.example/")]),
        (
            "captive_portal",
            vec![sent_to(arm, "https://corp.example/"), sent_to(sts, "https://corp.example/")],
        ),
        ("captive_portal", vec![without_tls(arm, 511)]),
        ("captive_portal", vec![without_tls(arm, 200), without_tls(sts, 400)]),
        // a service of its own at the wrong port
        ("tls_refused", vec![without_tls(arm, 200)]),
        ("tls_refused", vec![without_tls(arm, 200), without_tls("b.azure.com", 200)]),
        ("tls_refused", vec![https(arm).bad(AT, Cause::TlsNotTls)]),
        // a filter says itself who it is
        ("blocked_by_filter", vec![filtered_to(arm, "http://192.168.1.1/usercheck/portal")]),
        ("redirected", vec![sent_to(arm, "https://corp.example/")]),
        ("redirected", vec![sent_to(arm, "https://20.1.2.3/")]),
        // of one service only
        (
            "redirected",
            vec![sent_to(arm, "https://corp.example/"), sent_to("b.azure.com", "https://corp.example/")],
        ),
        // what services themselves do, if the rules do not know it
        (
            "redirected",
            vec![sent_to(arm, "https://www.office.com/"), sent_to(sts, "https://www.office.com/")],
        ),
        ("redirected", vec![sent_to(sts, "https://portal.azure.com/")]),
    ];
    for (expected, cases) in table {
        let checks = judge_cases(Workstation, cases.clone());
        let ids: Vec<_> = diagnose_run(&checks, &Context::default()).into_iter().map(|f| f.id).collect();
        assert_eq!(ids, [expected], "{cases:#?}");
    }
}

fn http() -> Vec<CheckCase> {
    with([
        https("gbl.his.arc.azure.com").bad(AT, Cause::HttpTimeout),
        https("eastus.dp.kubernetesconfiguration.azure.com").bad(AT, Cause::HttpUnexpectedStatus),
    ])
}

/// Through an inspection whose CA was passed: a page that nobody knows, and an answer in the form of the service.
fn unproven() -> Vec<CheckCase> {
    let given = |case: CheckCase| case.good(AT).tls(|tls| tls.trusted_by = Some(TrustStore::Given));
    let page = given(https("gbl.his.arc.azure.com"))
        .http(|h| (h.status, h.content) = (Some(502), Some(BodyForm::Html)));
    let empty =
        given(https("sts.windows.net")).http(|h| (h.status, h.content) = (Some(404), Some(BodyForm::Empty)));
    with([page, empty])
}

fn failing() -> Vec<CheckCase> {
    let answers = |host: &str, status| https(host).good(AT).http(|h| h.status = Some(status));
    with([answers("gbl.his.arc.azure.com", 503), answers("graph.microsoft.com", 429)])
}

fn websocket() -> Vec<CheckCase> {
    let hub = wss("azgnrelay-eastus-l1.servicebus.windows.net").below_wildcard("*.servicebus.windows.net");
    with([hub.bad(AT, Cause::WsUpgradeStripped)])
}

fn greeting() -> Vec<CheckCase> {
    with([CheckCase::new("github.com", 22, Protocol::Ssh).optional().bad(AT, Cause::Unknown)])
}

fn unknown() -> Vec<CheckCase> {
    with([https("gbl.his.arc.azure.com").bad(AT, Cause::Unknown)])
}

fn contradicted() -> Vec<CheckCase> {
    let got_through = |host: &str, cause| {
        let case = https(host).bad(AT, cause).attempt(Purpose::Reference, AT, None);
        case.http(|h| (h.request, h.status) = ("GET /".into(), Some(404)))
    };
    with([
        got_through("gbl.his.arc.azure.com", Cause::TlsReset).attempt(
            Purpose::Retry,
            AT,
            Some(Cause::TlsReset),
        ),
        got_through("eastus.dp.kubernetesconfiguration.azure.com", Cause::HttpTimeout),
    ])
}

fn wildcards() -> Vec<CheckCase> {
    let missing =
        |host: &str, pattern: &str, kind| https(host).below_wildcard(pattern).unverified(kind, "not known");
    with([
        missing("x", "*.servicebus.windows.net", UnverifiedKind::WildcardUnknown),
        missing("y", "*.data.mcr.microsoft.com", UnverifiedKind::WildcardUnknown),
        missing("z", "{vault}.vault.azure.net", UnverifiedKind::ValueMissing).optional(),
        missing("w", "*.portal.azure.com", UnverifiedKind::CalledFromAzure),
    ])
}

const HUB: &str = "g0-prod-bl2-010-sb.servicebus.windows.net";
const HUBS: &str = "*.servicebus.windows.net";

fn unfound() -> Vec<CheckCase> {
    let asked = https("guestnotificationservice.azure.com").unresolved(Cause::DnsNxdomain);
    with([asked, wss("relay").below_wildcard(HUBS).unverified(UnverifiedKind::NotDiscovered, "not found")])
}

fn unlisted() -> Vec<CheckCase> {
    let asked = https("guestnotificationservice.azure.com").good("20.1.0.5");
    with([asked, wss("relay").below_wildcard(HUBS).unverified(UnverifiedKind::NotDiscovered, "not found")])
}

fn listed() -> Vec<CheckCase> {
    let mut hub = wss(HUB).below_wildcard(HUBS).good(AT);
    hub.planned.endpoint = "relay".into();
    with([hub])
}

const REGISTRY: &str = "mcr.microsoft.com";

/// The same host is reached directly where something else asks for it.
fn proxied_registry() -> Vec<CheckCase> {
    let registry = https(REGISTRY).through_proxy("http://proxy.corp.example:3128").good(AT);
    listed()
        .into_iter()
        .filter(|case| case.planned.host.as_deref() != Some(REGISTRY))
        .chain([registry])
        .collect()
}

pub(super) fn inquiry(
    outcome: DiscoveryOutcome,
    cause: Option<Cause>,
    hosts: &[&str],
    refused: &[&str],
) -> Discovery {
    let texts = |names: &[&str]| names.iter().map(ToString::to_string).collect();
    Discovery {
        vantage: "workstation".into(),
        endpoint: "relay".into(),
        pattern: HUBS.into(),
        method: "notification-allow-list".into(),
        asked: "guestnotificationservice.azure.com/urls/allowlist?location=eastus".into(),
        outcome,
        hosts: texts(hosts),
        refused: texts(refused),
        phase: cause.and_then(Cause::phase),
        cause,
        raw: cause.map(|c| c.text().to_owned()),
        note: None,
        took: Duration::from_millis(120),
    }
}

fn cut_short() -> Vec<CheckCase> {
    with([https("gbl.his.arc.azure.com").not_run(NotRun::Interrupted)])
}

/// The same endpoint fails alike from two places and is well from the third; the pods have a resolver problem besides.
fn from_three_vantages() -> Scenario {
    let closed = || with([https("eus.his.arc.azure.com").bad(AT, Cause::TcpTimeout)]);
    let mut pod = closed();
    pod.push(https("gbl.his.arc.azure.com").unresolved(Cause::DnsServfail));
    let mut checks = judge_cases(Workstation, with([https("eus.his.arc.azure.com").good(AT)]));
    checks.extend(judge_cases(Pod, pod));
    checks.extend(judge_cases(Node, closed()));
    Scenario::of("three-vantages", Blocked, &["name_blocked", "address_blocked"], checks).from(&[
        Workstation,
        Pod,
        Node,
    ])
}
