//! What is known of a cluster and of a workstation before the cluster is connected.

use serde::{Deserialize, Serialize};

use crate::model::networks::UnreadSource;

/// What is known of both.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PrerequisiteFacts {
    /// What the cluster says, or why it was not asked.
    pub cluster: Fetched<ClusterFacts>,
    /// What the programs of the workstation say; `None` where they were not asked.
    pub tools: Option<WorkstationTools>,
}

/// What was asked for, and what came of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fetched<T> {
    /// The answer.
    #[serde(alias = "told")]
    Read(T),
    /// There is no kubeconfig that can be used; why.
    Unusable(String),
    /// It does not answer; why.
    #[serde(alias = "silent")]
    Unreachable(String),
}

impl<T> Default for Fetched<T> {
    fn default() -> Self {
        Self::Unreachable("it was not asked".into())
    }
}

/// What a cluster says.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ClusterFacts {
    /// The name of the context.
    pub context: String,
    /// The URL of the API server.
    pub server: String,
    /// `gitVersion`, such as `v1.31.2+k3s1`.
    pub kubernetes: Option<String>,
    /// All nodes.
    pub nodes: Vec<NodeCapacity>,
    /// What the user of the kubeconfig may do; `None` where that could not be asked.
    #[serde(alias = "rights")]
    pub permissions: Option<Permissions>,
    /// What an earlier installation left.
    #[serde(alias = "traces")]
    pub remnants: InstallationRemnants,
    /// What could not be read, and why.
    pub unread: Vec<UnreadSource>,
}

/// A node and what is left of it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct NodeCapacity {
    /// Its name.
    pub name: String,
    /// `linux`, `windows`.
    pub os: String,
    /// As the kubelet has it: `amd64`, `arm64`.
    pub architecture: String,
    /// Whether the kubelet reports it ready.
    pub is_ready: bool,
    /// Not cordoned, and without a taint that keeps ordinary pods away.
    pub takes_pods: bool,
    /// Whether Azure Kubernetes Service runs it.
    pub is_aks: bool,
    /// Thousandths of a CPU that no pod has asked for; `None` where it is not known.
    pub free_cpu_millis: Option<i64>,
    /// Bytes that no pod has asked for; `None` where it is not known.
    pub free_memory_bytes: Option<i64>,
}

/// What the user of the kubeconfig may do.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Permissions {
    /// Everything.
    pub is_admin: bool,
    /// What is needed to install the agents and is not allowed, such as `create namespaces`.
    pub missing: Vec<String>,
}

/// What an earlier installation left.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct InstallationRemnants {
    /// The phase of the namespace of the agents; `None` where there is none.
    pub namespace: Option<String>,
    /// Deployments in it.
    pub deployments: usize,
    /// The resource id that the agents have.
    pub resource: Option<String>,
    /// Secrets of Helm releases, as `namespace/name`.
    pub releases: Vec<String>,
    /// Custom resource definitions of the agents.
    pub definitions: Vec<String>,
    /// Seconds since the newest of these came, or began to go.
    pub newest_s: Option<i64>,
    /// What of these could not be read, and why.
    pub unread: Vec<UnreadSource>,
}

/// What the programs of a workstation say.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct WorkstationTools {
    /// Azure CLI.
    pub az: Program,
    /// Its extension.
    pub connectedk8s: Program,
    /// kubectl.
    pub kubectl: Program,
    /// Helm.
    pub helm: Program,
    /// The cloud that az is logged in to; else why not.
    pub login: Option<Result<String, String>>,
    /// Providers of the subscription, where az is logged in.
    pub providers: Vec<Provider>,
}

/// A program of the workstation.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Program {
    /// Such as `2.64.0`; `None` where it is not there or does not tell.
    pub version: Option<String>,
    /// Why there is no version.
    pub why: Option<String>,
    /// It is not on the path, or not installed; else it is there and does not tell.
    pub is_missing: bool,
}

/// A provider of a subscription.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Provider {
    /// Such as `Microsoft.Kubernetes`.
    pub name: String,
    /// `registrationState`; `None` where Azure did not say.
    pub state: Option<String>,
    /// Why there is no state.
    pub why: Option<String>,
}
