//! An image that a node has already, to run the agent on. Pure.

use k8s_openapi::api::core::v1::Pod;

use super::nodes::NodeFacts;

/// An image, and why it is taken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct CandidateImage {
    pub(super) name: String,
    pub(super) reason: &'static str,
}

/// Images to try, the best first. What runs is there for certain, whatever the kubelet's collector of garbage does; what runs
/// on every node is there on the next one too; pause is everywhere and holds nothing.
pub(super) fn rank_images(node: &NodeFacts, pods: &[Pod]) -> Vec<CandidateImage> {
    let is_pause =
        |name: &&String| name.contains("/pause:") || name.contains("/pause@") || name.contains("-pause:");
    let mut images: Vec<CandidateImage> = Vec::new();
    let mut add = |name: &str, why| {
        if !name.is_empty() && !images.iter().any(|i| i.name == name) {
            images.push(CandidateImage { name: name.to_owned(), reason: why });
        }
    };
    for name in node.images.iter().filter(is_pause) {
        add(name, "the node lists it, and every node has it");
    }
    let mut running: Vec<_> = pods.iter().filter(|p| is_running_on(p, &node.name)).collect();
    running.sort_by_key(|pod| !is_of_daemon_set(pod));
    for pod in running {
        let why = if is_of_daemon_set(pod) {
            "a pod that every node has runs on it"
        } else {
            "a pod on the node runs on it"
        };
        for container in pod.spec.iter().flat_map(|spec| &spec.containers) {
            add(container.image.as_deref().unwrap_or_default(), why);
        }
    }
    for name in &node.images {
        add(name, "the node lists it");
    }
    images.truncate(MAX_CANDIDATES);
    images
}

fn is_running_on(pod: &Pod, node: &str) -> bool {
    let is_there = pod.spec.as_ref().and_then(|s| s.node_name.as_deref()) == Some(node);
    let status = pod.status.as_ref();
    let is_ours = pod.metadata.labels.as_ref().is_some_and(|l| l.contains_key(super::manifest::RUN_LABEL));
    is_there && !is_ours && status.and_then(|s| s.phase.as_deref()) == Some("Running")
}

fn is_of_daemon_set(pod: &Pod) -> bool {
    pod.metadata.owner_references.iter().flatten().any(|owner| owner.kind == "DaemonSet")
}

/// Each costs a second or two; what the first three do not have, the fourth has not either.
const MAX_CANDIDATES: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(node: &str, phase: &str, owner: &str, image: &str) -> Pod {
        serde_json::from_value(serde_json::json!({
            "metadata": {"name": image, "ownerReferences": [{"kind": owner, "name": "o", "uid": "u", "apiVersion": "v1"}]},
            "spec": {"nodeName": node, "containers": [{"name": "c", "image": image}]},
            "status": {"phase": phase}
        }))
        .unwrap()
    }

    #[test]
    fn images_that_are_certain_to_be_on_the_node_come_first() {
        let node = |images: &[&str]| NodeFacts {
            name: "n".into(),
            images: images.iter().map(|&i| i.to_owned()).collect(),
            ..NodeFacts::default()
        };
        let names = |node: &NodeFacts, pods: &[Pod]| {
            rank_images(node, pods).into_iter().map(|i| i.name).collect::<Vec<_>>()
        };
        let pods = [
            pod("n", "Running", "ReplicaSet", "app:1"),
            pod("n", "Running", "DaemonSet", "kube-proxy:1"),
            pod("n", "Pending", "DaemonSet", "not-pulled:1"),
            pod("other", "Running", "DaemonSet", "elsewhere:1"),
        ];
        let with_pause = node(&["registry.k8s.io/pause:3.9", "small:1"]);
        assert_eq!(names(&with_pause, &pods), ["registry.k8s.io/pause:3.9", "kube-proxy:1", "app:1"]);
        assert_eq!(names(&node(&["small:1"]), &pods), ["kube-proxy:1", "app:1", "small:1"]);
        assert_eq!(names(&node(&["small:1", "large:1"]), &[]), ["small:1", "large:1"]);
        assert!(names(&node(&[]), &[]).is_empty());
    }
}
