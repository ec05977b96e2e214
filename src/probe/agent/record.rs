//! What the agent reports: records, in the order in which they come up.

use std::net::SocketAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::evidence::{ClusterNameLookup, Discovery, Observation, millis};
use crate::model::ids::CheckId;

/// One thing that the agent reports.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Record {
    /// It has started and understood its task.
    Hello(Hello),
    /// Whether a name of the cluster itself resolves; only from pods.
    ClusterName(ClusterNameLookup),
    /// So many probes are planned; more may be, when discoveries are over.
    Planned(usize),
    /// So many probes are over.
    Done(usize),
    /// What was seen of one check.
    Observed(CheckObservation),
    /// What came of one discovery.
    Discovered(Discovery),
    /// It could not do its work.
    Failed(AgentFailure),
    /// The last record: all was reported.
    End(RunSummary),
}

/// Who speaks, and what it found at its place.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Hello {
    /// The version of the agent.
    pub version: String,
    /// The DNS servers that it asks.
    pub resolvers: Vec<SocketAddr>,
    /// Where the list of servers comes from.
    pub resolvers_from: String,
    /// Its clock, RFC 3339.
    pub now: String,
}

/// What was seen of one check.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CheckObservation {
    /// The id of the check.
    pub id: CheckId,
    /// What was seen.
    pub observation: Observation,
}

/// Why the agent could not do its work.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AgentFailure {
    /// One sentence.
    pub text: String,
}

/// How a run ended.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RunSummary {
    /// Since the start of the run, in milliseconds.
    #[serde(rename = "took_ms", with = "millis")]
    pub took: Duration,
    /// Stopped by a signal before all was measured.
    pub interrupted: bool,
    /// Stopped by its deadline before all was measured.
    pub deadline_passed: bool,
}
