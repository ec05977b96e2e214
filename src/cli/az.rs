//! Asks `az` what Azure says of a cluster, where the user wants that.

use serde_json::Value;

use super::external_tool::{AZ, run_tool};
use crate::analysis::connectivity::azure;

/// What `az connectedk8s show` says of a resource.
///
/// # Errors
/// When `az` is not there, takes too long, fails or says no JSON: in words for the user.
pub(super) async fn show_connected_cluster(resource: &str) -> Result<Value, String> {
    let arguments = ["connectedk8s", "show", "--ids", resource, "-o", "json", "--only-show-errors"];
    let output = run_tool(AZ, &arguments).await.map_err(|e| e.to_string())?;
    azure::parse_json(&output).map_err(|e| format!("{AZ} connectedk8s show: {e}"))
}
