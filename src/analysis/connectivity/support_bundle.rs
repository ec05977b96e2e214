//! What was read of a cluster with the agents of Azure Arc: one JSON document, to be judged here or elsewhere.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::redact::{Redaction, RedactionCount};
use crate::analysis::kube_objects::KubeObjects;
use crate::model::networks::UnreadSource;
use crate::model::prerequisite_facts::{Fetched, PrerequisiteFacts};
use crate::model::source::Source;

/// What was read of a cluster, without secrets. Saved by `diagnose --save-evidence`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SupportBundle {
    /// 1; a reader refuses others.
    pub schema_version: u32,
    /// What wrote it, such as `arcprobe 0.1.0`.
    pub tool: String,
    /// RFC 3339, UTC: ages are counted from here.
    pub taken_at: String,
    /// The name of the context.
    pub context: String,
    /// The URL of the API server.
    pub server: String,
    /// Kubernetes objects, each with its `kind`; Secrets by their metadata only, as `SecretMetadata`.
    pub objects: KubeObjects,
    /// The last lines of the agents.
    pub logs: Vec<ContainerLog>,
    /// `HTTPS_PROXY` and the like, as the agents have them, without credentials.
    pub proxy: BTreeMap<String, String>,
    /// When the identity certificate ends, RFC 3339; read with `--read-secrets` only.
    pub identity_ends: Option<String>,
    /// What could not be read, and why.
    pub unread: Vec<UnreadSource>,
    /// What is wrong with the skip range of the agents, where it stops them.
    pub skip_range: Option<String>,
    /// What `az connectedk8s show` says, as far as it is read.
    pub azure: Option<Value>,
    /// What is there of what is needed besides the network.
    pub prerequisites: Option<PrerequisiteFacts>,
    /// What was taken out before anything was stored.
    pub removed: Vec<RedactionCount>,
}

/// The resource id in the settings of the agents (`azure-clusterconfig`).
pub fn resource_id(settings: &Value) -> Option<String> {
    let value = |key: &str| settings[key].as_str().filter(|v| !v.is_empty());
    Some(format!(
        "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.Kubernetes/connectedClusters/{}",
        value("AZURE_SUBSCRIPTION_ID")?,
        value("AZURE_RESOURCE_GROUP")?,
        value("AZURE_RESOURCE_NAME")?
    ))
}

/// The last lines of a container.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ContainerLog {
    /// The namespace of the pod.
    pub namespace: String,
    /// The pod.
    pub pod: String,
    /// The container.
    pub container: String,
    /// Of the instance before the running one.
    pub previous: bool,
    /// Without line ends, oldest first.
    pub lines: Vec<String>,
}

/// The version that this program writes and reads.
pub const BUNDLE_VERSION: u32 = 1;

/// A document that is no evidence of ours.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SupportBundleError {
    /// No JSON, or not of this shape.
    #[error("no evidence as --save-evidence writes it: {0}")]
    Shape(String),
    /// JSON of something else.
    #[error(
        "no evidence as --save-evidence writes it: it has no schema_version; the output of az goes to --connected-cluster, a report of check to arcprobe report"
    )]
    Other,
    /// Of a version to come.
    #[error("schema_version is {0}; this program reads {BUNDLE_VERSION}")]
    Version(u32),
    /// The time cannot be read, and ages with it.
    #[error("taken_at is {0:?}; a time such as 2026-11-27T10:00:00Z is expected")]
    Time(String),
}

impl SupportBundle {
    /// Adds what Azure says, as far as it is read.
    pub fn add_azure(&mut self, document: Value) {
        let mut redaction = Redaction::default();
        self.azure = Some(redaction.redact_azure(document));
        self.removed.extend(redaction.into_removed());
    }

    /// Reads a saved document.
    ///
    /// # Errors
    /// When it is none, or of another version.
    pub fn from_json(bytes: &[u8]) -> Result<Self, SupportBundleError> {
        let case: Self =
            serde_json::from_slice(bytes).map_err(|e| SupportBundleError::Shape(e.to_string()))?;
        if case.schema_version == 0 {
            return Err(SupportBundleError::Other);
        }
        if case.schema_version != BUNDLE_VERSION {
            return Err(SupportBundleError::Version(case.schema_version));
        }
        if case.taken_at.parse::<jiff::Timestamp>().is_err() {
            return Err(SupportBundleError::Time(case.taken_at));
        }
        Ok(case)
    }

    /// The version of Kubernetes.
    pub fn kubernetes_version(&self) -> Option<&str> {
        match &self.prerequisites.as_ref()?.cluster {
            Fetched::Read(cluster) => cluster.kubernetes.as_deref(),
            _ => None,
        }
    }

    /// The region that the agents are configured with, or write in their logs.
    pub fn configured_region(&self) -> Option<String> {
        self.agent_setting("AZURE_REGION").or_else(|| self.logged_value("Location"))
    }

    /// The cloud that the agents are configured with, as arcprobe and az name it.
    pub fn configured_cloud(&self) -> Option<String> {
        let word = self
            .agent_setting("AZURE_ENVIRONMENT")
            .or_else(|| self.logged_value("Environment"))?
            .to_lowercase();
        let cloud = match word.as_str() {
            w if w.contains("gov") || w.contains("fairfax") => "AzureUSGovernment",
            w if w.contains("china") || w.contains("mooncake") => "AzureChinaCloud",
            _ => "AzureCloud",
        };
        Some(cloud.to_owned())
    }

    /// The resource id that the agents have.
    pub fn agent_resource_id(&self) -> Option<String> {
        resource_id(&self.objects.find_object("ConfigMap", "azure-arc", "azure-clusterconfig")?["data"])
    }

    fn agent_setting(&self, key: &str) -> Option<String> {
        let map = self.objects.find_object("ConfigMap", "azure-arc", "azure-clusterconfig")?;
        map["data"][key].as_str().filter(|v| !v.is_empty()).map(str::to_owned)
    }

    /// A key of the JSON lines that the agents write.
    fn logged_value(&self, key: &str) -> Option<String> {
        let lines = self.logs.iter().filter(|l| l.namespace == "azure-arc").flat_map(|log| &log.lines);
        let mut values = lines.rev().filter_map(|line| {
            let line: Value = serde_json::from_str(line).ok()?;
            line[key].as_str().filter(|v| !v.is_empty()).map(str::to_owned)
        });
        values.next()
    }

    /// Whether a source could not be read, though it may exist; why.
    pub fn unread_reason(&self, source: Source) -> Option<&str> {
        source.unread_reason(&self.unread)
    }
}

/// What is asked of a cluster for it.
pub const BUNDLE_SOURCES: &[Source] = &[
    Source::ArcNamespace,
    Source::ReleaseNamespace,
    Source::Nodes,
    Source::ArcDeployments,
    Source::ArcReplicaSets,
    Source::ArcPods,
    Source::ReleasePods,
    Source::ArcEvents,
    Source::ReleaseEvents,
    Source::ArcSettings,
    Source::ArcQuotas,
    Source::ArcNetworkPolicies,
    Source::DnsPods,
    Source::Corefile,
    Source::IdentityRequests,
    Source::Extensions,
    Source::FluxConfigs,
    Source::GitConfigs,
    Source::CustomLocations,
    Source::ConnectedClusters,
    Source::ArcSecrets,
];
