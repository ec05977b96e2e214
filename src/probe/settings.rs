//! How probes are carried out.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::evidence::millis;

/// How probes are carried out. As JSON it is what travels into a cluster: without the files of this machine, and without the
/// servers to ask, since pods and nodes have their own.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ProbeSettings {
    /// The DNS servers to ask; those of the system when empty.
    #[serde(default, skip_serializing)]
    pub resolvers: Vec<SocketAddr>,
    /// Diversions, first match wins.
    pub connect_to: Vec<ConnectTo>,
    /// PEM that stands for the public trust store.
    #[serde(skip)]
    pub public_roots: Option<PathBuf>,
    /// Whether an endpoint that fails through a proxy is tried directly, too.
    pub cross_checks: bool,
    /// PEM of authorities that the agents are going to trust (`--proxy-cert`).
    #[serde(skip)]
    pub proxy_cert: Option<PathBuf>,
    /// For each phase.
    #[serde(rename = "timeout_ms", with = "millis")]
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

/// How a run is bounded.
#[derive(Clone, Copy, Debug, Default)]
pub struct RunLimits {
    /// For the whole run.
    pub deadline: Option<Duration>,
    /// Probes in flight; chosen from the plan when `None`.
    pub concurrency: Option<usize>,
}

impl ProbeSettings {
    /// How a run is bounded.
    pub fn run_limits(&self) -> RunLimits {
        RunLimits { deadline: self.deadline, concurrency: self.concurrency }
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
    pub fn applies_to(&self, host: &str, port: u16) -> bool {
        self.host.as_deref().is_none_or(|h| h.eq_ignore_ascii_case(host))
            && self.port.is_none_or(|p| p == port)
    }
}
