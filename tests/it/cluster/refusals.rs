//! What keeps an agent from running: told within seconds, with the remedy, and with nothing left behind.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::bed::{Namespace, on_the_cluster, on_the_lab};

/// The finding of a run from a pod that could not be looked from.
fn refused(namespace: &Namespace<'_>, more: &[&str], within: Duration) -> Value {
    let started = Instant::now();
    let args = ["-l", "eastus", "--from", "pod", "-o", "json"];
    let report = namespace.program("check").args(args).args(more).run().exits(5).json();
    assert!(started.elapsed() < within, "{:?}", started.elapsed());
    assert_eq!(report["verdict"], "incomplete");
    assert!(report["vantages"][0]["error"].is_string());
    namespace.is_clean();
    report["findings"][0].clone()
}

#[track_caller]
fn tells(finding: &Value, id: &str, words: &str) {
    assert_eq!(finding["id"], id, "{finding:#}");
    let text = finding["explanation"].as_str().unwrap();
    assert!(text.contains(words), "{words}: {text}");
}

#[test]
fn a_quota_without_room() {
    on_the_cluster(|namespace| {
        namespace.kubectl(&["create", "quota", "none", "--hard=pods=0"]);
        let finding = refused(namespace, &[], Duration::from_secs(12));
        tells(&finding, "agent_refused", "exceeded quota: none");
    });
}

#[test]
fn an_image_that_is_not_there() {
    on_the_lab(|namespace| {
        // refused at once: a name would first wait for the node's resolver
        let finding = refused(namespace, &["--image", "127.0.0.1:1/none:1"], Duration::from_secs(25));
        tells(&finding, "agent_image", "127.0.0.1:1/none:1");
    });
}

#[test]
fn a_node_without_room() {
    on_the_lab(|namespace| {
        namespace.bed.create(
            &serde_json::json!({
                "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "hog", "namespace": namespace.name},
                "spec": {"nodeName": "node1", "terminationGracePeriodSeconds": 0, "containers": [{"name": "c", "image": "kube-lab.local/pause:1",
                    "imagePullPolicy": "Never", "resources": {"requests": {"cpu": "1990m"}}}]}
            })
            .to_string(),
        );
        namespace.kubectl(&["wait", "--for=condition=Ready", "pod/hog", "--timeout=30s"]);
        let finding = refused(namespace, &["--node", "node1"], Duration::from_secs(12));
        tells(&finding, "agent_unplaced", "Insufficient cpu");
        namespace.kubectl(&["delete", "pod", "hog"]);
    });
}

#[test]
fn a_node_that_does_not_exist() {
    on_the_cluster(|namespace| {
        let finding = refused(namespace, &["--node", "nowhere"], Duration::from_secs(10));
        tells(&finding, "agent_unplaced", "--node \"nowhere\" does not exist; nodes are");
    });
}

#[test]
fn a_namespace_that_does_not_exist() {
    on_the_cluster(|namespace| {
        let finding = refused(namespace, &["-n", "arcprobe-nowhere"], Duration::from_secs(10));
        tells(&finding, "agent_refused", "namespaces \"arcprobe-nowhere\" not found");
    });
}

#[test]
fn rights_that_are_missing_are_listed_and_those_that_are_printed_suffice() {
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
        let config = namespace.account(directory.path());
        let config = config.to_str().unwrap();
        let finding = refused(namespace, &["--kube-config", config], Duration::from_secs(10));
        tells(&finding, "cluster_rights", "may not create jobs.batch in the namespace");
        tells(&finding, "cluster_rights", "nor list nodes in the whole cluster");

        namespace.bed.create(&rbac);
        let args = ["-l", "eastus", "--from", "pod", "--timeout", "1s", "--kube-config", config];
        namespace.program("check").args(args).run().exits(3);
        namespace.is_clean();
        for kind in ["clusterrole", "clusterrolebinding"] {
            namespace.bed.kubectl(&["delete", kind, &namespace.name]);
        }
    });
}
