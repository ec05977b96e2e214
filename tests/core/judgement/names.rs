//! Scenarios of name resolution.

use arcprobe::model::evidence::{Cause, DnsTransport, LookupSource, ResolveDetail, SearchedName};
use arcprobe::model::report::Verdict::{Blocked, ReadyWithWarnings};
use arcprobe::model::rules::{AddressClass, PrivateLink};

use super::goldens::Scenario;
use super::make::{CheckCase, RESOLVER, healthy, https};

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario::new("resolver-silent", Blocked, &["resolver_silent", "stands_in"], silent()),
        Scenario::new("resolver-unreachable", Blocked, &["resolver_unreachable", "stands_in"], unreachable()),
        Scenario::new("resolver-failing", Blocked, &["resolver_failing", "stands_in"], failing()),
        Scenario::new(
            "resolver-partly-unreachable",
            ReadyWithWarnings,
            &["resolver_partly_dead", "stands_in"],
            partly_dead(),
        ),
        Scenario::new("names-blocked", Blocked, &["name_blocked", "name_blocked", "stands_in"], blocked()),
        Scenario::new("dns-udp-blocked", Blocked, &["dns_transport_blocked", "stands_in"], udp_blocked()),
        Scenario::new("dns-tcp-blocked", Blocked, &["dns_transport_blocked", "stands_in"], tcp_blocked()),
        Scenario::new(
            "dns-ipv6-failing",
            ReadyWithWarnings,
            &["dns_ipv6_failing", "stands_in"],
            ipv6_failing(),
        ),
        Scenario::new(
            "search-domain-wildcard",
            Blocked,
            &["search_domain_wildcard", "stands_in"],
            search_wildcard(),
        ),
        Scenario::new(
            "search-domain-failing",
            ReadyWithWarnings,
            &["search_domain_failing", "stands_in"],
            search_failing(),
        ),
        Scenario::new("names-fail-each-in-its-way", Blocked, NAMES_FAIL, each_in_its_way()),
        Scenario::new(
            "private-record-missing",
            Blocked,
            &["private_record_missing", "stands_in"],
            private_record_missing(),
        ),
        Scenario::new("hosts-file-entry", Blocked, &["hosts_file_entry", "stands_in"], pinned()),
        Scenario::new("dns-catch-all", Blocked, &["dns_catch_all", "stands_in"], catch_all()),
        Scenario::new("names-sinkholed", Blocked, &["dns_sinkholed", "stands_in"], sinkholed()),
        Scenario::new("private-answers", Blocked, &["private_answers", "stands_in"], private_answers()),
        Scenario::new("public-answers", Blocked, &["public_answers", "stands_in"], public_answers()),
    ]
}

const HOSTS: [&str; 5] = [
    "management.azure.com",
    "login.microsoftonline.com",
    "mcr.microsoft.com",
    "gbl.his.arc.azure.com",
    "eastus.dp.kubernetesconfiguration.azure.com",
];

/// The first names settle it; the others are not asked.
fn silent() -> Vec<CheckCase> {
    let (asked, settled) = HOSTS.split_at(2);
    let asked = asked.iter().map(|h| https(h).unresolved(Cause::DnsTimeout));
    asked.chain(settled.iter().map(|h| https(h).lookup_failed_elsewhere(Cause::DnsTimeout))).collect()
}

fn unreachable() -> Vec<CheckCase> {
    HOSTS.map(|h| https(h).unresolved(Cause::DnsUnreachable)).to_vec()
}

fn failing() -> Vec<CheckCase> {
    HOSTS.map(|h| https(h).unresolved(Cause::DnsServfail)).to_vec()
}

fn partly_dead() -> Vec<CheckCase> {
    healthy().into_iter().map(|c| c.with_query("10.0.0.54:53", Some(Cause::DnsTimeout))).collect()
}

fn blocked() -> Vec<CheckCase> {
    let below =
        |host: &str, pattern: &str| https(host).below_wildcard(pattern).unresolved(Cause::DnsNxdomain);
    let mut cases = healthy();
    cases.extend([
        below("gbl.his.arc.azure.com", "*.his.arc.azure.com"),
        below("eus.his.arc.azure.com", "*.his.arc.azure.com"),
        https("dl.k8s.io").optional().unresolved(Cause::DnsRefused),
    ]);
    cases
}

fn udp_blocked() -> Vec<CheckCase> {
    let (asked, settled) = HOSTS.split_at(2);
    let over_tcp = |d: &mut ResolveDetail| d.queries.iter_mut().for_each(|q| q.answers_over_tcp = true);
    let asked = asked.iter().map(|h| https(h).unresolved(Cause::DnsTimeout).resolve(over_tcp));
    asked.chain(settled.iter().map(|h| https(h).lookup_failed_elsewhere(Cause::DnsTimeout))).collect()
}

/// Answers that fit into a datagram arrive.
fn tcp_blocked() -> Vec<CheckCase> {
    let over_tcp = |d: &mut ResolveDetail| {
        d.queries.iter_mut().for_each(|q| (q.transport, q.truncated) = (DnsTransport::Tcp, true));
    };
    let large = |host, cause| https(host).unresolved(cause).resolve(over_tcp);
    let mut cases = healthy();
    cases.push(large("gbl.his.arc.azure.com", Cause::DnsTimeout));
    cases.push(large("dl.k8s.io", Cause::DnsUnreachable));
    cases
}

fn ipv6_failing() -> Vec<CheckCase> {
    let causes = [Cause::DnsTimeout, Cause::DnsServfail, Cause::DnsNxdomain];
    let fails = |(case, cause): (CheckCase, Cause)| case.with_query_for_ipv6(Some(cause));
    healthy().into_iter().zip(causes).map(fails).collect()
}

fn with_searched(check: CheckCase, addresses: &[&str], cause: Option<Cause>) -> CheckCase {
    let name = format!("{}.corp.example", check.planned.host.as_deref().unwrap_or_default());
    let addresses = addresses.iter().filter_map(|a| a.parse().ok()).collect();
    check.resolve(|d| d.searched.push(SearchedName { name, addresses, cause }))
}

/// The wildcard record leads to a server that has other names, and one that does not answer.
fn search_wildcard() -> Vec<CheckCase> {
    let (at, dead) = ("10.1.1.1", "10.1.1.2");
    vec![
        with_searched(https("management.azure.com").bad(at, Cause::TlsNameMismatch), &[at], None),
        with_searched(https("mcr.microsoft.com").bad(dead, Cause::TcpTimeout), &[dead], None),
        https("gbl.his.a.arc.azure.com").good("20.1.0.4"),
    ]
}

fn search_failing() -> Vec<CheckCase> {
    let fails = |case| with_searched(case, &[], Some(Cause::DnsServfail));
    healthy().into_iter().map(fails).collect()
}

const NAMES_FAIL: &[&str] = &["name_blocked", "name_blocked", "name_blocked", "name_blocked", "stands_in"];

fn each_in_its_way() -> Vec<CheckCase> {
    let causes = [Cause::DnsServfail, Cause::DnsRefused, Cause::DnsTimeout, Cause::DnsNoData];
    let hosts = ["gbl.his.arc.azure.com", "eus.his.arc.azure.com", "eastus.obo.arc.azure.com", "dl.k8s.io"];
    let failing = hosts.into_iter().zip(causes).map(|(host, cause)| https(host).unresolved(cause));
    healthy().into_iter().chain(failing).collect()
}

/// The public alias leads into a private zone that was linked and has no record.
fn private_record_missing() -> Vec<CheckCase> {
    let missing = |host: &str, alias: &str, cause| {
        https(host).unresolved(cause).resolve(|d| d.cnames.push(alias.to_owned()))
    };
    let mut cases = healthy();
    cases.extend([
        missing("gbl.his.arc.azure.com", "gbl.privatelink.his.arc.azure.com", Cause::DnsNxdomain),
        missing("eus.his.arc.azure.com", "eus.privatelink.his.arc.azure.com", Cause::DnsNoData),
    ]);
    cases
}

/// One entry is dead, one leads to this machine.
fn pinned() -> Vec<CheckCase> {
    let pin = |case: CheckCase, line| {
        case.resolve(|d| {
            d.source = LookupSource::HostsFile;
            d.hosts_line = Some(line);
            d.queries.clear();
        })
    };
    let mut cases = healthy();
    cases.push(pin(https("gbl.his.arc.azure.com").bad("20.9.9.9", Cause::TcpTimeout), 7));
    cases.push(pin(https("dl.k8s.io").sinkholed("127.0.0.1"), 9));
    cases
}

/// A captive portal: its page for every name.
fn catch_all() -> Vec<CheckCase> {
    let at = "10.0.0.1";
    vec![
        https("management.azure.com").bad(at, Cause::TlsNameMismatch),
        https("login.microsoftonline.com").bad(at, Cause::TlsNameMismatch),
        https("mcr.microsoft.com").bad(at, Cause::TcpTimeout),
        https("dl.k8s.io").optional().bad(at, Cause::TlsSelfSigned),
    ]
}

fn sinkholed() -> Vec<CheckCase> {
    let mut cases = healthy();
    cases.extend([https("gbl.his.arc.azure.com").sinkholed("0.0.0.0").with_query(RESOLVER, None)]);
    cases
}

fn private_answers() -> Vec<CheckCase> {
    let private = |host| https(host).spec(|s| s.private_link = PrivateLink::Private);
    let mut cases = healthy();
    cases.push(private("gbl.his.arc.azure.com").good("10.20.0.4"));
    cases.push(private("eastus.dp.kubernetesconfiguration.azure.com").bad("10.20.0.5", Cause::TcpTimeout));
    cases
}

fn public_answers() -> Vec<CheckCase> {
    let mut cases = healthy();
    let host = "eastus.dp.kubernetesconfiguration.azure.com";
    cases.push(https(host).good("20.1.0.9").spec(|s| s.addresses = AddressClass::Private));
    cases
}
