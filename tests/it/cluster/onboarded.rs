//! A cluster with agents of Azure Arc, as far as a check looks at them: their region and their proxy.

use serde_json::json;

use super::bed::{Namespace, on_the_cluster};

/// The namespace of the agents, for the time of a test.
struct OnboardedCluster<'a> {
    namespace: &'a Namespace<'a>,
}

impl<'a> OnboardedCluster<'a> {
    fn new(namespace: &'a Namespace<'a>, container: &serde_json::Value) -> Self {
        namespace.cluster.kubectl(&["create", "namespace", "azure-arc"]);
        let labels = json!({"app.kubernetes.io/component": "config-agent"});
        let objects = json!({"apiVersion": "v1", "kind": "List", "items": [
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "azure-clusterconfig", "namespace": "azure-arc"},
             "data": {"AZURE_REGION": "koreacentral"}},
            {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "proxy-config", "namespace": "azure-arc"},
             "stringData": {"HTTPS_PROXY": "http://joe:topsecret@127.0.0.1:9", "NO_PROXY": ".svc"}},
            {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "config-agent", "namespace": "azure-arc"},
             "spec": {"replicas": 0, "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels},
                "spec": {"containers": [container]}}}}]});
        namespace.cluster.create(&objects.to_string());
        Self { namespace }
    }
}

impl Drop for OnboardedCluster<'_> {
    fn drop(&mut self) {
        self.namespace.cluster.kubectl(&["delete", "namespace", "azure-arc"]);
    }
}

#[test]
fn region_and_proxy_come_from_the_agents() {
    on_the_cluster(|namespace| {
        let container = json!({"name": "config-agent", "image": "i", "envFrom": [{"secretRef": {"name": "proxy-config"}}]});
        let _onboarded = OnboardedCluster::new(namespace, &container);
        let args = ["--from", "pod", "--timeout", "1s", "-o", "json"];

        // a Secret is read only where the user says so
        let ran = namespace.program("check").args(args).run();
        assert!(ran.stderr.contains("region koreacentral"), "{}", ran.stderr);
        assert!(
            ran.stderr.contains("give --read-secrets, or --proxy-https, to go that way"),
            "{}",
            ran.stderr
        );
        let report = ran.json();
        assert_eq!(report["run"]["region"], "koreacentral");
        assert_eq!(report["checks"][0]["route"]["kind"], "direct");

        let ran = namespace.program("check").args(args).args(["--read-secrets"]).run();
        assert!(!ran.stdout.contains("topsecret") && !ran.stderr.contains("topsecret"));
        let route = ran.json()["checks"][0]["route"].clone();
        assert_eq!(route["proxy"], "http://127.0.0.1:9");
        assert_eq!(route["reason"], "HTTPS_PROXY, Secret azure-arc/proxy-config");
        namespace.wait_until_clean();
    });
}

#[test]
fn literal_settings_need_no_secret() {
    on_the_cluster(|namespace| {
        let container = json!({"name": "config-agent", "image": "i", "env": [{"name": "HTTPS_PROXY", "value": "http://127.0.0.1:9"}]});
        let _onboarded = OnboardedCluster::new(namespace, &container);
        let report =
            namespace.program("check").args(["--from", "pod", "--timeout", "1s", "-o", "json"]).run().json();
        assert_eq!(report["checks"][0]["route"]["reason"], "HTTPS_PROXY, Deployment azure-arc/config-agent");
    });
}
