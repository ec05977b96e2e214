//! Scenarios of proxies.

use arcprobe::model::evidence::{Cause, ProxyDetail, Purpose};
use arcprobe::model::report::Check;
use arcprobe::model::report::Verdict::{Blocked, Ready, ReadyWithWarnings};
use arcprobe::model::rules::Protocol;
use arcprobe::model::vantage::VantageKind::{Pod, Workstation};

use super::goldens::Scenario;
use super::make::{CheckCase, https, judge_cases};

const PROXY: &str = "http://proxy.corp:3128";
const LOCAL: &str = "http://127.0.0.1:3128";
const AT: &str = "10.0.0.9";

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario::new("proxy-on-loopback", ReadyWithWarnings, &["proxy_loopback", "stands_in"], {
            vec![https("management.azure.com").through_proxy(LOCAL).good(AT)]
        }),
        Scenario::of("proxy-on-loopback-inside", Blocked, &["proxy_loopback"], loopback_inside())
            .from(&[Workstation, Pod]),
        Scenario::new("proxy-down", Blocked, &["proxy_down", "stands_in"], refuses()),
        Scenario::new("proxy-has-no-address", Blocked, &["proxy_down", "stands_in"], all(Cause::ProxyDns)),
        Scenario::new("proxy-times-out", Blocked, &["proxy_down", "stands_in"], hangs()),
        Scenario::new("proxy-speaks-plain-http", Blocked, &["proxy_down", "stands_in"], plain_http()),
        Scenario::new("proxy-is-none", Blocked, &["proxy_down", "stands_in"], all(Cause::ProxyProtocol)),
        Scenario::new("proxy-log-on", Blocked, &["proxy_login", "stands_in"], log_on()),
        Scenario::new(
            "proxy-requires-authentication",
            Blocked,
            &["proxy_login", "stands_in"],
            login(false, &["Basic"]),
        ),
        Scenario::new(
            "proxy-refuses-credentials",
            Blocked,
            &["proxy_login", "stands_in"],
            login(true, &["Basic"]),
        ),
        Scenario::new(
            "proxy-requires-kerberos",
            Blocked,
            &["proxy_login", "stands_in"],
            login(true, &["Negotiate", "NTLM"]),
        ),
        Scenario::new("proxy-denies-port", Blocked, &["proxy_port_denied", "stands_in"], port()),
        Scenario::new("proxy-denies", Blocked, &["proxy_denied", "proxy_denied", "stands_in"], some_denied()),
        Scenario::new("proxy-denies-all", Blocked, &["proxy_denied", "stands_in"], all_denied()),
        Scenario::new(
            "proxy-upstream",
            Blocked,
            &["proxy_upstream", "proxy_upstream", "stands_in"],
            upstream(),
        ),
        Scenario::new("proxy-dead-tunnels", Blocked, &["proxy_upstream", "stands_in"], dead_tunnels()),
        Scenario::new("proxy-no-destination", Blocked, &["proxy_upstream", "stands_in"], no_destination()),
        Scenario::new(
            "proxy-limits",
            Blocked,
            &["proxy_limits", "stands_in"],
            limited(Some(Cause::ProxyDenied)),
        ),
        Scenario::new("proxy-limited-at-first", Ready, &["proxy_limits", "stands_in"], limited(None)),
        Scenario::new("proxy-failing", Blocked, &["proxy_failing", "stands_in"], failing()),
        Scenario::new("proxy-is-bypassed", Blocked, &["proxy_bypassed", "stands_in"], bypassed()),
        Scenario::new("proxy-is-skipped", Blocked, &["egress_blocked", "stands_in"], skipped()),
    ]
}

/// The workstation has it, each pod lacks it.
fn loopback_inside() -> Vec<Check> {
    let local = || https("management.azure.com").through_proxy(LOCAL);
    let here = judge_cases(Workstation, vec![local().good(AT)]);
    [here, judge_cases(Pod, vec![local().bad(AT, Cause::ProxyRefused)])].concat()
}

fn tunnel(host: &str) -> CheckCase {
    https(host).through_proxy(PROXY)
}

fn healthy() -> Vec<CheckCase> {
    vec![tunnel("management.azure.com").good(AT), tunnel("mcr.microsoft.com").good(AT)]
}

fn all(cause: Cause) -> Vec<CheckCase> {
    ["management.azure.com", "login.microsoftonline.com", "mcr.microsoft.com", "gbl.his.arc.azure.com"]
        .map(|host| tunnel(host).bad(AT, cause))
        .into()
}

/// Most of what the proxy stands before would answer without it.
fn refuses() -> Vec<CheckCase> {
    let mut cases = all(Cause::ProxyRefused).into_iter();
    let blocked = cases.next_back().map(|c| c.directly("20.1.0.9", Some(Cause::TcpTimeout)));
    cases.map(|c| c.directly("20.1.0.1", None)).chain(blocked).collect()
}

fn hangs() -> Vec<CheckCase> {
    let connected = |d: &mut ProxyDetail| d.address = Some(([10, 0, 0, 9], 3128).into());
    all(Cause::ProxyTimeout).into_iter().map(|c| c.proxy(connected)).collect()
}

fn plain_http() -> Vec<CheckCase> {
    let not_tls = |d: &mut ProxyDetail| d.tls_cause = Some(Cause::TlsNotTls);
    let cases = all(Cause::ProxyTls).into_iter();
    cases.map(|c| c.through_proxy("https://proxy.corp:3128").proxy(not_tls)).collect()
}

fn login(given: bool, offers: &[&str]) -> Vec<CheckCase> {
    let asked = |d: &mut ProxyDetail| {
        (d.status, d.with_credentials) = (Some(407), given);
        d.offers = offers.iter().map(|&o| o.to_owned()).collect();
    };
    let cases = all(Cause::ProxyAuthRequired).into_iter();
    cases.map(|c| c.proxy(asked).directly("20.1.0.1", Some(Cause::TcpTimeout))).collect()
}

/// CONNECT is redirected to a page.
fn log_on() -> Vec<CheckCase> {
    let sent = |d: &mut ProxyDetail| {
        d.status = Some(302);
        d.headers.insert("location".into(), "https://logon.corp.example/portal".into());
    };
    all(Cause::ProxyAuthRequired).into_iter().map(|c| c.proxy(sent)).collect()
}

fn port() -> Vec<CheckCase> {
    let obo = CheckCase::new("eastus.obo.arc.azure.com", 8084, Protocol::Https).through_proxy(PROXY);
    let mut cases = healthy();
    cases.push(obo.bad(AT, Cause::ProxyDenied).proxy(|d| d.status = Some(403)).directly("20.1.0.5", None));
    cases
}

fn denied(host: &str, status: u16) -> CheckCase {
    tunnel(host).bad(AT, Cause::ProxyDenied).proxy(|d| {
        d.status = Some(status);
        d.appliance = Some("Squid".into());
        d.headers = [("x-squid-error".to_owned(), "ERR_ACCESS_DENIED 0".to_owned())].into();
    })
}

/// Two suffixes, each told by itself.
fn some_denied() -> Vec<CheckCase> {
    let mut cases = healthy();
    cases.extend(["gbl.his.arc.azure.com", "eus.his.arc.azure.com"].map(|host| denied(host, 403)));
    cases.push(
        denied("azgnrelay-eastus.servicebus.windows.net", 403).below_wildcard("*.servicebus.windows.net"),
    );
    cases
}

fn all_denied() -> Vec<CheckCase> {
    ["management.azure.com", "mcr.microsoft.com"].map(|host| denied(host, 405)).into()
}

fn upstream() -> Vec<CheckCase> {
    let bad = |host, error: &str| {
        tunnel(host).bad(AT, Cause::ProxyUpstream).proxy(|d| {
            d.status = Some(503);
            d.headers = [("x-squid-error".to_owned(), error.to_owned())].into();
        })
    };
    let mut cases = healthy();
    cases.push(bad("gbl.his.arc.azure.com", "ERR_DNS_FAIL 0").directly("20.1.0.4", None));
    cases.push(bad("eus.his.arc.azure.com", "ERR_DNS_FAIL 0").directly("20.1.0.4", None));
    cases.push(bad("dl.k8s.io", "ERR_CONNECT_FAIL 110").optional());
    cases
}

/// Whether it hangs up or is silent: its own path out.
fn dead_tunnels() -> Vec<CheckCase> {
    let mut cases = healthy();
    for (host, cause) in
        [("gbl.his.arc.azure.com", Cause::TlsTimeout), ("eus.his.arc.azure.com", Cause::TlsClosed)]
    {
        cases.push(tunnel(host).bad(AT, cause).proxy(|d| d.status = Some(200)).directly("20.1.0.4", None));
    }
    cases
}

/// Refused in the burst, and then with two at a time or not.
fn limited(last: Option<Cause>) -> Vec<CheckCase> {
    let case = |host, outcome| {
        let refused = tunnel(host).bad(AT, Cause::ProxyDenied).proxy(|d| d.status = Some(429));
        let case = refused.attempt(Purpose::Retry, AT, outcome);
        if outcome.is_some() { case.proxy(|d| d.status = Some(429)) } else { case }
    };
    let mut cases = healthy();
    cases.extend([case("gbl.his.arc.azure.com", None), case("eus.his.arc.azure.com", last)]);
    cases
}

fn no_destination() -> Vec<CheckCase> {
    let case = tunnel("gbl.his.arc.azure.com").bad(AT, Cause::ProxyUpstream).proxy(|d| {
        d.status = Some(500);
        d.headers = [("x-squid-error".to_owned(), "ERR_CANNOT_FORWARD 0".to_owned())].into();
    });
    healthy().into_iter().chain([case]).collect()
}

fn failing() -> Vec<CheckCase> {
    let mut cases = healthy();
    cases.push(tunnel("gbl.his.arc.azure.com").bad(AT, Cause::ProxyClosed));
    cases.push(tunnel("eus.his.arc.azure.com").bad(AT, Cause::ProxyClosed));
    cases
}

/// Names outside are the proxy's alone to look up, and an entry leads around it.
fn bypassed() -> Vec<CheckCase> {
    let around = |host: &str, cause| {
        let mut case = https(host).unresolved(cause);
        case.planned.route.reason = "exempt by \".azure.com\" in NO_PROXY, environment".into();
        case
    };
    vec![
        tunnel("login.microsoftonline.com").good(AT),
        tunnel("mcr.microsoft.com").good(AT),
        around("management.azure.com", Cause::DnsNxdomain),
        around("gbl.his.arc.azure.com", Cause::DnsServfail),
        around("eus.his.arc.azure.com", Cause::DnsTimeout),
    ]
}

/// What goes through the proxy works; what the skip range lets pass does not get out.
fn skipped() -> Vec<CheckCase> {
    let skipped = |n: u8| {
        let mut case = https(&format!("h{n}.blob.core.windows.net"));
        case.planned.route.reason = ".windows.net in --proxy-skip-range".into();
        case.bad(&format!("20.1.0.{n}"), Cause::TcpTimeout)
    };
    healthy().into_iter().chain((1..6).map(skipped)).collect()
}
