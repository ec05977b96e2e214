//! Firewalls in their usual moods: dropping, rejecting, and having forgotten a port.

use super::network::{Middle, Network, findings};
use super::ready;
use crate::lab::Serves;

const GATEWAY: &str = "port: 8084";

fn make_network() -> Network {
    Network::new(Middle::Forwards, &[("api", Serves::Good), ("gateway", Serves::Good)])
        .expect("api", "")
        .expect("gateway", GATEWAY)
}

fn add_rule(network: &Network, rule: &str) {
    network.middle.nft(&format!(
        "table inet firewall {{\n chain passing {{\n  type filter hook forward priority 0; policy accept;\n  \
         {rule}\n }}\n}}\n"
    ));
}

#[test]
fn each_way_of_blocking_has_its_word() {
    if !ready(&[]) {
        return;
    }
    let table = [
        ("tcp dport 443 drop", "connect tcp_timeout"),
        ("tcp dport 443 reject with tcp reset", "connect tcp_refused"),
        ("tcp dport 443 reject with icmp type admin-prohibited", "connect tcp_unreachable"),
        ("tcp dport 443 reject with icmp type host-unreachable", "connect tcp_unreachable"),
        ("udp dport 53 drop", "resolve dns_timeout"), // programs use TCP for truncated answers only
        ("tcp dport 53 drop", "met"),
        ("meta l4proto { tcp, udp } th dport 53 drop", "resolve dns_timeout"),
        (
            "meta l4proto { tcp, udp } th dport 53 reject with icmp type port-unreachable",
            "resolve dns_unreachable",
        ),
        ("tcp dport 443 tcp flags & psh == psh drop", "tls tls_timeout"),
        ("tcp dport 443 tcp flags & psh == psh reject with tcp reset", "tls tls_reset"),
    ];
    for (rule, expected) in table {
        let network = make_network();
        add_rule(&network, rule);
        network.sees(&["--timeout", "1500ms"], &[("api", expected)]);
    }
}

#[test]
fn a_forgotten_port() {
    if !ready(&[]) {
        return;
    }
    let network = make_network();
    add_rule(&network, "tcp dport 8084 drop");
    let verdicts = [("api", "met"), ("gateway", "connect tcp_timeout")];
    network.sees(&["--timeout", "1500ms"], &verdicts);
}

/// The cluster has no egress path but a proxy that is not configured: not even names can be looked up.
#[test]
fn no_way_out() {
    if !ready(&[]) {
        return;
    }
    let hosts = [("api", Serves::Good)];
    let network = Network::new(Middle::Ends, &hosts).expect("api", "");
    let report = network.sees(&["--timeout", "1s"], &[("api", "resolve dns_timeout")]);
    assert!(findings(&report).contains(&"resolver_silent"), "{report:#}");
    network.client.ip("route delete default");
    network.sees(&["--timeout", "1s"], &[("api", "resolve dns_unreachable")]);
}
