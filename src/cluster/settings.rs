//! Which cluster, from which nodes, and all of a check.

use std::path::PathBuf;

use crate::model::finding::Severity;
use crate::model::run_flags::RunFlag;
use crate::model::scope::Scope;
use crate::model::vantage::VantageKind;
use crate::probe::settings::ProbeSettings;
use crate::proxy::Routes;

/// Which cluster.
#[derive(Clone, Debug, Default)]
pub struct KubeChoice {
    /// `--kube-config`.
    pub file: Option<PathBuf>,
    /// `--kube-context`.
    pub context: Option<String>,
    /// `-n`, `--namespace`.
    pub namespace: Option<String>,
}

/// Which nodes are looked from.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum NodeChoice {
    /// One that ordinary pods run on.
    #[default]
    One,
    /// This one, whatever its state (`--node`).
    Named(String),
    /// Every Linux node that is ready (`--every-node`).
    Every,
}

/// How to look from inside a cluster.
#[derive(Clone, Debug)]
pub struct ClusterSettings {
    /// Which one.
    pub kube: KubeChoice,
    /// From which of its nodes.
    pub nodes: NodeChoice,
    /// `--image`: run the agent from this image.
    pub image: Option<String>,
    /// `--agent-binary`.
    pub agent_binary: Option<PathBuf>,
    /// Leave the objects in the cluster.
    pub keep: bool,
    /// Whether Secrets of the agents may be read for their proxy.
    pub read_secrets: bool,
    /// Agents at work at the same time.
    pub parallel: usize,
    /// The proxies that flags give to pods; those of the installed agents when `None`.
    pub pod_routes: Option<Routes>,
    /// The proxies that flags give to the nodes' container runtime; those of the pods when `None`.
    pub node_routes: Option<Routes>,
}

/// All of `arcprobe check`.
#[derive(Clone, Debug)]
pub struct CheckSettings {
    /// The proxies in force on this machine, and what goes around them.
    pub routes: Routes,
    /// What the rules are fitted to.
    pub scope: Scope,
    /// From where, in the order in which they were named.
    pub vantages: Vec<VantageKind>,
    /// Whether every endpoint is checked from every vantage.
    pub all_vantages: bool,
    /// Set when pods or nodes are looked from.
    pub cluster: Option<ClusterSettings>,
    /// How.
    pub probe: ProbeSettings,
    /// Whether the hosts below wildcards are asked for.
    pub discovery: bool,
    /// From which severity on the exit code tells.
    pub fail_on: Severity,
    /// What was typed, for the commands that are printed.
    pub flags: Vec<RunFlag>,
}
