//! Evidence out of what people already have: dumps of kubectl and of OpenShift, support bundles, the folder of
//! `az connectedk8s troubleshoot`, loose files of `kubectl get` and `kubectl logs`. Pure: files come one by one, whatever holds them.

mod coverage;
mod documents;
mod log_paths;
mod troubleshoot;

use std::collections::HashSet;

use serde_json::{Value, json};

use super::agents::{AGENTS_NAMESPACE, owner_of_set};
use super::redact::{Redaction, SecretMetadata};
use super::stages::is_ready;
use super::support_bundle::{BUNDLE_VERSION, ContainerLog, SupportBundle};
use crate::model::wording::format_count;
use coverage::Coverage;
use documents::{Document, parse_documents};
use log_paths::LogName;

/// Nothing of the agents is in the files.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "no evidence as --save-evidence writes it, and nothing of the namespace azure-arc is in {}; what is read: the folder of az connectedk8s troubleshoot, kubectl cluster-info dump, must-gather, a support bundle, or files of kubectl get -n azure-arc pods,deployments,events -o json",
    format_count(*files, "file")
)]
pub struct ImportError {
    files: usize,
}

/// Puts evidence together, file by file.
#[derive(Debug, Default)]
pub struct Import {
    bundle: SupportBundle,
    redaction: Redaction,
    coverage: Coverage,
    known: HashSet<String>,
    files: usize,
}

impl Import {
    /// A file by its path below the folder or archive, with `/` between its parts.
    pub fn add_file(&mut self, path: &str, text: &str) {
        self.files += 1;
        if let Some(objects) = troubleshoot::parse_file(path, text) {
            return objects.into_iter().for_each(|object| self.add_object(object));
        }
        if troubleshoot::is_resource_snapshot(path) {
            return self.bundle.add_azure(troubleshoot::parse_resource_snapshot(text));
        }
        for document in parse_documents(path, text) {
            match document {
                Document::Objects { kind, items } => {
                    self.coverage.add_list(&kind, path, &items);
                    for object in items {
                        self.add_object(object);
                    }
                }
                Document::Azure(document) => self.bundle.add_azure(document),
                Document::Log(name, lines) => self.add_log(name, &lines),
            }
        }
    }

    /// Whether no object and no log was found so far.
    pub fn is_empty(&self) -> bool {
        self.bundle.objects.is_empty() && self.bundle.logs.is_empty()
    }

    /// What was found, as of the newest time in it; `now` where it has none.
    ///
    /// # Errors
    /// When nothing of the agents was found.
    pub fn finish(mut self, name: &str, now: jiff::Timestamp) -> Result<SupportBundle, ImportError> {
        self.derive_deployments();
        let has_agents = !self.bundle.objects.is_empty()
            && (self.bundle.objects.iter().any(is_of_agents) || self.coverage.has_list("Namespace", ""));
        if !has_agents {
            return Err(ImportError { files: self.files });
        }
        let taken_at = self.bundle.objects.iter().filter_map(newest_time).filter(|at| *at <= now).max();
        self.bundle.schema_version = BUNDLE_VERSION;
        self.bundle.taken_at = taken_at.unwrap_or(now).to_string();
        name.clone_into(&mut self.bundle.context);
        self.bundle.unread = self.coverage.list_unread(&self.bundle.objects);
        self.bundle.removed.extend(self.redaction.into_removed());
        Ok(self.bundle)
    }

    fn add_object(&mut self, object: Value) {
        let Some(kind) = object["kind"].as_str() else { return };
        if self.bundle.objects.len() >= MAX_OBJECTS || !is_wanted(kind, &object) {
            return;
        }
        let object = match kind {
            "Secret" => self.redaction.redact_secret_metadata(SecretMetadata::from_secret(&object)),
            "Event" => self.redaction.redact_object(to_core_event(object)),
            _ => self.redaction.redact_object(object),
        };
        if self.known.insert(key_of(&object)) {
            self.bundle.objects.push(object);
        }
    }

    fn add_log(&mut self, name: LogName, lines: &[&str]) {
        if self.bundle.logs.len() >= MAX_LOGS {
            return;
        }
        let last = &lines[lines.len().saturating_sub(MAX_LOG_LINES)..];
        let LogName { namespace, pod, container, previous } = name;
        let lines = self.redaction.redact_log(&last.join("\n"));
        self.bundle.logs.push(ContainerLog { namespace, pod, container, previous, lines });
    }

    /// Where only the pods are known: a Deployment has the name of its pods, without their two last parts.
    fn derive_deployments(&mut self) {
        let objects = &self.bundle.objects;
        if objects.in_namespace("Deployment", AGENTS_NAMESPACE).next().is_some() {
            return;
        }
        let mut derived: Vec<(String, Vec<&Value>)> = Vec::new();
        for pod in objects.in_namespace("Pod", AGENTS_NAMESPACE) {
            let Some(name) = pod["metadata"]["name"].as_str().and_then(deployment_of) else { continue };
            match derived.iter_mut().find(|(known, _)| known == name) {
                Some((_, pods)) => pods.push(pod),
                None => derived.push((name.to_owned(), vec![pod])),
            }
        }
        let derived: Vec<_> = derived.iter().map(|(name, pods)| derive_deployment(name, pods)).collect();
        self.bundle.objects.extend(derived);
    }
}

fn derive_deployment(name: &str, pods: &[&Value]) -> Value {
    let created = pods.iter().filter_map(|pod| pod["metadata"]["creationTimestamp"].as_str()).min();
    json!({
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": AGENTS_NAMESPACE, "creationTimestamp": created},
        "spec": {"replicas": pods.len()},
        "status": {"readyReplicas": pods.iter().filter(|pod| is_ready(pod)).count()},
    })
}

/// `config-agent` of `config-agent-7d9f8b6c5-x2x4z`.
fn deployment_of(pod: &str) -> Option<&str> {
    owner_of_set(pod.rsplit_once('-')?.0)
}

/// What a diagnosis looks at.
fn is_wanted(kind: &str, object: &Value) -> bool {
    let [name, namespace] =
        ["name", "namespace"].map(|key| object["metadata"][key].as_str().unwrap_or_default());
    match kind {
        "Node" | "ReplicaSet" | "ResourceQuota" | "NetworkPolicy" | "Pod" | "Event" => true,
        "Namespace" => name.starts_with(AGENTS_NAMESPACE),
        "Deployment" | "Secret" => namespace.starts_with(AGENTS_NAMESPACE),
        "ConfigMap" => matches!(
            (namespace, name),
            (AGENTS_NAMESPACE, "azure-clusterconfig") | ("kube-system", "coredns")
        ),
        _ => {
            let group = object["apiVersion"].as_str().unwrap_or_default();
            AGENT_GROUPS.iter().any(|wanted| group.starts_with(wanted))
        }
    }
}

fn is_of_agents(object: &Value) -> bool {
    let namespace = &object["metadata"]["namespace"];
    namespace == AGENTS_NAMESPACE && matches!(object["kind"].as_str(), Some("Pod" | "Deployment"))
}

/// What tells an object from others; two files may have the same.
fn key_of(object: &Value) -> String {
    let meta = &object["metadata"];
    format!("{} {} {}", object["kind"], meta["namespace"], meta["name"])
}

/// Events of `events.k8s.io/v1` have other names for the same fields.
fn to_core_event(mut event: Value) -> Value {
    for (core, newer) in [("involvedObject", "regarding"), ("message", "note")] {
        if event[core].is_null() && !event[newer].is_null() {
            event[core] = event[newer].take();
        }
    }
    event
}

/// The newest time that something happened at; times at which something ends are left out.
fn newest_time(object: &Value) -> Option<jiff::Timestamp> {
    match object {
        Value::Array(items) => items.iter().filter_map(newest_time).max(),
        Value::Object(map) => {
            let own = map.iter().filter(|(key, _)| TIMES.contains(&key.as_str()));
            let own = own.filter_map(|(_, value)| value.as_str()?.parse().ok());
            own.chain(map.values().filter_map(newest_time)).max()
        }
        _ => None,
    }
}

/// The groups of the agents' own objects and of Flux.
const AGENT_GROUPS: [&str; 3] =
    ["arc.azure.com/", "clusterconfig.azure.com/", "kustomize.toolkit.fluxcd.io/"];

const TIMES: [&str; 9] = [
    "creationTimestamp",
    "eventTime",
    "finishedAt",
    "firstTimestamp",
    "lastHeartbeatTime",
    "lastTimestamp",
    "lastTransitionTime",
    "renewTime",
    "startedAt",
];

const MAX_OBJECTS: usize = 20_000;
const MAX_LOGS: usize = 200;
/// What is judged of a log are its last lines.
const MAX_LOG_LINES: usize = 60;

#[cfg(test)]
#[path = "import_tests.rs"]
mod tests;
