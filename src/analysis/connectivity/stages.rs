//! How each link stands, as far as the state of objects tells.

use std::collections::HashSet;

use serde_json::Value;

use super::ConnectivityInput;
use super::agents::{AGENTS_NAMESPACE, Agent, container_statuses, object_name, parse_time};
use super::azure::ConnectivityStatus;
use super::cluster_view::ClusterView;
use super::evidence::{EvidenceLine, describe_object, ending, join_reason, read_conditions};
use crate::analysis::nodes;
use crate::model::faults::Stage;
use crate::model::source::{EXPIRED_SERVER_CERTIFICATE, Source};

/// How a link stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum StageHealth {
    /// What shows that it holds.
    Healthy(String),
    /// The fault by its id, and what shows it.
    Broken(&'static str, String),
    /// Why it cannot be known.
    Unknown(String),
}

use StageHealth::{Broken, Healthy, Unknown};

pub(super) fn judge_stage(link: Stage, view: &ClusterView<'_>, known: &ConnectivityInput<'_>) -> StageHealth {
    match link {
        Stage::Api => judge_api(view),
        Stage::Nodes => judge_nodes(view, known),
        Stage::Release => judge_release(view, known),
        Stage::Admission => judge_admission(view),
        Stage::Images => judge_images(view),
        Stage::Dns => judge_dns(view),
        Stage::Identity => judge_identity(view, known),
        Stage::Tokens => judge_tokens(view, known),
        Stage::DataPlane => judge_data_plane(view, known),
        Stage::Connect => judge_cluster_connect(view, known),
        Stage::Extensions => judge_agents_ready(view, "arc_extensions_down", link),
        Stage::Metadata => judge_agents_ready(view, "arc_metadata_down", link),
    }
}

/// What else was read that may be behind a fault of a stage: the conditions of nodes, and the policies that select what pods may
/// call.
pub(super) fn explain_fault(stage: Stage, view: &ClusterView<'_>) -> Vec<EvidenceLine> {
    match stage {
        Stage::Nodes => explain_stage(stage, view),
        Stage::Admission | Stage::Images => Vec::new(),
        _ => list_egress_policies(view),
    }
}

fn list_egress_policies(view: &ClusterView<'_>) -> Vec<EvidenceLine> {
    let policies = view.bundle.objects.in_namespace("NetworkPolicy", AGENTS_NAMESPACE);
    let is_egress = |policy: &&Value| {
        let types = policy["spec"]["policyTypes"].as_array();
        policy["spec"]["egress"].is_array() || types.is_some_and(|types| types.iter().any(|t| t == "Egress"))
    };
    let quote = |policy: &Value| EvidenceLine {
        object: describe_object("NetworkPolicy", policy),
        ..EvidenceLine::plain("limits what pods of azure-arc may call")
    };
    policies.filter(is_egress).map(quote).take(MAX_EXPLAINED).collect()
}

/// What the objects of a stage say of themselves, where it is not about agents.
pub(super) fn explain_stage(stage: Stage, view: &ClusterView<'_>) -> Vec<EvidenceLine> {
    let objects = &view.bundle.objects;
    let mut lines: Vec<_> = match stage {
        Stage::Nodes => objects.of_kind("Node").flat_map(|node| read_conditions("Node", node)).collect(),
        Stage::Release => {
            let namespace = objects.find_object("Namespace", "", AGENTS_NAMESPACE);
            namespace.into_iter().flat_map(|n| read_conditions("Namespace", n)).collect()
        }
        Stage::Dns => {
            dns_pods(view).flat_map(explain_dns_pod).chain(view.last_errors("kube-system")).collect()
        }
        _ => Vec::new(),
    };
    lines.truncate(MAX_EXPLAINED);
    lines
}

fn judge_api(view: &ClusterView<'_>) -> StageHealth {
    if let Some(why) = view.bundle.unread_reason(Source::ApiServer) {
        let is_expired = why.starts_with(EXPIRED_SERVER_CERTIFICATE);
        let id = if is_expired { "arc_api_expired" } else { "arc_api_unreachable" };
        return Broken(id, why.to_owned());
    }
    let needed = [Source::ArcDeployments, Source::ArcPods];
    let describe_unread =
        |source: Source| Some(format!("{}: {}", source.name(), view.bundle.unread_reason(source)?));
    let unread: Vec<_> = needed.into_iter().filter_map(describe_unread).collect();
    if unread.is_empty() {
        Healthy(format!("{} answers", view.bundle.server))
    } else {
        Broken("arc_rights", unread.join("; "))
    }
}

fn judge_nodes(view: &ClusterView<'_>, known: &ConnectivityInput<'_>) -> StageHealth {
    if let Some(why) = view.bundle.unread_reason(Source::Nodes) {
        return Unknown(format!("nodes: {why}"));
    }
    let all: Vec<_> = view.bundle.objects.of_kind("Node").map(nodes::parse_node).collect();
    let architectures = known.needs.generation_for("current").map(|g| g.architectures.as_slice());
    match nodes::suitable_nodes(&all, architectures.unwrap_or_default()).count() {
        0 => Broken("arc_no_linux_node", nodes::describe_nodes(&all)),
        suitable => Healthy(nodes::count_suitable(suitable, all.len())),
    }
}

pub(super) fn is_ready(object: &Value) -> bool {
    condition_status(object, "Ready") == Some("True")
}

fn condition_status<'a>(object: &'a Value, kind: &str) -> Option<&'a str> {
    object["status"]["conditions"].as_array()?.iter().find(|c| c["type"] == kind)?["status"].as_str()
}

fn judge_release(view: &ClusterView<'_>, known: &ConnectivityInput<'_>) -> StageHealth {
    let namespace = view.bundle.objects.find_object("Namespace", "", AGENTS_NAMESPACE);
    if namespace.is_some_and(|n| {
        n["status"]["phase"] == "Terminating" || n["metadata"]["deletionTimestamp"].is_string()
    }) {
        return Broken("arc_terminating", "the phase of the namespace azure-arc is Terminating".into());
    }
    if view.agents.is_empty() {
        return match namespace {
            None => Broken("arc_not_installed", "there is no namespace azure-arc".into()),
            Some(_) => Broken("arc_release_incomplete", "the namespace azure-arc has no Deployments".into()),
        };
    }
    let config = view.bundle.objects.find_object("ConfigMap", AGENTS_NAMESPACE, "azure-clusterconfig");
    if config.is_none() && view.bundle.unread_reason(Source::ArcSettings).is_none() {
        return Broken("arc_release_incomplete", "the ConfigMap azure-clusterconfig is missing".into());
    }
    let missing: Vec<_> = ["clusteridentityoperator", "config-agent"]
        .into_iter()
        .filter(|name| view.find_agent(name).is_none())
        .collect();
    if !missing.is_empty() {
        return Broken(
            "arc_release_incomplete",
            format!("the Deployment {} is missing", missing.join(" and ")),
        );
    }
    if let Some(azure) = known.azure {
        if let (Some(theirs), Some(ours)) = (&azure.id, view.bundle.agent_resource_id())
            && !theirs.eq_ignore_ascii_case(&ours)
        {
            return Broken(
                "arc_other_cluster",
                format!("the agents have {ours}; Azure was asked for {theirs}"),
            );
        }
        let plain = |region: &str| region.to_lowercase().replace(' ', "");
        if let (Some(theirs), Some(ours)) = (&azure.location, view.agent_setting("AZURE_REGION"))
            && plain(theirs) != plain(ours)
        {
            return Broken("arc_region_differs", format!("the agents have {ours}, the resource {theirs}"));
        }
    }
    let version =
        view.agent_setting("AZURE_ARC_AGENT_VERSION").map(|v| format!(", version {v}")).unwrap_or_default();
    Healthy(format!("{} Deployments{version}", view.agents.len()))
}

/// Refusals are told by events alone.
fn judge_admission(view: &ClusterView<'_>) -> StageHealth {
    let without: Vec<_> = agents_without_pods(view).map(|agent| agent.name).collect();
    if without.is_empty() {
        Healthy("every agent has its pods".into())
    } else {
        Unknown(format!("{} has no pod, and no event says why", without.join(", ")))
    }
}

pub(super) fn agents_without_pods<'v, 'a>(view: &'v ClusterView<'a>) -> impl Iterator<Item = &'v Agent<'a>> {
    view.agents.iter().filter(|agent| agent.desired > 0 && agent.pods.is_empty())
}

fn judge_images(view: &ClusterView<'_>) -> StageHealth {
    match agents_with_pending_pods(view).len() {
        0 => Healthy("no container waits for its image".into()),
        1 => Unknown("one pod is pending".into()),
        n => Unknown(format!("{n} pods are pending")),
    }
}

/// One for each pod; a volume that waits for a Secret has nothing to do with images.
pub(super) fn agents_with_pending_pods<'v, 'a>(view: &'v ClusterView<'a>) -> Vec<&'v Agent<'a>> {
    let failed = view.bundle.objects.of_kind("Event").filter(|e| e["reason"] == "FailedMount");
    let failed: HashSet<_> = failed.filter_map(|e| e["involvedObject"]["name"].as_str()).collect();
    let waits_for_volume = |pod: &Value| object_name(pod).is_some_and(|name| failed.contains(name));
    let is_pending = |pod: &&&Value| pod["status"]["phase"] == "Pending" && !waits_for_volume(pod);
    let pending = |agent: &'v Agent<'a>| agent.pods.iter().filter(is_pending).map(move |_| agent);
    view.agents.iter().flat_map(pending).collect()
}

fn judge_dns(view: &ClusterView<'_>) -> StageHealth {
    if let Some(why) = view.bundle.unread_reason(Source::DnsPods) {
        return Unknown(format!("pods of kube-system: {why}"));
    }
    let pods: Vec<_> = dns_pods(view).collect();
    if pods.is_empty() {
        return Unknown("no pods with the label k8s-app=kube-dns are in kube-system".into());
    }
    let ready = pods.iter().filter(|pod| is_ready(pod)).count();
    if ready > 0 {
        return Healthy(format!("{ready} of {} of its pods ready", pods.len()));
    }
    let runs =
        |status: &Value| status["state"]["running"].is_object() && status["restartCount"].as_u64() == Some(0);
    let is_running = pods.iter().any(|pod| container_statuses(pod).any(runs));
    let id = if is_running { "arc_dns_not_ready" } else { "arc_dns_down" };
    let pods = if pods.len() == 1 {
        "its only pod is not".to_owned()
    } else {
        format!("none of its {} pods is", pods.len())
    };
    Broken(id, format!("{pods} ready"))
}

fn dns_pods<'a>(view: &ClusterView<'a>) -> impl Iterator<Item = &'a Value> {
    let is_dns = |pod: &&Value| {
        let labels = &pod["metadata"]["labels"];
        labels["k8s-app"] == "kube-dns" || labels["app.kubernetes.io/name"] == "coredns"
    };
    view.bundle.objects.in_namespace("Pod", "kube-system").filter(is_dns)
}

/// In which state the containers of a pod are, how they ended, and since when they run.
fn explain_dns_pod(pod: &Value) -> Vec<EvidenceLine> {
    let text = |state: &Value| {
        let of = |key: &str| state[key].as_str().unwrap_or_default().to_owned();
        Some(join_reason(&of("reason"), &of("message"))).filter(|text| !text.is_empty())
    };
    let running = |status: &Value| {
        let since = status["state"]["running"]["startedAt"].as_str()?;
        let restarts = status["restartCount"].as_u64().unwrap_or(0);
        Some(format!("runs since {since}, is not ready, was restarted {restarts} times"))
    };
    let explain = |status: &Value| {
        let texts = [ending(status).and_then(text), text(&status["state"]["waiting"]), running(status)];
        let place = format!("container {}", status["name"].as_str().unwrap_or_default());
        texts.into_iter().flatten().map(move |text| EvidenceLine {
            object: describe_object("Pod", pod),
            place: place.clone(),
            ..EvidenceLine::plain(&crate::model::evidence::sanitize(&text, 400))
        })
    };
    let states = container_statuses(pod).filter(|status| status["ready"] != true).flat_map(explain);
    states.chain(read_conditions("Pod", pod)).collect()
}

fn judge_identity(view: &ClusterView<'_>, known: &ConnectivityInput<'_>) -> StageHealth {
    if !view.has_secret_list() {
        return Unknown("the list of Secrets of azure-arc could not be read".into());
    }
    let ends = known.identity_ends();
    if known.azure.is_some_and(|a| a.connectivity_status == Some(ConnectivityStatus::Expired))
        || ends.is_some_and(|t| t <= known.now)
    {
        let when = ends.map(|t| format!("it ended {t}")).unwrap_or_default();
        return Broken(
            "arc_identity_expired",
            if when.is_empty() { "Azure says Expired".into() } else { when },
        );
    }
    let certificate = view.secret_metadata("azure-identity-certificate");
    if certificate.is_none() && view.secret_metadata("azure-arc-connect-privatekey").is_none() {
        return Broken("arc_key_missing", "there is no Secret azure-arc-connect-privatekey".into());
    }
    let operator = judge_agents_ready(view, "arc_operator_down", Stage::Identity);
    if matches!(operator, Broken(..)) {
        return operator;
    }
    let Some(certificate) = certificate else {
        return Broken("arc_identity_missing", "there is no Secret azure-identity-certificate".into());
    };
    let written = last_written(certificate);
    match (ends, written) {
        (Some(ends), _) => Healthy(format!("a certificate until {ends}")),
        (None, Some(at)) => Healthy(format!("a certificate, written {at}")),
        (None, None) => Healthy("a certificate".into()),
    }
}

/// The last time that a Secret was written, as the API server keeps it with the names of its fields; a renewal leaves the time
/// of creation as it is.
pub(super) fn last_written(secret: &Value) -> Option<jiff::Timestamp> {
    let fields = secret["metadata"]["managedFields"].as_array();
    fields.into_iter().flatten().filter_map(|f| parse_time(&f["time"])).max()
}

fn judge_tokens(view: &ClusterView<'_>, known: &ConnectivityInput<'_>) -> StageHealth {
    if let Some(why) = view.bundle.unread_reason(Source::IdentityRequests) {
        return Unknown(format!("identity requests: {why}"));
    }
    let all: Vec<_> =
        view.bundle.objects.in_namespace("AzureClusterIdentityRequest", AGENTS_NAMESPACE).collect();
    let named = |request: &&Value| request["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    let is_empty =
        |r: &&Value| r["status"]["tokenReference"]["secretName"].as_str().is_none_or(str::is_empty);
    let empty: Vec<_> = all.iter().copied().filter(is_empty).map(|r| named(&r)).collect();
    if !empty.is_empty() {
        return Broken("arc_tokens_missing", format!("the status of {} is empty", empty.join(", ")));
    }
    let is_stale = |r: &&Value| parse_time(&r["status"]["expirationTime"]).is_some_and(|t| t <= known.now);
    if let Some(stale) = all.iter().copied().find(is_stale) {
        let ended = stale["status"]["expirationTime"].as_str().unwrap_or_default();
        return Broken("arc_tokens_stale", format!("the token of {} ended {ended}", named(&stale)));
    }
    match all.len() {
        0 => Unknown("no agent has asked for a token yet".into()),
        1 => Healthy("the only request is answered".into()),
        n => Healthy(format!("all {n} requests are answered")),
    }
}

fn judge_data_plane(view: &ClusterView<'_>, known: &ConnectivityInput<'_>) -> StageHealth {
    let ready = judge_agents_ready(view, "arc_config_agent_down", Stage::DataPlane);
    if !matches!(ready, Healthy(_)) {
        return ready;
    }
    match known.azure.and_then(|a| a.connectivity_status) {
        Some(ConnectivityStatus::Connected) => Healthy("Azure says Connected".into()),
        Some(ConnectivityStatus::Offline) => {
            let last = known.azure.and_then(|a| a.last_connectivity_time);
            Broken(
                "arc_offline",
                last.map_or("no heartbeat is on record".into(), |t| format!("the last heartbeat: {t}")),
            )
        }
        Some(ConnectivityStatus::Connecting) => Broken("arc_connecting", "Azure says Connecting".into()),
        _ => ready,
    }
}

fn judge_cluster_connect(view: &ClusterView<'_>, known: &ConnectivityInput<'_>) -> StageHealth {
    let agents = view.find_agents(Stage::Connect.agents());
    if agents.is_empty() {
        return Healthy("it is turned off".into());
    }
    if known.azure.is_some_and(|azure| azure.private_link) && agents.iter().any(|agent| !agent.is_ready()) {
        return Broken(
            "arc_private_link_connect",
            "Azure has the private link of the cluster enabled".into(),
        );
    }
    if view.has_secret_list()
        && view.find_agent("kube-aad-proxy").is_some()
        && view.secret_metadata("kube-aad-proxy-certificate").is_none()
    {
        return Broken("arc_connect_certificate", "there is no Secret kube-aad-proxy-certificate".into());
    }
    judge_agents_ready(view, "arc_connect_down", Stage::Connect)
}

/// Whether the agents of a stage are ready, as far as they are there.
fn judge_agents_ready(view: &ClusterView<'_>, fault: &'static str, stage: Stage) -> StageHealth {
    let agents = view.find_agents(stage.agents());
    if agents.is_empty() {
        return Healthy("it is turned off".into());
    }
    let unready: Vec<_> = agents.into_iter().filter(|agent| !agent.is_ready()).collect();
    if unready.is_empty() {
        return Healthy("its agents are ready".into());
    }
    if unready.iter().all(|agent| agent.is_scaled_down()) {
        return Broken("arc_scaled_down", describe_unready(&unready));
    }
    let beside: Vec<_> = unready.iter().map(|agent| describe_side_containers(agent)).collect();
    if beside.iter().all(|text| !text.is_empty()) {
        return Broken("arc_side_container", beside.join("; "));
    }
    Broken(fault, describe_unready(&unready))
}

pub(super) fn describe_unready(agents: &[&Agent<'_>]) -> String {
    let describe = |agent: &&Agent<'_>| {
        if agent.is_scaled_down() {
            format!("the Deployment {} is scaled to 0", agent.name)
        } else {
            format!("{}: {} of {} ready", agent.name, agent.ready, agent.desired)
        }
    };
    agents.iter().map(describe).collect::<Vec<_>>().join("; ")
}

/// Such as `the container fluent-bit of config-agent-7d9 is not ready, the agent's own is`; empty where that is not so.
fn describe_side_containers(agent: &Agent<'_>) -> String {
    let describe = |container: &super::agents::UnreadyContainer<'_>| {
        let pod = object_name(container.pod).unwrap_or_default();
        let origin = if container.is_injected { ", which admission put into the pod," } else { "" };
        format!(
            "the container {}{origin} of Pod azure-arc/{pod} is not ready; {} is",
            container.name, agent.name
        )
    };
    agent.failing_side_containers().iter().map(describe).collect::<Vec<_>>().join("; ")
}

/// Of a stage that is not about agents.
const MAX_EXPLAINED: usize = 4;
