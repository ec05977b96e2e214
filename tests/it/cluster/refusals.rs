//! What keeps an agent from running: reported within seconds, with the remedy, and with nothing left behind.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::bed::{Namespace, on_the_cluster, on_the_lab};

/// The finding of a run from a pod that could not check.
fn finding_of_failed_pod(namespace: &Namespace<'_>, more: &[&str], within: Duration) -> Value {
    let started = Instant::now();
    let args = ["-l", "eastus", "--from", "pod", "-o", "json"];
    let report = namespace.program("check").args(args).args(more).run().exits(5).json();
    assert!(started.elapsed() < within, "{:?}", started.elapsed());
    assert_eq!(report["verdict"], "incomplete");
    assert!(report["vantages"][0]["error"].is_string());
    namespace.wait_until_clean();
    report["findings"][0].clone()
}

#[track_caller]
fn assert_explains(finding: &Value, id: &str, words: &str) {
    assert_eq!(finding["id"], id, "{finding:#}");
    let text = finding["explanation"].as_str().unwrap();
    assert!(text.contains(words), "{words}: {text}");
}

#[test]
fn an_exhausted_quota_is_explained() {
    on_the_cluster(|namespace| {
        namespace.kubectl(&["create", "quota", "none", "--hard=pods=0"]);
        let finding = finding_of_failed_pod(namespace, &[], Duration::from_secs(12));
        assert_explains(&finding, "agent_refused", "exceeded quota: none");
    });
}

#[test]
fn a_missing_image_is_explained() {
    on_the_lab(|namespace| {
        // refused at once: a name would first wait for the node's resolver
        let finding =
            finding_of_failed_pod(namespace, &["--image", "127.0.0.1:1/none:1"], Duration::from_secs(25));
        assert_explains(&finding, "agent_image", "127.0.0.1:1/none:1");
    });
}

#[test]
fn a_node_without_capacity_is_explained() {
    on_the_lab(|namespace| {
        namespace.cluster.create(
            &serde_json::json!({
                "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "hog", "namespace": namespace.name},
                "spec": {"nodeName": "node1", "terminationGracePeriodSeconds": 0, "containers": [{"name": "c", "image": "kube-lab.local/pause:1",
                    "imagePullPolicy": "Never", "resources": {"requests": {"cpu": "1990m"}}}]}
            })
            .to_string(),
        );
        namespace.kubectl(&["wait", "--for=condition=Ready", "pod/hog", "--timeout=30s"]);
        let finding = finding_of_failed_pod(namespace, &["--node", "node1"], Duration::from_secs(12));
        assert_explains(&finding, "agent_unplaced", "Insufficient cpu");
        namespace.kubectl(&["delete", "pod", "hog"]);
    });
}

#[test]
fn an_unknown_node_is_explained() {
    on_the_cluster(|namespace| {
        let finding = finding_of_failed_pod(namespace, &["--node", "nowhere"], Duration::from_secs(10));
        assert_explains(&finding, "agent_unplaced", "--node \"nowhere\" does not exist; nodes are");
    });
}

#[test]
fn an_unknown_namespace_is_explained() {
    on_the_cluster(|namespace| {
        let finding = finding_of_failed_pod(namespace, &["-n", "arcprobe-nowhere"], Duration::from_secs(10));
        assert_explains(&finding, "agent_refused", "namespaces \"arcprobe-nowhere\" not found");
    });
}

#[test]
fn missing_permissions_are_listed_and_the_printed_ones_suffice() {
    on_the_lab(|namespace| {
        let directory = tempfile::tempdir().unwrap();
        let account = format!("{}:user", namespace.name);
        let rbac = crate::program::Program::new()
            .args(["rbac", "-n", &namespace.name, "--service-account", &account])
            .run()
            .exits(0)
            .stdout
            // objects of the whole cluster would meet those of other tests
            .replace("name: arcprobe\n", &format!("name: {}\n", namespace.name));
        let config = namespace.restricted_kubeconfig(directory.path());
        let config = config.to_str().unwrap();
        let finding = finding_of_failed_pod(namespace, &["--kube-config", config], Duration::from_secs(10));
        assert_explains(&finding, "cluster_rights", "may not create jobs.batch in the namespace");
        assert_explains(&finding, "cluster_rights", "nor list nodes in the whole cluster");

        namespace.cluster.create(&rbac);
        let args = ["-l", "eastus", "--from", "pod", "--timeout", "1s", "--kube-config", config];
        namespace.program("check").args(args).run().exits(3);
        namespace.wait_until_clean();
        for kind in ["clusterrole", "clusterrolebinding"] {
            namespace.cluster.kubectl(&["delete", kind, &namespace.name]);
        }
    });
}
