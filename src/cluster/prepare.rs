//! Everything that is known before anything is created: nodes, images, the agent in pieces.

use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, ListParams};

use super::client::ClusterClient;
use super::image_choice::{self as choice, CandidateImage};
use super::job_follower::to_vantage_error;
use super::manifest::{AgentSource, JobPlan, RunNames};
use super::nodes::{self, NodeFacts};
use super::permissions as rights;
use super::reader::ClusterReader;
use crate::cluster::payload::{self, Arch, Payload};
use crate::cluster::settings::ClusterSettings;
use crate::model::vantage::{VantageError, VantageErrorKind, VantageKind};

/// What is to be done inside a cluster.
#[derive(Clone)]
pub struct AgentRequest {
    /// Where, and how.
    pub settings: ClusterSettings,
    /// From which positions on each node, with the task of the agent there.
    pub tasks: Vec<(VantageKind, Vec<u8>)>,
    /// After this an agent is given up.
    pub time_limit: Duration,
}

/// A position, with what is needed to look from it.
#[derive(Clone, Debug)]
pub(super) struct AgentTarget {
    pub(super) index: usize,
    pub(super) kind: VantageKind,
    pub(super) node: NodeFacts,
    /// To be tried one after the other.
    pub(super) images: Vec<CandidateImage>,
    pub(super) reason: String,
}

/// All that is known before anything is created.
pub(super) struct PreparedRun {
    pub(super) names: RunNames,
    pub(super) targets: Vec<AgentTarget>,
    pub(super) agents: BTreeMap<Arch, Vec<AgentMap>>,
    pub(super) assigns_users: bool,
}

/// A ConfigMap with pieces of the agent, by their keys.
#[derive(Clone)]
pub(super) struct AgentMap {
    pub(super) name: String,
    pub(super) files: BTreeMap<String, Vec<u8>>,
}

/// Asks for rights, nodes and what runs on them.
pub(super) async fn prepare_run(
    reader: &ClusterReader,
    order: &AgentRequest,
) -> Result<PreparedRun, VantageError> {
    let access = &reader.access;
    let missing = rights::list_missing_permissions(access).await.map_err(|e| to_vantage_error(&e))?;
    if !missing.is_empty() {
        let text = format!("the user of context \"{}\" may not {}", access.context, missing.join("; nor "));
        return Err(VantageError::new(VantageErrorKind::Permissions, text));
    }
    let (nodes, assigns_users) = tokio::join!(reader.list_nodes(), assigns_users(access));
    let nodes: Vec<_> = nodes.map_err(|e| to_vantage_error(&e))?.iter().map(NodeFacts::from_node).collect();
    let chosen = nodes::select_nodes(&nodes, &order.settings.nodes)?;
    let names = RunNames { run: generate_run_id(), namespace: access.namespace.clone() };
    let agents = if order.settings.image.is_some() {
        BTreeMap::new()
    } else {
        load_agents(order, &chosen.nodes, &names)?
    };
    let pods = list_running_pods(access, order, &chosen.nodes).await;
    let mut targets = Vec::new();
    for node in &chosen.nodes {
        for (kind, _) in &order.tasks {
            let place = targets.len();
            let images = match &order.settings.image {
                Some(name) => vec![CandidateImage { name: name.clone(), reason: "given with --image" }],
                None => choice::rank_images(node, &pods),
            };
            targets.push(AgentTarget {
                index: place,
                kind: *kind,
                node: node.clone(),
                images,
                reason: chosen.reason.clone(),
            });
        }
    }
    Ok(PreparedRun { names, targets, agents, assigns_users })
}

/// A few letters that no other run has at the same time.
fn generate_run_id() -> String {
    // the keys of a hasher are random
    let random = RandomState::new().build_hasher().finish().to_le_bytes();
    random.iter().take(6).map(|byte| char::from(RUN_ID_ALPHABET[usize::from(byte % 32)])).collect()
}

/// OpenShift gives each namespace user ids of its own and refuses others.
async fn assigns_users(access: &ClusterClient) -> bool {
    let groups = access.request("list the API groups", access.client.list_api_groups()).await;
    groups.is_ok_and(|list| list.groups.iter().any(|g| g.name == "security.openshift.io"))
}

/// What runs on the nodes, for the names of images that are there for certain; nothing where that may not be listed.
async fn list_running_pods(access: &ClusterClient, order: &AgentRequest, nodes: &[NodeFacts]) -> Vec<Pod> {
    if order.settings.image.is_some() {
        return Vec::new();
    }
    let api = Api::<Pod>::all(access.client.clone());
    let params =
        |node: &NodeFacts| ListParams::default().fields(&format!("spec.nodeName={}", node.name)).limit(250);
    if let [node] = nodes {
        let pods = access.request("list the pods of a node", api.list(&params(node))).await;
        return pods.map_or_else(|_| Vec::new(), |list| list.items);
    }
    // one question for many nodes: what every node has is among the pods of the system
    let system = Api::<Pod>::namespaced(access.client.clone(), "kube-system");
    access.list_all(&system, "list the pods of kube-system", ListParams::default()).await.unwrap_or_default()
}

/// The agent for each architecture, in ConfigMaps. An architecture without one is a trouble of its nodes only, unless no
/// node has another.
fn load_agents(
    order: &AgentRequest,
    nodes: &[NodeFacts],
    names: &RunNames,
) -> Result<BTreeMap<Arch, Vec<AgentMap>>, VantageError> {
    let mut agents = BTreeMap::new();
    let mut problem = None;
    for node in nodes {
        let Some(arch) = Arch::parse(&node.arch) else { continue };
        if agents.contains_key(&arch) {
            continue;
        }
        match payload::find_payload(arch, order.settings.agent_binary.as_deref()) {
            Ok(payload) => drop(agents.insert(arch, split_into_config_maps(names, payload))),
            Err(e) => problem = Some(VantageError::new(VantageErrorKind::NoAgent, e.to_string())),
        }
    }
    match problem {
        Some(trouble) if agents.is_empty() => Err(trouble),
        _ if agents.is_empty() => Err(no_agent_error(nodes)),
        _ => Ok(agents),
    }
}

fn no_agent_error(nodes: &[NodeFacts]) -> VantageError {
    let arch = nodes.first().map(|n| n.arch.as_str()).unwrap_or_default();
    VantageError::new(
        VantageErrorKind::NoAgent,
        format!("there is no agent for nodes of architecture \"{arch}\"; there are for amd64 and arm64"),
    )
}

/// The loader goes with the first piece.
fn split_into_config_maps(names: &RunNames, payload: Payload) -> Vec<AgentMap> {
    let mut loader = Some(payload.loader);
    let map = |(number, piece): (usize, Vec<u8>)| {
        let mut files = BTreeMap::from([(format!("agent.{number}"), piece)]);
        files.extend(loader.take().map(|bytes| ("loader".to_owned(), bytes)));
        AgentMap { name: names.agent_map_name(&payload.sha256, number), files }
    };
    payload.chunks.into_iter().enumerate().map(map).collect()
}

impl PreparedRun {
    pub(super) fn agent_source(
        &self,
        order: &AgentRequest,
        target: &AgentTarget,
        attempt: usize,
    ) -> AgentSource {
        if let Some(image) = &order.settings.image {
            return AgentSource::Image(image.clone());
        }
        let maps = Arch::parse(&target.node.arch).and_then(|arch| self.agents.get(&arch)).map(Vec::as_slice);
        let named = |map: &AgentMap| (map.name.clone(), map.files.keys().cloned().collect());
        AgentSource::ConfigMaps {
            image: target.images.get(attempt).map(|i| i.name.clone()).unwrap_or_default(),
            maps: maps.unwrap_or_default().iter().map(named).collect(),
        }
    }

    pub(super) fn job_plan<'a>(
        &'a self,
        order: &AgentRequest,
        target: &'a AgentTarget,
        attempt: usize,
        carrier: &'a AgentSource,
    ) -> JobPlan<'a> {
        JobPlan {
            names: &self.names,
            kind: target.kind,
            node: &target.node.name,
            number: target.index * ATTEMPTS_PER_TARGET + attempt,
            source: carrier,
            deadline: i64::try_from(order.time_limit.as_secs()).unwrap_or(i64::MAX),
            assigns_users: self.assigns_users,
        }
    }

    /// Why nothing can be sent to a node at all.
    pub(super) fn find_obstacle(&self, order: &AgentRequest, target: &AgentTarget) -> Option<VantageError> {
        let has_agent = Arch::parse(&target.node.arch).is_some_and(|arch| self.agents.contains_key(&arch));
        if order.settings.image.is_none() && !has_agent {
            return Some(no_agent_error(std::slice::from_ref(&target.node)));
        }
        target.images.is_empty().then(|| {
            let text =
                format!("node {} reports no image, and no pod on it could be listed", target.node.name);
            VantageError::new(VantageErrorKind::NoImage, text)
        })
    }
}

/// So that names of tries on one node do not meet those of the next.
const ATTEMPTS_PER_TARGET: usize = 10;

/// Without those that look alike, and without vowels that make words.
const RUN_ID_ALPHABET: &[u8; 32] = b"bcdfghjkmnpqrstvwxyz234567892468";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_run_has_letters_of_its_own() {
        let ids: std::collections::HashSet<_> = (0..50).map(|_| generate_run_id()).collect();
        assert_eq!(ids.len(), 50);
        assert!(ids.iter().all(|id| id.len() == 6 && id.bytes().all(|b| RUN_ID_ALPHABET.contains(&b))));
    }
}
