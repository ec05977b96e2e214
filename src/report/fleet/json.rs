//! Several clusters as JSON, and reading what may be about one or several.

use serde::Deserialize;

use super::{Fleet, MAX_CLUSTERS};
use crate::model::report::Report;
use crate::report::json::{self, MAX_BYTES, ReadError, SCHEMA_VERSION};

/// A document that was saved.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one of it in a run")]
pub enum SavedReport {
    /// On one cluster, or on this machine alone.
    Single(Report),
    /// On several clusters.
    Fleet(Fleet),
}

/// Renders the document as indented JSON.
pub fn render(fleet: &Fleet) -> String {
    json::to_text(fleet)
}

/// Reads a document.
///
/// # Errors
/// When it is too large, neither kind of report, or of another version.
pub fn parse(bytes: &[u8]) -> Result<SavedReport, ReadError> {
    if bytes.len() > MAX_BYTES {
        return Err(ReadError::TooLarge);
    }
    let Some(DocumentHead { schema_version, .. }) =
        serde_json::from_slice(bytes).ok().filter(|head: &DocumentHead| head.kind == "fleet")
    else {
        return json::parse(bytes).map(SavedReport::Single);
    };
    if schema_version != u64::from(SCHEMA_VERSION) {
        return Err(ReadError::UnsupportedVersion(schema_version));
    }
    let fleet: Fleet = serde_json::from_slice(bytes)?;
    if fleet.clusters.len() > MAX_CLUSTERS {
        return Err(ReadError::TooManyClusters);
    }
    for report in fleet.clusters.iter().filter_map(|member| member.report.as_ref()) {
        json::validate(report)?;
    }
    // what it says of itself may be anything; the reports count
    Ok(SavedReport::Fleet(fleet.recompute()))
}

/// The JSON Schema of the document.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Fleet).to_value()
}

/// What tells which kind it is.
#[derive(Deserialize)]
struct DocumentHead {
    schema_version: u64,
    kind: String,
}
