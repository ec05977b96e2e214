//! Reads what a diagnosis of the agents needs, with the rights that there are: what is forbidden is listed, and nothing is
//! kept that is secret.

use std::collections::BTreeMap;

use futures::AsyncReadExt as _;
use futures::stream::{self, StreamExt as _};
use http::Request;
use k8s_openapi::api::core::v1::Secret;
use kube::api::Api;
use serde_json::Value;

use super::arc_agents::ArcAgentProxies;
use super::client::{ClusterClient, METADATA_ONLY};
use super::error::{ApiError, ApiFailure};
use crate::analysis::connectivity::redact::{Redaction, SecretMetadata};
use crate::analysis::connectivity::support_bundle::{BUNDLE_VERSION, ContainerLog, SupportBundle};
use crate::analysis::connectivity::{API_SERVER_SOURCE, SECRETS_SOURCE};
use crate::model::networks::UnreadSource;

/// Something to read: what it is called, where it is, and the kind of what comes.
struct ResourcePath {
    name: &'static str,
    path: &'static str,
    kind: &'static str,
}

const fn resource_path(name: &'static str, path: &'static str, kind: &'static str) -> ResourcePath {
    ResourcePath { name, path, kind }
}

const RESOURCE_PATHS: &[ResourcePath] = &[
    resource_path("namespace azure-arc", "/api/v1/namespaces/azure-arc", "Namespace"),
    resource_path("namespace azure-arc-release", "/api/v1/namespaces/azure-arc-release", "Namespace"),
    resource_path("nodes", "/api/v1/nodes?limit=2000", "NodeList"),
    resource_path(
        "Deployments of azure-arc",
        "/apis/apps/v1/namespaces/azure-arc/deployments",
        "DeploymentList",
    ),
    resource_path(
        "ReplicaSets of azure-arc",
        "/apis/apps/v1/namespaces/azure-arc/replicasets",
        "ReplicaSetList",
    ),
    resource_path("pods of azure-arc", "/api/v1/namespaces/azure-arc/pods", "PodList"),
    resource_path("pods of azure-arc-release", "/api/v1/namespaces/azure-arc-release/pods", "PodList"),
    resource_path("events of azure-arc", "/api/v1/namespaces/azure-arc/events?limit=2000", "EventList"),
    resource_path(
        "events of azure-arc-release",
        "/api/v1/namespaces/azure-arc-release/events?limit=500",
        "EventList",
    ),
    resource_path(
        "ConfigMaps of azure-arc",
        "/api/v1/namespaces/azure-arc/configmaps/azure-clusterconfig",
        "ConfigMap",
    ),
    resource_path("quotas of azure-arc", "/api/v1/namespaces/azure-arc/resourcequotas", "ResourceQuotaList"),
    resource_path(
        "network policies of azure-arc",
        "/apis/networking.k8s.io/v1/namespaces/azure-arc/networkpolicies",
        "NetworkPolicyList",
    ),
    resource_path(
        "pods of kube-system",
        "/api/v1/namespaces/kube-system/pods?labelSelector=k8s-app%20in%20(kube-dns%2Ccoredns)",
        "PodList",
    ),
    resource_path("the Corefile", "/api/v1/namespaces/kube-system/configmaps/coredns", "ConfigMap"),
    resource_path(
        "identity requests",
        "/apis/clusterconfig.azure.com/v1beta1/namespaces/azure-arc/azureclusteridentityrequests",
        "AzureClusterIdentityRequestList",
    ),
    resource_path(
        "extensions",
        "/apis/clusterconfig.azure.com/v1beta1/extensionconfigs",
        "ExtensionConfigList",
    ),
    resource_path(
        "the cluster's metadata",
        "/apis/arc.azure.com/v1beta1/namespaces/azure-arc/connectedclusters",
        "ConnectedClusterList",
    ),
];

/// The case of a server that does not answer; `None` where it does. One question first: where nobody answers, the others would
/// only wait for their time-outs.
pub async fn bundle_if_unreachable(access: &ClusterClient) -> Option<SupportBundle> {
    let error = read_resource(access, &RESOURCE_PATHS[0], None).await.err()?;
    if matches!(error.failure, ApiFailure::NotFound { .. } | ApiFailure::Forbidden(_)) {
        return None;
    }
    let unread = vec![UnreadSource { source: API_SERVER_SOURCE.into(), why: error.failure.to_string() }];
    Some(SupportBundle { unread, ..empty_bundle(access) })
}

fn empty_bundle(access: &ClusterClient) -> SupportBundle {
    SupportBundle {
        schema_version: BUNDLE_VERSION,
        tool: format!("arcprobe {}", env!("CARGO_PKG_VERSION")),
        taken_at: jiff::Timestamp::now().to_string(),
        context: access.context.clone(),
        server: access.server.clone(),
        ..SupportBundle::default()
    }
}

/// Reads all that can be read.
pub async fn collect_support_bundle(
    access: &ClusterClient,
    agents: Option<&ArcAgentProxies>,
    read_secrets: bool,
) -> SupportBundle {
    let mut redaction = Redaction::default();
    let mut bundle = SupportBundle {
        proxy: agents.map(|a| redact_proxies(a, &mut redaction)).unwrap_or_default(),
        ..empty_bundle(access)
    };
    let answers = stream::iter(RESOURCE_PATHS.iter().map(|source| read_resource(access, source, None)));
    let answers: Vec<_> = answers.buffered(MAX_CONCURRENT_REQUESTS).collect().await;
    for (source, answer) in RESOURCE_PATHS.iter().zip(answers) {
        match answer {
            Ok(document) => {
                if is_truncated(&document) {
                    bundle.unread.push(UnreadSource {
                        source: format!("more {}", source.name),
                        why: LIST_TRUNCATED.into(),
                    });
                }
                add_document(&mut bundle, document, source.kind, &mut redaction);
            }
            Err(error) => bundle.unread.extend(to_unread_source(source.name, &error)),
        }
    }
    collect_secret_metadata(access, &mut bundle, &mut redaction).await;
    collect_logs(access, &mut bundle, &mut redaction).await;
    if read_secrets {
        bundle.identity_ends = read_identity_expiry(access, &mut redaction).await;
    }
    bundle.removed = redaction.into_removed();
    bundle
}

fn redact_proxies(agents: &ArcAgentProxies, redaction: &mut Redaction) -> BTreeMap<String, String> {
    agents
        .variables
        .iter()
        .map(|(name, value)| (name.clone(), redaction.redact_proxy_url(value.reveal())))
        .collect()
}

fn is_truncated(list: &Value) -> bool {
    list["metadata"]["continue"].as_str().is_some_and(|token| !token.is_empty())
}

/// Items of a list do not say what they are.
pub(crate) fn add_document(
    bundle: &mut SupportBundle,
    document: Value,
    kind: &str,
    redaction: &mut Redaction,
) {
    let with_kind = |mut object: Value, kind: &str| {
        object["kind"] = kind.into();
        object
    };
    match (kind.strip_suffix("List"), document.get("items").and_then(Value::as_array)) {
        (Some(kind), Some(items)) => {
            let items = items.iter().filter(|item| item.is_object()).take(MAX_OBJECTS);
            bundle.objects.extend(items.map(|item| redaction.redact_object(with_kind(item.clone(), kind))));
        }
        _ if document.is_object() => bundle.objects.push(redaction.redact_object(with_kind(document, kind))),
        _ => {}
    }
}

async fn read_resource(
    access: &ClusterClient,
    source: &ResourcePath,
    accept: Option<&str>,
) -> Result<Value, ApiError> {
    access.get_document(format!("read {}", source.name), source.path, accept).await
}

/// What does not exist was read.
fn to_unread_source(source: &str, error: &ApiError) -> Option<UnreadSource> {
    let why = match &error.failure {
        ApiFailure::NotFound { .. } => return None,
        ApiFailure::Forbidden(_) => "forbidden".to_owned(),
        other => other.to_string(),
    };
    Some(UnreadSource { source: source.to_owned(), why })
}

/// Names and times of Secrets: the server is asked for no more, and no more is kept whatever it sends.
async fn collect_secret_metadata(
    access: &ClusterClient,
    bundle: &mut SupportBundle,
    redaction: &mut Redaction,
) {
    let source = resource_path(
        SECRETS_SOURCE,
        "/api/v1/namespaces/azure-arc/secrets?limit=1000",
        "SecretMetadataList",
    );
    match read_resource(access, &source, Some(METADATA_ONLY)).await {
        Ok(list) => {
            if is_truncated(&list) {
                bundle
                    .unread
                    .push(UnreadSource { source: SECRETS_SOURCE.into(), why: LIST_TRUNCATED.into() });
            }
            for item in list["items"].as_array().into_iter().flatten().take(MAX_OBJECTS) {
                let metadata = SecretMetadata::from_secret(item);
                bundle.objects.push(redaction.redact_secret_metadata(metadata));
            }
        }
        Err(error) => bundle.unread.extend(to_unread_source(SECRETS_SOURCE, &error)),
    }
}

/// The last lines of every container of the agents, and of the instance before where it was restarted.
async fn collect_logs(access: &ClusterClient, bundle: &mut SupportBundle, redaction: &mut Redaction) {
    let wanted: Vec<_> =
        bundle.objects_in("Pod", "azure-arc").flat_map(list_container_logs).take(MAX_LOGS).collect();
    let read = stream::iter(wanted.into_iter().map(|log| read_log(access, log)));
    let read: Vec<_> = read.buffered(MAX_CONCURRENT_REQUESTS).collect().await;
    let mut failed = None;
    for (log, text) in read {
        match text {
            Ok(text) => {
                let lines = redaction.redact_log(&text);
                bundle.logs.push(ContainerLog { lines, ..log });
            }
            Err(error) => failed = failed.or_else(|| to_unread_source("logs of azure-arc", &error)),
        }
    }
    bundle.unread.extend(failed);
}

fn list_container_logs(pod: &Value) -> Vec<ContainerLog> {
    let name = pod["metadata"]["name"].as_str().unwrap_or_default();
    let statuses = pod["status"]["containerStatuses"].as_array();
    let log = |status: &Value, previous| ContainerLog {
        namespace: "azure-arc".into(),
        pod: name.to_owned(),
        container: status["name"].as_str().unwrap_or_default().to_owned(),
        previous,
        lines: Vec::new(),
    };
    let mut logs = Vec::new();
    for status in statuses.into_iter().flatten() {
        if status["restartCount"].as_u64().unwrap_or(0) > 0 {
            logs.push(log(status, true));
        }
        if status["state"]["waiting"].is_null() {
            logs.push(log(status, false));
        }
    }
    logs
}

async fn read_log(access: &ClusterClient, log: ContainerLog) -> (ContainerLog, Result<String, ApiError>) {
    let doing = format!("read the log of {}", log.pod);
    let query = format!(
        "container={}&tailLines={LOG_TAIL_LINES}&limitBytes={MAX_LOG_BYTES}&previous={}",
        log.container, log.previous
    );
    let path = format!("/api/v1/namespaces/{}/pods/{}/log?{query}", log.namespace, log.pod);
    let text = match Request::get(path).body(Vec::new()) {
        Ok(request) => access.request(doing, read_response_start(access, request)).await,
        Err(e) => Err(access.to_api_error(doing, ApiFailure::Other(e.to_string()))),
    };
    (log, text)
}

/// No more than was asked for, whatever the server sends.
async fn read_response_start(access: &ClusterClient, request: Request<Vec<u8>>) -> kube::Result<String> {
    let mut bytes = Vec::new();
    let stream = std::pin::pin!(access.client.request_stream(request).await?);
    // what came before a connection broke off is told all the same
    let _ = stream.take(MAX_LOG_BYTES as u64).read_to_end(&mut bytes).await;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The agents keep it beside the certificate.
async fn read_identity_expiry(access: &ClusterClient, redaction: &mut Redaction) -> Option<String> {
    let api = Api::<Secret>::namespaced(access.client.clone(), "azure-arc");
    let secret =
        access.request("read the identity certificate", api.get("azure-identity-certificate")).await.ok()?;
    let data = secret.data?;
    let text = data.get("azure-identity-certificate-expiration-time")?;
    redaction.redact_to_timestamp(std::str::from_utf8(&text.0).ok()?.trim())
}

/// Why the rest was not read.
const LIST_TRUNCATED: &str = "the list is longer than what was asked for";

/// Requests in flight.
const MAX_CONCURRENT_REQUESTS: usize = 8;
/// Of one kind.
const MAX_OBJECTS: usize = 5_000;
/// A cluster has about twenty agents, of one to three containers.
const MAX_LOGS: usize = 120;
/// Of one container.
const LOG_TAIL_LINES: usize = 60;
const MAX_LOG_BYTES: usize = 200_000;
