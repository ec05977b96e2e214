//! Reads what a diagnosis of the agents needs, with the rights that there are: what is forbidden is listed, and nothing is
//! kept that is secret.

use std::collections::BTreeMap;

use futures::stream::{self, StreamExt as _};
use http::Request;
use k8s_openapi::api::core::v1::Secret;
use kube::api::Api;
use serde_json::Value;

use super::arc_agents::ArcAgentProxies;
use super::client::ClusterClient;
use super::error::{ApiError, ApiFailure};
use super::reader::{ClusterReader, describe_unread, is_truncated, to_unread_source};
use crate::analysis::connectivity::extensions::failed_namespaces;
use crate::analysis::connectivity::redact::{Redaction, SecretMetadata};
use crate::analysis::connectivity::support_bundle::{
    BUNDLE_SOURCES, BUNDLE_VERSION, ContainerLog, SupportBundle,
};
use crate::analysis::kube_objects::split_answer;
use crate::model::networks::UnreadSource;
use crate::model::source::Source;

/// The case of a server that does not answer; `None` where it does.
pub async fn bundle_if_unreachable(reader: &ClusterReader, now: jiff::Timestamp) -> Option<SupportBundle> {
    let error = reader.reach().await.err()?;
    let unread =
        vec![UnreadSource { source: Source::ApiServer.name().into(), why: error.failure.to_string() }];
    Some(SupportBundle { unread, ..empty_bundle(&reader.access, now) })
}

fn empty_bundle(access: &ClusterClient, now: jiff::Timestamp) -> SupportBundle {
    SupportBundle {
        schema_version: BUNDLE_VERSION,
        tool: format!("arcprobe {}", env!("CARGO_PKG_VERSION")),
        taken_at: now.to_string(),
        context: access.context.clone(),
        server: access.server.clone(),
        ..SupportBundle::default()
    }
}

/// Reads all that can be read.
pub async fn collect_support_bundle(
    reader: &ClusterReader,
    now: jiff::Timestamp,
    agents: Option<&ArcAgentProxies>,
    read_secrets: bool,
) -> SupportBundle {
    let access = &reader.access;
    let mut redaction = Redaction::default();
    let mut bundle = SupportBundle {
        proxy: agents.map(|a| redact_proxies(a, &mut redaction)).unwrap_or_default(),
        ..empty_bundle(access, now)
    };
    for (source, answer) in reader.read_all(BUNDLE_SOURCES).await {
        match answer {
            Ok(document) => add_document(&mut bundle, source, &document, &mut redaction),
            Err(error) => bundle.unread.extend(to_unread_source(source, &error)),
        }
    }
    add_extension_namespaces(access, &mut bundle, &mut redaction).await;
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

/// A list of Secrets that is cut says nothing of those that are missing in it.
fn add_document(bundle: &mut SupportBundle, source: Source, document: &Value, redaction: &mut Redaction) {
    if is_truncated(document) {
        let more = if source == Source::ArcSecrets { "" } else { "more " };
        let source = format!("{more}{}", source.name());
        bundle.unread.push(UnreadSource { source, why: LIST_TRUNCATED.into() });
    }
    add_objects(bundle, source.resource().kind, document, redaction);
}

/// Secrets by their metadata only.
pub(crate) fn add_objects(
    bundle: &mut SupportBundle,
    kind: &str,
    document: &Value,
    redaction: &mut Redaction,
) {
    bundle.objects.extend(split_answer(kind, document).map(|object| match kind {
        "SecretList" => redaction.redact_secret_metadata(SecretMetadata::from_secret(&object)),
        _ => redaction.redact_object(object),
    }));
}

/// Pods and events of the namespaces of extensions that failed; Helm tells only that it waited for them.
async fn add_extension_namespaces(
    access: &ClusterClient,
    bundle: &mut SupportBundle,
    redaction: &mut Redaction,
) {
    for namespace in failed_namespaces(&bundle.objects) {
        for (kind, resource) in [("PodList", "pods"), ("EventList", "events")] {
            let source = format!("{resource} of {namespace}");
            let path = format!("/api/v1/namespaces/{namespace}/{resource}?limit=200");
            match access.get_document(format!("read {source}"), &path, None).await {
                Ok(document) => add_objects(bundle, kind, &document, redaction),
                Err(error) => {
                    let why = describe_unread(&error.failure);
                    bundle.unread.push(UnreadSource { source, why });
                }
            }
        }
    }
}

/// The last lines of every container of the agents, and of the instance before where it was restarted; and of the cluster's DNS
/// where that is not ready.
async fn collect_logs(access: &ClusterClient, bundle: &mut SupportBundle, redaction: &mut Redaction) {
    let is_ready = |pod: &&Value| {
        let conditions = pod["status"]["conditions"].as_array();
        conditions.into_iter().flatten().any(|c| c["type"] == "Ready" && c["status"] == "True")
    };
    let dns =
        bundle.objects.in_namespace("Pod", "kube-system").filter(|pod| !is_ready(pod)).take(MAX_DNS_PODS);
    let wanted: Vec<_> = bundle
        .objects
        .in_namespace("Pod", "azure-arc")
        .chain(dns)
        .flat_map(list_container_logs)
        .take(MAX_LOGS)
        .collect();
    let read = stream::iter(wanted.into_iter().map(|log| read_log(access, log)));
    let read: Vec<_> = read.buffered(MAX_CONCURRENT_REQUESTS).collect().await;
    let mut failed = None;
    for (log, text) in read {
        match text {
            Ok(text) => {
                let lines = redaction.redact_log(&text);
                bundle.logs.push(ContainerLog { lines, ..log });
            }
            Err(ApiError { failure: ApiFailure::NotFound { .. }, .. }) => {}
            Err(ApiError { failure, .. }) => failed = failed.or(Some(describe_unread(&failure))),
        }
    }
    let unread = failed.map(|why| UnreadSource { source: "logs of agents and DNS".into(), why });
    bundle.unread.extend(unread);
}

fn list_container_logs(pod: &Value) -> Vec<ContainerLog> {
    let name = pod["metadata"]["name"].as_str().unwrap_or_default();
    let statuses = pod["status"]["containerStatuses"].as_array();
    let log = |status: &Value, previous| ContainerLog {
        namespace: pod["metadata"]["namespace"].as_str().unwrap_or_default().to_owned(),
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
        Ok(request) => access.request(doing, read_log_start(access, request)).await,
        Err(e) => Err(access.to_api_error(doing, ApiFailure::Other(e.to_string()))),
    };
    (log, text)
}

/// No more than was asked for, whatever the server sends. What came before a connection broke off is kept.
async fn read_log_start(access: &ClusterClient, request: Request<Vec<u8>>) -> kube::Result<String> {
    let (bytes, _) = access.read_start(request, MAX_LOG_BYTES).await?;
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

/// Of the cluster's DNS, those whose logs are read.
const MAX_DNS_PODS: usize = 3;
/// Logs at the same time.
const MAX_CONCURRENT_REQUESTS: usize = 8;
/// A cluster has about twenty agents, of one to three containers.
const MAX_LOGS: usize = 120;
/// Of one container.
const LOG_TAIL_LINES: usize = 60;
const MAX_LOG_BYTES: u64 = 200_000;
