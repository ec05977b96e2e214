//! What the lab's API server says of its networks: the ranges that `up.sh` gave it.

use serde_json::Value;

use super::bed::{Namespace, on_the_lab};

fn advised_networks(namespace: &Namespace<'_>, more: &[&str], code: i32) -> (Vec<String>, Value) {
    let report = namespace.program("advise").args(["-o", "json"]).args(more).run().exits(code).json();
    let all = report["advice"]["networks"].as_array().unwrap();
    let counts =
        all.iter().filter(|n| n["counts"] == true && (n["role"] == "services" || n["role"] == "pods"));
    let networks = counts
        .map(|n| format!("{} {}", n["role"].as_str().unwrap(), n["network"].as_str().unwrap()))
        .collect();
    (networks, report)
}

/// Kubernetes 1.20 accepts the dry run, so that the addresses in use are all there is; asked for real, it names its range.
#[test]
fn the_service_range_of_the_cluster_is_found() {
    on_the_lab(|namespace| {
        let (networks, report) = advised_networks(namespace, &[], 5);
        assert_eq!(networks, ["services 10.96.0.1/32", "pods 10.244.0.0/22"]);
        assert!(
            report["advice"]["skip_range"]["value"]
                .as_str()
                .unwrap()
                .starts_with("10.96.0.0/16,10.244.0.0/16,172.30.240.1,")
        );
        let (networks, _) = advised_networks(namespace, &["--propose-service"], 0);
        assert_eq!(networks, ["services 10.96.0.0/16", "pods 10.244.0.0/22"]);
        assert!(!namespace.kubectl(&["get", "services", "-o", "name"]).contains("arcprobe"));
    });
}

#[test]
fn a_check_behind_a_proxy_judges_the_skip_range() {
    on_the_lab(|namespace| {
        let args = [
            "-l",
            "eastus",
            "--from",
            "pod",
            "--timeout",
            "1s",
            "-o",
            "json",
            "--proxy-https",
            "http://10.244.1.77:3128",
            "--proxy-skip-range",
            ".svc",
        ];
        let report = namespace.program("check").args(args).run().exits(3).json();
        let ids: Vec<_> =
            report["findings"].as_array().unwrap().iter().map(|f| f["id"].as_str().unwrap()).collect();
        assert!(ids.contains(&"skip_range_incomplete") && ids.contains(&"networks_overlap"), "{ids:?}");
        namespace.wait_until_clean();
    });
}
