//! How each link stands, as far as the state of objects tells.

use std::collections::HashSet;

use serde_json::Value;

use super::Known;
use super::azure::Status;
use super::view::{AGENTS, View, time};
use crate::model::faults::Link;

/// How a link stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Standing {
    /// What shows that it holds.
    Whole(String),
    /// The fault by its id, and what shows it.
    Broken(&'static str, String),
    /// Why it cannot be known.
    Unknown(String),
}

use Standing::{Broken, Unknown, Whole};

pub(super) fn standing(link: Link, view: &View<'_>, known: &Known<'_>) -> Standing {
    match link {
        Link::Api => api(view),
        Link::Nodes => nodes(view),
        Link::Release => release(view, known),
        Link::Admission => admission(view),
        Link::Images => images(view),
        Link::Dns => dns(view),
        Link::Identity => identity(view, known),
        Link::Tokens => tokens(view, known),
        Link::DataPlane => data_plane(view, known),
        Link::Connect => connect(view, known),
        Link::Extensions => extensions(view),
        Link::Metadata => ready(
            view,
            "arc_metadata_down",
            &["cluster-metadata-operator", "metrics-agent", "resource-sync-agent"],
        ),
    }
}

fn api(view: &View<'_>) -> Standing {
    if let Some(why) = view.case.unread(super::API) {
        return Broken("arc_api_unreachable", why.to_owned());
    }
    let needed = ["Deployments of azure-arc", "pods of azure-arc"];
    let unread: Vec<_> =
        needed.iter().filter_map(|s| Some(format!("{s}: {}", view.case.unread(s)?))).collect();
    if unread.is_empty() {
        Whole(format!("{} answers", view.case.server))
    } else {
        Broken("arc_rights", unread.join("; "))
    }
}

fn nodes(view: &View<'_>) -> Standing {
    if let Some(why) = view.case.unread("nodes") {
        return Unknown(format!("nodes: {why}"));
    }
    let all: Vec<_> = view.case.all("Node").collect();
    let good = all.iter().filter(|node| is_good(node)).count();
    if good > 0 {
        return Whole(format!("{good} of {} can take the agents", all.len()));
    }
    let told = |node: &&Value| {
        let info = &node["status"]["nodeInfo"];
        let [os, arch] = ["operatingSystem", "architecture"].map(|key| info[key].as_str().unwrap_or("?"));
        let ready = if is_ready(node) { "ready" } else { "not ready" };
        format!("{}: {os}/{arch}, {ready}", node["metadata"]["name"].as_str().unwrap_or_default())
    };
    Broken("arc_no_linux_node", all.iter().take(5).map(told).collect::<Vec<_>>().join("; "))
}

fn is_good(node: &Value) -> bool {
    let info = &node["status"]["nodeInfo"];
    let fits = |key: &str, good: &[&str]| info[key].as_str().is_none_or(|v| good.contains(&v));
    is_ready(node) && fits("operatingSystem", &["linux"]) && fits("architecture", &["amd64", "arm64"])
}

fn is_ready(node: &Value) -> bool {
    condition(node, "Ready") == Some("True")
}

fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a str> {
    object["status"]["conditions"].as_array()?.iter().find(|c| c["type"] == kind)?["status"].as_str()
}

fn release(view: &View<'_>, known: &Known<'_>) -> Standing {
    let namespace = view.case.one("Namespace", "", AGENTS);
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
    let config = view.case.one("ConfigMap", AGENTS, "azure-clusterconfig");
    if config.is_none() && view.case.unread("ConfigMaps of azure-arc").is_none() {
        return Broken("arc_release_incomplete", "the ConfigMap azure-clusterconfig is missing".into());
    }
    let missing: Vec<_> = ["clusteridentityoperator", "config-agent"]
        .into_iter()
        .filter(|name| view.agent(name).is_none())
        .collect();
    if !missing.is_empty() {
        return Broken(
            "arc_release_incomplete",
            format!("the Deployment {} is missing", missing.join(" and ")),
        );
    }
    if let Some(azure) = known.azure {
        if let (Some(theirs), Some(ours)) = (&azure.id, view.case.resource())
            && !theirs.eq_ignore_ascii_case(&ours)
        {
            return Broken(
                "arc_other_cluster",
                format!("the agents have {ours}; Azure was asked for {theirs}"),
            );
        }
        let plain = |region: &str| region.to_lowercase().replace(' ', "");
        if let (Some(theirs), Some(ours)) = (&azure.location, view.setting("AZURE_REGION"))
            && plain(theirs) != plain(ours)
        {
            return Broken("arc_region_differs", format!("the agents have {ours}, the resource {theirs}"));
        }
    }
    let version =
        view.setting("AZURE_ARC_AGENT_VERSION").map(|v| format!(", version {v}")).unwrap_or_default();
    Whole(format!("{} Deployments{version}", view.agents.len()))
}

/// Refusals are told by events alone.
fn admission(view: &View<'_>) -> Standing {
    let without: Vec<_> = view
        .agents
        .iter()
        .filter(|agent| {
            let prefix = format!("{}-", agent.name);
            let has_pod =
                view.pods().any(|p| p["metadata"]["name"].as_str().is_some_and(|n| n.starts_with(&prefix)));
            agent.desired > 0 && !has_pod
        })
        .map(|agent| agent.name)
        .collect();
    if without.is_empty() {
        Whole("every agent has its pods".into())
    } else {
        Unknown(format!("{} has no pod, and no event says why", without.join(", ")))
    }
}

fn images(view: &View<'_>) -> Standing {
    // a volume that waits for a Secret has nothing to do with images
    let failed = view.case.all("Event").filter(|e| e["reason"] == "FailedMount");
    let failed: HashSet<_> = failed.filter_map(|e| e["involvedObject"]["name"].as_str()).collect();
    let waits_for_volume =
        |pod: &Value| pod["metadata"]["name"].as_str().is_some_and(|name| failed.contains(name));
    let pending = view.pods().filter(|pod| pod["status"]["phase"] == "Pending" && !waits_for_volume(pod));
    match pending.count() {
        0 => Whole("no container waits for its image".into()),
        1 => Unknown("one pod is pending".into()),
        n => Unknown(format!("{n} pods are pending")),
    }
}

fn dns(view: &View<'_>) -> Standing {
    if let Some(why) = view.case.unread("pods of kube-system") {
        return Unknown(format!("pods of kube-system: {why}"));
    }
    let is_dns = |pod: &&Value| {
        let labels = &pod["metadata"]["labels"];
        labels["k8s-app"] == "kube-dns" || labels["app.kubernetes.io/name"] == "coredns"
    };
    let pods: Vec<_> = view.case.within("Pod", "kube-system").filter(is_dns).collect();
    if pods.is_empty() {
        return Unknown("no pods with the label k8s-app=kube-dns are in kube-system".into());
    }
    let ready = pods.iter().filter(|pod| is_ready(pod)).count();
    if ready > 0 {
        return Whole(format!("{ready} of {} of its pods ready", pods.len()));
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

fn identity(view: &View<'_>, known: &Known<'_>) -> Standing {
    if !view.knows_secrets() {
        return Unknown("the list of Secrets of azure-arc could not be read".into());
    }
    let ends = known.identity_ends();
    if known.azure.is_some_and(|a| a.connectivity_status == Some(Status::Expired))
        || ends.is_some_and(|t| t <= known.now)
    {
        let when = ends.map(|t| format!("it ended {t}")).unwrap_or_default();
        return Broken(
            "arc_identity_expired",
            if when.is_empty() { "Azure says Expired".into() } else { when },
        );
    }
    let Some(certificate) = view.secret("azure-identity-certificate") else {
        if view.secret("azure-arc-connect-privatekey").is_none() {
            return Broken("arc_key_missing", "there is no Secret azure-arc-connect-privatekey".into());
        }
        if view.agent("clusteridentityoperator").is_some_and(|a| a.desired == 0) {
            return Broken("arc_operator_down", "the Deployment is scaled to 0".into());
        }
        return Broken("arc_identity_missing", "there is no Secret azure-identity-certificate".into());
    };
    let written = written(certificate);
    match (ends, written) {
        (Some(ends), _) => Whole(format!("a certificate until {ends}")),
        (None, Some(at)) => Whole(format!("a certificate, written {at}")),
        (None, None) => Whole("a certificate".into()),
    }
}

/// The last time that a Secret was written, as the API server keeps it with the names of its fields; a renewal leaves the time
/// of creation as it is.
pub(super) fn written(secret: &Value) -> Option<jiff::Timestamp> {
    let fields = secret["metadata"]["managedFields"].as_array();
    fields.into_iter().flatten().filter_map(|f| time(&f["time"])).max()
}

fn tokens(view: &View<'_>, known: &Known<'_>) -> Standing {
    if let Some(why) = view.case.unread("identity requests") {
        return Unknown(format!("identity requests: {why}"));
    }
    let all: Vec<_> = view.case.within("AzureClusterIdentityRequest", AGENTS).collect();
    let named = |request: &&Value| request["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    let is_empty =
        |r: &&Value| r["status"]["tokenReference"]["secretName"].as_str().is_none_or(str::is_empty);
    let empty: Vec<_> = all.iter().copied().filter(is_empty).map(|r| named(&r)).collect();
    if !empty.is_empty() {
        return Broken("arc_tokens_missing", format!("the status of {} is empty", empty.join(", ")));
    }
    let is_stale = |r: &&Value| time(&r["status"]["expirationTime"]).is_some_and(|t| t <= known.now);
    if let Some(stale) = all.iter().copied().find(is_stale) {
        let ended = stale["status"]["expirationTime"].as_str().unwrap_or_default();
        return Broken("arc_tokens_stale", format!("the token of {} ended {ended}", named(&stale)));
    }
    match all.len() {
        0 => Unknown("no agent has asked for a token yet".into()),
        1 => Whole("the only request is answered".into()),
        n => Whole(format!("all {n} requests are answered")),
    }
}

fn data_plane(view: &View<'_>, known: &Known<'_>) -> Standing {
    let ready = ready(view, "arc_config_agent_down", &["config-agent"]);
    if !matches!(ready, Whole(_)) {
        return ready;
    }
    match known.azure.and_then(|a| a.connectivity_status) {
        Some(Status::Connected) => Whole("Azure says Connected".into()),
        Some(Status::Offline) => {
            let last = known.azure.and_then(|a| a.last_connectivity_time);
            Broken(
                "arc_offline",
                last.map_or("no heartbeat is on record".into(), |t| format!("the last heartbeat: {t}")),
            )
        }
        Some(Status::Connecting) => Broken("arc_connecting", "Azure says Connecting".into()),
        _ => ready,
    }
}

fn connect(view: &View<'_>, known: &Known<'_>) -> Standing {
    let names = ["clusterconnect-agent", "kube-aad-proxy"];
    if names.iter().all(|name| view.agent(name).is_none()) {
        return Whole("it is turned off".into());
    }
    if known.azure.is_some_and(|azure| azure.private_link) && !view.unwell(&names).is_empty() {
        return Broken(
            "arc_private_link_connect",
            "Azure has the private link of the cluster enabled".into(),
        );
    }
    if view.knows_secrets()
        && view.agent("kube-aad-proxy").is_some()
        && view.secret("kube-aad-proxy-certificate").is_none()
    {
        return Broken("arc_connect_certificate", "there is no Secret kube-aad-proxy-certificate".into());
    }
    ready(view, "arc_connect_down", &names)
}

fn extensions(view: &View<'_>) -> Standing {
    ready(
        view,
        "arc_extensions_down",
        &["extension-manager", "extension-events-collector", "controller-manager", "flux-logs-agent"],
    )
}

/// Whether these agents are ready, as far as they are there.
fn ready(view: &View<'_>, fault: &'static str, names: &[&str]) -> Standing {
    let unwell = view.unwell(names);
    if unwell.is_empty() {
        let there = names.iter().filter(|name| view.agent(name).is_some()).count();
        return if there == 0 {
            Whole("it is turned off".into())
        } else {
            Whole("its agents are ready".into())
        };
    }
    let told = unwell.iter().map(|a| format!("{}: {} of {} ready", a.name, a.ready, a.desired));
    Broken(fault, told.collect::<Vec<_>>().join("; "))
}
