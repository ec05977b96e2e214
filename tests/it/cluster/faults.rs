//! Faults in the networks of nodes and pods, made with nft and DNS, and found by name.

use serde_json::Value;

use super::bed::{on_node, on_the_lab};
use super::internet::Internet;
use crate::lab::Dns;

/// A rule in a node's network; it goes away with this value.
struct Fault {
    node: &'static str,
}

impl Fault {
    /// `forward` hits the pods of the node, `output` the node itself. What goes to the API server is left alone.
    fn drops(node: &'static str, hook: &str) -> Self {
        let chain = format!("add chain inet fault c {{ type filter hook {hook} priority -10 ; }}");
        on_node(node, &["nft", "add table inet fault"]);
        on_node(node, &["nft", &chain]);
        on_node(node, &["nft", "add rule inet fault c ip daddr 172.30.240.80 drop"]);
        Self { node }
    }
}

impl Drop for Fault {
    fn drop(&mut self) {
        on_node(self.node, &["nft", "delete table inet fault"]);
    }
}

fn list_finding_ids(report: &Value) -> Vec<&str> {
    let findings = report["findings"].as_array().unwrap();
    findings.iter().filter(|f| f["severity"] != "info").map(|f| f["id"].as_str().unwrap()).collect()
}

fn first_summary(report: &Value) -> &str {
    report["findings"][0]["summary"].as_str().unwrap()
}

#[test]
fn pods_without_egress_are_distinguished_from_their_node() {
    on_the_lab(|namespace| {
        let internet = Internet::start_healthy();
        let _fault = Fault::drops("node1", "forward");
        let report = internet.check(namespace, "workstation,pod,node").run().exits(3).json();
        assert_eq!(list_finding_ids(&report)[0], "cut_off", "{:#}", report["findings"]);
        assert_eq!(
            first_summary(&report),
            "Nothing gets out from the pod network, while something does from this machine and the node network."
        );
        namespace.wait_until_clean();
    });
}

#[test]
fn a_node_without_egress_is_found_among_others() {
    on_the_lab(|namespace| {
        let internet = Internet::start_healthy();
        let _fault = Fault::drops("node2", "output");
        let report = internet.check(namespace, "pod,node").args(["--every-node"]).run().exits(3).json();
        assert_eq!(list_finding_ids(&report)[0], "cut_off", "{:#}", report["findings"]);
        let summary = first_summary(&report);
        assert!(
            summary.starts_with("Nothing gets out from node node2, while something does from"),
            "{summary}"
        );
        namespace.wait_until_clean();
    });
}

#[test]
fn cluster_dns_without_an_upstream_is_one_finding() {
    on_the_lab(|namespace| {
        let internet = Internet::with_dns_for_pods(&Dns::Servfail);
        let report = internet.check(namespace, "pod,node").run().exits(3).json();
        assert_eq!(list_finding_ids(&report)[0], "cluster_dns_upstream", "{:#}", report["findings"]);
        let inside = &report["vantages"][0]["facts"]["inside_name"];
        assert_eq!((&inside["name"], &inside["cause"]), (&"kubernetes.default.svc".into(), &Value::Null));
        namespace.wait_until_clean();
    });
}

#[test]
fn a_cluster_without_dns_is_one_finding() {
    on_the_lab(|namespace| {
        // nobody listens at the addresses of the DNS servers
        let args = ["-l", "eastus", "--from", "pod", "--timeout", "1s", "-o", "json"];
        let report = namespace.program("check").args(args).run().exits(3).json();
        assert_eq!(list_finding_ids(&report)[0], "cluster_dns_down", "{:#}", report["findings"]);
        namespace.wait_until_clean();
    });
}
