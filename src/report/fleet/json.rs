//! Several clusters as JSON, and reading what may be about one or several.

use serde::Deserialize;

use super::{Fleet, MOST_CLUSTERS};
use crate::model::report::Report;
use crate::report::json::{self, MOST_BYTES, ReadError, SCHEMA_VERSION};

/// A document that was saved.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one of it in a run")]
pub enum Saved {
    /// On one cluster, or on this machine alone.
    One(Report),
    /// On several clusters.
    Several(Fleet),
}

/// Renders the document as indented JSON.
pub fn render(fleet: &Fleet) -> String {
    // writing to memory cannot fail, and every map has strings for keys
    json::escape(&serde_json::to_string_pretty(fleet).unwrap_or_default()) + "\n"
}

/// Reads a document.
///
/// # Errors
/// When it is too large, neither kind of report, or of another version.
pub fn parse(bytes: &[u8]) -> Result<Saved, ReadError> {
    if bytes.len() > MOST_BYTES {
        return Err(ReadError::TooLarge);
    }
    let Some(Headed { schema_version, .. }) =
        serde_json::from_slice(bytes).ok().filter(|head: &Headed| head.kind == "fleet")
    else {
        return json::parse(bytes).map(Saved::One);
    };
    if schema_version != u64::from(SCHEMA_VERSION) {
        return Err(ReadError::Version(schema_version));
    }
    let fleet: Fleet = serde_json::from_slice(bytes)?;
    if fleet.clusters.len() > MOST_CLUSTERS {
        return Err(ReadError::Clusters);
    }
    for report in fleet.clusters.iter().filter_map(|member| member.report.as_ref()) {
        json::sound(report)?;
    }
    // what it says of itself may be anything; the reports count
    Ok(Saved::Several(fleet.judged()))
}

/// The JSON Schema of the document.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Fleet).to_value()
}

/// What tells which kind it is.
#[derive(Deserialize)]
struct Headed {
    schema_version: u64,
    kind: String,
}
