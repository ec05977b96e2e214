//! Everything that is known before anything is created: nodes, images, the agent in pieces.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, ListParams};

use super::access::Access;
use super::choice::{self, Image};
use super::job::trouble;
use super::manifest::{Carrier, JobPlan, RunNames};
use super::nodes::{self, NodeFacts};
use super::{rights, run_id};
use crate::cluster::payload::{self, Arch, Payload};
use crate::cluster::settings::NodeChoice;
use crate::model::vantage::{Trouble, TroubleKind, VantageKind};

/// What is to be done inside a cluster.
#[derive(Clone)]
pub struct Order {
    /// Which nodes are looked from.
    pub nodes: NodeChoice,
    /// From which positions on each, with what the agent is told there.
    pub tasks: Vec<(VantageKind, Vec<u8>)>,
    /// `--image`: run from this image, and have it pulled where it is missing.
    pub image: Option<String>,
    /// `--agent-binary`.
    pub agent_binary: Option<PathBuf>,
    /// `--keep`: leave the objects in the cluster.
    pub keep: bool,
    /// So many at the same time.
    pub parallel: usize,
    /// After this an agent is given up.
    pub within: Duration,
}

/// A position, with what is needed to look from it.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) place: usize,
    pub(super) kind: VantageKind,
    pub(super) node: NodeFacts,
    /// To be tried one after the other.
    pub(super) images: Vec<Image>,
    pub(super) chosen: String,
}

/// All that is known before anything is created.
pub(super) struct Prepared {
    pub(super) names: RunNames,
    pub(super) targets: Vec<Target>,
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
pub(super) async fn prepare(access: &Access, order: &Order) -> Result<Prepared, Trouble> {
    let missing = rights::missing(access).await.map_err(|e| trouble(&e))?;
    if !missing.is_empty() {
        let text = format!("the user of context \"{}\" may not {}", access.context, missing.join("; nor "));
        return Err(Trouble::new(TroubleKind::Rights, text));
    }
    let nodes = Api::all(access.client.clone());
    let (nodes, assigns_users) =
        tokio::join!(access.list(&nodes, "list the nodes", ListParams::default()), assigns_users(access));
    let nodes: Vec<_> = nodes.map_err(|e| trouble(&e))?.iter().map(NodeFacts::of).collect();
    let chosen = nodes::choose(&nodes, &order.nodes)?;
    let names = RunNames { run: run_id(), namespace: access.namespace.clone() };
    let agents = if order.image.is_some() { BTreeMap::new() } else { agents(order, &chosen.nodes, &names)? };
    let pods = pods_of(access, order, &chosen.nodes).await;
    let mut targets = Vec::new();
    for node in &chosen.nodes {
        for (kind, _) in &order.tasks {
            let place = targets.len();
            let images = match &order.image {
                Some(name) => vec![Image { name: name.clone(), why: "given with --image" }],
                None => choice::images(node, &pods),
            };
            targets.push(Target {
                place,
                kind: *kind,
                node: node.clone(),
                images,
                chosen: chosen.reason.clone(),
            });
        }
    }
    Ok(Prepared { names, targets, agents, assigns_users })
}

/// OpenShift gives each namespace user ids of its own and refuses others.
async fn assigns_users(access: &Access) -> bool {
    let groups = access.ask("list the API groups", access.client.list_api_groups()).await;
    groups.is_ok_and(|list| list.groups.iter().any(|g| g.name == "security.openshift.io"))
}

/// What runs on the nodes, for the names of images that are there for certain; nothing where that may not be listed.
async fn pods_of(access: &Access, order: &Order, nodes: &[NodeFacts]) -> Vec<Pod> {
    if order.image.is_some() {
        return Vec::new();
    }
    let api = Api::<Pod>::all(access.client.clone());
    let params =
        |node: &NodeFacts| ListParams::default().fields(&format!("spec.nodeName={}", node.name)).limit(250);
    if let [node] = nodes {
        let pods = access.ask("list the pods of a node", api.list(&params(node))).await;
        return pods.map_or_else(|_| Vec::new(), |list| list.items);
    }
    // one question for many nodes: what every node has is among the pods of the system
    let system = Api::<Pod>::namespaced(access.client.clone(), "kube-system");
    access.list(&system, "list the pods of kube-system", ListParams::default()).await.unwrap_or_default()
}

/// The agent for each architecture, in ConfigMaps. An architecture without one is a trouble of its nodes only, unless no
/// node has another.
fn agents(
    order: &Order,
    nodes: &[NodeFacts],
    names: &RunNames,
) -> Result<BTreeMap<Arch, Vec<AgentMap>>, Trouble> {
    let mut agents = BTreeMap::new();
    let mut problem = None;
    for node in nodes {
        let Some(arch) = Arch::parse(&node.arch) else { continue };
        if agents.contains_key(&arch) {
            continue;
        }
        match payload::find(arch, order.agent_binary.as_deref()) {
            Ok(payload) => drop(agents.insert(arch, agent_maps(names, payload))),
            Err(e) => problem = Some(Trouble::new(TroubleKind::NoAgent, e.to_string())),
        }
    }
    match problem {
        Some(trouble) if agents.is_empty() => Err(trouble),
        _ if agents.is_empty() => Err(no_agent(nodes)),
        _ => Ok(agents),
    }
}

fn no_agent(nodes: &[NodeFacts]) -> Trouble {
    let arch = nodes.first().map(|n| n.arch.as_str()).unwrap_or_default();
    Trouble::new(
        TroubleKind::NoAgent,
        format!("there is no agent for nodes of architecture \"{arch}\"; there are for amd64 and arm64"),
    )
}

/// The loader goes with the first piece.
fn agent_maps(names: &RunNames, payload: Payload) -> Vec<AgentMap> {
    let mut loader = Some(payload.loader);
    let map = |(number, piece): (usize, Vec<u8>)| {
        let mut files = BTreeMap::from([(format!("agent.{number}"), piece)]);
        files.extend(loader.take().map(|bytes| ("loader".to_owned(), bytes)));
        AgentMap { name: names.agent(&payload.sha256, number), files }
    };
    payload.chunks.into_iter().enumerate().map(map).collect()
}

impl Prepared {
    pub(super) fn carrier(&self, order: &Order, target: &Target, attempt: usize) -> Carrier {
        if let Some(image) = &order.image {
            return Carrier::Image(image.clone());
        }
        let maps = Arch::parse(&target.node.arch).and_then(|arch| self.agents.get(&arch)).map(Vec::as_slice);
        let named = |map: &AgentMap| (map.name.clone(), map.files.keys().cloned().collect());
        Carrier::ConfigMaps {
            image: target.images.get(attempt).map(|i| i.name.clone()).unwrap_or_default(),
            maps: maps.unwrap_or_default().iter().map(named).collect(),
        }
    }

    pub(super) fn plan<'a>(
        &'a self,
        order: &Order,
        target: &'a Target,
        attempt: usize,
        carrier: &'a Carrier,
    ) -> JobPlan<'a> {
        JobPlan {
            names: &self.names,
            kind: target.kind,
            node: &target.node.name,
            number: target.place * TRIES_APART + attempt,
            carrier,
            deadline: i64::try_from(order.within.as_secs()).unwrap_or(i64::MAX),
            assigns_users: self.assigns_users,
        }
    }

    /// Why nothing can be sent to a node at all.
    pub(super) fn impossible(&self, order: &Order, target: &Target) -> Option<Trouble> {
        let has_agent = Arch::parse(&target.node.arch).is_some_and(|arch| self.agents.contains_key(&arch));
        if order.image.is_none() && !has_agent {
            return Some(no_agent(std::slice::from_ref(&target.node)));
        }
        target.images.is_empty().then(|| {
            let text =
                format!("node {} reports no image, and no pod on it could be listed", target.node.name);
            Trouble::new(TroubleKind::NoImage, text)
        })
    }
}

/// So that names of tries on one node do not meet those of the next.
const TRIES_APART: usize = 10;
