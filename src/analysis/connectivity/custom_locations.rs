//! Whether custom locations are enabled, and for whom.

use serde_json::Value;

use super::evidence::EvidenceLine;
use super::support_bundle::SupportBundle;
use crate::model::evidence::sanitize;
use crate::model::source::Source;

/// The binding that az makes when it enables the feature (azure-iot-ops-cli-extension, `common.py`, read 2026-11).
const BINDING: &str = "AzureArc-Microsoft.ExtendedLocation-RP-RoleBinding";

/// The object id that custom locations are enabled for; `None` where they are not, or that is not known.
pub(super) fn custom_locations_oid(bundle: &SupportBundle) -> Option<String> {
    let binding = bundle.objects.find_object("ClusterRoleBinding", "", BINDING)?;
    let subjects = binding["subjects"].as_array()?;
    let user = subjects.iter().find(|subject| subject["kind"] == "User")?;
    user["name"].as_str().map(|name| sanitize(name, 100))
}

/// The same in a sentence.
pub(super) fn describe_custom_locations(bundle: &SupportBundle) -> EvidenceLine {
    let unread = bundle.unread_reason(Source::CustomLocations);
    let text = match (custom_locations_oid(bundle), unread) {
        (Some(oid), _) => format!("custom locations are enabled for the object id {oid}"),
        (None, Some(why)) => format!("whether custom locations are enabled is not known: {why}"),
        (None, None) => format!("the evidence has no ClusterRoleBinding {BINDING}"),
    };
    EvidenceLine { object: describe_binding(bundle), ..EvidenceLine::plain(&text) }
}

fn describe_binding(bundle: &SupportBundle) -> String {
    let is_there =
        bundle.objects.find_object("ClusterRoleBinding", "", BINDING).is_some_and(Value::is_object);
    if is_there { format!("ClusterRoleBinding {BINDING}") } else { String::new() }
}
