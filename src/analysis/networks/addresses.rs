//! Addresses and names: nodes, the API server, the cluster's DNS, the cluster's domain.

use std::collections::HashSet;
use std::net::IpAddr;

use serde_json::Value;

use super::KnownAddress;
use super::services::kubeadm_config;
use super::snapshot::{Snapshot, yaml_value};
use crate::model::finding::Confidence;
use crate::model::host_port::{HostPort, is_host_name};
use crate::model::networks::Role;

/// Each address once, with the first source that names it.
pub(super) fn collect_addresses(snapshot: &Snapshot) -> Vec<KnownAddress> {
    let mut places: Vec<KnownAddress> = Vec::new();
    let mut seen = HashSet::new();
    let mut add = |role, text: &str, source: &str| {
        let Ok(address) = text.parse::<IpAddr>() else { return };
        if places.len() < MAX_ADDRESSES && seen.insert((role, address)) {
            places.push(KnownAddress { role, address, source: source.to_owned() });
        }
    };
    for text in &snapshot.declared.api_servers {
        add(Role::ApiServer, text, "--api-server");
    }
    for slice in snapshot
        .objects
        .of_kind("EndpointSlice")
        .filter(|s| s["metadata"]["labels"]["kubernetes.io/service-name"] == "kubernetes")
    {
        for endpoint in slice["endpoints"].as_array().into_iter().flatten() {
            for address in string_items(&endpoint["addresses"]) {
                add(Role::ApiServer, address, "the endpoints of the Service default/kubernetes");
            }
        }
    }
    if let Some(endpoints) = snapshot.objects.find_object("Endpoints", "default", "kubernetes") {
        for subset in endpoints["subsets"].as_array().into_iter().flatten() {
            for address in subset["addresses"].as_array().into_iter().flatten() {
                add(
                    Role::ApiServer,
                    address["ip"].as_str().unwrap_or_default(),
                    "the endpoints of the Service default/kubernetes",
                );
            }
        }
    }
    if let Some(host) = snapshot.server.as_deref().and_then(host_of) {
        add(Role::ApiServer, host, "the kubeconfig");
    }
    for service in snapshot.objects.of_kind("Service").filter(|s| is_cluster_dns(s)) {
        let name = service["metadata"]["name"].as_str().unwrap_or_default();
        add(
            Role::ClusterDns,
            service["spec"]["clusterIP"].as_str().unwrap_or_default(),
            &format!("Service kube-system/{name}"),
        );
    }
    for node in snapshot.objects.of_kind("Node") {
        let name = node["metadata"]["name"].as_str().unwrap_or_default();
        for address in node["status"]["addresses"].as_array().into_iter().flatten() {
            if address["type"] == "InternalIP" {
                add(Role::Nodes, address["address"].as_str().unwrap_or_default(), &format!("node {name}"));
            }
        }
    }
    places
}

/// Names under which the API server is known outside; `localhost` and addresses are none.
pub(super) fn api_server_names(snapshot: &Snapshot) -> Vec<(String, &'static str)> {
    let own = snapshot.server.as_deref().and_then(host_of).map(|host| (host.to_owned(), "the kubeconfig"));
    let given = snapshot.declared.api_servers.iter().map(|host| (host.clone(), "--api-server"));
    let mut names: Vec<_> = given.chain(own).collect();
    names.retain(|(name, _)| name.parse::<IpAddr>().is_err() && name != "localhost" && is_host_name(name));
    let mut seen = HashSet::new();
    names.retain(|(name, _)| seen.insert(name.clone()));
    names
}

/// The domain of the cluster, where it is known from, and how sure that is.
pub(super) fn cluster_domain(snapshot: &Snapshot) -> (String, String, Confidence) {
    if let Some(domain) = &snapshot.declared.domain {
        return (domain.clone(), "--cluster-domain".into(), Confidence::High);
    }
    if let Some(domain) =
        kubeadm_config(snapshot).and_then(|text| yaml_value(text, "dnsDomain")).filter(|d| is_host_name(d))
    {
        return (domain.to_owned(), "ConfigMap kube-system/kubeadm-config".into(), Confidence::High);
    }
    let corefile = snapshot.objects.config_map_text("kube-system", "coredns", "Corefile").unwrap_or_default();
    let line = corefile.lines().find_map(|line| line.trim_start().strip_prefix("kubernetes "));
    match line.and_then(|rest| rest.split_whitespace().next()).filter(|name| is_host_name(name)) {
        Some(name) => {
            (name.trim_end_matches('.').to_owned(), "the Corefile of CoreDNS".into(), Confidence::High)
        }
        None => ("cluster.local".to_owned(), "the usual domain".into(), Confidence::Medium),
    }
}

fn is_cluster_dns(service: &Value) -> bool {
    let meta = &service["metadata"];
    let is_it =
        |name: &str| matches!(name, "kube-dns" | "coredns" | "rke2-coredns-rke2-coredns" | "dns-default");
    meta["name"].as_str().is_some_and(is_it) || meta["labels"]["k8s-app"] == "kube-dns"
}

/// The host of a URL, without brackets.
fn host_of(url: &str) -> Option<&str> {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    HostPort::parse(rest.split(['/', '?', '#']).next()?).map(|parsed| parsed.host)
}

fn string_items(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str)
}

/// Kubernetes has at most 5,000 nodes, each with an address of each family.
const MAX_ADDRESSES: usize = 12_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::networks::DeclaredNetworks;

    #[test]
    fn each_name_of_the_api_server_is_collected_once() {
        let api_servers = ["a.example", "b.example", "a.example", "10.1.2.3"].map(str::to_owned).into();
        let snapshot = Snapshot {
            server: Some("https://b.example:6443".into()),
            declared: DeclaredNetworks { api_servers, ..DeclaredNetworks::default() },
            ..Snapshot::default()
        };
        let names: Vec<_> = api_server_names(&snapshot).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["a.example", "b.example"]);
    }
}
