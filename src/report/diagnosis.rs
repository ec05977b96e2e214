//! The judgement of a chain as JSON, version 1, and its schema.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::analysis::connectivity::{self, ConnectivityDiagnosis, ConnectivityVerdict, StageState};
use crate::model::faults::Stage;
use crate::model::finding;
use crate::model::networks::UnreadSource;
use crate::model::report;
use crate::report::json::form::{As, remote_forms};
use crate::report::json::to_text;
use crate::report::json::v1::{Check, Finding, Prerequisite, Tool};

/// One document, as `diagnose -o json` writes it.
#[derive(Serialize, JsonSchema)]
struct Diagnosis {
    /// 1.
    schema_version: u32,
    /// What wrote it.
    #[serde(with = "Tool")]
    tool: report::Tool,
    /// When the cluster was read, RFC 3339.
    taken_at: String,
    /// The judgement.
    #[serde(flatten, with = "Connectivity")]
    connectivity: ConnectivityDiagnosis,
    /// What was probed to prove it; empty without probes.
    #[serde(with = "As::<Vec<Check>>")]
    checks: Vec<report::Check>,
}

/// The judgement.
#[derive(Serialize, JsonSchema)]
#[serde(remote = "ConnectivityDiagnosis")]
struct Connectivity {
    /// The answer.
    verdict: ConnectivityVerdict,
    /// While waiting is right: until when.
    until: Option<String>,
    /// What is known of the cluster.
    #[serde(with = "ClusterSummary")]
    cluster: connectivity::ClusterSummary,
    /// In the order of the chain.
    #[serde(with = "As::<Vec<StageResult>>")]
    links: Vec<connectivity::StageResult>,
    /// The first broken link first.
    #[serde(with = "As::<Vec<Finding>>")]
    findings: Vec<finding::Finding>,
    /// What is needed besides the network; empty where that was not read.
    #[serde(with = "As::<Vec<Prerequisite>>")]
    prerequisites: Vec<report::Prerequisite>,
    /// What could not be read.
    unread: Vec<UnreadSource>,
}

/// What a cluster says of itself.
#[derive(Serialize, JsonSchema)]
#[serde(remote = "connectivity::ClusterSummary")]
struct ClusterSummary {
    context: String,
    server: String,
    cloud: Option<String>,
    region: Option<String>,
    resource: Option<String>,
    agent_version: Option<String>,
    proxy: Option<String>,
    /// `connectivityStatus` of Azure.
    status: Option<String>,
    /// RFC 3339.
    installed: Option<String>,
    /// The object id that custom locations are enabled for; `null` where they are not, or that is not known.
    custom_locations: Option<String>,
}

/// How a link stands.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(remote = "connectivity::StageResult")]
struct StageResult {
    /// Which.
    link: Stage,
    /// How.
    state: StageState,
    /// One line: what shows it.
    why: String,
    /// The link whose break it follows from.
    follows: Option<Stage>,
    /// Required endpoints of the link: met and all; `null` where none were probed.
    probed: Option<(usize, usize)>,
}

remote_forms! { StageResult = connectivity::StageResult }

/// The document of a judgement with the checks that were probed for it.
pub fn render(taken_at: String, connectivity: ConnectivityDiagnosis, checks: Vec<report::Check>) -> String {
    to_text(&Diagnosis { schema_version: 1, tool: report::Tool::this(), taken_at, connectivity, checks })
}

/// The JSON Schema of the document.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Diagnosis).to_value()
}
