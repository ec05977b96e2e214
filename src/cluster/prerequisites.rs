//! Reads what a cluster says of the prerequisites, with the rights that there are.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Node;
use kube::api::{Api, ListParams};
use serde::Deserialize;
use serde_json::Value;

use super::client::{ClusterClient, METADATA_ONLY};
use super::error::{ApiError, ApiFailure};
use super::nodes::NodeFacts;
use super::{permissions as rights, quantity};
use crate::analysis::connectivity::support_bundle::resource_id;
use crate::analysis::prerequisites::{NODES, PERMISSIONS, PODS, REMNANTS};
use crate::model::networks::UnreadSource;
use crate::model::prerequisite_facts::{ClusterFacts, InstallationRemnants, NodeCapacity};

/// Reads all that can be read.
///
/// # Errors
/// When the server does not answer, or not to these credentials.
pub async fn read_prerequisites(access: &ClusterClient) -> Result<ClusterFacts, ApiError> {
    // one question first: where nobody answers, the others would only wait for their time-outs
    let version = access.get_document::<Value>("read its version", "/version", None).await;
    let version = match version {
        Ok(version) => Some(version),
        Err(ApiError { failure: ApiFailure::Forbidden(_) | ApiFailure::NotFound { .. }, .. }) => None,
        Err(e) => return Err(e),
    };
    let mut facts = ClusterFacts {
        context: access.context.clone(),
        server: access.server.clone(),
        kubernetes: version.and_then(|v| v["gitVersion"].as_str().map(str::to_owned)),
        ..ClusterFacts::default()
    };
    let nodes = Api::<Node>::all(access.client.clone());
    let (nodes, asked, may, traces) = tokio::join!(
        access.list_all(&nodes, "list the nodes", ListParams::default()),
        sum_requested_resources(access),
        rights::check_onboarding_permissions(access),
        read_remnants(access),
    );
    let mut unread = Vec::new();
    let mut skip = |source: &str, error: &ApiError| {
        unread.push(UnreadSource { source: source.into(), why: error.failure.to_string() });
    };
    let asked = asked.inspect_err(|e| skip(PODS, e)).unwrap_or_default();
    match nodes {
        Ok(nodes) => facts.nodes = nodes.iter().map(|node| node_capacity(node, &asked)).collect(),
        Err(e) => skip(NODES, &e),
    }
    facts.permissions = may.inspect_err(|e| skip(PERMISSIONS, e)).ok();
    facts.remnants = traces.inspect_err(|e| skip(REMNANTS, e)).unwrap_or_default();
    facts.unread = unread;
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
        let path = format!("/api/v1/pods?limit={PAGE_SIZE}{more}");
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
async fn read_remnants(access: &ClusterClient) -> Result<InstallationRemnants, ApiError> {
    let (namespace, deployments, config) = tokio::join!(
        access.get_document::<Value>("read the namespace azure-arc", "/api/v1/namespaces/azure-arc", None),
        access.get_document::<Value>(
            "list the Deployments of azure-arc",
            "/apis/apps/v1/namespaces/azure-arc/deployments",
            Some(METADATA_ONLY)
        ),
        access.get_document::<Value>(
            "read the settings of the agents",
            "/api/v1/namespaces/azure-arc/configmaps/azure-clusterconfig",
            None
        ),
    );
    let namespace = match namespace {
        Ok(namespace) => Some(namespace),
        Err(ApiError { failure: ApiFailure::NotFound { .. }, .. }) => None,
        Err(e) => return Err(e),
    };
    let deployments = match deployments {
        Ok(list) => list["items"].as_array().map_or(0, Vec::len),
        Err(ApiError { failure: ApiFailure::NotFound { .. }, .. }) => 0,
        Err(e) => return Err(e),
    };
    let mut traces = InstallationRemnants {
        namespace: namespace.as_ref().map(|n| n["status"]["phase"].as_str().unwrap_or("Active").to_owned()),
        deployments,
        resource: config.ok().and_then(|c| resource_id(&c["data"])),
        ..InstallationRemnants::default()
    };
    let mut times: Vec<_> = namespace.iter().flat_map(|n| object_timestamps(&n["metadata"])).collect();
    read_helm_releases(access, &mut traces, &mut times).await;
    let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions?limit=2000";
    let definitions = list_metadata(access, "custom resource definitions", path, &mut traces).await;
    let is_arc_definition = |name: &String| ARC_API_GROUPS.iter().any(|group| name.ends_with(group));
    traces.definitions = definitions.iter().filter_map(object_name).filter(is_arc_definition).collect();
    let now = jiff::Timestamp::now();
    traces.newest_s = times.into_iter().max().map(|newest| now.duration_since(newest).as_secs());
    Ok(traces)
}

/// When an object came, and when it began to go.
fn object_timestamps(metadata: &Value) -> impl Iterator<Item = jiff::Timestamp> {
    let read = |key: &str| metadata[key].as_str().and_then(|text| text.parse().ok());
    [read("creationTimestamp"), read("deletionTimestamp")].into_iter().flatten()
}

fn object_name(metadata: &Value) -> Option<String> {
    metadata["name"].as_str().map(str::to_owned)
}

async fn read_helm_releases(
    access: &ClusterClient,
    traces: &mut InstallationRemnants,
    times: &mut Vec<jiff::Timestamp>,
) {
    for space in ["azure-arc-release", "default"] {
        let path = format!("/api/v1/namespaces/{space}/secrets?labelSelector=owner%3Dhelm&limit=1000");
        let what = format!("releases of Helm in {space}");
        for secret in list_metadata(access, &what, &path, traces).await {
            let is_release = |name: &String| {
                ["azure-arc", "cluster-diagnostic-checks"]
                    .iter()
                    .any(|release| name.starts_with(&format!("sh.helm.release.v1.{release}.")))
            };
            if let Some(name) = object_name(&secret).filter(is_release) {
                traces.releases.push(format!("{space}/{name}"));
                times.extend(object_timestamps(&secret));
            }
        }
    }
}

/// The metadata of objects: no more is asked for, and no more kept.
async fn list_metadata(
    access: &ClusterClient,
    what: &str,
    path: &str,
    traces: &mut InstallationRemnants,
) -> Vec<Value> {
    match access.get_document::<Value>(format!("list the {what}"), path, Some(METADATA_ONLY)).await {
        Ok(list) => {
            let items = list["items"].as_array().into_iter().flatten();
            items.map(|item| item["metadata"].clone()).collect()
        }
        Err(ApiError { failure: ApiFailure::NotFound { .. }, .. }) => Vec::new(),
        Err(e) => {
            traces.unread.push(UnreadSource { source: what.to_owned(), why: e.failure.to_string() });
            Vec::new()
        }
    }
}

/// Of custom resource definitions.
const ARC_API_GROUPS: &[&str] = &[".clusterconfig.azure.com", ".arc.azure.com"];

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
