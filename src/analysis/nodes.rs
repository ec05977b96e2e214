//! Nodes that can take the agents: one rule, before a cluster is connected and for one that hangs.

use serde_json::Value;

use crate::model::prerequisite_facts::NodeCapacity;

/// Those that are ready and run Linux on one of these architectures; on any where none is named.
pub(super) fn suitable_nodes<'a>(
    nodes: &'a [NodeCapacity],
    architectures: &'a [String],
) -> impl Iterator<Item = &'a NodeCapacity> {
    nodes.iter().filter(move |node| {
        node.os == "linux"
            && node.is_ready
            && (architectures.is_empty() || architectures.contains(&node.architecture))
    })
}

/// How many there are.
pub(super) fn count_suitable(suitable: usize, all: usize) -> String {
    format!("{suitable} of {all} can take the agents")
}

/// What there is where none can.
pub(super) fn describe_nodes(nodes: &[NodeCapacity]) -> String {
    let describe = |n: &NodeCapacity| {
        let ready = if n.is_ready { "ready" } else { "not ready" };
        format!("{}: {}/{}, {ready}", n.name, n.os, n.architecture)
    };
    let described: Vec<_> = nodes.iter().take(MAX_NAMED).map(describe).collect();
    if described.is_empty() { "there is no node".into() } else { described.join("; ") }
}

/// A node as the API server has it, without its capacity.
pub(super) fn parse_node(node: &Value) -> NodeCapacity {
    let info = |key: &str| node["status"]["nodeInfo"][key].as_str().unwrap_or("?").to_owned();
    let conditions = node["status"]["conditions"].as_array();
    NodeCapacity {
        name: node["metadata"]["name"].as_str().unwrap_or_default().to_owned(),
        os: info("operatingSystem"),
        architecture: info("architecture"),
        is_ready: conditions.into_iter().flatten().any(|c| c["type"] == "Ready" && c["status"] == "True"),
        ..NodeCapacity::default()
    }
}

const MAX_NAMED: usize = 5;
