//! Names as the programs of a machine look them up: its hosts file, its search list, its servers in their order.

use std::time::Instant;

use serde_json::Value;

use super::network::{Middle, Network, RESOLVER, findings};
use super::ready;
use crate::lab::{Dns, LabOptions, Resolver, Serves};
use crate::phases::verdict_of;
use crate::program::check;

const HOSTS: [(&str, Serves); 4] =
    [("api", Serves::Good), ("login", Serves::Good), ("data", Serves::Good), ("relay", Serves::Good)];

fn make_network(names: Vec<(&str, Dns)>, resolver: Resolver) -> Network {
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
    let names = HOSTS[..3].iter().map(|(host, _)| format!("{host}.lab.example.corp.example"));
    let names: Vec<_> = names.collect();
    let names = names.iter().map(|name| (name.as_str(), nobody.clone())).collect();
    let network = make_network(names, Resolver::Good);
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
