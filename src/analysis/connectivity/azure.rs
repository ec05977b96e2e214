//! What Azure says of a connected cluster: `az connectedk8s show` or `list`, or the nested form of Resource Manager. Pure.
//!
//! Shapes from 2020 to now; sources: the vendor's API of 2025-08-01-preview and outputs in articles of 2021 and 2024.

use serde_json::Value;

use crate::model::words::words;

/// The fields that a diagnosis needs; what a shape lacks is `None`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[expect(missing_docs, reason = "named as Azure names them")]
pub struct AzureCluster {
    pub id: Option<String>,
    pub name: Option<String>,
    pub location: Option<String>,
    pub connectivity_status: Option<ConnectivityStatus>,
    pub last_connectivity_time: Option<jiff::Timestamp>,
    pub certificate_expiration: Option<jiff::Timestamp>,
    pub agent_version: Option<String>,
    pub desired_agent_version: Option<String>,
    pub kubernetes_version: Option<String>,
    pub private_link: bool,
    pub gateway: bool,
    pub agent_errors: Vec<String>,
}

/// `connectivityStatus`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "named as Azure names them")]
pub enum ConnectivityStatus {
    Connecting,
    Connected,
    Offline,
    Expired,
    AgentNotInstalled,
}

words!(ConnectivityStatus::as_str {
    Connecting = "Connecting", Connected = "Connected", Offline = "Offline", Expired = "Expired",
    AgentNotInstalled = "AgentNotInstalled",
});

impl ConnectivityStatus {
    fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str().eq_ignore_ascii_case(word))
    }
}

/// A text that tells of no connected cluster.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AzureError {
    /// No JSON.
    #[error("no JSON: {0}; write it with az connectedk8s show --name NAME --resource-group GROUP -o json")]
    Json(String),
    /// JSON of something else.
    #[error("no connected cluster: {0}")]
    Other(String),
    /// A list, and nothing says which of it.
    #[error("{} clusters, and none is the one of this kubeconfig: {}; give the output of az connectedk8s show", .0.len(), .0.join(", "))]
    Many(Vec<String>),
}

/// The JSON of a text, which may come from a page that made its quotes typographic, or have warnings around it.
///
/// # Errors
/// When it is no JSON.
pub fn parse_json(text: &str) -> Result<Value, AzureError> {
    serde_json::from_str(text).or_else(|first| {
        let plain = text.replace(['\u{201c}', '\u{201d}', '\u{201e}'], "\"").replace('\u{a0}', " ");
        find_json(&plain).ok_or_else(|| AzureError::Json(first.to_string()))
    })
}

/// The first object or list of objects in a text.
fn find_json(text: &str) -> Option<Value> {
    let starts = text.match_indices(['{', '[']).map(|(at, _)| at).take(MAX_JSON_STARTS);
    let parse = |at| serde_json::Deserializer::from_str(&text[at..]).into_iter::<Value>().next()?.ok();
    let is_document = |value: &Value| match value {
        Value::Array(items) => items.iter().any(Value::is_object),
        value => value.is_object(),
    };
    starts.filter_map(parse).find(is_document)
}

/// Each may cost the whole text.
const MAX_JSON_STARTS: usize = 20;

/// The cluster in a document; of several the one with this resource id or name.
///
/// # Errors
/// When there is none, or several and none fits.
pub fn find_cluster(document: &Value, id: Option<&str>) -> Result<AzureCluster, AzureError> {
    let list = document.as_array().or_else(|| document["value"].as_array());
    let Some(list) = list else { return parse_cluster(document) };
    let all = list.iter().map(parse_cluster).collect::<Result<Vec<_>, _>>()?;
    let fits = |c: &&AzureCluster| match (&c.id, id) {
        (Some(known), Some(wanted)) => known.eq_ignore_ascii_case(wanted),
        _ => false,
    };
    match (&all[..], all.iter().find(fits)) {
        ([], _) => Err(AzureError::Other("the list is empty".into())),
        ([only], _) => Ok(only.clone()),
        (_, Some(found)) => Ok(found.clone()),
        _ => Err(AzureError::Many(all.into_iter().filter_map(|c| c.name).collect())),
    }
}

fn parse_cluster(document: &Value) -> Result<AzureCluster, AzureError> {
    if !document.is_object() {
        return Err(AzureError::Other("an object or a list of them is expected".into()));
    }
    let kind = text_field(document, "type").unwrap_or_default();
    if !kind.is_empty() && !kind.eq_ignore_ascii_case("Microsoft.Kubernetes/connectedClusters") {
        return Err(AzureError::Other(format!(
            "its type is {kind:?}; Microsoft.Kubernetes/connectedClusters is expected"
        )));
    }
    let has_any = ["connectivityStatus", "provisioningState", "agentPublicKeyCertificate", "agentVersion"];
    if !has_any.iter().any(|key| find_field(document, key).is_some()) {
        return Err(AzureError::Other("it has neither connectivityStatus nor provisioningState".into()));
    }
    let profile = find_field(document, "arcAgentProfile");
    let errors = profile.and_then(|p| find_field(p, "agentErrors")).and_then(Value::as_array);
    let enabled =
        |v: Option<&Value>| v.is_some_and(|v| v.as_str().is_some_and(|s| s.eq_ignore_ascii_case("enabled")));
    Ok(AzureCluster {
        id: text_field(document, "id"),
        name: text_field(document, "name"),
        location: text_field(document, "location"),
        connectivity_status: text_field(document, "connectivityStatus")
            .and_then(|s| ConnectivityStatus::parse(&s)),
        last_connectivity_time: time_field(document, "lastConnectivityTime"),
        certificate_expiration: time_field(document, "managedIdentityCertificateExpirationTime"),
        agent_version: text_field(document, "agentVersion"),
        desired_agent_version: profile.and_then(|p| text_field(p, "desiredAgentVersion")),
        kubernetes_version: text_field(document, "kubernetesVersion"),
        private_link: enabled(find_field(document, "privateLinkState")),
        gateway: find_field(document, "gateway")
            .is_some_and(|g| find_field(g, "enabled") == Some(&Value::Bool(true))),
        agent_errors: errors
            .into_iter()
            .flatten()
            .filter_map(|e| text_field(e, "message"))
            .take(10)
            .collect(),
    })
}

/// A field at the top or below `properties`, whatever its case.
fn find_field<'a>(document: &'a Value, name: &str) -> Option<&'a Value> {
    let within = |value: &'a Value| {
        let found = value.as_object()?.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value).filter(|v| !v.is_null())
    };
    within(document).or_else(|| {
        let nested = document.as_object()?.iter().find(|(key, _)| key.eq_ignore_ascii_case("properties"))?.1;
        within(nested)
    })
}

fn text_field(document: &Value, name: &str) -> Option<String> {
    find_field(document, name)?.as_str().map(str::trim).filter(|s| !s.is_empty()).map(str::to_owned)
}

fn time_field(document: &Value, name: &str) -> Option<jiff::Timestamp> {
    text_field(document, name)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_shapes_since_2020_are_read() {
        let flat = r#"{"id": "/subscriptions/s/x", "name": "edge", "location": "eastus", "type": "Microsoft.Kubernetes/connectedClusters",
            "connectivityStatus": "Connecting", "provisioningState": "Succeeded", "lastConnectivityTime": null, "unknown": [1]}"#;
        let pasted = flat.replace('"', "\u{201c}");
        let nested = r#"{"name": "edge", "location": "eastus", "type": "microsoft.kubernetes/connectedclusters", "properties":
            {"connectivityStatus": "offline", "lastConnectivityTime": "2026-11-01T10:00:00.123+00:00", "privateLinkState": "Enabled",
             "gateway": {"enabled": true}, "arcAgentProfile": {"agentErrors": [{"message": "no way out"}]}}}"#;
        let logged = format!(
            "WARNING: This command is in preview [1] {{see}}\nPS C:\\> az connectedk8s show\r\n{flat}\r\nPS C:\\> "
        );
        for text in
            [flat.to_owned(), pasted, format!("[{flat}]"), format!(r#"{{"value": [{flat}]}}"#), logged]
        {
            let found = find_cluster(&parse_json(&text).unwrap(), None).unwrap();
            assert_eq!(found.connectivity_status, Some(ConnectivityStatus::Connecting));
            assert_eq!((found.name.as_deref(), found.last_connectivity_time), (Some("edge"), None));
        }
        let found = find_cluster(&parse_json(nested).unwrap(), None).unwrap();
        assert_eq!(found.connectivity_status, Some(ConnectivityStatus::Offline));
        assert!(found.last_connectivity_time.is_some() && found.private_link && found.gateway);
        assert_eq!(found.agent_errors, ["no way out"]);
    }

    #[test]
    fn shapes_of_each_year_are_read() {
        for (text, name, version, status) in [
            (include_str!("../../../fixtures/azure/show-2020.json"), "plant-1", Some("0.1.0"), None),
            (
                include_str!("../../../fixtures/azure/show-2021.json"),
                "plant-2",
                None,
                Some(ConnectivityStatus::Connecting),
            ),
            (
                include_str!("../../../fixtures/azure/show-2024-pasted.json"),
                "plant-3",
                None,
                Some(ConnectivityStatus::Connecting),
            ),
        ] {
            let found = find_cluster(&parse_json(text).unwrap(), None).unwrap();
            assert_eq!(found.name.as_deref(), Some(name));
            assert_eq!((found.agent_version.as_deref(), found.connectivity_status), (version, status));
            assert!(found.id.is_some_and(|id| id.ends_with(name)));
        }
        let table = parse_json(include_str!("../../../fixtures/azure/list.txt")).unwrap_err().to_string();
        assert!(table.contains("-o json"), "{table}");
    }

    #[test]
    fn documents_without_a_cluster_are_rejected_with_a_message() {
        let refusal_of = |text: &str| match parse_json(text).and_then(|v| find_cluster(&v, None)) {
            Err(e) => e.to_string(),
            Ok(found) => format!("{found:?}"),
        };
        assert!(refusal_of("Name Location").starts_with("no JSON: "));
        assert!(refusal_of("[]").ends_with("the list is empty"));
        assert!(refusal_of("3").contains("an object"));
        assert!(refusal_of(r#"{"type": "Microsoft.Compute/vm"}"#).contains("its type is"));
        assert!(refusal_of(r#"{"a": 1}"#).contains("neither"));
        let two = r#"[{"id": "/a", "name": "a", "provisioningState": "x"}, {"id": "/b", "name": "b", "provisioningState": "x"}]"#;
        assert!(refusal_of(two).starts_with("2 clusters"));
        let wanted = find_cluster(&parse_json(two).unwrap(), Some("/B")).unwrap();
        assert_eq!(wanted.name.as_deref(), Some("b"));
    }
}
