//! What a run is to do: validated plain values, each with its origin where it was not typed for this run.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::finding::Severity;
use crate::model::rules::{Cloud, Region};
use crate::model::vantage::VantageKind;
use crate::proxy::Routes;

/// What the rules are fitted to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Scope {
    /// The cloud.
    pub cloud: Cloud,
    /// The region, as the rules know it.
    pub region: Region,
    /// The features that are on, in the order of the rules.
    pub features: Vec<String>,
    /// How the cluster reaches Azure.
    pub connectivity: Connectivity,
    /// Values for the placeholders that only the user knows.
    pub values: BTreeMap<String, String>,
}

/// How the cluster reaches Azure.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
#[serde(rename_all = "kebab-case")]
pub enum Connectivity {
    /// Straight through the firewall.
    Direct,
    /// By way of an outbound proxy.
    Proxy,
    /// By way of private endpoints.
    PrivateLink,
    /// By way of the Arc gateway.
    Gateway,
}

impl Connectivity {
    /// As on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Proxy => "proxy",
            Self::PrivateLink => "private-link",
            Self::Gateway => "gateway",
        }
    }
}

/// How probes are carried out.
#[derive(Clone, Debug)]
pub struct ProbeSettings {
    /// The DNS servers to ask; those of the system when empty.
    pub resolvers: Vec<SocketAddr>,
    /// Diversions, first match wins.
    pub connect_to: Vec<ConnectTo>,
    /// PEM that stands for the public trust store.
    pub public_roots: Option<PathBuf>,
    /// Whether an endpoint that fails by way of a proxy is tried directly, too.
    pub cross_checks: bool,
    /// PEM of authorities that the agents are going to trust (`--proxy-cert`).
    pub proxy_cert: Option<PathBuf>,
    /// For each phase.
    pub timeout: Duration,
    /// For the whole run.
    pub deadline: Option<Duration>,
    /// Extra attempts after a time-out.
    pub retries: u32,
    /// Probes in flight; chosen from the plan when `None`.
    pub concurrency: Option<usize>,
}

impl Default for ProbeSettings {
    /// As without any flag.
    fn default() -> Self {
        Self {
            resolvers: Vec::new(),
            connect_to: Vec::new(),
            public_roots: None,
            cross_checks: true,
            proxy_cert: None,
            timeout: Duration::from_secs(5),
            deadline: None,
            retries: 0,
            concurrency: None,
        }
    }
}

/// A diversion in curl's form `HOST:PORT:ADDR:PORT`; an empty part stands for "any" on the left and "as it is" on the right.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ConnectTo {
    /// The host that is diverted.
    pub host: Option<String>,
    /// The port that is diverted.
    pub port: Option<u16>,
    /// Where it goes instead: a host name or an address.
    pub to_host: Option<String>,
    /// The port that it goes to instead.
    pub to_port: Option<u16>,
}

impl ConnectTo {
    /// Whether a connection to this host and port is diverted.
    pub fn applies(&self, host: &str, port: u16) -> bool {
        self.host.as_deref().is_none_or(|h| h.eq_ignore_ascii_case(host))
            && self.port.is_none_or(|p| p == port)
    }
}

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
    /// Only print what would be created.
    pub dry_run: bool,
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
}
