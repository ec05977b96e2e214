//! The service range: from objects that name it, from what the API server says when it refuses, and from what is in use.

use ipnet::IpNet;
use serde_json::Value;

use super::cidr::{covering_network, parse_networks};
use super::snapshot::{Snapshot, command_words, flag_value, yaml_value};
use super::{Claim, ClaimBasis};
use crate::model::finding::Confidence::{High, Low, Medium};
use crate::model::networks::Role;

/// An address that lies in no service range: reserved since ever (RFC 1112 4).
pub const DRY_RUN_V4: &str = "240.0.0.1";

/// An address that lies in no service range: its packets are to be discarded (RFC 6666).
pub const DRY_RUN_V6: &str = "100::1";

/// All that any source says, the best proof first.
pub(super) fn service_claims(snapshot: &Snapshot) -> Vec<Claim> {
    let mut claims = Vec::new();
    let mut add = |networks: Vec<IpNet>, source: &str, confidence| {
        claims.extend(networks.into_iter().map(|n| Claim::new(Role::Services, n, source, confidence)));
    };
    add(snapshot.declared.services.clone(), "--service-cidr", High);
    for object in snapshot.objects.of_kind("ServiceCIDR") {
        add(parse_network_items(&object["spec"]["cidrs"]), "the ServiceCIDR objects of the cluster", High);
    }
    for object in snapshot.objects.of_kind("Network") {
        let of = |part: &str| parse_network_items(&object[part]["serviceNetwork"]);
        let found = if of("status").is_empty() { of("spec") } else { of("status") };
        add(found, "OpenShift's Network object", High);
    }
    for pod in snapshot.objects.of_kind("Pod").filter(|p| p["metadata"]["namespace"] == "kube-system") {
        let words = command_words(&pod["spec"]);
        if let Some(value) = flag_value(&words, "--service-cluster-ip-range") {
            let name = pod["metadata"]["name"].as_str().unwrap_or("a pod of the control plane");
            add(parse_networks(value), &format!("--service-cluster-ip-range of {name}"), High);
        }
    }
    for text in &snapshot.refusals {
        add(ranges_in_refusal(text), "the API server, which refused a Service outside of it", High);
    }
    if let Some(value) = kubeadm_config(snapshot).and_then(|text| yaml_value(text, "serviceSubnet")) {
        add(parse_networks(value), "ConfigMap kube-system/kubeadm-config, as of the installation", Medium);
    }
    if let Some(value) = snapshot
        .objects
        .config_map_text("openshift-ovn-kubernetes", "ovn-config", "svc_cidr")
        .or_else(|| snapshot.objects.config_map_text("ovn-kubernetes", "ovn-config", "svc_cidr"))
    {
        add(parse_networks(value), "ConfigMap ovn-config", Medium);
    }
    let antrea = snapshot.objects.config_map_text("kube-system", "antrea-config", "antrea-agent.conf");
    if let Some(value) = antrea.and_then(|text| yaml_value(text, "serviceCIDR")) {
        add(parse_networks(value), "ConfigMap kube-system/antrea-config", Medium);
    }
    for node in snapshot.objects.of_kind("Node") {
        if let Some(value) = node_argument(node, "--service-cidr") {
            add(parse_networks(&value), "the arguments of k3s or rke2, an annotation of its node", High);
        }
    }
    claims.extend(usual_networks(snapshot).into_iter().map(|network| Claim {
        basis: ClaimBasis::Usual,
        ..Claim::new(Role::Services, network, "the usual range of this distribution", Medium)
    }));
    claims.extend(lower_bound_claims(snapshot));
    claims
}

/// The ranges that an API server names when it refuses an address. Versions up to 1.32 and many later ones end their refusal
/// with "The range of valid IPs is 10.96.0.0/12"; one that names none says nothing.
pub fn ranges_in_refusal(text: &str) -> Vec<IpNet> {
    let lower = text.to_ascii_lowercase();
    let Some(at) = lower.find(REFUSAL_PHRASE) else { return Vec::new() };
    let rest = &lower[at + REFUSAL_PHRASE.len()..];
    let is_of_list = |c: char| c.is_ascii_hexdigit() || matches!(c, '.' | ':' | '/' | ',' | ' ');
    let end = rest.find(|c| !is_of_list(c)).unwrap_or(rest.len());
    rest[..end]
        .split(',')
        .map(|part| part.trim().trim_end_matches(['.', ':']))
        .filter_map(|part| part.parse().ok())
        .collect()
}

const REFUSAL_PHRASE: &str = "range of valid ips is ";

/// The least that the range must be.
fn lower_bound_claims(snapshot: &Snapshot) -> impl Iterator<Item = Claim> {
    let addresses = snapshot.cluster_ips();
    let bound = move |is_v4| {
        let count = addresses.iter().filter(|a| a.is_ipv4() == is_v4).count();
        let network = covering_network(addresses.iter().copied(), is_v4)?;
        let source = format!("the addresses of {count} Services: at least this");
        Some(Claim::new(Role::Services, network, source, Low))
    };
    [true, false].into_iter().filter_map(bound)
}

/// What installers take unless they are told otherwise (vendors' documentation, 2026), narrower ones first: never a proof.
const DISTRIBUTION_DEFAULTS: &[(&str, &str)] = &[
    ("microk8s", "10.152.183.0/24"),
    ("eks", "10.100.0.0/16"),
    ("eks", "172.20.0.0/16"),
    ("k3s", "10.43.0.0/16"),
    ("rke2", "10.43.0.0/16"),
    ("aks", "10.0.0.0/16"),
    ("openshift", "172.30.0.0/16"),
    ("kubeadm", "10.96.0.0/12"),
];

/// Those of the distribution; where nothing tells which it is, the narrowest that holds all that is in use, if that is spread
/// over most of it: two addresses at the start of a range fit many.
fn usual_networks(snapshot: &Snapshot) -> Vec<IpNet> {
    let parsed = |(_, text): &(&str, &str)| text.parse::<IpNet>().ok();
    if let Some(name) = detect_distribution(snapshot) {
        return DISTRIBUTION_DEFAULTS.iter().filter(|(of, _)| *of == name).filter_map(parsed).collect();
    }
    let in_use: Vec<_> = snapshot.cluster_ips().into_iter().filter(std::net::IpAddr::is_ipv4).collect();
    let Some(bound) = covering_network(in_use, true) else { return Vec::new() };
    let fits = |net: &IpNet| net.contains(&bound) && bound.prefix_len() <= net.prefix_len() + MAX_SPREAD_BITS;
    DISTRIBUTION_DEFAULTS.iter().filter_map(parsed).find(fits).into_iter().collect()
}

/// In bits: a sixteenth of the range.
const MAX_SPREAD_BITS: u8 = 4;

/// From the versions, labels and providers of nodes.
pub(super) fn detect_distribution(snapshot: &Snapshot) -> Option<&'static str> {
    let is_kubeadm = snapshot.objects.find_object("ConfigMap", "kube-system", "kubeadm-config").is_some();
    for node in snapshot.objects.of_kind("Node") {
        let version = node["status"]["nodeInfo"]["kubeletVersion"].as_str().unwrap_or_default();
        let provider = node["spec"]["providerID"].as_str().unwrap_or_default();
        let labels = node["metadata"]["labels"].as_object();
        let has = |prefix: &str| labels.is_some_and(|l| l.keys().any(|k| k.starts_with(prefix)));
        let found = if version.contains("+k3s") {
            "k3s"
        } else if version.contains("+rke2") {
            "rke2"
        } else if version.contains("-eks") || has("eks.amazonaws.com/") {
            "eks"
        } else if version.contains("-gke") || has("cloud.google.com/gke") {
            "gke"
        } else if has("kubernetes.azure.com/") {
            "aks"
        } else if has("microk8s.io/") {
            "microk8s"
        } else if has("node.openshift.io/") {
            "openshift"
        } else if provider.starts_with("kind://") || is_kubeadm {
            "kubeadm"
        } else {
            continue;
        };
        return Some(found);
    }
    None
}

pub(super) fn kubeadm_config(snapshot: &Snapshot) -> Option<&str> {
    snapshot.objects.config_map_text("kube-system", "kubeadm-config", "ClusterConfiguration")
}

/// A flag in the annotation that k3s and rke2 give their nodes: a JSON list of words.
pub(super) fn node_argument(node: &Value, name: &str) -> Option<String> {
    let annotations = &node["metadata"]["annotations"];
    let text = annotations["k3s.io/node-args"].as_str().or(annotations["rke2.io/node-args"].as_str())?;
    let words: Vec<String> = serde_json::from_str(text).ok()?;
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    flag_value(&words, name).map(str::to_owned)
}

pub(super) fn parse_network_items(list: &Value) -> Vec<IpNet> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).flat_map(parse_networks).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// API servers from 1.9 to 1.36.
    #[test]
    fn ranges_are_parsed_from_refusals() {
        let table = [
            (
                "Service \"x\" is invalid: spec.clusterIP: Invalid value: \"240.0.0.1\": provided IP is not in the valid range. The range of valid IPs is 10.96.0.0/12",
                vec!["10.96.0.0/12"],
            ),
            (
                "Service \"x\" is invalid: spec.clusterIPs: Invalid value: []string{\"1.1.1.1\"}: failed to allocated ip:1.1.1.1 with error:provided IP is not in the valid range. The range of valid IPs is 10.43.0.0/16",
                vec!["10.43.0.0/16"],
            ),
            (
                "failed to allocate IP 240.0.0.1: the provided IP (240.0.0.1) is not in the valid range. The range of valid IPs is 10.96.0.0/16, 10.97.0.0/16.",
                vec!["10.96.0.0/16", "10.97.0.0/16"],
            ),
            ("... The range of valid IPs is fd00:10:96::/112\"}", vec!["fd00:10:96::/112"]),
            ("failed to allocate IP 1.1.1.1: the provided network does not match the current range", vec![]),
            (
                "spec.clusterIPs: Invalid value: [\"100::1\"]: may not use ipv6 on this cluster: not configured",
                vec![],
            ),
            ("The range of valid IPs is ", vec![]),
            ("", vec![]),
        ];
        for (text, expected) in table {
            let found: Vec<_> = ranges_in_refusal(text).iter().map(ToString::to_string).collect();
            assert_eq!(found, expected, "{text}");
        }
    }
}
