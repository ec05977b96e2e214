//! The network positions that endpoints are checked from.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::words::words;

/// A network position.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum VantageKind {
    /// This machine.
    Workstation,
    /// The pod network with cluster DNS.
    Pod,
    /// The host network of a node.
    Node,
}

words!(VantageKind::as_str { Workstation = "workstation", Pod = "pod", Node = "node" });

/// What kept a vantage from being looked from, or from being looked from to the end.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct VantageError {
    /// What went wrong, for programs.
    pub kind: VantageErrorKind,
    /// What the cluster, the API server or the agent says, for people; printable.
    pub text: String,
}

impl VantageError {
    /// A trouble and the words that tell it.
    pub fn new(kind: VantageErrorKind, text: impl Into<String>) -> Self {
        Self { kind, text: text.into() }
    }

    /// The user stopped the run before anything was seen.
    pub fn interrupted() -> Self {
        Self::new(VantageErrorKind::Interrupted, "the run was stopped first")
    }
}

/// What can go wrong on the way to looking from inside a cluster.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum VantageErrorKind {
    /// The API server cannot be reached, or TLS with it fails.
    Unreachable,
    /// The API server does not accept the credentials, or they cannot be made.
    Credentials,
    /// A permission is missing.
    Permissions,
    /// The namespace for the objects does not exist.
    Namespace,
    /// No node fits: none runs Linux, or none of those asked for exists.
    NoNode,
    /// No image is known to be on the node.
    NoImage,
    /// There is no agent for the node's architecture.
    NoAgent,
    /// Pod Security admission refuses the pod.
    PodSecurity,
    /// Another admission plug-in or webhook refuses the pod.
    Admission,
    /// A quota or a limit range leaves no room.
    Quota,
    /// The scheduler finds no place, or the kubelet takes the pod not in.
    Unschedulable,
    /// An admission plug-in has every image pulled anew.
    AlwaysPull,
    /// The image cannot be had.
    Image,
    /// The container runtime cannot start the agent: no right to execute, another architecture.
    Exec,
    /// The volumes or the pod's network cannot be set up.
    Setup,
    /// The pod was ended from outside: evicted, out of memory, deadline.
    Killed,
    /// Nothing says why the pod does not start.
    NotStarted,
    /// The API server cannot fetch the log from the node.
    Log,
    /// The log has gaps, or ends before the agent's last word.
    LogCut,
    /// The agent itself says that it cannot work.
    Agent,
    /// The user stopped the run first.
    Interrupted,
    /// The API server refuses for another reason.
    Refused,
}
