//! Objects of a cluster as they were read, from its API or from files.

use std::net::IpAddr;

use ipnet::IpNet;
use serde_json::Value;

use crate::analysis::kube_objects::KubeObjects;
use crate::model::networks::UnreadSource;

/// Objects of a cluster, each with its `kind`, and what could not be read.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// In any order.
    pub objects: KubeObjects,
    /// What the API server answered when a Service with an impossible address was proposed, by family.
    pub refusals: Vec<String>,
    /// The URL of the API server, as the kubeconfig has it.
    pub server: Option<String>,
    /// What was not read, and why.
    pub skipped: Vec<UnreadSource>,
    /// What the user says; it counts before everything else.
    pub declared: DeclaredNetworks,
}

/// What the user says.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct DeclaredNetworks {
    /// `--service-cidr`.
    pub services: Vec<IpNet>,
    /// `--pod-cidr`.
    pub pods: Vec<IpNet>,
    /// `--node-cidr`.
    pub nodes: Vec<IpNet>,
    /// `--api-server`: addresses or names.
    pub api_servers: Vec<String>,
    /// `--cluster-domain`.
    pub domain: Option<String>,
}

impl Snapshot {
    /// Takes objects out of a document: one, or a list of them. Items of a list that do not say what they are, are what the
    /// list says.
    pub fn add_document(&mut self, document: Value) {
        let kind = document["kind"].as_str().unwrap_or_default().to_owned();
        let Some(items) = document.get("items").and_then(Value::as_array) else {
            self.objects.push(document);
            return;
        };
        let of_items = kind.strip_suffix("List").unwrap_or_default();
        for item in items {
            let mut item = item.clone();
            if item.get("kind").is_none() && item.is_object() {
                item["kind"] = of_items.into();
            }
            self.objects.push(item);
        }
    }

    /// The addresses of all Services.
    pub fn cluster_ips(&self) -> Vec<IpAddr> {
        let of = |service: &Value| {
            let spec = &service["spec"];
            let many = spec["clusterIPs"]
                .as_array()
                .map(|all| all.iter().filter_map(Value::as_str).collect::<Vec<_>>());
            let one = || spec["clusterIP"].as_str().into_iter().collect();
            many.filter(|m| !m.is_empty())
                .unwrap_or_else(one)
                .into_iter()
                .filter_map(|t| t.parse().ok())
                .collect::<Vec<_>>()
        };
        self.objects.of_kind("Service").flat_map(of).collect()
    }

    /// The addresses of pods that have a network of their own.
    pub(super) fn pod_ips(&self) -> Vec<IpAddr> {
        let own = |pod: &&Value| pod["spec"]["hostNetwork"] != true;
        let of = |pod: &Value| {
            let status = &pod["status"];
            let many = status["podIPs"]
                .as_array()
                .map(|all| all.iter().filter_map(|ip| ip["ip"].as_str()).collect::<Vec<_>>());
            let one = || status["podIP"].as_str().into_iter().collect();
            many.filter(|m| !m.is_empty())
                .unwrap_or_else(one)
                .into_iter()
                .filter_map(|t| t.parse().ok())
                .collect::<Vec<IpAddr>>()
        };
        self.objects.of_kind("Pod").filter(own).flat_map(of).collect()
    }
}

/// The value of `key: value` in a text of YAML, at any depth: enough for the few flat settings that are wanted, and it cannot
/// be led astray by the rest of a foreign text.
pub(super) fn yaml_value<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    text.lines().find_map(|line| {
        let value = line.trim_start().strip_prefix(key)?.strip_prefix(':')?;
        let value = value.split(" #").next()?.trim().trim_matches(['"', '\'']);
        (!value.is_empty()).then_some(value)
    })
}

/// The value of a flag among the words of a command line, as `--flag=value` or `--flag value`.
pub(super) fn flag_value<'a>(words: &[&'a str], flag: &str) -> Option<&'a str> {
    words.iter().enumerate().find_map(|(at, word)| {
        let rest = word.strip_prefix(flag)?;
        match rest.strip_prefix('=') {
            Some(value) => Some(value),
            None if rest.is_empty() => words.get(at + 1).copied(),
            None => None,
        }
    })
}

/// Command and arguments of all containers of a pod or of a pod template.
pub(super) fn command_words(pod_spec: &Value) -> Vec<&str> {
    let containers = pod_spec["containers"].as_array().into_iter().flatten();
    let lists = containers.flat_map(|c| [&c["command"], &c["args"]]);
    lists.filter_map(Value::as_array).flatten().filter_map(Value::as_str).collect()
}

/// The value of an environment variable of a pod template.
pub(super) fn env_variable<'a>(pod_spec: &'a Value, name: &str) -> Option<&'a str> {
    let containers = pod_spec["containers"].as_array().into_iter().flatten();
    let variables = containers.filter_map(|c| c["env"].as_array()).flatten();
    variables.filter(|v| v["name"] == name).find_map(|v| v["value"].as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flat_settings_are_found_in_yaml() {
        let text = "networking:\n  dnsDomain: cluster.local\n  serviceSubnet: \"10.96.0.0/12\" # usual\n  podSubnet:\n";
        assert_eq!(yaml_value(text, "serviceSubnet"), Some("10.96.0.0/12"));
        assert_eq!(yaml_value(text, "dnsDomain"), Some("cluster.local"));
        assert_eq!(yaml_value(text, "podSubnet"), None);
        assert_eq!(yaml_value(text, "Subnet"), None);
    }

    #[test]
    fn flags_are_found_in_both_forms() {
        let words = [
            "kube-apiserver",
            "--service-cluster-ip-range=10.0.0.0/16",
            "--cluster-cidr",
            "10.1.0.0/16",
            "--last",
        ];
        assert_eq!(flag_value(&words, "--service-cluster-ip-range"), Some("10.0.0.0/16"));
        assert_eq!(flag_value(&words, "--cluster-cidr"), Some("10.1.0.0/16"));
        assert_eq!(flag_value(&words, "--last"), None);
        assert_eq!(flag_value(&words, "--cluster"), None);
    }

    #[test]
    fn lists_and_single_objects_are_taken() {
        let mut snapshot = Snapshot::default();
        snapshot
            .add_document(serde_json::json!({"kind": "NodeList", "items": [{"metadata": {"name": "n"}}]}));
        snapshot.add_document(
            serde_json::json!({"kind": "List", "items": [{"kind": "Service", "metadata": {"name": "s"}}]}),
        );
        snapshot.add_document(serde_json::json!({"kind": "ConfigMap", "metadata": {"name": "c", "namespace": "x"}, "data": {"k": "v"}}));
        assert_eq!(
            (snapshot.objects.of_kind("Node").count(), snapshot.objects.of_kind("Service").count()),
            (1, 1)
        );
        assert_eq!(snapshot.objects.config_map_text("x", "c", "k"), Some("v"));
        assert_eq!(snapshot.objects.config_map_text("y", "c", "k"), None);
    }
}
