//! Takes out of objects and logs what nobody else should see, and what nobody needs. Pure.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::model::evidence::{mark_url_credentials, mark_user_info, sanitize, sanitize_lines};

/// Counts what it takes out. The only door into evidence.
#[derive(Debug)]
pub struct Redaction {
    counts: BTreeMap<&'static str, usize>,
    /// `None` where one does not compile: then no text gets through.
    patterns: Option<&'static [SecretPattern]>,
}

impl Default for Redaction {
    fn default() -> Self {
        Self { counts: BTreeMap::new(), patterns: COMPILED_PATTERNS.as_deref() }
    }
}

/// What is kept of a Secret: names and times, whatever a server sends. Evidence has it as an object of [`Self::KIND`].
#[derive(Clone, Debug)]
pub struct SecretMetadata(Value);

impl SecretMetadata {
    /// The kind of such objects in evidence.
    pub const KIND: &str = "SecretMetadata";

    /// Takes no more than the metadata out of a Secret.
    pub fn from_secret(secret: &Value) -> Self {
        Self(secret["metadata"].clone())
    }
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
        drop_annotations(&mut object["metadata"]);
        if let Some(metadata) = object["metadata"].as_object_mut() {
            metadata.remove("managedFields");
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

    /// A Secret by its metadata, with the times at which it was written.
    pub fn redact_secret_metadata(&mut self, SecretMetadata(mut metadata): SecretMetadata) -> Value {
        drop_annotations(&mut metadata);
        self.redact_values(&mut metadata);
        json!({"kind": SecretMetadata::KIND, "metadata": metadata})
    }

    /// A time out of a Secret, as RFC 3339: whatever else stands there is not passed on. Agents write it so, or as Go prints one.
    pub fn redact_to_timestamp(&mut self, text: &str) -> Option<String> {
        let plain = text.split(" UTC").next().unwrap_or(text);
        let go = || jiff::Timestamp::strptime("%Y-%m-%d %H:%M:%S%.f %z", plain).ok();
        let time = text.parse::<jiff::Timestamp>().ok().or_else(go);
        if time.is_none() {
            self.count_removed("contents of Secrets");
        }
        time.map(|t| t.to_string())
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
            if goes_on {
                self.count_removed("lines of private keys");
                return "(key)".to_owned();
            }
            self.redact_line(line)
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
        match mark_user_info(url, "***@") {
            Some(marked) => {
                self.count_removed("user info of URLs");
                marked
            }
            None => self.redact_line(url),
        }
    }

    /// Without its patterns it lets nothing through.
    fn redact_text(&mut self, text: &str) -> String {
        let Some(patterns) = self.patterns else {
            self.count_removed("texts that could not be searched for secrets");
            return "***".to_owned();
        };
        let mut redacted = mark_url_credentials(text, "***@");
        if redacted != text {
            self.count_removed("user info of URLs");
        }
        for SecretPattern { what, pattern, mark } in patterns {
            if pattern.is_match(&redacted) {
                self.count_removed(what);
                redacted = pattern.replace_all(&redacted, *mark).into_owned();
            }
        }
        redacted
    }
}

/// What somebody said, in at most so many characters, for people.
pub fn redact_message(text: &str, most: usize) -> String {
    sanitize(&Redaction::default().redact_line(text), most)
}

/// Annotations hold whole objects, such as `kubectl apply` leaves them.
fn drop_annotations(metadata: &mut Value) {
    if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
        annotations.retain(|name, _| name.starts_with("checksum/") || name.starts_with("deployment."));
    }
}

fn is_private_key_start(line: &str) -> bool {
    line.contains("-----BEGIN") && line.contains("PRIVATE KEY-----")
}

fn is_proxy_variable(name: &str) -> bool {
    ["HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"].contains(&name.to_ascii_uppercase().as_str())
}

/// What is taken out of any text.
#[derive(Debug)]
struct SecretPattern {
    what: &'static str,
    pattern: Regex,
    /// Stands there instead.
    mark: &'static str,
}

static COMPILED_PATTERNS: LazyLock<Option<Vec<SecretPattern>>> = LazyLock::new(|| compile_patterns().ok());

fn compile_patterns() -> Result<Vec<SecretPattern>, regex::Error> {
    let compile = |&(what, text, mark)| Ok(SecretPattern { what, pattern: Regex::new(text)?, mark });
    SECRET_PATTERNS.iter().map(compile).collect()
}

/// What it is, how it looks, and what stands there instead.
const SECRET_PATTERNS: &[(&str, &str, &str)] = &[
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
    use super::*;

    #[test]
    fn every_secret_pattern_compiles() {
        assert_eq!(compile_patterns().unwrap().len(), SECRET_PATTERNS.len());
        assert!(Redaction::default().patterns.is_some());
    }

    #[test]
    fn no_text_gets_through_without_patterns() {
        let mut redaction = Redaction { patterns: None, ..Redaction::default() };
        let object =
            json!({"kind": "Pod", "metadata": {"name": "swordfish"}, "status": {"message": "swordfish"}});
        let kept = [redaction.redact_line("swordfish"), redaction.redact_object(object).to_string()].concat();
        assert!(!kept.contains("swordfish"), "{kept}");
        let removed = redaction.into_removed();
        assert_eq!(removed[0].what, "texts that could not be searched for secrets");
    }

    #[test]
    fn only_metadata_of_secrets_keeps_its_history() {
        let history = json!([{"time": "2026-11-01T00:00:00Z"}]);
        let annotations = json!({"kubectl.kubernetes.io/last-applied-configuration": "swordfish"});
        let secret = json!({"kind": "Secret", "data": {"k": "swordfish"},
            "metadata": {"name": "s", "managedFields": history, "annotations": annotations}});
        let mut redaction = Redaction::default();
        let kept = redaction.redact_secret_metadata(SecretMetadata::from_secret(&secret));
        assert_eq!(
            kept,
            json!({"kind": "SecretMetadata", "metadata":
            {"name": "s", "managedFields": history, "annotations": {}}})
        );
        // a server that calls something so gains nothing by it
        let forged = json!({"kind": "SecretMetadata", "metadata": {"managedFields": history}});
        assert_eq!(redaction.redact_object(forged)["metadata"], json!({}));
    }

    #[test]
    fn times_are_parsed_as_the_agents_write_them() {
        let mut redaction = Redaction::default();
        for text in ["2026-12-01T10:00:00Z", "2026-12-01T12:00:00+02:00", "2026-12-01 10:00:00 +0000 UTC"] {
            assert_eq!(
                redaction.redact_to_timestamp(text).as_deref(),
                Some("2026-12-01T10:00:00Z"),
                "{text}"
            );
        }
        assert_eq!(redaction.redact_to_timestamp("swordfish"), None);
        assert_eq!(redaction.into_removed()[0].what, "contents of Secrets");
    }

    #[test]
    fn secrets_of_every_kind_are_redacted_and_counted() {
        let mut redaction = Redaction::default();
        let object = redaction.redact_object(json!({
            "kind": "Deployment", "metadata": {"name": "a", "managedFields": [1], "annotations": {"x": "swordfish1"}},
            "spec": {"env": [{"name": "HTTPS_PROXY", "value": "http://u:swordfish2@proxy:3128"}, {"name": "KEY", "value": "swordfish3"}]}
        }));
        let node = redaction.redact_object(json!({"kind": "Node", "status": {"images": [1], "phase": "x"}}));
        assert_eq!(node["status"], json!({"phase": "x"}));
        let secret = redaction
            .redact_object(json!({"kind": "Secret", "metadata": {"name": "s"}, "data": {"k": "swordfish4"}}));
        let lines = [
            "GET https://h/x?sig=swordfish5&a=1",
            "Authorization: Bearer swordfish6.x",
            r#"{"Message":"client_secret=swordfish7"}"#,
            "token eyJhbGciOiJSUzI1NiJ9.swordfish8.sig",
            "http://user:swordfish9@proxy:1",
            "http://user:p@swordfish10@proxy:1/a@b",
            "AccountName=x;AccountKey=swordfish11==;EndpointSuffix=core.windows.net",
            "Endpoint=sb://x/;SharedAccessKeyName=n;SharedAccessKey=swordfish12",
            r#"{\"Proxy-Authorization\":[\"Basic swordfish13\"], "access_token": "swordfish14"}"#,
            "Proxy-Authorization: Basic swordfish15",
            "Password: swordfish16",
            "GET /x?api_key=swordfish17 HTTP/1.1",
        ];
        let long = redaction.redact_line(&format!(
            "{} http://u:{}swordfish@proxy:1",
            "x".repeat(1_900),
            "swordfish".repeat(100)
        ));
        assert!(!long.contains("swordfish") && long.chars().count() < 2_050, "{long}");
        let redacted: String = lines.map(|line| redaction.redact_line(line)).join("\n")
            + &object.to_string()
            + &secret.to_string();
        assert!(!redacted.contains("swordfish"), "{redacted}");
        assert!(redacted.contains("http://***@proxy:3128") && redacted.contains("a=1"), "{redacted}");
        for url in ["u:swordfish@proxy:1", "http://u:a/swordfish@proxy:1", "u@x:swordfish@proxy:1"] {
            let redacted = redaction.redact_proxy_url(url);
            assert!(!redacted.contains("swordfish") && redacted.ends_with("***@proxy:1"), "{redacted}");
        }
        let removed = redaction.into_removed();
        assert!(removed.iter().any(|r| r.what == "contents of Secrets" && r.times == 1), "{removed:?}");
    }

    #[test]
    fn private_keys_over_several_lines_are_redacted() {
        let text = "one\n-----BEGIN RSA PRIVATE KEY-----\nswordfish1\nswordfish2==\n-----END RSA PRIVATE KEY-----\ntwo\n\
                    2026 -----BEGIN PRIVATE KEY-----\nswordfish3\nthree is a line again";
        let mut redaction = Redaction::default();
        let redacted = redaction.redact_log(text);
        assert_eq!(redacted.len(), 9);
        let redacted = redacted.join("\n");
        assert!(
            !redacted.contains("swordfish") && redacted.contains("one\n") && redacted.contains("two\n"),
            "{redacted}"
        );
        assert!(redacted.ends_with("three is a line again"), "{redacted}");
        let removed = redaction.into_removed();
        let times = |what: &str| removed.iter().find(|r| r.what == what).map(|r| r.times);
        assert_eq!(
            (times("private keys"), times("lines of private keys")),
            (Some(2), Some(3)),
            "{removed:?}"
        );
    }

    #[test]
    fn only_the_azure_fields_that_are_used_are_kept() {
        let document = json!({"value": [{"name": "edge", "tags": {"pw": "swordfish1"}, "identity": {"x": "swordfish2"},
            "Properties": {"connectivityStatus": "Offline", "arcAgentProfile": {"agentErrors": [
                {"message": "proxy http://u:swordfish3@h:1", "component": "x"}]}}}]});
        let mut redaction = Redaction::default();
        let redacted = redaction.redact_azure(document);
        assert!(!redacted.to_string().contains("swordfish"), "{redacted}");
        assert_eq!(redacted["value"][0]["Properties"]["connectivityStatus"], "Offline");
        assert!(!redaction.into_removed().is_empty());
    }
}
