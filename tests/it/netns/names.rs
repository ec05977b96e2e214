//! Names as the programs of a machine look them up: its hosts file, its search list, its servers in their order.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::network::{Middle, Network, RESOLVER, findings};
use super::ready;
use crate::lab::{Dns, Host, LabOptions, Resolver, Serves, Tls};
use crate::phases::verdict_of;
use crate::program::check;

const HOSTS: [(&str, Serves); 4] =
    [("api", Serves::Good), ("login", Serves::Good), ("data", Serves::Good), ("relay", Serves::Good)];

fn make_network(names: Vec<Host>, resolver: Resolver) -> Network {
    let options = LabOptions { resolver, ..LabOptions::default() };
    let network = Network::with_names(Middle::Forwards, &HOSTS, names, options);
    HOSTS.iter().fold(network, |network, (host, _)| network.expect(host, ""))
}

fn drop_port_53(network: &Network, protocol: &str) {
    network.middle.nft(&format!(
        "table inet firewall {{\n chain passing {{\n  type filter hook forward priority 0; policy accept;\n  \
         {protocol} dport 53 drop\n }}\n}}\n"
    ));
}

fn finding<'a>(report: &'a Value, id: &str) -> &'a Value {
    let all = report["findings"].as_array().expect("findings");
    all.iter().find(|f| f["id"] == id).unwrap_or_else(|| panic!("no {id}: {:?}", findings(report)))
}

fn system(lines: &str) -> String {
    format!("nameserver {RESOLVER}\n{lines}\n")
}

#[test]
fn truncated_answers_need_tcp() {
    if !ready(&[]) {
        return;
    }
    let network = make_network(Vec::new(), Resolver::TruncatesUdp);
    network.sees(&["--timeout", "1500ms"], &[("api", "met")]);
    drop_port_53(&network, "tcp");
    let report = network.sees(&["--timeout", "1500ms"], &[("api", "resolve dns_timeout")]);
    let found = finding(&report, "dns_transport_blocked");
    assert!(found["summary"].to_string().contains("DNS over TCP"), "{found:#}");
}

#[test]
fn a_server_without_udp_is_no_server_to_programs() {
    if !ready(&[]) {
        return;
    }
    let network = make_network(Vec::new(), Resolver::Good);
    drop_port_53(&network, "udp");
    let report = network.sees(&["--timeout", "1500ms"], &[("api", "resolve dns_timeout")]);
    let found = finding(&report, "dns_transport_blocked");
    assert!(found["summary"].to_string().contains("DNS over UDP"), "{found:#}");
    // unless the system asks over TCP
    let report = network.check_with_system(&system("options use-vc"), "", &["--timeout", "1500ms"]);
    assert_eq!(verdict_of(check(&report, "api")), "met", "{report:#}");
}

#[test]
fn the_first_of_two_servers_is_silent() {
    if !ready(&["unshare"]) {
        return;
    }
    let network = make_network(Vec::new(), Resolver::Good);
    let servers = format!("nameserver 198.51.100.99\nnameserver {RESOLVER}\n");
    network.middle.nft(
        "table inet firewall {\n chain passing {\n  type filter hook forward priority 0; policy accept;\n  \
         ip daddr 198.51.100.99 drop\n }\n}\n",
    );
    let started = Instant::now();
    let report = network.check_with_system(&servers, "", &["--timeout", "3s"]);
    assert_eq!(verdict_of(check(&report, "api")), "met", "{report:#}");
    let found = finding(&report, "resolver_partly_dead");
    assert!(found["summary"].to_string().contains("198.51.100.99"), "{found:#}");
    assert!(started.elapsed().as_secs() < 5, "{:?}", started.elapsed());
}

#[test]
fn a_wildcard_below_a_search_domain_takes_the_place_of_the_service() {
    if !ready(&["unshare"]) {
        return;
    }
    let nobody = Dns::Addresses(vec!["198.51.100.251".parse().unwrap()]);
    let network = make_network(searched_names(&nobody), Resolver::Good);
    let pod = system("search default.svc.cluster.local corp.example\noptions ndots:5");
    let report = network.check_with_system(&pod, "", &["--timeout", "3s"]);
    for host in ["api", "login", "data"] {
        assert_ne!(verdict_of(check(&report, host)), "met", "{report:#}");
    }
    assert_eq!(verdict_of(check(&report, "relay")), "met", "{report:#}");
    let found = finding(&report, "search_domain_wildcard");
    assert_eq!(found["subject"], "corp.example");
    assert_eq!(found["evidence"].as_array().map(Vec::len), Some(3), "{found:#}");
    // programs on a machine with ndots:1 do not look there
    let report = network.check_with_system(&system("search corp.example"), "", &["--timeout", "3s"]);
    assert_eq!(report["verdict"], "ready", "{report:#}");
}

/// A server that takes longer than resolv.conf allows is silent to programs, whatever our own time-out is.
#[test]
fn the_time_that_resolv_conf_gives_a_server_counts() {
    if !ready(&["unshare"]) {
        return;
    }
    let options = LabOptions { delay: Duration::from_millis(1500), ..LabOptions::default() };
    let network = Network::with_names(Middle::Forwards, &HOSTS[..1], Vec::new(), options).expect("api", "");
    let report = network.check_with_system(&system("options timeout:1 attempts:1"), "", &[]);
    assert_eq!(verdict_of(check(&report, "api")), "resolve dns_timeout", "{report:#}");
    assert!(report.to_string().contains("timeout and attempts in resolv.conf"), "{report:#}");
    for line in ["", "options timeout:1 attempts:2"] {
        let report = network.check_with_system(&system(line), "", &[]);
        assert_eq!(verdict_of(check(&report, "api")), "met", "{line} {report:#}");
    }
}

/// Answers of more than 512 bytes come over TCP, unless `edns0` lets them come over UDP.
#[test]
fn long_answers_need_tcp_as_they_do_for_programs() {
    if !ready(&["unshare"]) {
        return;
    }
    let aliases = (0..9).map(|n| format!("{}-{n}.lab.example", "x".repeat(55))).collect();
    let long = Host::with_dns("long.lab.example", Dns::Cname(aliases));
    let address = Some("198.51.100.100".parse().unwrap());
    let options = LabOptions { address, ..LabOptions::default() };
    let network = Network::with_names(Middle::Forwards, &HOSTS[..1], vec![long], options);
    let network = network.expect("api", "").expect("long", "");
    let verdicts = |lines: &str| {
        let report = network.check_with_system(&system(lines), "", &["--timeout", "1500ms"]);
        (["api", "long"].map(|host| verdict_of(check(&report, host))), report)
    };
    assert_eq!(verdicts("").0, ["met", "met"]);
    drop_port_53(&network, "tcp");
    let (seen, report) = verdicts("");
    assert_eq!(seen, ["met", "resolve dns_timeout"], "{report:#}");
    assert!(finding(&report, "dns_transport_blocked")["summary"].to_string().contains("DNS over TCP"));
    assert_eq!(verdicts("options edns0 trust-ad").0, ["met", "met"]);
}

/// With `rotate` programs begin at each of the servers.
#[test]
fn a_silent_second_server_matters_where_servers_rotate() {
    if !ready(&["unshare"]) {
        return;
    }
    let network = make_network(Vec::new(), Resolver::Good);
    network.middle.nft(
        "table inet firewall {\n chain passing {\n  type filter hook forward priority 0; policy accept;\n  \
         ip daddr 198.51.100.99 drop\n }\n}\n",
    );
    let report = |line: &str| {
        let files = system(&format!("nameserver 198.51.100.99\n{line}"));
        network.check_with_system(&files, "", &["--timeout", "3s"])
    };
    assert_eq!(report("")["verdict"], "ready");
    let rotated = report("options rotate");
    assert!(finding(&rotated, "resolver_partly_dead")["summary"].to_string().contains("198.51.100.99"));
}

/// What DNS has for the names that a search list makes of the first three hosts.
fn searched_names(dns: &Dns) -> Vec<Host> {
    let name = |host: &str| format!("{host}.lab.example.corp.example");
    HOSTS[..3].iter().map(|(host, _)| Host::with_dns(name(host), dns.clone())).collect()
}

/// musl gives up there, though the names themselves resolve.
#[test]
fn a_search_domain_that_cannot_be_looked_up_is_a_warning() {
    if !ready(&["unshare"]) {
        return;
    }
    for (dns, words) in
        [(Dns::Servfail, "SERVFAIL"), (Dns::Refused, "REFUSED"), (Dns::Silent, "does not answer")]
    {
        let network = make_network(searched_names(&dns), Resolver::Good);
        let pod = system("search default.svc.cluster.local corp.example\noptions ndots:5");
        let report = network.check_with_system(&pod, "", &["--timeout", "2s"]);
        for (host, _) in HOSTS {
            assert_eq!(verdict_of(check(&report, host)), "met", "{dns:?} {report:#}");
        }
        let found = finding(&report, "search_domain_failing");
        assert_eq!((&found["subject"], &found["severity"]), (&"corp.example".into(), &"warning".into()));
        assert!(found["explanation"].to_string().contains(words), "{dns:?} {found:#}");
        let others = findings(&report);
        assert!(!others.iter().any(|id| id.starts_with("resolver_")), "{dns:?} {others:?}");
    }
}

/// A wildcard record, a captive portal or a block page in DNS: whatever is found at the address, it is one cause.
#[test]
fn one_address_for_unrelated_names_is_one_finding() {
    if !ready(&[]) {
        return;
    }
    let names = [("arm", "arm.one.example"), ("sts", "sts.two.example"), ("mcr", "mcr.three.example")];
    let portal = Dns::Addresses(vec!["198.51.100.100".parse().unwrap()]);
    for tls in [Tls::SelfSigned, Tls::WrongName, Tls::NotTls, Tls::Stall, Tls::ResetAfterHello] {
        let hosts =
            names.map(|(_, name)| Host { name: name.to_owned(), dns: portal.clone(), serves: tls.into() });
        let portal = [("portal", Serves::Good)];
        let network = Network::with_names(Middle::Forwards, &portal, hosts.into(), LabOptions::default());
        let network = names.iter().fold(network, |network, (id, name)| network.expect_name(id, name, ""));
        let report = network.sees(&["--timeout", "1500ms", "--no-cross-check"], &[]);
        let found = finding(&report, "dns_catch_all");
        assert_eq!(found["subject"], "198.51.100.100", "{tls:?}");
        assert_eq!(found["evidence"].as_array().map(Vec::len), Some(3), "{tls:?} {found:#}");
        let blocking = report["findings"].as_array().unwrap().iter().filter(|f| f["severity"] == "blocking");
        assert_eq!(blocking.count(), 1, "{tls:?} {report:#}");
    }
}

#[test]
fn a_dead_entry_of_the_hosts_file_is_named_with_its_line() {
    if !ready(&["unshare"]) {
        return;
    }
    let network = make_network(Vec::new(), Resolver::Good);
    let hosts = "127.0.0.1 localhost\n\n198.51.100.250 api.lab.example\n127.0.0.1 login.lab.example\n";
    let report = network.check_with_system(&system(""), hosts, &["--timeout", "1500ms"]);
    assert_ne!(verdict_of(check(&report, "api")), "met");
    assert_eq!(verdict_of(check(&report, "login")), "resolve dns_sinkhole");
    let found = finding(&report, "hosts_file_entry");
    let text = found["explanation"].to_string();
    assert!(text.contains("Line 3: 198.51.100.250") && text.contains("line 4: 127.0.0.1"), "{found:#}");
    assert_eq!(found["evidence"].as_array().map(Vec::len), Some(2), "{found:#}");
}
