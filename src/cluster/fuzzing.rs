//! What an API server sends, by the readers of its answers.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Event, Node, Pod};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::agents::{AgentProxies, Found};
use super::nodes::{NodeFacts, choose};
use super::prerequisites::{Asked, Page, room};
use super::start::{Sight, Start, judge};
use crate::analysis::chain::case::{Case, VERSION};
use crate::analysis::chain::redact::Redaction;
use crate::cluster::settings::NodeChoice;
use crate::model::facts::{ClusterFacts, Facts};

/// The case of a cluster whose API server sends these objects, each with its `kind`.
pub(crate) fn case(objects: &[Value]) -> Case {
    let mut case =
        Case { schema_version: VERSION, taken_at: "2026-11-28T10:00:00Z".into(), ..Case::default() };
    let mut kinds: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for object in objects {
        kinds.entry(object["kind"].as_str().unwrap_or_default().to_owned()).or_default().push(object.clone());
    }
    let mut redaction = Redaction::default();
    for (kind, items) in kinds {
        super::case::add(&mut case, json!({"items": items}), &format!("{kind}List"), &mut redaction);
    }
    case.removed = redaction.into_removed();
    let facts = ClusterFacts { nodes: rooms(objects), ..ClusterFacts::default() };
    case.prerequisites = Some(Facts { cluster: crate::model::facts::Asked::Told(facts), tools: None });
    case
}

/// Texts about nodes, and about pods that do not start.
pub(crate) fn texts(objects: &[Value]) -> Vec<String> {
    let nodes: Vec<_> = typed::<Node>(objects, "Node").iter().map(NodeFacts::of).collect();
    let mut texts = Vec::new();
    for choice in [NodeChoice::One, NodeChoice::Every, NodeChoice::Named("n".into())] {
        texts.push(choose(&nodes, &choice).map_or_else(|trouble| trouble.text, |chosen| chosen.reason));
    }
    let events = typed::<Event>(objects, "Event");
    let pods = typed::<Pod>(objects, "Pod");
    for pod in pods.iter().map(Some).chain([None]) {
        for seconds in [0, 3_600] {
            let sight = Sight { pod, events: &events, seconds, never_pulls: true };
            match judge(&sight) {
                Start::Waiting(text) => texts.push(text),
                Start::Trouble(trouble) => texts.push(trouble.text),
                Start::Logs => {}
            }
        }
    }
    texts
}

/// The proxies of the agents.
pub(crate) fn proxies(objects: &[Value]) -> Option<AgentProxies> {
    let found = Found::of(&typed::<Deployment>(objects, "Deployment"))?;
    Some(AgentProxies { variables: found.literal, origin: found.origin, note: None })
}

fn rooms(objects: &[Value]) -> Vec<crate::model::facts::NodeRoom> {
    let pods: Vec<_> = objects.iter().filter(|object| object["kind"] == "Pod").collect();
    let mut asked = Asked::new();
    if let Ok(page) = serde_json::from_value::<Page>(json!({"items": pods})) {
        page.count(&mut asked);
    }
    typed::<Node>(objects, "Node").iter().map(|node| room(node, &asked)).collect()
}

fn typed<T: DeserializeOwned>(objects: &[Value], kind: &str) -> Vec<T> {
    let of_kind = objects.iter().filter(|object| object["kind"] == kind);
    of_kind.filter_map(|object| serde_json::from_value(object.clone()).ok()).collect()
}
