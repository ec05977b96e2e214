//! How each link stands, as far as the state of objects tells.

use std::collections::HashSet;

use serde_json::Value;

use super::ConnectivityInput;
use super::azure::ConnectivityStatus;
use super::cluster_view::{AGENTS_NAMESPACE, ClusterView, parse_time};
use crate::analysis::nodes;
use crate::model::faults::Stage;
use crate::model::source::Source;

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
        Stage::Extensions => judge_extensions(view),
        Stage::Metadata => judge_agents_ready(
            view,
            "arc_metadata_down",
            &["cluster-metadata-operator", "metrics-agent", "resource-sync-agent"],
        ),
    }
}

fn judge_api(view: &ClusterView<'_>) -> StageHealth {
    if let Some(why) = view.bundle.unread_reason(Source::ApiServer) {
        return Broken("arc_api_unreachable", why.to_owned());
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

fn is_ready(node: &Value) -> bool {
    condition_status(node, "Ready") == Some("True")
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
    let without: Vec<_> = view
        .agents
        .iter()
        .filter(|agent| {
            let prefix = format!("{}-", agent.name);
            let has_pod = view
                .agent_pods()
                .any(|p| p["metadata"]["name"].as_str().is_some_and(|n| n.starts_with(&prefix)));
            agent.desired > 0 && !has_pod
        })
        .map(|agent| agent.name)
        .collect();
    if without.is_empty() {
        Healthy("every agent has its pods".into())
    } else {
        Unknown(format!("{} has no pod, and no event says why", without.join(", ")))
    }
}

fn judge_images(view: &ClusterView<'_>) -> StageHealth {
    // a volume that waits for a Secret has nothing to do with images
    let failed = view.bundle.objects.of_kind("Event").filter(|e| e["reason"] == "FailedMount");
    let failed: HashSet<_> = failed.filter_map(|e| e["involvedObject"]["name"].as_str()).collect();
    let waits_for_volume =
        |pod: &Value| pod["metadata"]["name"].as_str().is_some_and(|name| failed.contains(name));
    let pending =
        view.agent_pods().filter(|pod| pod["status"]["phase"] == "Pending" && !waits_for_volume(pod));
    match pending.count() {
        0 => Healthy("no container waits for its image".into()),
        1 => Unknown("one pod is pending".into()),
        n => Unknown(format!("{n} pods are pending")),
    }
}

fn judge_dns(view: &ClusterView<'_>) -> StageHealth {
    if let Some(why) = view.bundle.unread_reason(Source::DnsPods) {
        return Unknown(format!("pods of kube-system: {why}"));
    }
    let is_dns = |pod: &&Value| {
        let labels = &pod["metadata"]["labels"];
        labels["k8s-app"] == "kube-dns" || labels["app.kubernetes.io/name"] == "coredns"
    };
    let pods: Vec<_> = view.bundle.objects.in_namespace("Pod", "kube-system").filter(is_dns).collect();
    if pods.is_empty() {
        return Unknown("no pods with the label k8s-app=kube-dns are in kube-system".into());
    }
    let ready = pods.iter().filter(|pod| is_ready(pod)).count();
    if ready > 0 {
        return Healthy(format!("{ready} of {} of its pods ready", pods.len()));
    }
    let reason = |pod: &&Value| {
        let state = &pod["status"]["containerStatuses"][0]["state"];
        let reason = |key: &str| state[key]["reason"].as_str().map(str::to_owned);
        reason("waiting").or_else(|| reason("terminated"))
    };
    let why = pods.iter().find_map(reason);
    Broken(
        "arc_dns_down",
        format!("none of {} pods is ready ({})", pods.len(), why.as_deref().unwrap_or("no reason given")),
    )
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
    let Some(certificate) = view.secret_metadata("azure-identity-certificate") else {
        if view.secret_metadata("azure-arc-connect-privatekey").is_none() {
            return Broken("arc_key_missing", "there is no Secret azure-arc-connect-privatekey".into());
        }
        if view.find_agent("clusteridentityoperator").is_some_and(|a| a.desired == 0) {
            return Broken("arc_operator_down", "the Deployment is scaled to 0".into());
        }
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
    let ready = judge_agents_ready(view, "arc_config_agent_down", &["config-agent"]);
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
    let names = ["clusterconnect-agent", "kube-aad-proxy"];
    if names.iter().all(|name| view.find_agent(name).is_none()) {
        return Healthy("it is turned off".into());
    }
    if known.azure.is_some_and(|azure| azure.private_link) && !view.unready_agents(&names).is_empty() {
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
    judge_agents_ready(view, "arc_connect_down", &names)
}

fn judge_extensions(view: &ClusterView<'_>) -> StageHealth {
    judge_agents_ready(
        view,
        "arc_extensions_down",
        &["extension-manager", "extension-events-collector", "controller-manager", "flux-logs-agent"],
    )
}

/// Whether these agents are ready, as far as they are there.
fn judge_agents_ready(view: &ClusterView<'_>, fault: &'static str, names: &[&str]) -> StageHealth {
    let unwell = view.unready_agents(names);
    if unwell.is_empty() {
        let there = names.iter().filter(|name| view.find_agent(name).is_some()).count();
        return if there == 0 {
            Healthy("it is turned off".into())
        } else {
            Healthy("its agents are ready".into())
        };
    }
    let unready = unwell.iter().map(|a| format!("{}: {} of {} ready", a.name, a.ready, a.desired));
    Broken(fault, unready.collect::<Vec<_>>().join("; "))
}
