//! Asks `az` what Azure says of a cluster, where the user wants that.

use serde_json::Value;

use super::program::{AZ, ask};
use crate::analysis::chain::azure;

/// What `az connectedk8s show` says of a resource.
///
/// # Errors
/// When `az` is not there, takes too long, fails or says no JSON: in words for the user.
pub(super) async fn show(resource: &str) -> Result<Value, String> {
    let asked = ["connectedk8s", "show", "--ids", resource, "-o", "json", "--only-show-errors"];
    let output = ask(AZ, &asked).await.map_err(|e| e.to_string())?;
    azure::json(&output).map_err(|e| format!("{AZ} connectedk8s show: {e}"))
}
