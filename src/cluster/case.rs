//! Reads what a diagnosis of the agents needs, with the rights that there are: what is forbidden is listed, and nothing is
//! kept that is secret.

use std::collections::BTreeMap;

use futures::AsyncReadExt as _;
use futures::stream::{self, StreamExt as _};
use http::Request;
use k8s_openapi::api::core::v1::Secret;
use kube::api::Api;
use serde_json::Value;

use super::access::{Access, METADATA_ONLY};
use super::agents::AgentProxies;
use super::error::{ApiError, ApiFailure};
use crate::analysis::chain::case::{Case, Log, VERSION};
use crate::analysis::chain::redact::Redaction;
use crate::analysis::chain::{API, SECRETS};
use crate::model::networks::Skipped;

/// Something to read: what it is called, where it is, and the kind of what comes.
struct Source {
    name: &'static str,
    path: &'static str,
    kind: &'static str,
}

const fn source(name: &'static str, path: &'static str, kind: &'static str) -> Source {
    Source { name, path, kind }
}

const SOURCES: &[Source] = &[
    source("namespace azure-arc", "/api/v1/namespaces/azure-arc", "Namespace"),
    source("namespace azure-arc-release", "/api/v1/namespaces/azure-arc-release", "Namespace"),
    source("nodes", "/api/v1/nodes?limit=2000", "NodeList"),
    source("Deployments of azure-arc", "/apis/apps/v1/namespaces/azure-arc/deployments", "DeploymentList"),
    source("ReplicaSets of azure-arc", "/apis/apps/v1/namespaces/azure-arc/replicasets", "ReplicaSetList"),
    source("pods of azure-arc", "/api/v1/namespaces/azure-arc/pods", "PodList"),
    source("pods of azure-arc-release", "/api/v1/namespaces/azure-arc-release/pods", "PodList"),
    source("events of azure-arc", "/api/v1/namespaces/azure-arc/events?limit=2000", "EventList"),
    source(
        "events of azure-arc-release",
        "/api/v1/namespaces/azure-arc-release/events?limit=500",
        "EventList",
    ),
    source(
        "ConfigMaps of azure-arc",
        "/api/v1/namespaces/azure-arc/configmaps/azure-clusterconfig",
        "ConfigMap",
    ),
    source("quotas of azure-arc", "/api/v1/namespaces/azure-arc/resourcequotas", "ResourceQuotaList"),
    source(
        "network policies of azure-arc",
        "/apis/networking.k8s.io/v1/namespaces/azure-arc/networkpolicies",
        "NetworkPolicyList",
    ),
    source(
        "pods of kube-system",
        "/api/v1/namespaces/kube-system/pods?labelSelector=k8s-app%20in%20(kube-dns%2Ccoredns)",
        "PodList",
    ),
    source("the Corefile", "/api/v1/namespaces/kube-system/configmaps/coredns", "ConfigMap"),
    source(
        "identity requests",
        "/apis/clusterconfig.azure.com/v1beta1/namespaces/azure-arc/azureclusteridentityrequests",
        "AzureClusterIdentityRequestList",
    ),
    source("extensions", "/apis/clusterconfig.azure.com/v1beta1/extensionconfigs", "ExtensionConfigList"),
    source(
        "the cluster's metadata",
        "/apis/arc.azure.com/v1beta1/namespaces/azure-arc/connectedclusters",
        "ConnectedClusterList",
    ),
];

/// The case of a server that does not answer; `None` where it does. One question first: where nobody answers, the others would
/// only wait for their time-outs.
pub async fn unreachable(access: &Access) -> Option<Case> {
    let error = get(access, &SOURCES[0], None).await.err()?;
    if matches!(error.failure, ApiFailure::NotFound(_) | ApiFailure::Forbidden(_)) {
        return None;
    }
    let unread = vec![Skipped { source: API.into(), why: error.failure.to_string() }];
    Some(Case { unread, ..empty(access) })
}

fn empty(access: &Access) -> Case {
    Case {
        schema_version: VERSION,
        tool: format!("arcprobe {}", env!("CARGO_PKG_VERSION")),
        taken_at: jiff::Timestamp::now().to_string(),
        context: access.context.clone(),
        server: access.server.clone(),
        ..Case::default()
    }
}

/// Reads all that can be read.
pub async fn case(access: &Access, agents: Option<&AgentProxies>, read_secrets: bool) -> Case {
    let mut redaction = Redaction::default();
    let mut case =
        Case { proxy: agents.map(|a| proxies(a, &mut redaction)).unwrap_or_default(), ..empty(access) };
    let answers = stream::iter(SOURCES.iter().map(|source| get(access, source, None)));
    let answers: Vec<_> = answers.buffered(AT_ONCE).collect().await;
    for (source, answer) in SOURCES.iter().zip(answers) {
        match answer {
            Ok(document) => {
                if is_cut(&document) {
                    case.unread.push(Skipped { source: format!("more {}", source.name), why: CUT.into() });
                }
                add(&mut case, document, source.kind, &mut redaction);
            }
            Err(error) => case.unread.extend(unread(source.name, &error)),
        }
    }
    secrets(access, &mut case, &mut redaction).await;
    logs(access, &mut case, &mut redaction).await;
    if read_secrets {
        case.identity_ends = identity_ends(access).await;
    }
    case.removed = redaction.into_removed();
    case
}

fn proxies(agents: &AgentProxies, redaction: &mut Redaction) -> BTreeMap<String, String> {
    agents.variables.iter().map(|(name, value)| (name.clone(), redaction.proxy(value.reveal()))).collect()
}

fn is_cut(list: &Value) -> bool {
    list["metadata"]["continue"].as_str().is_some_and(|token| !token.is_empty())
}

/// Items of a list do not say what they are.
pub(super) fn add(case: &mut Case, document: Value, kind: &str, redaction: &mut Redaction) {
    let one = |mut object: Value, kind: &str| {
        object["kind"] = kind.into();
        object
    };
    match (kind.strip_suffix("List"), document.get("items").and_then(Value::as_array)) {
        (Some(kind), Some(items)) => {
            let items = items.iter().filter(|item| item.is_object()).take(MOST_OBJECTS);
            case.objects.extend(items.map(|item| redaction.object(one(item.clone(), kind))));
        }
        _ if document.is_object() => case.objects.push(redaction.object(one(document, kind))),
        _ => {}
    }
}

async fn get(access: &Access, source: &Source, accept: Option<&str>) -> Result<Value, ApiError> {
    access.get(format!("read {}", source.name), source.path, accept).await
}

/// What does not exist was read.
fn unread(source: &str, error: &ApiError) -> Option<Skipped> {
    let why = match &error.failure {
        ApiFailure::NotFound(_) => return None,
        ApiFailure::Forbidden(_) => "forbidden".to_owned(),
        other => other.to_string(),
    };
    Some(Skipped { source: source.to_owned(), why })
}

/// Names and times of Secrets: the server is asked for no more, and no more is kept whatever it sends.
async fn secrets(access: &Access, case: &mut Case, redaction: &mut Redaction) {
    let source = source(SECRETS, "/api/v1/namespaces/azure-arc/secrets?limit=1000", "SecretMetadataList");
    match get(access, &source, Some(METADATA_ONLY)).await {
        Ok(list) => {
            if is_cut(&list) {
                case.unread.push(Skipped { source: SECRETS.into(), why: CUT.into() });
            }
            for item in list["items"].as_array().into_iter().flatten().take(MOST_OBJECTS) {
                let metadata = serde_json::json!({"kind": "SecretMetadata", "metadata": item["metadata"]});
                case.objects.push(redaction.object(metadata));
            }
        }
        Err(error) => case.unread.extend(unread(SECRETS, &error)),
    }
}

/// The last lines of every container of the agents, and of the instance before where it was restarted.
async fn logs(access: &Access, case: &mut Case, redaction: &mut Redaction) {
    let wanted: Vec<_> = case.within("Pod", "azure-arc").flat_map(containers).take(MOST_LOGS).collect();
    let read = stream::iter(wanted.into_iter().map(|log| lines(access, log)));
    let read: Vec<_> = read.buffered(AT_ONCE).collect().await;
    let mut failed = None;
    for (log, text) in read {
        match text {
            Ok(text) => {
                let lines = redaction.log(&text);
                case.logs.push(Log { lines, ..log });
            }
            Err(error) => failed = failed.or_else(|| unread("logs of azure-arc", &error)),
        }
    }
    case.unread.extend(failed);
}

fn containers(pod: &Value) -> Vec<Log> {
    let name = pod["metadata"]["name"].as_str().unwrap_or_default();
    let statuses = pod["status"]["containerStatuses"].as_array();
    let log = |status: &Value, previous| Log {
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

async fn lines(access: &Access, log: Log) -> (Log, Result<String, ApiError>) {
    let doing = format!("read the log of {}", log.pod);
    let query =
        format!("container={}&tailLines={LINES}&limitBytes={BYTES}&previous={}", log.container, log.previous);
    let path = format!("/api/v1/namespaces/{}/pods/{}/log?{query}", log.namespace, log.pod);
    let text = match Request::get(path).body(Vec::new()) {
        Ok(request) => access.ask(doing, beginning(access, request)).await,
        Err(e) => Err(access.error(doing, ApiFailure::Other(e.to_string()))),
    };
    (log, text)
}

/// No more than was asked for, whatever the server sends.
async fn beginning(access: &Access, request: Request<Vec<u8>>) -> kube::Result<String> {
    let mut bytes = Vec::new();
    let stream = std::pin::pin!(access.client.request_stream(request).await?);
    // what came before a connection broke off is told all the same
    let _ = stream.take(BYTES as u64).read_to_end(&mut bytes).await;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The agents keep it beside the certificate.
async fn identity_ends(access: &Access) -> Option<String> {
    let api = Api::<Secret>::namespaced(access.client.clone(), "azure-arc");
    let secret =
        access.ask("read the identity certificate", api.get("azure-identity-certificate")).await.ok()?;
    let data = secret.data?;
    let text = data.get("azure-identity-certificate-expiration-time")?;
    instant(std::str::from_utf8(&text.0).ok()?.trim())
}

/// RFC 3339, or as Go prints a time.
fn instant(text: &str) -> Option<String> {
    let plain = text.split(" UTC").next().unwrap_or(text);
    let go = || jiff::Timestamp::strptime("%Y-%m-%d %H:%M:%S%.f %z", plain).ok();
    text.parse::<jiff::Timestamp>().ok().or_else(go).map(|t| t.to_string())
}

/// Why the rest was not read.
const CUT: &str = "the list is longer than what was asked for";

/// Requests in flight.
const AT_ONCE: usize = 8;
/// Of one kind.
const MOST_OBJECTS: usize = 5_000;
/// A cluster has about twenty agents, of one to three containers.
const MOST_LOGS: usize = 120;
/// Of one container.
const LINES: usize = 60;
const BYTES: usize = 200_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_the_agents_write_them() {
        for text in ["2026-12-01T10:00:00Z", "2026-12-01T12:00:00+02:00", "2026-12-01 10:00:00 +0000 UTC"] {
            assert_eq!(instant(text).as_deref(), Some("2026-12-01T10:00:00Z"), "{text}");
        }
        assert_eq!(instant("soon"), None);
    }
}
