//! From all positions, without an image being pulled, on an image that has no shell.

use serde_json::{Value, json};

use super::bed::{on_the_cluster, on_the_lab};
use super::internet::Internet;
use crate::lab::Dns;

#[test]
fn all_checks_pass_from_every_vantage_and_nothing_remains() {
    on_the_lab(|namespace| {
        let internet = Internet::start_healthy();
        let ran = internet.check(namespace, "workstation,pod,node").run().exits(0);
        let report = ran.json();
        let vantages = report["vantages"].as_array().unwrap();
        let vantage_ids: Vec<_> =
            vantages.iter().map(|v| (v["id"].as_str().unwrap(), v["delivered"].as_str().unwrap())).collect();
        assert_eq!(vantage_ids, [("workstation", "local"), ("pod", "configmap"), ("node", "configmap")]);
        let resolvers: Vec<_> =
            vantages[1..].iter().map(|v| v["facts"]["resolvers"][0].as_str().unwrap()).collect();
        assert_eq!(resolvers, ["172.30.240.53:53", "172.30.240.54:53"]);
        let delivery = vantages[1]["facts"]["delivery"].as_str().unwrap();
        assert!(
            delivery.contains("image kube-lab.local/pause:1") && delivery.contains("in 2 ConfigMaps"),
            "{delivery}"
        );
        for id in ["workstation", "pod", "node"] {
            let checks = report["checks"].as_array().unwrap().iter().filter(|c| c["vantage"] == id);
            assert!(checks.clone().count() >= 2, "{id} has checks");
            assert!(checks.clone().all(|c| c["verdict"] != "unmet"), "{id}");
        }
        namespace.wait_until_clean();
    });
}

#[test]
fn every_node_is_checked_from_and_named() {
    on_the_lab(|namespace| {
        let internet = Internet::start_healthy();
        let report = internet.check(namespace, "pod,node").args(["--every-node"]).run().exits(0).json();
        let ids: Vec<_> =
            report["vantages"].as_array().unwrap().iter().map(|v| v["id"].as_str().unwrap()).collect();
        assert_eq!(ids, ["pod@node1", "pod@node2", "node@node1", "node@node2"]);
        let checks = report["checks"].as_array().unwrap();
        assert!(checks.iter().any(|c| c["id"].as_str().unwrap().starts_with("pod@node2/")));
        namespace.wait_until_clean();
    });
}

/// The same cluster by two names and a third one that is not there: a report on each, and nothing left.
#[test]
fn several_clusters_are_checked_in_one_run() {
    on_the_lab(|namespace| {
        let internet = Internet::with_dns_for_pods(&Dns::Servfail);
        let mut config = namespace.cluster.config();
        let mut add = |name: &str, cluster: Value| {
            let mut context = config["contexts"][0].clone();
            context["name"] = json!(name);
            context["context"]["cluster"] = cluster;
            config["contexts"].as_array_mut().unwrap().push(context);
        };
        let known = namespace.cluster.config()["contexts"][0]["context"]["cluster"].clone();
        add("one", known.clone());
        add("two", known);
        add("gone", json!("gone"));
        let gone = json!({"name": "gone", "cluster": {"server": "https://127.0.0.1:1"}});
        config["clusters"].as_array_mut().unwrap().push(gone);
        let file = internet.directory().join("several");
        std::fs::write(&file, config.to_string()).unwrap();
        let several = ["--kube-config", file.to_str().unwrap(), "--kube-context", "one,two,gone"];
        let fleet = internet.check(namespace, "pod,node").args(several).run().exits(3).json();
        assert_eq!(fleet["verdict"], "blocked");
        for place in [0, 1] {
            let report = &fleet["clusters"][place]["report"];
            assert_eq!(report["vantages"].as_array().unwrap().len(), 2);
            assert!(report["vantages"].as_array().unwrap().iter().all(|v| v["error"].is_null()));
        }
        let gone = &fleet["clusters"][2]["report"];
        assert_eq!(
            (&gone["verdict"], &gone["findings"][0]["id"]),
            (&json!("incomplete"), &json!("cluster_unreachable"))
        );
        let shared: Vec<_> =
            fleet["shared"].as_array().unwrap().iter().filter(|s| s["severity"] == "blocking").collect();
        assert_eq!(shared.len(), 1, "{shared:#?}");
        assert_eq!(shared[0]["found"].as_array().unwrap().len(), 2);
        assert_eq!(shared[0]["not_in"], json!(["gone"]));
        namespace.wait_until_clean();
    });
}

#[test]
fn discoveries_and_a_thousand_endpoints_are_reported_completely() {
    on_the_lab(|namespace| {
        let internet = Internet::start_healthy();
        let mut rules = crate::program::TestRules::new();
        for number in 0..1000 {
            rules = rules.endpoint(&format!("e{number}"), &format!("e{number}.many.example"), "");
        }
        let report = internet
            .check(namespace, "pod")
            .args(rules.flags(internet.directory()).into_iter().skip(2))
            // the lab's servers are built for tests: all at once take longer than a time-out on a busy machine
            .args(["--concurrency", "32"])
            .run()
            .exits(0)
            .json();
        let checks = report["checks"].as_array().unwrap();
        assert_eq!(checks.len(), 1000);
        assert!(checks.iter().all(|c| c["verdict"] == "met"));
        namespace.wait_until_clean();
    });
}

#[test]
fn dry_run_shows_objects_and_creates_none() {
    on_the_cluster(|namespace| {
        let args = [
            "-l",
            "eastus",
            "--from",
            "pod,node",
            "--dry-run",
            "--proxy-https",
            "http://u:topsecret@proxy:3128",
        ];
        let ran = namespace.program("check").args(args).run().exits(0);
        for expected in
            ["kind: Job", "hostNetwork: true", "kind: ConfigMap", "kind: Secret", "bytes, not shown)"]
        {
            assert!(ran.stdout.contains(expected), "{expected}:\n{}", ran.stdout);
        }
        assert!(!ran.stdout.contains("topsecret") && !ran.stderr.contains("topsecret"));
        assert!(namespace.remaining_objects().is_empty());
    });
}
