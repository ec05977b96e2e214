//! Asks `az` what Azure says of a cluster, where the user wants that.

use serde_json::Value;

use super::program::{AZ, ask};
use crate::chain::azure;

/// What `az connectedk8s show` says of a resource.
///
/// # Errors
/// When `az` is not there, takes too long, fails or says no JSON: in words for the user.
pub(super) fn show(resource: &str) -> Result<Value, String> {
    let output = ask(AZ, &["connectedk8s", "show", "--ids", resource, "-o", "json", "--only-show-errors"])?;
    azure::json(&output).map_err(|e| format!("{AZ} connectedk8s show: {e}"))
}
