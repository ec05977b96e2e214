//! What an API server sends, by the readers of its answers.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Event, Node, Pod};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::analysis::connectivity::redact::Redaction;
use crate::analysis::connectivity::support_bundle::{BUNDLE_VERSION, SupportBundle};
use crate::cluster::arc_agents::{ArcAgentProxies, ProxySettingsSource};
use crate::cluster::nodes::{NodeFacts, select_nodes};
use crate::cluster::pod_startup::{JobObservation, PodStartup, judge_startup};
use crate::cluster::prerequisites::{Page, RequestedResources, node_capacity};
use crate::cluster::settings::NodeChoice;
use crate::cluster::support_bundle::add_objects;
use crate::model::prerequisite_facts::{ClusterFacts, PrerequisiteFacts};

/// The case of a cluster whose API server sends these objects, each with its `kind`.
pub(super) fn bundle_of(objects: &[Value]) -> SupportBundle {
    let mut case = SupportBundle {
        schema_version: BUNDLE_VERSION,
        taken_at: "2026-11-28T10:00:00Z".into(),
        ..SupportBundle::default()
    };
    let mut kinds: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for object in objects {
        kinds.entry(object["kind"].as_str().unwrap_or_default().to_owned()).or_default().push(object.clone());
    }
    let mut redaction = Redaction::default();
    for (kind, items) in kinds {
        let list = json!({"items": items});
        add_objects(&mut case, &format!("{kind}List"), &list, &mut redaction);
    }
    case.removed = redaction.into_removed();
    let facts = ClusterFacts { nodes: node_capacities(objects), ..ClusterFacts::default() };
    case.prerequisites = Some(PrerequisiteFacts {
        cluster: crate::model::prerequisite_facts::Fetched::Read(facts),
        tools: None,
    });
    case
}

/// Texts about nodes, and about pods that do not start.
pub(super) fn collect_texts(objects: &[Value]) -> Vec<String> {
    let nodes: Vec<_> = parse_objects::<Node>(objects, "Node").iter().map(NodeFacts::from_node).collect();
    let mut texts = Vec::new();
    for choice in [NodeChoice::One, NodeChoice::Every, NodeChoice::Named("n".into())] {
        texts.push(select_nodes(&nodes, &choice).map_or_else(|trouble| trouble.text, |chosen| chosen.reason));
    }
    let events = parse_objects::<Event>(objects, "Event");
    let pods = parse_objects::<Pod>(objects, "Pod");
    for pod in pods.iter().map(Some).chain([None]) {
        for seconds in [0, 3_600] {
            let sight = JobObservation { pod, events: &events, seconds, requires_local_image: true };
            match judge_startup(&sight) {
                PodStartup::Waiting(text) => texts.push(text),
                PodStartup::Failed(trouble) => texts.push(trouble.text),
                PodStartup::Started => {}
            }
        }
    }
    texts
}

/// The proxies of the agents.
pub(super) fn read_proxies(objects: &[Value]) -> Option<ArcAgentProxies> {
    let found = ProxySettingsSource::from_deployments(&parse_objects::<Deployment>(objects, "Deployment"))?;
    Some(ArcAgentProxies { variables: found.literal, origin: found.origin, note: None })
}

fn node_capacities(objects: &[Value]) -> Vec<crate::model::prerequisite_facts::NodeCapacity> {
    let pods: Vec<_> = objects.iter().filter(|object| object["kind"] == "Pod").collect();
    let mut asked = RequestedResources::new();
    if let Ok(page) = serde_json::from_value::<Page>(json!({"items": pods})) {
        page.add_requests(&mut asked);
    }
    parse_objects::<Node>(objects, "Node").iter().map(|node| node_capacity(node, &asked)).collect()
}

fn parse_objects<T: DeserializeOwned>(objects: &[Value], kind: &str) -> Vec<T> {
    let of_kind = objects.iter().filter(|object| object["kind"] == kind);
    of_kind.filter_map(|object| serde_json::from_value(object.clone()).ok()).collect()
}
