//! Scenarios of connections.

use arcprobe::model::evidence::{Cause, DiscoveryOutcome};
use arcprobe::model::plan::UnverifiedKind;
use arcprobe::model::report::Verdict::{Blocked, Ready, ReadyWithWarnings};
use arcprobe::model::rules::Protocol;
use arcprobe::model::system_proxy::{SettingsSource, SystemProxy};

use super::goldens::Scenario;
use super::make::{CheckCase, healthy, https, wss};
use super::services::inquiry;

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario::new("no-route", Blocked, &["no_route", "stands_in"], no_route()),
        Scenario::new("egress-blocked", Blocked, &["egress_blocked", "stands_in"], egress()),
        Scenario::new("egress-blocked-with-settings", Blocked, &["egress_blocked", "stands_in"], egress())
            .with_settings(vec![settings(SettingsSource::Gnome, "http://proxy.contoso.example:3128")]),
        Scenario::new("egress-blocked-with-pac", Blocked, &["egress_blocked", "stands_in"], egress())
            .with_settings(vec![pac_settings()]),
        Scenario::new("system-proxy-unread", Ready, &["system_proxy_unread", "stands_in"], healthy())
            .with_settings(vec![
                settings(SettingsSource::Windows, "http://proxy.contoso.example:3128"),
                pac_settings(),
            ]),
        Scenario::new(
            "address-blocked",
            Blocked,
            &["address_blocked", "address_blocked", "stands_in"],
            address(),
        ),
        Scenario::new("port-blocked", Blocked, &["port_blocked", "port_blocked", "stands_in"], port()),
        Scenario::new("host-closed", Blocked, &["address_blocked", "stands_in"], host_closed()),
        Scenario::new("closed-but-8084", Blocked, &["egress_blocked", "stands_in"], closed_but_8084())
            .asking(vec![inquiry(DiscoveryOutcome::Failed, Some(Cause::TcpTimeout), &[], &[])]),
        Scenario::new("packet-loss", ReadyWithWarnings, &["packet_loss", "stands_in"], packet_loss()),
        Scenario::new("ipv6-stalls", Blocked, &["ip_family_failing", "stands_in"], ipv6_stalls()),
        Scenario::new("ipv6-dropped", ReadyWithWarnings, &["ip_family_failing", "stands_in"], ipv6_dropped()),
        Scenario::new("ipv6-unroutable", Ready, &["ipv6_unroutable", "stands_in"], ipv6()),
        Scenario::new(
            "some-addresses-fail",
            ReadyWithWarnings,
            &["some_addresses_fail", "stands_in"],
            some_addresses(),
        ),
        Scenario::new("alternative-met", ReadyWithWarnings, &["address_blocked", "stands_in"], alternative()),
    ]
}

fn settings(source: SettingsSource, proxy: &str) -> SystemProxy {
    SystemProxy { source, proxy: Some(proxy.into()), pac: None }
}

fn pac_settings() -> SystemProxy {
    let pac = Some("http://wpad.contoso.example/proxy.pac".into());
    SystemProxy { source: SettingsSource::Gnome, proxy: None, pac }
}

fn no_route() -> Vec<CheckCase> {
    let bad = |host, address| https(host).bad(address, Cause::TcpUnreachable);
    vec![bad("management.azure.com", "20.1.0.1"), bad("mcr.microsoft.com", "20.1.0.3")]
}

fn egress() -> Vec<CheckCase> {
    let bad = |host, address, cause| https(host).bad(address, cause);
    vec![
        bad("management.azure.com", "20.1.0.1", Cause::TcpTimeout),
        bad("login.microsoftonline.com", "20.1.0.2", Cause::TcpTimeout),
        bad("gbl.his.arc.azure.com", "20.1.0.4", Cause::TcpTimeout),
        bad("eastus.obo.arc.azure.com", "20.1.0.5", Cause::TcpReset),
        https("mcr.microsoft.com").good("20.1.0.3"),
    ]
}

/// Two names share an address that is closed, another one fails by itself.
fn address() -> Vec<CheckCase> {
    let mut cases = healthy();
    cases.extend([
        https("gbl.his.arc.azure.com").bad("20.1.0.4", Cause::TcpTimeout),
        https("eus.his.arc.azure.com").bad("20.1.0.4", Cause::TcpTimeout),
        https("dl.k8s.io").optional().bad("34.1.0.1", Cause::TcpRefused),
    ]);
    cases
}

fn port() -> Vec<CheckCase> {
    let other =
        |host, port, protocol| CheckCase::new(host, port, protocol).bad("20.1.0.5", Cause::TcpTimeout);
    let mut cases = healthy();
    cases.push(other("eastus.obo.arc.azure.com", 8084, Protocol::Https));
    cases.push(other("github.com", 9418, Protocol::Git).optional());
    cases
}

/// All ports of a host: not a matter of the port.
fn host_closed() -> Vec<CheckCase> {
    let closed = |port| {
        let case = CheckCase::new("eastus.obo.arc.azure.com", port, Protocol::Https);
        case.bad("20.1.0.5", Cause::TcpTimeout)
    };
    healthy().into_iter().chain([closed(443), closed(8084)]).collect()
}

/// The one open port changes nothing about the cause of all others, nor of what could not be asked for.
fn closed_but_8084() -> Vec<CheckCase> {
    let mut cases = egress();
    cases.pop();
    cases.push(https("guestnotificationservice.azure.com").bad("20.1.0.6", Cause::TcpTimeout));
    let hubs = wss("relay").below_wildcard("*.servicebus.windows.net");
    cases.push(hubs.unverified(UnverifiedKind::NotDiscovered, "not found"));
    cases.push(CheckCase::new("eastus.obo.arc.azure.com", 8084, Protocol::Https).good("20.1.0.5"));
    cases
}

fn ipv6() -> Vec<CheckCase> {
    healthy().into_iter().map(|c| c.bad("2603:1030::1", Cause::TcpUnreachable)).collect()
}

/// One loss happens everywhere.
fn packet_loss() -> Vec<CheckCase> {
    let losing = |case: CheckCase, count| case.connect(|d| d.retransmissions = Some(count));
    let mut cases = healthy();
    cases.push(losing(https("gbl.his.arc.azure.com").good("20.1.0.4"), 1));
    cases.push(losing(https("dl.k8s.io").good("34.1.0.1"), 3));
    cases
}

/// TCP connects, and then large packets vanish.
fn ipv6_stalls() -> Vec<CheckCase> {
    healthy().into_iter().map(|c| c.bad("2603:1030::1", Cause::TlsTimeout)).collect()
}

/// The firewall has rules for IPv4 only.
fn ipv6_dropped() -> Vec<CheckCase> {
    healthy().into_iter().map(|c| c.bad("2603:1030::1", Cause::TcpTimeout)).collect()
}

fn some_addresses() -> Vec<CheckCase> {
    let mut cases = healthy();
    cases.push(https("eus.his.arc.azure.com").good("20.1.0.4").bad("20.1.0.5", Cause::TcpTimeout));
    cases
}

fn alternative() -> Vec<CheckCase> {
    let mut cases = healthy();
    cases.push(https("a.example.com").alternative("front").bad("20.1.0.7", Cause::TcpTimeout));
    cases.push(https("b.example.com").alternative("front").good("20.1.0.8"));
    cases
}
