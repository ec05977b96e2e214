//! Builds the evidence of a ticket: a cluster that is well, or one without an identity, and what the ticket changes of it.

use std::collections::BTreeMap;

use arcprobe::analysis::connectivity::azure::{self, AzureCluster};
use arcprobe::analysis::connectivity::support_bundle::SupportBundle;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

/// What a ticket begins with.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Base {
    /// Connected for three days, and all agents are ready.
    #[default]
    Connected,
    /// Connected for three days, without an identity certificate: the agents that need one wait for it.
    Connecting,
}

/// What a ticket changes.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Overlay {
    /// By agent; `*` is all of them.
    agents: BTreeMap<String, AgentOverlay>,
    /// By agent, or `agent/container`, or either with ` before` of the instance before the last restart. A line that is an object
    /// is written as JSON.
    logs: BTreeMap<String, Vec<Value>>,
    events: Vec<EventOverlay>,
    /// Merged with the object of the same kind, namespace and name, or added.
    objects: Vec<Value>,
    /// As `Kind/name`.
    remove: Vec<String>,
    /// Of `azure-clusterconfig`.
    settings: BTreeMap<String, String>,
    proxy: BTreeMap<String, String>,
    /// Merged with what `az connectedk8s show` says of a cluster that is well.
    azure: Option<Value>,
    /// Merged with the document of the evidence.
    bundle: Option<Value>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct AgentOverlay {
    ready: bool,
    replicas: i64,
    phase: String,
    restarts: u64,
    /// The reason for which its container waits, and the message with it.
    waiting: Option<String>,
    message: Option<String>,
    /// `lastState.terminated`.
    ended: Value,
    /// Merged with the pod.
    pod: Value,
    /// The controller could not make its pod.
    without_pod: bool,
}

impl Default for AgentOverlay {
    fn default() -> Self {
        Self {
            ready: true,
            replicas: 1,
            phase: "Running".into(),
            restarts: 0,
            waiting: None,
            message: None,
            ended: Value::Null,
            pod: Value::Null,
            without_pod: false,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EventOverlay {
    /// An agent, whose pod or replica set it is, or the name of an object.
    on: String,
    #[serde(default = "pod_kind")]
    kind: String,
    #[serde(default = "agents_namespace")]
    namespace: String,
    reason: String,
    message: String,
    #[serde(default = "two")]
    minutes_ago: i64,
}

fn pod_kind() -> String {
    "Pod".into()
}

fn agents_namespace() -> String {
    "azure-arc".into()
}

fn two() -> i64 {
    2
}

pub(super) fn build_bundle(base: Base, overlay: &Overlay) -> SupportBundle {
    let mut objects = cluster_objects(base);
    objects.extend(AGENTS.iter().flat_map(|name| agent_objects(name, &overlay.agent(base, name))));
    for change in &overlay.objects {
        merge_object(&mut objects, change);
    }
    let settings = json!({"kind": "ConfigMap", "metadata": {"namespace": "azure-arc", "name": "azure-clusterconfig"},
        "data": overlay.settings});
    merge_object(&mut objects, &settings);
    objects.retain(|object| !overlay.remove.contains(&kind_and_name(object)));
    objects.extend(overlay.events.iter().map(event_object));
    let mut document = json!({
        "schema_version": 1, "tool": "arcprobe", "taken_at": NOW, "context": "plant-7",
        "server": "https://192.0.2.10:6443", "objects": objects, "proxy": overlay.proxy,
        "logs": overlay.logs.iter().map(|(place, lines)| log_document(place, lines)).collect::<Vec<_>>(),
    });
    merge(&mut document, overlay.bundle.as_ref().unwrap_or(&json!({})));
    SupportBundle::from_json(document.to_string().as_bytes()).unwrap()
}

impl Overlay {
    fn agent(&self, base: Base, name: &str) -> AgentOverlay {
        let changed = self.agents.get(name).or_else(|| self.agents.get("*"));
        let waits = |agent: &str| matches!(base, Base::Connecting) && NEED_IDENTITY.contains(&agent);
        match (changed, name) {
            (Some(changed), _) => changed.clone(),
            (None, "kube-aad-proxy") if waits(name) => AgentOverlay {
                ready: false,
                phase: "Pending".into(),
                waiting: Some("ContainerCreating".into()),
                ..AgentOverlay::default()
            },
            (None, _) => AgentOverlay { ready: !waits(name), ..AgentOverlay::default() },
        }
    }
}

pub(super) fn build_azure(overlay: &Overlay) -> Option<AzureCluster> {
    let change = overlay.azure.as_ref()?;
    let mut document = json!({
        "id": "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/edge/providers/Microsoft.Kubernetes/connectedClusters/plant-7",
        "name": "plant-7", "location": "westeurope", "type": "microsoft.kubernetes/connectedclusters",
        "provisioningState": "Succeeded", "connectivityStatus": "Connected", "agentVersion": "1.36.1",
        "lastConnectivityTime": "2026-11-27T11:58:00Z",
    });
    merge(&mut document, change);
    Some(azure::find_cluster(&document, None).unwrap())
}

/// All but the agents.
fn cluster_objects(base: Base) -> Vec<Value> {
    let secret = |name: &str| object("SecretMetadata", "azure-arc", name, &json!({}));
    let token = json!({"tokenReference": {"secretName": "config-agent-identity-token"}, "expirationTime": "2026-11-28T00:00:00Z"});
    let (status, secrets) = match base {
        Base::Connected => {
            (token, ["azure-identity-certificate", "kube-aad-proxy-certificate"].map(secret).to_vec())
        }
        Base::Connecting => (json!({}), Vec::new()),
    };
    let mut objects = secrets;
    objects.extend([
        object("Namespace", "", "azure-arc", &json!({"status": {"phase": "Active"}})),
        object("Namespace", "", "azure-arc-release", &json!({"status": {"phase": "Active"}})),
        object("Node", "", "worker-1", &json!({"status": {
            "nodeInfo": {"operatingSystem": "linux", "architecture": "amd64", "kubeletVersion": "v1.34.2"},
            "conditions": [{"type": "Ready", "status": "True"}],
            "addresses": [{"type": "InternalIP", "address": "192.0.2.11"}]}})),
        object("ConfigMap", "azure-arc", "azure-clusterconfig", &json!({"data": {
            "AZURE_REGION": "westeurope", "AZURE_ENVIRONMENT": "AZUREPUBLICCLOUD", "AZURE_ARC_AGENT_VERSION": "1.36.1",
            "AZURE_SUBSCRIPTION_ID": "00000000-0000-0000-0000-000000000000", "AZURE_RESOURCE_GROUP": "edge",
            "AZURE_RESOURCE_NAME": "plant-7"}})),
        object("Pod", "kube-system", "coredns-5d78c9869d-7xk2p", &json!({"metadata": {"labels": {"k8s-app": "kube-dns"}},
            "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}],
            "containerStatuses": [container_status("coredns", &AgentOverlay::default())]}})),
        secret("azure-arc-connect-privatekey"),
        object("AzureClusterIdentityRequest", "azure-arc", "config-agent-identity-request",
            &json!({"spec": {"audience": "https://management.core.windows.net/"}, "status": status})),
    ]);
    if matches!(base, Base::Connecting) {
        objects.push(event_object(&EventOverlay {
            on: "kube-aad-proxy".into(),
            kind: pod_kind(),
            namespace: agents_namespace(),
            reason: "FailedMount".into(),
            message: "MountVolume.SetUp failed for volume \"kube-aad-proxy-tls\" : secret \"kube-aad-proxy-certificate\" not found".into(),
            minutes_ago: 2,
        }));
    }
    objects
}

/// Its Deployment, replica set and pod.
fn agent_objects(name: &str, agent: &AgentOverlay) -> Vec<Value> {
    let ready = if agent.ready { agent.replicas } else { 0 };
    let deployment = json!({"spec": {"replicas": agent.replicas}, "status": {"replicas": agent.replicas, "readyReplicas": ready}});
    let owner = |kind: &str, name: &str| json!([{"kind": kind, "name": name, "controller": true}]);
    let (set, pod) = (set_name(name), pod_name(name));
    let mut objects = vec![
        object("Deployment", "azure-arc", name, &deployment),
        object(
            "ReplicaSet",
            "azure-arc",
            &set,
            &json!({"metadata": {"ownerReferences": owner("Deployment", name)},
            "spec": {"replicas": agent.replicas}, "status": {"replicas": agent.replicas, "readyReplicas": ready}}),
        ),
    ];
    if agent.replicas > 0 && !agent.without_pod {
        let is_ready = if agent.ready { "True" } else { "False" };
        let mut pod = object(
            "Pod",
            "azure-arc",
            &pod,
            &json!({"metadata": {"ownerReferences": owner("ReplicaSet", &set)},
            "status": {"phase": agent.phase, "conditions": [{"type": "Ready", "status": is_ready}],
                "containerStatuses": [container_status(name, agent)]}}),
        );
        merge(&mut pod, &agent.pod);
        objects.push(pod);
    }
    objects
}

fn container_status(name: &str, agent: &AgentOverlay) -> Value {
    let state = match &agent.waiting {
        Some(reason) => json!({"waiting": {"reason": reason, "message": agent.message}}),
        None => json!({"running": {"startedAt": CREATED}}),
    };
    let mut status =
        json!({"name": name, "ready": agent.ready, "restartCount": agent.restarts, "state": state});
    if agent.ended.is_object() {
        status["lastState"] = json!({"terminated": agent.ended});
    }
    status
}

fn event_object(event: &EventOverlay) -> Value {
    let is_agent = AGENTS.contains(&event.on.as_str());
    let name = match event.kind.as_str() {
        "Pod" if is_agent => pod_name(&event.on),
        "ReplicaSet" if is_agent => set_name(&event.on),
        _ => event.on.clone(),
    };
    let at = NOW.parse::<Timestamp>().unwrap() - SignedDuration::from_mins(event.minutes_ago);
    let id = format!("{name}.{}{}", event.reason, event.message.len());
    object(
        "Event",
        &event.namespace,
        &id,
        &json!({
        "reason": event.reason, "message": event.message, "type": "Warning", "lastTimestamp": at.to_string(),
        "involvedObject": {"kind": event.kind, "namespace": event.namespace, "name": name}}),
    )
}

fn log_document(place: &str, lines: &[Value]) -> Value {
    let (place, previous) = place.strip_suffix(" before").map_or((place, false), |place| (place, true));
    let (agent, container) = place.split_once('/').unwrap_or((place, place));
    let pod = if AGENTS.contains(&agent) { pod_name(agent) } else { agent.to_owned() };
    let lines = lines.iter().map(|line| line.as_str().map_or_else(|| line.to_string(), str::to_owned));
    json!({"namespace": "azure-arc", "pod": pod, "container": container, "previous": previous,
        "lines": lines.collect::<Vec<_>>()})
}

fn object(kind: &str, namespace: &str, name: &str, more: &Value) -> Value {
    let mut object = json!({"kind": kind, "metadata": {"name": name, "creationTimestamp": CREATED}});
    if !namespace.is_empty() {
        object["metadata"]["namespace"] = namespace.into();
    }
    merge(&mut object, more);
    object
}

fn merge_object(objects: &mut Vec<Value>, change: &Value) {
    let id = |object: &Value| {
        let metadata = &object["metadata"];
        [&object["kind"], &metadata["namespace"], &metadata["name"]].map(ToString::to_string)
    };
    match objects.iter_mut().find(|object| id(object) == id(change)) {
        Some(object) => merge(object, change),
        None => objects.push(change.clone()),
    }
}

/// As RFC 7396 says: `null` takes a field away.
fn merge(target: &mut Value, change: &Value) {
    let Value::Object(fields) = change else {
        if !change.is_null() {
            *target = change.clone();
        }
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    for (key, value) in fields {
        match value {
            Value::Null => drop(target.as_object_mut().unwrap().remove(key)),
            value => merge(&mut target[key], value),
        }
    }
}

fn kind_and_name(object: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    format!("{}/{}", text(&object["kind"]), text(&object["metadata"]["name"]))
}

fn set_name(agent: &str) -> String {
    format!("{agent}-6d5f7c9b8")
}

fn pod_name(agent: &str) -> String {
    format!("{agent}-6d5f7c9b8-x2lq7")
}

const NOW: &str = "2026-11-27T12:00:00Z";
const CREATED: &str = "2026-11-24T12:00:00Z";

const AGENTS: [&str; 11] = [
    "clusteridentityoperator",
    "config-agent",
    "controller-manager",
    "metrics-agent",
    "cluster-metadata-operator",
    "resource-sync-agent",
    "extension-manager",
    "extension-events-collector",
    "flux-logs-agent",
    "kube-aad-proxy",
    "clusterconnect-agent",
];

/// They are not ready before the cluster has its identity.
const NEED_IDENTITY: [&str; 3] = ["config-agent", "kube-aad-proxy", "clusterconnect-agent"];
