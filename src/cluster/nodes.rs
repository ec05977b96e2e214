//! The nodes of a cluster, and which of them are looked from. Pure.

use k8s_openapi::api::core::v1::{Node, Taint};

use crate::cluster::settings::NodeChoice;
use crate::model::vantage::{VantageError, VantageErrorKind};
use crate::model::wording::{format_count, list_some};

/// What is known of a node.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct NodeFacts {
    /// Its name.
    pub(super) name: String,
    /// As the kubelet has it: `amd64`, `arm64`.
    pub(super) arch: String,
    /// `linux`, `windows`.
    pub(super) os: String,
    /// Whether the kubelet reports it ready.
    pub(super) is_ready: bool,
    /// Not cordoned, and without a taint that keeps ordinary pods away.
    pub(super) takes_pods: bool,
    /// Whether it is one of the control plane.
    pub(super) is_control_plane: bool,
    /// The images that the kubelet reports, the smallest first. It reports fifty at most, the largest.
    pub(super) images: Vec<String>,
}

/// Nodes to look from, and what was passed over.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct NodeSelection {
    /// At least one.
    pub(super) nodes: Vec<NodeFacts>,
    /// Why these, or which ones were left out and why; one sentence.
    pub(crate) reason: String,
}

impl NodeFacts {
    /// Reads a node object.
    pub(crate) fn from_node(node: &Node) -> Self {
        let status = node.status.as_ref();
        let info = status.and_then(|s| s.node_info.as_ref());
        let labels = node.metadata.labels.as_ref();
        let label = |name: &str| labels.and_then(|l| l.get(name)).cloned().unwrap_or_default();
        let conditions = status.and_then(|s| s.conditions.as_deref()).unwrap_or_default();
        Self {
            name: node.metadata.name.clone().unwrap_or_default(),
            arch: info.map_or_else(|| label("kubernetes.io/arch"), |i| i.architecture.clone()),
            os: info.map_or_else(|| label("kubernetes.io/os"), |i| i.operating_system.clone()),
            is_ready: conditions.iter().any(|c| c.type_ == "Ready" && c.status == "True"),
            takes_pods: takes_pods(node),
            is_control_plane: labels
                .is_some_and(|l| l.keys().any(|k| CONTROL_PLANE_LABELS.contains(&k.as_str()))),
            images: list_usable_images(node),
        }
    }

    fn is_linux(&self) -> bool {
        self.os == "linux"
    }
}

fn takes_pods(node: &Node) -> bool {
    let spec = node.spec.as_ref();
    let taints = spec.and_then(|s| s.taints.as_deref()).unwrap_or_default();
    let keeps_away = |t: &Taint| t.effect == "NoSchedule" || t.effect == "NoExecute";
    spec.is_none_or(|s| s.unschedulable != Some(true)) && !taints.iter().any(keeps_away)
}

/// By names that a pod can use: a tag rather than a digest, for some runtimes know imported images by tag only.
fn list_usable_images(node: &Node) -> Vec<String> {
    let listed = node.status.as_ref().and_then(|s| s.images.as_deref()).unwrap_or_default();
    let mut listed: Vec<_> = listed.iter().collect();
    listed.sort_by_key(|image| image.size_bytes.unwrap_or(i64::MAX));
    let usable = |name: &&String| !name.contains("<none>");
    let name = |names: &Vec<String>| {
        let tagged = names.iter().filter(usable).find(|n| !n.contains('@'));
        tagged.or_else(|| names.iter().find(usable)).cloned()
    };
    listed.iter().filter_map(|image| image.names.as_ref().and_then(name)).collect()
}

/// Nodes to look from, in the order of their names.
///
/// # Errors
/// When none fits; the text says what there is instead.
pub(crate) fn select_nodes(nodes: &[NodeFacts], choice: &NodeChoice) -> Result<NodeSelection, VantageError> {
    let mut linux: Vec<_> = nodes.iter().filter(|n| n.is_linux()).cloned().collect();
    linux.sort_by(|a, b| a.name.cmp(&b.name));
    match choice {
        NodeChoice::Named(name) => select_named_node(nodes, name),
        _ if linux.is_empty() => Err(no_linux_node(nodes)),
        NodeChoice::One => select_best_node(linux),
        NodeChoice::Every => select_every_ready_node(linux),
    }
}

fn select_named_node(nodes: &[NodeFacts], name: &str) -> Result<NodeSelection, VantageError> {
    let known = || describe_nodes(nodes.iter());
    let missing = || {
        VantageError::new(
            VantageErrorKind::NoNode,
            format!("--node \"{name}\" does not exist; nodes are {}", known()),
        )
    };
    let node = nodes.iter().find(|n| n.name == name).ok_or_else(missing)?;
    if !node.is_linux() {
        let text =
            format!("--node \"{name}\" runs {}; the agents of Azure Arc and this one run on Linux", node.os);
        return Err(VantageError::new(VantageErrorKind::NoNode, text));
    }
    Ok(NodeSelection { nodes: vec![node.clone()], reason: "asked for with --node".into() })
}

/// The best first: ready, open to ordinary pods, a worker, an architecture that every release has an agent for.
fn select_best_node(mut linux: Vec<NodeFacts>) -> Result<NodeSelection, VantageError> {
    let number = linux.len();
    linux.sort_by_key(|n| (!n.is_ready, !n.takes_pods, n.is_control_plane, n.arch != "amd64"));
    let Some(best) = linux.into_iter().next() else { return Err(no_linux_node(&[])) };
    let state = match (best.is_ready, best.takes_pods) {
        (true, true) => "ready and open to ordinary pods",
        (true, false) => "ready; no node is open to ordinary pods",
        (false, _) => "no node is ready",
    };
    let reason = format!("chosen of {}: {state}", format_count(number, "Linux node"));
    Ok(NodeSelection { nodes: vec![best], reason })
}

fn select_every_ready_node(linux: Vec<NodeFacts>) -> Result<NodeSelection, VantageError> {
    let (ready, others): (Vec<_>, Vec<_>) = linux.into_iter().partition(|n| n.is_ready);
    if ready.is_empty() {
        let text = format!("no Linux node is ready: {}", describe_nodes(others.iter()));
        return Err(VantageError::new(VantageErrorKind::NoNode, text));
    }
    let reason = if others.is_empty() {
        "every Linux node".to_owned()
    } else {
        format!("every Linux node that is ready; left out: {}", describe_nodes(others.iter()))
    };
    Ok(NodeSelection { nodes: ready, reason })
}

fn no_linux_node(nodes: &[NodeFacts]) -> VantageError {
    let there = if nodes.is_empty() {
        "there is no node at all".into()
    } else {
        format!("nodes are {}", describe_nodes(nodes.iter()))
    };
    VantageError::new(
        VantageErrorKind::NoNode,
        format!("no node runs Linux, as the agents of Azure Arc need it; {there}"),
    )
}

fn describe_nodes<'a>(nodes: impl Iterator<Item = &'a NodeFacts>) -> String {
    let names: Vec<_> = nodes.map(|n| format!("{} ({})", n.name, n.os)).collect();
    list_some(&names, MAX_NAMED)
}

const MAX_NAMED: usize = 8;

/// The second one was used up to 1.24.
const CONTROL_PLANE_LABELS: [&str; 2] =
    ["node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master"];

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_node(json: serde_json::Value) -> NodeFacts {
        NodeFacts::from_node(&serde_json::from_value(json).unwrap())
    }

    fn node_of(name: &str, os: &str, is_ready: bool, takes_pods: bool) -> NodeFacts {
        NodeFacts {
            name: name.into(),
            os: os.into(),
            arch: "amd64".into(),
            is_ready,
            takes_pods,
            ..NodeFacts::default()
        }
    }

    #[test]
    fn a_node_object_is_parsed() {
        let facts = parse_node(serde_json::json!({
            "metadata": {"name": "n1", "labels": {"node-role.kubernetes.io/control-plane": ""}},
            "spec": {"taints": [{"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}]},
            "status": {
                "conditions": [{"type": "Ready", "status": "True"}],
                "nodeInfo": {"architecture": "arm64", "operatingSystem": "linux", "bootID": "", "containerRuntimeVersion": "",
                    "kernelVersion": "", "kubeProxyVersion": "", "kubeletVersion": "v1.30.0", "machineID": "", "osImage": "",
                    "systemUUID": ""},
                "images": [
                    {"names": ["big.example/big@sha256:0", "big.example/big:1"], "sizeBytes": 900},
                    {"names": ["<none>@<none>", "<none>:<none>"], "sizeBytes": 1},
                    {"names": ["registry.k8s.io/pause@sha256:1"], "sizeBytes": 300}
                ]
            }
        }));
        assert_eq!((facts.arch.as_str(), facts.os.as_str()), ("arm64", "linux"));
        assert!(facts.is_ready && !facts.takes_pods && facts.is_control_plane);
        assert_eq!(facts.images, ["registry.k8s.io/pause@sha256:1", "big.example/big:1"]);
    }

    #[test]
    fn the_best_node_is_selected() {
        let nodes = [
            node_of("a-windows", "windows", true, true),
            node_of("b-notready", "linux", false, true),
            node_of("c-tainted", "linux", true, false),
            node_of("d-worker", "linux", true, true),
            node_of("e-worker", "linux", true, true),
        ];
        let chosen = select_nodes(&nodes, &NodeChoice::One).unwrap();
        assert_eq!(chosen.nodes[0].name, "d-worker");
        assert_eq!(chosen.reason, "chosen of 4 Linux nodes: ready and open to ordinary pods");
        let tainted = select_nodes(&nodes[..3], &NodeChoice::One).unwrap();
        assert_eq!(tainted.nodes[0].name, "c-tainted");
        let names = |chosen: NodeSelection| chosen.nodes.into_iter().map(|n| n.name).collect::<Vec<_>>();
        assert_eq!(
            names(select_nodes(&nodes, &NodeChoice::Every).unwrap()),
            ["c-tainted", "d-worker", "e-worker"]
        );
        assert_eq!(
            names(select_nodes(&nodes, &NodeChoice::Named("b-notready".into())).unwrap()),
            ["b-notready"]
        );
    }

    #[test]
    fn an_error_names_the_nodes_that_exist() {
        let nodes = [node_of("win", "windows", true, true)];
        let text = |choice| select_nodes(&nodes, &choice).unwrap_err().text;
        assert_eq!(
            text(NodeChoice::One),
            "no node runs Linux, as the agents of Azure Arc need it; nodes are win (windows)"
        );
        assert_eq!(
            text(NodeChoice::Named("x".into())),
            "--node \"x\" does not exist; nodes are win (windows)"
        );
        assert!(text(NodeChoice::Named("win".into())).contains("runs windows"));
        assert!(select_nodes(&[], &NodeChoice::Every).unwrap_err().text.contains("no node at all"));
    }
}
