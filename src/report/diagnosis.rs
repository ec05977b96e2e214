//! The judgement of a chain as JSON, and its schema.

use schemars::JsonSchema;
use serde::Serialize;

use crate::analysis::connectivity::ConnectivityDiagnosis;
use crate::model::report::{Check, Tool};

/// One document, as `diagnose -o json` writes it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Diagnosis {
    /// 1.
    pub schema_version: u32,
    /// What wrote it.
    pub tool: Tool,
    /// When the cluster was read, RFC 3339.
    pub taken_at: String,
    /// The judgement.
    #[serde(flatten)]
    pub connectivity: ConnectivityDiagnosis,
    /// What was probed to prove it; empty without probes.
    pub checks: Vec<Check>,
}

/// The JSON Schema of the document.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Diagnosis).to_value()
}
