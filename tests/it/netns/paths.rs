//! Paths that lose large packets, made by a link and by a packet filter and not by a server that pretends.

use super::network::{Middle, Network, findings};
use super::ready;
use super::squid::{self, Squid};
use crate::lab::{Serves, Tls};

fn make_network() -> Network {
    let hosts = [("large", Serves::from(Tls::LargeChain)), ("small", Serves::Good)];
    Network::new(Middle::Forwards, &hosts).expect("large", "").expect("small", "")
}

#[test]
fn a_path_without_a_fault() {
    if !ready(&[]) {
        return;
    }
    let report = make_network().sees(&["--timeout", "3s"], &[("large", "met"), ("small", "met")]);
    assert_eq!(report["verdict"], "ready", "{report:#}");
}

/// The link behind the router takes 1,400 bytes, as tunnels do, and the router does not say so: what is larger vanishes,
/// in the answer of the server first.
#[test]
fn a_narrow_link_and_nobody_says_so() {
    if !ready(&[]) {
        return;
    }
    let network = make_network();
    network.middle.ip("link set far mtu 1400");
    network.middle.nft(
        "table inet silence {\n chain own {\n  type filter hook output priority 0; policy accept;\n  \
         icmp type destination-unreachable drop\n }\n}\n",
    );
    let report = network.sees(&["--timeout", "3s"], &[("large", "tls tls_path_mtu")]);
    assert!(findings(&report).contains(&"path_mtu"), "{report:#}");
}

/// The route to the servers takes 1,200 bytes, the way back is sound, and nobody says so: a small ClientHello and the whole
/// answer pass, a large one does not.
#[test]
fn a_narrow_way_to_the_servers_only() {
    if !ready(&[]) {
        return;
    }
    let network = make_network();
    network.middle.ip("route change 198.51.100.0/24 dev far mtu lock 1200");
    network.middle.nft(
        "table inet silence {\n chain own {\n  type filter hook output priority 0; policy accept;\n  \
         icmp type destination-unreachable drop\n }\n}\n",
    );
    let all = [("large", "tls tls_path_mtu"), ("small", "tls tls_path_mtu")];
    let report = network.sees(&["--timeout", "3s"], &all);
    assert!(findings(&report).contains(&"path_mtu"), "{report:#}");
}

/// The same link, but the router shrinks the segments that both sides agree on, as a sound one does.
#[test]
fn a_narrow_link_whose_router_clamps_segments() {
    if !ready(&[]) {
        return;
    }
    let network = make_network();
    network.middle.ip("link set far mtu 1400");
    network.middle.nft(
        "table inet clamp {\n chain passing {\n  type filter hook forward priority 0; policy accept;\n  \
         tcp flags syn tcp option maxseg size set 1340\n }\n}\n",
    );
    network.sees(&["--timeout", "3s"], &[("large", "met"), ("small", "met")]);
}

/// A filter that reads no further than the first packet, and drops or resets what it cannot judge by that: a record that
/// starts a handshake (22) and says that it is longer than a packet.
#[test]
fn a_filter_that_cannot_read_large_hellos() {
    if !ready(&[]) {
        return;
    }
    for verdict in ["drop", "reject with tcp reset"] {
        let network = make_network();
        network.middle.nft(&format!(
            "table inet inspector {{\n chain passing {{\n  type filter hook forward priority 0; policy accept;\n  \
             ip daddr 198.51.100.0/24 tcp dport 443 @ih,0,8 22 @ih,24,16 > 1300 {verdict}\n }}\n}}\n"
        ));
        let all = [("large", "tls tls_large_hello"), ("small", "tls tls_large_hello")];
        let report = network.sees(&["--timeout", "2s"], &all);
        assert!(findings(&report).contains(&"large_hello_dropped"), "{verdict}\n{report:#}");
    }
}

/// The proxy's large packets do not get to the client, and nobody says so: a matter of the path to the proxy.
#[test]
fn a_narrow_way_from_the_proxy() {
    if !ready(squid::TOOLS) {
        return;
    }
    let hosts = [("large", Serves::from(Tls::LargeChain)), ("other", Serves::from(Tls::LargeChain))];
    let network = Network::new(Middle::Ends, &hosts).expect("large", "").expect("other", "");
    let _squid = Squid::start(&network, squid::OPEN);
    network.middle.nft(
        "table inet hole {\n chain own {\n  type filter hook output priority 0; policy accept;\n  \
         tcp sport 3128 meta length > 1000 drop\n }\n}\n",
    );
    let all = [("large", "tls tls_path_mtu"), ("other", "tls tls_path_mtu")];
    let flags = ["--timeout", "3s", "--proxy-https", squid::URL, "--no-cross-check"];
    let report = network.sees(&flags, &all);
    let all = report["findings"].as_array().expect("findings");
    let found = all.iter().find(|f| f["id"] == "path_mtu").unwrap_or_else(|| panic!("{report:#}"));
    assert!(found["explanation"].to_string().contains("the path to the proxy"), "{found:#}");
    assert!(found["remedy"]["commands"][0].to_string().contains("10.9.1.1"), "{found:#}");
}

/// The ClientHello to one host vanishes on its way out, and so does its first repetition.
#[test]
fn lost_packets_are_a_warning() {
    if !ready(&[]) {
        return;
    }
    let network = make_network();
    network.middle.nft(
        "table inet losses {\n chain passing {\n  type filter hook forward priority 0; policy accept;\n  \
         ip daddr 198.51.100.100 tcp dport 443 ct original packets 3-4 drop\n }\n}\n",
    );
    network.middle.set("../netfilter/nf_conntrack_acct", "1"); // packets of a connection are counted
    let report = network.sees(&["--timeout", "5s"], &[("large", "met"), ("small", "met")]);
    let all = report["findings"].as_array().expect("findings");
    let found = all.iter().find(|f| f["id"] == "packet_loss").unwrap_or_else(|| panic!("{report:#}"));
    assert_eq!(found["subject"], "large.lab.example", "{found:#}");
    assert_eq!(report["verdict"], "ready_with_warnings");
}
