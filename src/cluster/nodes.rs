//! The nodes of a cluster, and which of them are looked from. Pure.

use k8s_openapi::api::core::v1::{Node, Taint};

use crate::cluster::settings::NodeChoice;
use crate::model::vantage::{Trouble, TroubleKind};

/// What is known of a node.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct NodeFacts {
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
pub(super) struct Chosen {
    /// At least one.
    pub(super) nodes: Vec<NodeFacts>,
    /// Why these, or which ones were left out and why; one sentence.
    pub(super) reason: String,
}

impl NodeFacts {
    /// Reads a node object.
    pub(super) fn of(node: &Node) -> Self {
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
            is_control_plane: labels.is_some_and(|l| l.keys().any(|k| CONTROL_PLANE.contains(&k.as_str()))),
            images: images(node),
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
fn images(node: &Node) -> Vec<String> {
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
pub(super) fn choose(nodes: &[NodeFacts], choice: &NodeChoice) -> Result<Chosen, Trouble> {
    let mut linux: Vec<_> = nodes.iter().filter(|n| n.is_linux()).cloned().collect();
    linux.sort_by(|a, b| a.name.cmp(&b.name));
    match choice {
        NodeChoice::Named(name) => named(nodes, name),
        _ if linux.is_empty() => Err(none(nodes)),
        NodeChoice::One => one(linux),
        NodeChoice::Every => every(linux),
    }
}

fn named(nodes: &[NodeFacts], name: &str) -> Result<Chosen, Trouble> {
    let known = || list(nodes.iter());
    let missing = || {
        Trouble::new(TroubleKind::NoNode, format!("--node \"{name}\" does not exist; nodes are {}", known()))
    };
    let node = nodes.iter().find(|n| n.name == name).ok_or_else(missing)?;
    if !node.is_linux() {
        let text =
            format!("--node \"{name}\" runs {}; the agents of Azure Arc and this one run on Linux", node.os);
        return Err(Trouble::new(TroubleKind::NoNode, text));
    }
    Ok(Chosen { nodes: vec![node.clone()], reason: "asked for with --node".into() })
}

/// The best first: ready, open to ordinary pods, a worker, an architecture that every release has an agent for.
fn one(mut linux: Vec<NodeFacts>) -> Result<Chosen, Trouble> {
    let number = linux.len();
    linux.sort_by_key(|n| (!n.is_ready, !n.takes_pods, n.is_control_plane, n.arch != "amd64"));
    let Some(best) = linux.into_iter().next() else { return Err(none(&[])) };
    let state = match (best.is_ready, best.takes_pods) {
        (true, true) => "ready and open to ordinary pods",
        (true, false) => "ready; no node is open to ordinary pods",
        (false, _) => "no node is ready",
    };
    let reason = format!("chosen of {number} Linux {}: {state}", if number == 1 { "node" } else { "nodes" });
    Ok(Chosen { nodes: vec![best], reason })
}

fn every(linux: Vec<NodeFacts>) -> Result<Chosen, Trouble> {
    let (ready, others): (Vec<_>, Vec<_>) = linux.into_iter().partition(|n| n.is_ready);
    if ready.is_empty() {
        let text = format!("no Linux node is ready: {}", list(others.iter()));
        return Err(Trouble::new(TroubleKind::NoNode, text));
    }
    let reason = if others.is_empty() {
        "every Linux node".to_owned()
    } else {
        format!("every Linux node that is ready; left out: {}", list(others.iter()))
    };
    Ok(Chosen { nodes: ready, reason })
}

fn none(nodes: &[NodeFacts]) -> Trouble {
    let there = if nodes.is_empty() {
        "there is no node at all".into()
    } else {
        format!("nodes are {}", list(nodes.iter()))
    };
    Trouble::new(
        TroubleKind::NoNode,
        format!("no node runs Linux, as the agents of Azure Arc need it; {there}"),
    )
}

fn list<'a>(nodes: impl Iterator<Item = &'a NodeFacts>) -> String {
    let named: Vec<_> = nodes.map(|n| format!("{} ({})", n.name, n.os)).collect();
    let more = named.len().saturating_sub(MOST_NAMED);
    let shown = named.iter().take(MOST_NAMED).cloned().collect::<Vec<_>>().join(", ");
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}

const MOST_NAMED: usize = 8;

/// The second one was used up to 1.24.
const CONTROL_PLANE: [&str; 2] = ["node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master"];

#[cfg(test)]
mod tests {
    use super::*;

    fn node(json: serde_json::Value) -> NodeFacts {
        NodeFacts::of(&serde_json::from_value(json).unwrap())
    }

    fn made(name: &str, os: &str, is_ready: bool, takes_pods: bool) -> NodeFacts {
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
    fn a_node_object_is_read() {
        let facts = node(serde_json::json!({
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
    fn one_node_is_the_best() {
        let nodes = [
            made("a-windows", "windows", true, true),
            made("b-notready", "linux", false, true),
            made("c-tainted", "linux", true, false),
            made("d-worker", "linux", true, true),
            made("e-worker", "linux", true, true),
        ];
        let chosen = choose(&nodes, &NodeChoice::One).unwrap();
        assert_eq!(chosen.nodes[0].name, "d-worker");
        assert_eq!(chosen.reason, "chosen of 4 Linux nodes: ready and open to ordinary pods");
        let tainted = choose(&nodes[..3], &NodeChoice::One).unwrap();
        assert_eq!(tainted.nodes[0].name, "c-tainted");
        let names = |chosen: Chosen| chosen.nodes.into_iter().map(|n| n.name).collect::<Vec<_>>();
        assert_eq!(names(choose(&nodes, &NodeChoice::Every).unwrap()), ["c-tainted", "d-worker", "e-worker"]);
        assert_eq!(names(choose(&nodes, &NodeChoice::Named("b-notready".into())).unwrap()), ["b-notready"]);
    }

    #[test]
    fn what_does_not_fit_is_told_with_what_there_is() {
        let nodes = [made("win", "windows", true, true)];
        let text = |choice| choose(&nodes, &choice).unwrap_err().text;
        assert_eq!(
            text(NodeChoice::One),
            "no node runs Linux, as the agents of Azure Arc need it; nodes are win (windows)"
        );
        assert_eq!(
            text(NodeChoice::Named("x".into())),
            "--node \"x\" does not exist; nodes are win (windows)"
        );
        assert!(text(NodeChoice::Named("win".into())).contains("runs windows"));
        assert!(choose(&[], &NodeChoice::Every).unwrap_err().text.contains("no node at all"));
    }
}
