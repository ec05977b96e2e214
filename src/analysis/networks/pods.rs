//! The pod range: from installers, from the configuration of network plug-ins, from the slices of nodes, from pods.

use ipnet::IpNet;
use serde_json::Value;

use super::Claim;
use super::cidr::{covering_network, covering_network_of, merge_networks, parse_networks};
use super::services::{kubeadm_config, node_argument, parse_network_items};
use super::snapshot::{Snapshot, command_words, env_variable, flag_value, yaml_value};
use crate::model::finding::Confidence::{self, High, Low, Medium};
use crate::model::networks::Role;

/// All that any source says, the best proof first.
pub(super) fn pod_claims(snapshot: &Snapshot) -> Vec<Claim> {
    let mut claims = Vec::new();
    let mut add = |networks: Vec<IpNet>, source: &str, confidence| {
        claims.extend(networks.into_iter().map(|n| Claim::new(Role::Pods, n, source, confidence)));
    };
    add(snapshot.declared.pods.clone(), "--pod-cidr", High);
    for (networks, source, confidence) in plugin_networks(snapshot) {
        add(networks, source, confidence);
    }
    for pod in snapshot.objects.of_kind("Pod").filter(|p| p["metadata"]["namespace"] == "kube-system") {
        if let Some(value) = flag_value(&command_words(&pod["spec"]), "--cluster-cidr") {
            let name = pod["metadata"]["name"].as_str().unwrap_or("a pod of the control plane");
            add(parse_networks(value), &format!("--cluster-cidr of {name}"), High);
        }
    }
    for node in snapshot.objects.of_kind("Node") {
        if let Some(value) = node_argument(node, "--cluster-cidr") {
            add(parse_networks(&value), "the arguments of k3s or rke2, an annotation of its node", High);
        }
    }
    if let Some(value) = kubeadm_config(snapshot).and_then(|text| yaml_value(text, "podSubnet")) {
        add(parse_networks(value), "ConfigMap kube-system/kubeadm-config, as of the installation", Medium);
    }
    if let Some(value) = snapshot
        .objects
        .config_map_text("kube-system", "kube-proxy", "config.conf")
        .and_then(|text| yaml_value(text, "clusterCIDR"))
    {
        add(parse_networks(value), "ConfigMap kube-system/kube-proxy", Medium);
    }
    claims.extend(node_slice_claims(snapshot));
    claims.extend(pod_address_claims(snapshot));
    claims
}

/// Whether pods have addresses of the network around the nodes (the AWS VPC plug-in), and no range of their own.
pub(super) fn are_pods_routed(snapshot: &Snapshot) -> bool {
    snapshot.objects.find_object("DaemonSet", "kube-system", "aws-node").is_some()
}

type SourcedNetworks = (Vec<IpNet>, &'static str, Confidence);

fn plugin_networks(snapshot: &Snapshot) -> Vec<SourcedNetworks> {
    let mut found: Vec<SourcedNetworks> = Vec::new();
    for object in snapshot.objects.of_kind("Network") {
        let of = |part: &str| -> Vec<IpNet> {
            let networks = object[part]["clusterNetwork"].as_array().into_iter().flatten();
            networks.filter_map(|n| n["cidr"].as_str()).flat_map(parse_networks).collect()
        };
        found.push((
            if of("status").is_empty() { of("spec") } else { of("status") },
            "OpenShift's Network object",
            High,
        ));
    }
    let pools = snapshot.objects.of_kind("IPPool").filter(|pool| pool["spec"]["disabled"] != true);
    let pools = pools.filter_map(|pool| pool["spec"]["cidr"].as_str()).flat_map(parse_networks).collect();
    found.push((pools, "Calico's IPPool objects", High));
    let mut cilium = Vec::new();
    for key in ["cluster-pool-ipv4-cidr", "cluster-pool-ipv6-cidr"] {
        cilium.extend(
            snapshot
                .objects
                .config_map_text("kube-system", "cilium-config", key)
                .map(parse_networks)
                .unwrap_or_default(),
        );
    }
    found.push((cilium, "ConfigMap kube-system/cilium-config", High));
    for namespace in ["kube-flannel", "kube-system"] {
        let text = snapshot.objects.config_map_text(namespace, "kube-flannel-cfg", "net-conf.json");
        let conf: Option<Value> = text.and_then(|text| serde_json::from_str(text).ok());
        let networks = conf.iter().flat_map(|conf| [&conf["Network"], &conf["IPv6Network"]]);
        let networks = networks.filter_map(Value::as_str).flat_map(parse_networks).collect();
        found.push((networks, "ConfigMap kube-flannel-cfg", High));
    }
    for namespace in ["openshift-ovn-kubernetes", "ovn-kubernetes"] {
        // 10.128.0.0/14/23: the network, and the size of each node's slice
        let value = snapshot.objects.config_map_text(namespace, "ovn-config", "net_cidr").unwrap_or_default();
        let networks = value.split(',').filter_map(|part| {
            let mut parts = part.trim().split('/');
            format!("{}/{}", parts.next()?, parts.next()?).parse().ok()
        });
        found.push((networks.collect(), "ConfigMap ovn-config", High));
    }
    let antrea = snapshot.objects.config_map_text("kube-system", "antrea-config", "antrea-controller.conf");
    let antrea = antrea.and_then(|text| yaml_value(text, "clusterCIDRs"));
    let antrea = antrea.map(|value| parse_networks(value.trim_matches(['[', ']']))).unwrap_or_default();
    found.push((antrea, "ConfigMap kube-system/antrea-config", High));
    for (name, variable_name, source) in [
        ("kindnet", "POD_SUBNET", "DaemonSet kindnet"),
        ("weave-net", "IPALLOC_RANGE", "DaemonSet weave-net"),
    ] {
        let set = snapshot.objects.find_object("DaemonSet", "kube-system", name);
        let value = set.and_then(|set| env_variable(&set["spec"]["template"]["spec"], variable_name));
        found.push((value.map(parse_networks).unwrap_or_default(), source, High));
    }
    found
}

/// Each node has a slice; together they are the least that the range must be.
fn node_slice_claims(snapshot: &Snapshot) -> Vec<Claim> {
    let of = |node: &Value| {
        let many = parse_network_items(&node["spec"]["podCIDRs"]);
        if many.is_empty() {
            node["spec"]["podCIDR"].as_str().map(parse_networks).unwrap_or_default()
        } else {
            many
        }
    };
    let slices: Vec<IpNet> = snapshot.objects.of_kind("Node").flat_map(of).collect();
    let count = slices.len();
    let claim = |is_v4: bool| {
        let family: Vec<_> = slices.iter().copied().filter(|n| n.addr().is_ipv4() == is_v4).collect();
        let network = covering_network_of(&merge_networks(&family), is_v4)?;
        let source = format!("the slices of nodes ({count}): at least this");
        Some(Claim::new(Role::Pods, network, source, Low))
    };
    [true, false].into_iter().filter_map(claim).collect()
}

fn pod_address_claims(snapshot: &Snapshot) -> Vec<Claim> {
    let addresses = snapshot.pod_ips();
    let claim = |is_v4: bool| {
        let count = addresses.iter().filter(|a| a.is_ipv4() == is_v4).count();
        let network = covering_network(addresses.iter().copied(), is_v4)?;
        let claim =
            Claim::new(Role::Pods, network, format!("the addresses of {count} pods: at least this"), Low);
        Some(if are_pods_routed(snapshot) {
            claim.with_note("pods have addresses of the VPC; there is no range of their own")
        } else {
            claim
        })
    };
    [true, false].into_iter().filter_map(claim).collect()
}
