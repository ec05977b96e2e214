//! Clusters as distributions make them: objects in their real shapes, cut down to what is looked at.

use serde_json::{Value, json};

use super::*;

fn snapshot(objects: Vec<Value>) -> Snapshot {
    let mut snapshot = Snapshot { server: Some("https://api.example:6443".into()), ..Snapshot::default() };
    for object in objects {
        snapshot.add_document(object);
    }
    snapshot
}

fn service(name: &str, ips: &[&str]) -> Value {
    json!({"kind": "Service", "metadata": {"name": name, "namespace": "default"}, "spec": {"clusterIP": ips[0], "clusterIPs": ips}})
}

fn node(version: &str, more: &Value) -> Value {
    let mut node = json!({"kind": "Node", "metadata": {"name": "n", "labels": {}, "annotations": {}},
        "spec": {}, "status": {"nodeInfo": {"kubeletVersion": version}, "addresses": [{"type": "InternalIP", "address": "192.168.1.10"}]}});
    for (key, value) in more.as_object().unwrap() {
        for (inner, value) in value.as_object().unwrap() {
            node[key][inner] = value.clone();
        }
    }
    node
}

fn config_map(namespace: &str, name: &str, key: &str, text: &str) -> Value {
    json!({"kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace}, "data": {key: text}})
}

fn effective_claims(networks: &Networks, role: Role) -> Vec<String> {
    networks.effective_claims(role).map(|c| format!("{} {}", c.network, c.confidence.as_str())).collect()
}

#[track_caller]
fn assert_ranges(objects: Vec<Value>, services: &[&str], pods: &[&str]) -> Networks {
    let networks = Networks::from_snapshot(&snapshot(objects));
    assert_eq!(effective_claims(&networks, Role::Services), services, "{:#?}", networks.claims);
    assert_eq!(effective_claims(&networks, Role::Pods), pods, "{:#?}", networks.claims);
    networks
}

const KUBEADM: &str = "apiVersion: kubeadm.k8s.io/v1beta3\nkind: ClusterConfiguration\nnetworking:\n  dnsDomain: corp.local\n  podSubnet: 10.244.0.0/16\n  serviceSubnet: 10.96.0.0/12\n";

#[test]
fn kubeadm_by_its_config_map() {
    let networks = assert_ranges(
        vec![
            config_map("kube-system", "kubeadm-config", "ClusterConfiguration", KUBEADM),
            node("v1.30.1", &json!({"spec": {"podCIDRs": ["10.244.0.0/24"]}})),
            service("kubernetes", &["10.96.0.1"]),
        ],
        &["10.96.0.0/12 medium"],
        &["10.244.0.0/16 medium"],
    );
    assert_eq!(networks.domain, "corp.local");
    assert_eq!(networks.api_server_names, [("api.example".to_owned(), "the kubeconfig")]);
    assert_eq!(networks.addresses_of(Role::Nodes).count(), 1);
}

#[test]
fn kind_with_two_families() {
    let kindnet = json!({"kind": "DaemonSet", "metadata": {"name": "kindnet", "namespace": "kube-system"}, "spec": {"template": {"spec":
        {"containers": [{"env": [{"name": "POD_SUBNET", "value": "10.244.0.0/16,fd00:10:244::/56"}]}]}}}});
    let flags = ["kube-apiserver", "--service-cluster-ip-range=10.96.0.0/16,fd00:10:96::/112"];
    let api = json!({"kind": "Pod", "metadata": {"name": "kube-apiserver-kind", "namespace": "kube-system"}, "spec": {"containers": [{"command": flags}]}});
    assert_ranges(
        vec![
            kindnet,
            api,
            node("v1.29.0", &json!({"spec": {"providerID": "kind://docker/kind/n"}})),
            service("kubernetes", &["10.96.0.1"]),
        ],
        &["10.96.0.0/16 high", "fd00:10:96::/112 high"],
        &["10.244.0.0/16 high", "fd00:10:244::/56 high"],
    );
}

#[test]
fn k3s_with_ranges_of_its_own() {
    let arguments = r#"["server","--cluster-cidr","10.52.0.0/16","--service-cidr=10.53.0.0/16"]"#;
    assert_ranges(
        vec![
            node(
                "v1.30.0+k3s1",
                &json!({"metadata": {"annotations": {"k3s.io/node-args": arguments}}, "spec": {"podCIDR": "10.52.0.0/24"}}),
            ),
            service("kubernetes", &["10.53.0.1"]),
        ],
        &["10.53.0.0/16 high"],
        &["10.52.0.0/16 high"],
    );
}

#[test]
fn rke2_as_it_comes() {
    assert_ranges(
        vec![
            node(
                "v1.28.9+rke2r1",
                &json!({"metadata": {"annotations": {"rke2.io/node-args": "[\"server\"]"}}, "spec": {"podCIDR": "10.42.0.0/24"}}),
            ),
            service("kubernetes", &["10.43.0.1"]),
        ],
        &["10.43.0.0/16 medium"],
        &["10.42.0.0/24 low"],
    );
}

/// The Services of `azure-arc` on EKS as a page showed them (2024-04), and nothing else: a lower bound with all of them, and
/// the likely range.
#[test]
fn eks_from_a_table_of_services() {
    let ips = ["10.100.108.124", "10.100.243.81", "10.100.249.91", "10.100.216.251"];
    let mut objects: Vec<_> =
        ips.iter().enumerate().map(|(n, ip)| service(&format!("s{n}"), &[ip])).collect();
    objects.push(service("extension-manager-svc", &["None"]));
    let networks = assert_ranges(objects.clone(), &["10.100.0.0/16 medium"], &[]);
    let bound = networks.claims.iter().find(|c| c.confidence == Confidence::Low).unwrap();
    assert!(ips.iter().all(|ip| bound.network.contains(&ip.parse::<IpAddr>().unwrap())), "{bound:?}");
    assert!(bound.source.starts_with("the addresses of 4 Services: at least this"));

    objects.push(node("v1.29.3-eks-adc7111", &json!({})));
    let networks = assert_ranges(objects, &["10.100.0.0/16 medium"], &[]);
    let other = networks.claims.iter().find(|c| c.network.to_string() == "172.20.0.0/16").unwrap();
    assert_eq!(other.note.as_deref(), Some("does not count: Services lie outside"));
}

#[test]
fn eks_with_addresses_of_the_vpc() {
    let pod = |ip: &str| json!({"kind": "Pod", "metadata": {"name": ip, "namespace": "x"}, "spec": {}, "status": {"podIP": ip}});
    let aws = json!({"kind": "DaemonSet", "metadata": {"name": "aws-node", "namespace": "kube-system"}, "spec": {}});
    let networks = assert_ranges(
        vec![
            aws,
            pod("192.168.10.4"),
            pod("192.168.77.1"),
            node("v1.33.0-eks-1", &json!({})),
            json!({"kind": "ServiceCIDR", "metadata": {"name": "kubernetes"}, "spec": {"cidrs": ["172.20.0.0/16"]}}),
        ],
        &["172.20.0.0/16 high"],
        &["192.168.0.0/17 low"],
    );
    assert!(networks.pods_are_routed);
}

#[test]
fn gke_and_aks_from_nodes_and_services() {
    assert_ranges(
        vec![
            node("v1.30.1-gke.115", &json!({"spec": {"podCIDR": "10.60.1.0/24"}})),
            service("kubernetes", &["34.118.224.1"]),
            service("a", &["34.118.239.9"]),
        ],
        &["34.118.224.0/20 low"],
        &["10.60.1.0/24 low"],
    );
    assert_ranges(
        vec![
            node("v1.30.1", &json!({"metadata": {"labels": {"kubernetes.azure.com/cluster": "c"}}})),
            service("kubernetes", &["10.0.0.1"]),
        ],
        &["10.0.0.0/16 medium"],
        &[],
    );
}

#[test]
fn openshift_with_ovn() {
    let network = json!({"kind": "Network", "metadata": {"name": "cluster"}, "spec": {"serviceNetwork": ["172.30.0.0/16"],
        "clusterNetwork": [{"cidr": "10.128.0.0/14", "hostPrefix": 23}]}});
    let ovn = config_map("openshift-ovn-kubernetes", "ovn-config", "net_cidr", "10.128.0.0/14/23");
    assert_ranges(
        vec![network, ovn, service("kubernetes", &["172.30.0.1"])],
        &["172.30.0.0/16 high"],
        &["10.128.0.0/14 high"],
    );
}

#[test]
fn calico_cilium_and_flannel() {
    let pool = |cidr: &str, disabled: bool| json!({"kind": "IPPool", "metadata": {"name": cidr}, "spec": {"cidr": cidr, "disabled": disabled}});
    assert_ranges(
        vec![pool("192.168.0.0/16", false), pool("10.9.0.0/16", true)],
        &[],
        &["192.168.0.0/16 high"],
    );
    let cilium = config_map("kube-system", "cilium-config", "cluster-pool-ipv4-cidr", "10.0.0.0/8");
    assert_ranges(vec![cilium], &[], &["10.0.0.0/8 high"]);
    let flannel = config_map(
        "kube-flannel",
        "kube-flannel-cfg",
        "net-conf.json",
        r#"{"Network": "10.244.0.0/16", "Backend": {}}"#,
    );
    assert_ranges(vec![flannel], &[], &["10.244.0.0/16 high"]);
}

/// The configuration is of another time than the cluster: it does not count, and is not hidden.
#[test]
fn a_claim_that_contradicts_used_addresses_does_not_count() {
    let networks = assert_ranges(
        vec![
            config_map("kube-system", "kubeadm-config", "ClusterConfiguration", KUBEADM),
            service("kubernetes", &["10.200.0.1"]),
            service("x", &["10.200.9.9"]),
        ],
        &["10.200.0.0/20 low"],
        &["10.244.0.0/16 medium"],
    );
    let wrong =
        networks.claims.iter().find(|c| c.source.contains("kubeadm") && c.role == Role::Services).unwrap();
    assert_eq!(wrong.note.as_deref(), Some("does not count: the Service address 10.200.0.1 lies outside"));
}

#[test]
fn contradictions_are_shown() {
    let mut snapshot = snapshot(vec![
        config_map("kube-system", "kubeadm-config", "ClusterConfiguration", KUBEADM),
        service("kubernetes", &["10.96.0.1"]),
    ]);
    snapshot.refusals.push("The range of valid IPs is 10.96.0.0/16".into());
    let networks = Networks::from_snapshot(&snapshot);
    assert_eq!(effective_claims(&networks, Role::Services), ["10.96.0.0/16 high"]);
    assert!(networks.claims.iter().any(|c| c.note.as_deref() == Some("contradicts the claim that counts")));
}

#[test]
fn without_readable_objects_there_is_no_range() {
    let networks = assert_ranges(Vec::new(), &[], &[]);
    assert_eq!(
        (networks.domain.as_str(), networks.domain_source.as_str()),
        ("cluster.local", "the usual domain")
    );
}

#[test]
fn ranges_from_flags_take_precedence() {
    let mut snapshot =
        snapshot(vec![config_map("kube-system", "kubeadm-config", "ClusterConfiguration", KUBEADM)]);
    snapshot.declared.services = vec!["10.1.0.0/16".parse().unwrap()];
    assert_eq!(effective_claims(&Networks::from_snapshot(&snapshot), Role::Services), ["10.1.0.0/16 high"]);
}
