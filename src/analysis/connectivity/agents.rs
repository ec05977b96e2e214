//! The agents of Azure Arc as a cluster has them: their Deployments, the pods that these own, the containers that are theirs.

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::Value;

use crate::analysis::kube_objects::KubeObjects;

/// The namespace of the agents.
pub(super) const AGENTS_NAMESPACE: &str = "azure-arc";

/// A Deployment of the agents.
pub(super) struct Agent<'a> {
    pub(super) name: &'a str,
    pub(super) desired: i64,
    pub(super) ready: i64,
    pub(super) created: Option<Timestamp>,
    /// Those that count: without the remains of evicted ones beside one that lives.
    pub(super) pods: Vec<&'a Value>,
    deployment: &'a Value,
}

/// A container that is not ready, of a pod of an agent.
pub(super) struct UnreadyContainer<'a> {
    pub(super) pod: &'a Value,
    pub(super) name: &'a str,
    /// Whether admission, and not the Deployment, put it into the pod.
    pub(super) is_injected: bool,
}

impl<'a> Agent<'a> {
    /// One that is scaled to 0 does nothing, and is not ready for it.
    pub(super) fn is_ready(&self) -> bool {
        self.desired > 0 && self.ready >= self.desired
    }

    pub(super) fn is_scaled_down(&self) -> bool {
        self.desired == 0
    }

    /// Whether an object of an event is its own, and still counts.
    pub(super) fn owns_object(&self, kind: &str, name: &str) -> bool {
        match kind {
            "Deployment" => name == self.name,
            "ReplicaSet" => owner_of_set(name) == Some(self.name),
            _ => self.pods.iter().any(|pod| object_name(pod) == Some(name)),
        }
    }

    /// Whether a container is the vendor's, and not one that admission put in.
    pub(super) fn owns_container(&self, name: &str) -> bool {
        let template = &self.deployment["spec"]["template"]["spec"];
        let of = |key: &str| template[key].as_array().map(Vec::as_slice).unwrap_or_default();
        let mut own = of("initContainers").iter().chain(of("containers")).peekable();
        match own.peek() {
            Some(_) => own.any(|container| container["name"] == name),
            None => !SIDECARS.contains(&name),
        }
    }

    /// The Deployment itself.
    pub(super) fn deployment(&self) -> &'a Value {
        self.deployment
    }

    /// Containers that keep an agent from being ready, though its own, the one that does its work, is.
    pub(super) fn failing_side_containers(&self) -> Vec<UnreadyContainer<'a>> {
        let mut failing = Vec::new();
        for &pod in &self.pods {
            let statuses = || container_statuses(pod).filter(|s| s["state"]["terminated"]["exitCode"] != 0);
            let is_main = |s: &&Value| s["name"].as_str().is_some_and(|name| self.is_main(name));
            if statuses().filter(is_main).any(|s| s["ready"] != true) || !statuses().any(|s| is_main(&s)) {
                continue;
            }
            failing.extend(statuses().filter(|s| s["ready"] == false && !is_main(s)).filter_map(|s| {
                let name = s["name"].as_str()?;
                Some(UnreadyContainer { pod, name, is_injected: !self.owns_container(name) })
            }));
        }
        failing
    }

    /// The container that does the work has the name of the agent, or of the framework that it is built with.
    fn is_main(&self, container: &str) -> bool {
        container == self.name || container == "manager"
    }
}

/// All agents, each with its pods.
pub(super) fn find_agents(objects: &KubeObjects) -> Vec<Agent<'_>> {
    let deployments = objects.in_namespace("Deployment", AGENTS_NAMESPACE).take(MAX_AGENTS);
    let mut agents: Vec<_> = deployments.filter_map(parse_agent).collect();
    let owners = Owners::new(objects);
    for pod in objects.in_namespace("Pod", AGENTS_NAMESPACE) {
        if let Some(agent) = owners.agent_of(pod, &mut agents) {
            agent.pods.push(pod);
        }
    }
    agents.iter_mut().for_each(drop_remains);
    agents
}

fn parse_agent(deployment: &Value) -> Option<Agent<'_>> {
    Some(Agent {
        name: object_name(deployment)?,
        desired: deployment["spec"]["replicas"].as_i64().unwrap_or(1),
        ready: deployment["status"]["readyReplicas"].as_i64().unwrap_or(0),
        created: parse_time(&deployment["metadata"]["creationTimestamp"]),
        pods: Vec::new(),
        deployment,
    })
}

/// Evicted and completed pods stay as objects; where another one lives they tell of the past.
fn drop_remains(agent: &mut Agent<'_>) {
    let is_over = |pod: &&Value| matches!(pod["status"]["phase"].as_str(), Some("Failed" | "Succeeded"));
    if agent.is_ready() || agent.pods.iter().any(|pod| !is_over(pod)) {
        agent.pods.retain(|pod| !is_over(pod));
    }
}

/// Who owns what: by references where the evidence has them, else by names.
struct Owners<'a> {
    /// From the name of a `ReplicaSet` to that of its Deployment.
    sets: HashMap<&'a str, &'a str>,
    has_references: bool,
}

impl<'a> Owners<'a> {
    fn new(objects: &'a KubeObjects) -> Self {
        let sets = objects.in_namespace("ReplicaSet", AGENTS_NAMESPACE);
        let named = sets.filter_map(|set| Some((object_name(set)?, controller(set, "Deployment")?)));
        let mut pods = objects.in_namespace("Pod", AGENTS_NAMESPACE);
        let has_references = pods.any(|pod| pod["metadata"]["ownerReferences"].is_array());
        Self { sets: named.collect(), has_references }
    }

    fn agent_of<'v>(&self, pod: &'a Value, agents: &'v mut [Agent<'a>]) -> Option<&'v mut Agent<'a>> {
        let set = controller(pod, "ReplicaSet");
        let deployment = set.and_then(|set| self.sets.get(set).copied().or_else(|| owner_of_set(set)));
        let name = object_name(pod)?;
        let fits = |agent: &&mut Agent<'_>| match deployment {
            Some(owner) => agent.name == owner,
            None => {
                !self.has_references
                    && name.strip_prefix(agent.name).is_some_and(|rest| rest.starts_with('-'))
            }
        };
        // by names the longest counts: one agent's may begin with another's
        agents.iter_mut().filter(fits).max_by_key(|agent| agent.name.len())
    }
}

/// A Deployment names its sets after itself, with one word behind.
pub(super) fn owner_of_set(set: &str) -> Option<&str> {
    set.rsplit_once('-').map(|(deployment, _)| deployment)
}

/// The owner of a kind that controls an object.
fn controller<'a>(object: &'a Value, kind: &str) -> Option<&'a str> {
    let owners = object["metadata"]["ownerReferences"].as_array()?;
    owners.iter().find(|owner| owner["kind"] == kind)?["name"].as_str()
}

pub(super) fn object_name(object: &Value) -> Option<&str> {
    object["metadata"]["name"].as_str()
}

/// Of all containers, those that prepare first.
pub(super) fn container_statuses(pod: &Value) -> impl Iterator<Item = &Value> {
    let of = |key: &str| pod["status"][key].as_array().map(Vec::as_slice).unwrap_or_default();
    of("initContainerStatuses").iter().chain(of("containerStatuses"))
}

/// RFC 3339.
pub(super) fn parse_time(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}

/// The vendor has about twenty.
const MAX_AGENTS: usize = 200;

/// Containers that service meshes and injectors of secrets put into pods, by the names that their own pages give; they count
/// only where the evidence lacks the template of the Deployment. Read 2026-11.
const SIDECARS: &[&str] = &[
    "consul-connect-envoy-sidecar",
    "consul-dataplane",
    "daprd",
    "envoy",
    "envoy-sidecar",
    "istio-init",
    "istio-proxy",
    "istio-validation",
    "kuma-init",
    "kuma-sidecar",
    "linkerd-init",
    "linkerd-network-validator",
    "linkerd-proxy",
    "vault-agent",
    "vault-agent-init",
];
