//! Takes out of objects and logs what nobody else should see, and what nobody needs. Pure.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::evidence::{sanitize, sanitize_lines};

/// Counts what it takes out.
#[derive(Debug, Default)]
pub struct Redaction {
    counts: BTreeMap<&'static str, usize>,
}

/// Something that was taken out.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RedactionCount {
    /// Such as `user info of URLs`.
    pub what: String,
    /// How often.
    pub times: usize,
}

impl Redaction {
    /// An object without what is secret or only large.
    pub fn redact_object(&mut self, mut object: Value) -> Value {
        let kind = object["kind"].as_str().unwrap_or_default().to_owned();
        let keeps_history = kind == "SecretMetadata";
        if let Some(meta) = object["metadata"].as_object_mut() {
            if let Some(annotations) = meta.get_mut("annotations").and_then(Value::as_object_mut) {
                annotations
                    .retain(|name, _| name.starts_with("checksum/") || name.starts_with("deployment."));
            }
            if !keeps_history {
                meta.remove("managedFields");
            }
        }
        match kind.as_str() {
            "ConfigMap" => self.redact_config_map(&mut object),
            // some hundred images for each node: only large
            "Node" => drop(object["status"].as_object_mut().and_then(|status| status.remove("images"))),
            "Secret" => {
                self.count_removed("contents of Secrets");
                object["data"] = Value::Null;
                object["stringData"] = Value::Null;
            }
            _ => {}
        }
        self.redact_values(&mut object);
        object
    }

    /// A line of a log.
    pub fn redact_line(&mut self, line: &str) -> String {
        // before it is cut: half a secret is one too
        let redacted = self.redact_text(&sanitize_lines(line));
        sanitize(&redacted, MAX_LINE_CHARS)
    }

    /// The lines of a log. Keys go over many of them.
    pub fn redact_log(&mut self, text: &str) -> Vec<String> {
        let mut is_key = false;
        let line = |line: &str| {
            let goes_on = is_key && !line.trim().contains(' ');
            let has_ended = line.contains("-----END");
            is_key = !has_ended && (goes_on || is_private_key_start(line));
            if goes_on { "(key)".to_owned() } else { self.redact_line(line) }
        };
        text.lines().map(line).collect()
    }

    /// What Azure says of a cluster, without what nobody asks for.
    pub fn redact_azure(&mut self, mut document: Value) -> Value {
        self.keep_known_fields(&mut document);
        self.redact_values(&mut document);
        document
    }

    fn keep_known_fields(&mut self, value: &mut Value) {
        match value {
            Value::Array(items) => items.iter_mut().for_each(|item| self.keep_known_fields(item)),
            Value::Object(map) => {
                let before = map.len();
                map.retain(|key, _| KEPT_AZURE_FIELDS.iter().any(|kept| kept.eq_ignore_ascii_case(key)));
                for _ in map.len()..before {
                    self.count_removed("fields of Azure's answer that are not needed");
                }
                map.values_mut().for_each(|value| self.keep_known_fields(value));
            }
            _ => {}
        }
    }

    /// What was taken out so far.
    pub fn into_removed(self) -> Vec<RedactionCount> {
        self.counts.into_iter().map(|(what, times)| RedactionCount { what: what.to_owned(), times }).collect()
    }

    fn count_removed(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    /// Settings are kept where they say what this cluster is, and a Corefile.
    fn redact_config_map(&mut self, object: &mut Value) {
        let Some(data) = object["data"].as_object_mut() else { return };
        let before = data.len();
        data.retain(|key, _| KEPT_SETTINGS.contains(&key.as_str()) || is_proxy_variable(key));
        for _ in data.len()..before {
            *self.counts.entry("settings of ConfigMaps that are not needed").or_default() += 1;
        }
    }

    fn redact_values(&mut self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.redact_text(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.redact_values(item)),
            Value::Object(map) => {
                let named = map.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
                let is_variable =
                    map.contains_key("value") && !named.is_empty() && !map.contains_key("effect");
                if let (true, Some(Value::String(url))) = (is_proxy_variable(&named), map.get_mut("value")) {
                    *url = self.redact_proxy_url(url);
                } else if is_variable && map["value"].is_string() {
                    map["value"] = Value::Null;
                    self.count_removed("values of environment variables");
                }
                map.values_mut().for_each(|item| self.redact_values(item));
            }
            _ => {}
        }
    }

    /// A proxy may be written without its scheme, and its password may hold anything.
    pub fn redact_proxy_url(&mut self, url: &str) -> String {
        let (scheme, rest) = url.split_at(url.find("://").map_or(0, |at| at + 3));
        match rest.rsplit_once('@') {
            Some((_, host)) => {
                self.count_removed("user info of URLs");
                format!("{scheme}***@{host}")
            }
            None => self.redact_line(url),
        }
    }

    fn redact_text(&mut self, text: &str) -> String {
        let mut text = text.to_owned();
        for (what, pattern, with) in SECRET_PATTERNS.iter() {
            if pattern.is_match(&text) {
                self.count_removed(what);
                text = pattern.replace_all(&text, *with).into_owned();
            }
        }
        text
    }
}

/// What somebody said, in at most so many characters, to be told to people.
pub fn redact_message(text: &str, most: usize) -> String {
    sanitize(&Redaction::default().redact_line(text), most)
}

fn is_private_key_start(line: &str) -> bool {
    line.contains("-----BEGIN") && line.contains("PRIVATE KEY-----")
}

fn is_proxy_variable(name: &str) -> bool {
    ["HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"].contains(&name.to_ascii_uppercase().as_str())
}

/// What is taken out of any text, and what stands there instead.
static SECRET_PATTERNS: LazyLock<Vec<(&str, Regex, &str)>> = LazyLock::new(|| {
    let patterns = [
        ("user info of URLs", r#"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*://)[^/?\#\s"'<>]+@"#, "${scheme}***@"),
        ("tokens", r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*\.?[A-Za-z0-9_-]*", "(token)"),
        ("tokens", r"(?P<word>[Bb]earer |SharedAccessSignature )[^\s,;]+", "${word}(token)"),
        (
            "tokens",
            r#"(?i)(?P<name>authorization\\?["']?\s*[=:]\s*\[?\\?["']?)(?:(?:basic|bearer|negotiate|ntlm|digest|sharedkey)\s+)?[^\s"',;\\\]]+"#,
            "${name}(token)",
        ),
        (
            "keys in URLs",
            r#"(?i)(?P<name>[?&](?:[a-z_-]*(?:sig|signature|token|key|secret|password)|sv|se|code)=)[^&\s"'<>]+"#,
            "${name}***",
        ),
        (
            "passwords",
            r#"(?ix)(?P<name>(?:password|passwd|(?:client|app|shared)[_-]?secret|(?:shared[_-]?access|account|api|private|client)[_-]?key
                (?:-data)?|(?:access|refresh|id)[_-]?token)\\?["']?\s*[=:]\s*\\?["']?)[^\s"',;&\\]+"#,
            "${name}***",
        ),
        (
            "private keys",
            r"-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]*(?:-----END [A-Z ]*PRIVATE KEY-----)?",
            "(key)",
        ),
    ];
    patterns.into_iter().filter_map(|(what, text, with)| Some((what, Regex::new(text).ok()?, with))).collect()
});

/// The keys of `azure-clusterconfig` that say what the cluster is, and the file of `CoreDNS`.
const KEPT_SETTINGS: &[&str] = &[
    "AZURE_ARC_AGENT_VERSION",
    "AZURE_ARC_AUTOUPDATE",
    "AZURE_ENVIRONMENT",
    "AZURE_REGION",
    "AZURE_RESOURCE_GROUP",
    "AZURE_RESOURCE_NAME",
    "AZURE_SUBSCRIPTION_ID",
    "AZURE_TENANT_ID",
    "CLUSTER_CONNECT_AGENT_ENABLED",
    "CLUSTER_TYPE",
    "Corefile",
    "EXTENSION_OPERATOR_ENABLED",
    "GITOPS_ENABLED",
    "HIS_ENDPOINT",
    "KUBERNETES_DISTRO",
    "KUBERNETES_INFRA",
];

/// What a diagnosis reads of `az connectedk8s show`, in all its shapes.
const KEPT_AZURE_FIELDS: &[&str] = &[
    "agentErrors",
    "agentPublicKeyCertificate",
    "agentVersion",
    "arcAgentProfile",
    "connectivityStatus",
    "createdAt",
    "desiredAgentVersion",
    "enabled",
    "gateway",
    "id",
    "kubernetesVersion",
    "lastConnectivityTime",
    "location",
    "managedIdentityCertificateExpirationTime",
    "message",
    "name",
    "privateLinkState",
    "properties",
    "provisioningState",
    "systemData",
    "type",
    "value",
];

/// In characters.
const MAX_LINE_CHARS: usize = 2_000;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_of_every_kind_are_redacted_and_counted() {
        let mut redaction = Redaction::default();
        let object = redaction.redact_object(json!({
            "kind": "Deployment", "metadata": {"name": "a", "managedFields": [1], "annotations": {"x": "geheim1"}},
            "spec": {"env": [{"name": "HTTPS_PROXY", "value": "http://u:geheim2@proxy:3128"}, {"name": "KEY", "value": "geheim3"}]}
        }));
        let node = redaction.redact_object(json!({"kind": "Node", "status": {"images": [1], "phase": "x"}}));
        assert_eq!(node["status"], json!({"phase": "x"}));
        let secret = redaction
            .redact_object(json!({"kind": "Secret", "metadata": {"name": "s"}, "data": {"k": "geheim4"}}));
        let lines = [
            "GET https://h/x?sig=geheim5&a=1",
            "Authorization: Bearer geheim6.x",
            r#"{"Message":"client_secret=geheim7"}"#,
            "token eyJhbGciOiJSUzI1NiJ9.geheim8.sig",
            "http://user:geheim9@proxy:1",
            "http://user:p@geheim10@proxy:1/a@b",
            "AccountName=x;AccountKey=geheim11==;EndpointSuffix=core.windows.net",
            "Endpoint=sb://x/;SharedAccessKeyName=n;SharedAccessKey=geheim12",
            r#"{\"Proxy-Authorization\":[\"Basic geheim13\"], "access_token": "geheim14"}"#,
            "Proxy-Authorization: Basic geheim15",
            "Password: geheim16",
            "GET /x?api_key=geheim17 HTTP/1.1",
        ];
        let long = redaction.redact_line(&format!(
            "{} http://u:{}geheim@proxy:1",
            "x".repeat(1_900),
            "geheim".repeat(100)
        ));
        assert!(!long.contains("geheim") && long.chars().count() < 2_050, "{long}");
        let told: String = lines.map(|line| redaction.redact_line(line)).join("\n")
            + &object.to_string()
            + &secret.to_string();
        assert!(!told.contains("geheim"), "{told}");
        assert!(told.contains("http://***@proxy:3128") && told.contains("a=1"), "{told}");
        for url in ["u:geheim@proxy:1", "http://u:a/geheim@proxy:1", "u@x:geheim@proxy:1"] {
            let told = redaction.redact_proxy_url(url);
            assert!(!told.contains("geheim") && told.ends_with("***@proxy:1"), "{told}");
        }
        let removed = redaction.into_removed();
        assert!(removed.iter().any(|r| r.what == "contents of Secrets" && r.times == 1), "{removed:?}");
    }

    #[test]
    fn private_keys_over_several_lines_are_redacted() {
        let text = "one\n-----BEGIN RSA PRIVATE KEY-----\ngeheim1\ngeheim2==\n-----END RSA PRIVATE KEY-----\ntwo\n\
                    2026 -----BEGIN PRIVATE KEY-----\ngeheim3\nthree is a line again";
        let told = Redaction::default().redact_log(text);
        assert_eq!(told.len(), 9);
        let told = told.join("\n");
        assert!(!told.contains("geheim") && told.contains("one\n") && told.contains("two\n"), "{told}");
        assert!(told.ends_with("three is a line again"), "{told}");
    }

    #[test]
    fn only_the_azure_fields_that_are_used_are_kept() {
        let document = json!({"value": [{"name": "edge", "tags": {"pw": "geheim1"}, "identity": {"x": "geheim2"},
            "Properties": {"connectivityStatus": "Offline", "arcAgentProfile": {"agentErrors": [
                {"message": "proxy http://u:geheim3@h:1", "component": "x"}]}}}]});
        let mut redaction = Redaction::default();
        let told = redaction.redact_azure(document);
        assert!(!told.to_string().contains("geheim"), "{told}");
        assert_eq!(told["value"][0]["Properties"]["connectivityStatus"], "Offline");
        assert!(!redaction.into_removed().is_empty());
    }
}
