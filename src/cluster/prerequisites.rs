//! Reads what a cluster says of the prerequisites, with the rights that there are.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Node;
use serde::Deserialize;
use serde_json::Value;

use super::client::ClusterClient;
use super::error::{ApiError, ApiFailure};
use super::nodes::NodeFacts;
use super::reader::{ClusterReader, parse_items};
use super::{permissions as rights, quantity};
use crate::analysis::connectivity::redact::{Redaction, SecretMetadata};
use crate::analysis::connectivity::support_bundle::resource_id;
use crate::model::networks::UnreadSource;
use crate::model::prerequisite_facts::{ClusterFacts, InstallationRemnants, NodeCapacity};
use crate::model::source::Source;

/// Reads all that can be read.
///
/// # Errors
/// When the server does not answer, or not to these credentials.
pub async fn read_prerequisites(
    reader: &ClusterReader,
    now: jiff::Timestamp,
) -> Result<ClusterFacts, ApiError> {
    reader.reach().await?;
    let access = &reader.access;
    let (version, nodes, asked, may, traces) = tokio::join!(
        reader.read(Source::ApiServer),
        reader.list_nodes(),
        sum_requested_resources(access),
        rights::check_onboarding_permissions(access),
        read_remnants(reader, now),
    );
    let mut facts = ClusterFacts {
        context: access.context.clone(),
        server: access.server.clone(),
        kubernetes: version.ok().and_then(|v| v["gitVersion"].as_str().map(str::to_owned)),
        ..ClusterFacts::default()
    };
    let mut skip = |source: Source, error: &ApiError| {
        facts.unread.push(UnreadSource { source: source.name().into(), why: error.failure.to_string() });
    };
    let asked = asked.inspect_err(|e| skip(Source::PodRequests, e)).unwrap_or_default();
    let nodes = nodes.inspect_err(|e| skip(Source::Nodes, e)).unwrap_or_default();
    facts.permissions = may.inspect_err(|e| skip(Source::Permissions, e)).ok();
    facts.remnants = traces.inspect_err(|(source, e)| skip(*source, e)).unwrap_or_default();
    facts.nodes = nodes.iter().map(|node| node_capacity(node, &asked)).collect();
    Ok(facts)
}

/// What pods have asked for of a node: thousandths of a CPU, bytes.
pub(crate) type RequestedResources = BTreeMap<String, (i64, i64)>;

pub(crate) fn node_capacity(node: &Node, asked: &RequestedResources) -> NodeCapacity {
    let facts = NodeFacts::from_node(node);
    let status = node.status.as_ref();
    let allocatable = status.and_then(|s| s.allocatable.as_ref().or(s.capacity.as_ref()));
    let (cpu, memory) = asked.get(&facts.name).copied().unwrap_or_default();
    let has = |name: &str| allocatable.and_then(|a| a.get(name)).map(|q| q.0.as_str());
    let labels = node.metadata.labels.as_ref();
    NodeCapacity {
        is_aks: labels.is_some_and(|l| l.contains_key("kubernetes.azure.com/cluster")),
        free_cpu_millis: has("cpu").and_then(quantity::parse_millis).map(|all| all.saturating_sub(cpu)),
        free_memory_bytes: has("memory")
            .and_then(quantity::parse_whole_units)
            .map(|all| all.saturating_sub(memory)),
        name: facts.name,
        os: facts.os,
        architecture: facts.arch,
        is_ready: facts.is_ready,
        takes_pods: facts.takes_pods,
    }
}

/// A page of pods, with no more than what they ask for.
#[derive(Deserialize)]
pub(crate) struct Page {
    #[serde(default)]
    metadata: PageMetadata,
    #[serde(default)]
    items: Vec<Pod>,
}

#[derive(Default, Deserialize)]
struct PageMetadata {
    #[serde(default, rename = "continue")]
    continue_token: Option<String>,
}

#[derive(Deserialize)]
struct Pod {
    #[serde(default)]
    spec: PodSpec,
    #[serde(default)]
    status: PodStatus,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct PodSpec {
    node_name: Option<String>,
    containers: Vec<Container>,
    init_containers: Vec<Container>,
    overhead: BTreeMap<String, String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PodStatus {
    phase: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Container {
    resources: Resources,
    restart_policy: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Resources {
    requests: BTreeMap<String, String>,
}

/// What the pods of the cluster ask of their nodes, page by page: nothing else of them is kept.
async fn sum_requested_resources(access: &ClusterClient) -> Result<RequestedResources, ApiError> {
    let mut asked = RequestedResources::new();
    let mut more = String::new();
    for _ in 0..MAX_PAGES {
        let path = format!("{}{more}", Source::PodRequests.resource().path);
        let page: Page = access.get_document("list the pods of all namespaces", &path, None).await?;
        page.add_requests(&mut asked);
        match page.metadata.continue_token.filter(|token| !token.is_empty()) {
            // it is made of letters that need no escape; a server that sends others gets no further question
            Some(token) => more = format!("&continue={token}"),
            None => return Ok(asked),
        }
    }
    let why = format!("more than {} pods", MAX_PAGES * PAGE_SIZE);
    Err(access.to_api_error("list the pods of all namespaces", ApiFailure::Other(why)))
}

impl Page {
    /// Adds what the pods of the page ask of their nodes.
    pub(crate) fn add_requests(&self, asked: &mut RequestedResources) {
        for pod in &self.items {
            let is_over = matches!(pod.status.phase.as_deref(), Some("Succeeded" | "Failed"));
            let Some(node) = pod.spec.node_name.as_ref().filter(|_| !is_over) else { continue };
            let sum = asked.entry(node.clone()).or_default();
            sum.0 = sum.0.saturating_add(effective_request(&pod.spec, "cpu", quantity::parse_millis));
            sum.1 = sum.1.saturating_add(effective_request(&pod.spec, "memory", quantity::parse_whole_units));
        }
    }
}

/// As the scheduler counts: all containers and sidecars together, or the hungriest that prepares, and the overhead.
fn effective_request(spec: &PodSpec, resource: &str, read: fn(&str) -> Option<i64>) -> i64 {
    let of = |map: &BTreeMap<String, String>| map.get(resource).and_then(|q| read(q)).unwrap_or(0);
    let request = |c: &Container| of(&c.resources.requests);
    let (sidecars, prepare): (Vec<_>, Vec<_>) =
        spec.init_containers.iter().partition(|c| c.restart_policy.as_deref() == Some("Always"));
    let together = spec.containers.iter().chain(sidecars).map(request).fold(0_i64, i64::saturating_add);
    let hungriest = prepare.into_iter().map(request).max().unwrap_or(0);
    together.max(hungriest).saturating_add(of(&spec.overhead))
}

/// What an earlier installation left. The namespace and its Deployments have to be readable; what else may not be read is listed.
async fn read_remnants(
    reader: &ClusterReader,
    now: jiff::Timestamp,
) -> Result<InstallationRemnants, (Source, ApiError)> {
    // all at once; what comes of each is asked for below
    let _ = reader.read_all(REMNANT_SOURCES).await;
    let mut redaction = Redaction::default();
    let find = async |source| reader.find(source).await.map_err(|e| (source, e));
    let namespace = find(Source::ArcNamespace).await?;
    let deployments = find(Source::ArcDeployments).await?;
    let settings = reader.read(Source::ArcSettings).await.ok();
    let mut remnants = InstallationRemnants {
        namespace: namespace.as_ref().map(|n| n["status"]["phase"].as_str().unwrap_or("Active").to_owned()),
        deployments: deployments.and_then(|list| list["items"].as_array().map(Vec::len)).unwrap_or(0),
        resource: settings.and_then(|settings| resource_id(&settings["data"])),
        ..InstallationRemnants::default()
    };
    let mut times: Vec<_> = namespace.iter().flat_map(|n| object_timestamps(&n["metadata"])).collect();
    for (space, source) in
        [("azure-arc-release", Source::ReleaseSecrets), ("default", Source::DefaultReleaseSecrets)]
    {
        for secret in list_items(reader, source, &mut remnants).await {
            let secret = redaction.redact_secret_metadata(SecretMetadata::from_secret(&secret));
            if let Some(name) = object_name(&secret).filter(|name| is_arc_release(name)) {
                remnants.releases.push(format!("{space}/{name}"));
                times.extend(object_timestamps(&secret["metadata"]));
            }
        }
    }
    let definitions = list_items(reader, Source::Definitions, &mut remnants).await;
    let definitions = definitions.into_iter().map(|object| redaction.redact_object(object));
    let is_arc_definition = |name: &String| ARC_API_GROUPS.iter().any(|group| name.ends_with(group));
    remnants.definitions = definitions.filter_map(|o| object_name(&o)).filter(is_arc_definition).collect();
    remnants.newest_s = times.into_iter().max().map(|newest| now.duration_since(newest).as_secs());
    Ok(remnants)
}

/// When an object came, and when it began to go.
fn object_timestamps(metadata: &Value) -> impl Iterator<Item = jiff::Timestamp> {
    let read = |key: &str| metadata[key].as_str().and_then(|text| text.parse().ok());
    [read("creationTimestamp"), read("deletionTimestamp")].into_iter().flatten()
}

fn object_name(object: &Value) -> Option<String> {
    object["metadata"]["name"].as_str().map(str::to_owned)
}

fn is_arc_release(secret: &str) -> bool {
    let release = secret.strip_prefix("sh.helm.release.v1.").unwrap_or_default();
    release.starts_with("azure-arc.") || release.starts_with("cluster-diagnostic-checks.")
}

async fn list_items(
    reader: &ClusterReader,
    source: Source,
    remnants: &mut InstallationRemnants,
) -> Vec<Value> {
    match reader.find(source).await {
        Ok(list) => parse_items(source, &list.unwrap_or_default()),
        Err(e) => {
            remnants.unread.push(UnreadSource { source: source.name().into(), why: e.failure.to_string() });
            Vec::new()
        }
    }
}

const REMNANT_SOURCES: &[Source] = &[
    Source::ArcNamespace,
    Source::ArcDeployments,
    Source::ArcSettings,
    Source::ReleaseSecrets,
    Source::DefaultReleaseSecrets,
    Source::Definitions,
];

/// Of custom resource definitions.
const ARC_API_GROUPS: &[&str] = &[".clusterconfig.azure.com", ".arc.azure.com"];

/// As their path asks for them.
const PAGE_SIZE: usize = 500;
/// Of pods: more than Kubernetes runs on 150 full nodes.
const MAX_PAGES: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_summed_as_the_scheduler_does() {
        let spec = serde_json::json!({
            "containers": [{"resources": {"requests": {"cpu": "100m", "memory": "64Mi"}}}, {}],
            "initContainers": [
                {"resources": {"requests": {"cpu": "1", "memory": "1Mi"}}},
                {"resources": {"requests": {"cpu": "50m", "memory": "16Mi"}}, "restartPolicy": "Always"},
            ],
            "overhead": {"cpu": "10m"},
        });
        let spec: PodSpec = serde_json::from_value(spec).unwrap();
        assert_eq!(effective_request(&spec, "cpu", quantity::parse_millis), 1010);
        assert_eq!(effective_request(&spec, "memory", quantity::parse_whole_units), 80 * 1024 * 1024);
    }
}
