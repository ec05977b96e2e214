//! What a file holds: objects in JSON or YAML, what Azure says, or lines of a log.

use serde::Deserialize as _;
use serde_json::Value;

use super::log_paths::{LogName, name_log, split_sections};

/// A part of a file.
pub(super) enum Document<'a> {
    /// Objects of a kind, each with it; empty for a list of nothing.
    Objects { kind: String, items: Vec<Value> },
    /// A connected cluster as Azure describes it.
    Azure(Value),
    /// A log.
    Log(LogName, Vec<&'a str>),
}

/// The parts of a file. What is none of them gives nothing.
pub(super) fn parse_documents<'a>(path: &str, text: &'a str) -> Vec<Document<'a>> {
    let (rest, logs) = split_sections(text);
    let mut documents: Vec<_> = logs.into_iter().map(|(name, lines)| Document::Log(name, lines)).collect();
    let values = parse_values(path, &rest);
    if values.is_empty() && documents.is_empty() {
        documents.extend(name_log(path).map(|name| Document::Log(name, text.lines().collect())));
    }
    documents.extend(values.into_iter().flat_map(|value| classify(path, value)));
    documents
}

/// Each JSON or YAML document, up to the first that is neither.
fn parse_values(path: &str, text: &str) -> Vec<Value> {
    let start = text.trim_start();
    if start.starts_with(['{', '[']) {
        let json = serde_json::Deserializer::from_str(start).into_iter::<Value>();
        return json.map_while(Result::ok).collect();
    }
    let is_yaml =
        start.starts_with("apiVersion:") || start.starts_with("---") || has_ending(path, &["yaml", "yml"]);
    if !is_yaml || text.len() > MAX_YAML_BYTES || is_nested_deeply(text) {
        return Vec::new();
    }
    let yaml = serde_yaml::Deserializer::from_str(text);
    yaml.take(MAX_YAML_DOCUMENTS).map_while(|document| Value::deserialize(document).ok()).collect()
}

/// The time that the YAML reader takes grows with the square of the depth of brackets.
fn is_nested_deeply(text: &str) -> bool {
    let deepened = text.bytes().try_fold(0_usize, |depth, byte| match byte {
        b'[' | b'{' => (depth < MAX_BRACKET_DEPTH).then_some(depth + 1),
        b']' | b'}' => Some(depth.saturating_sub(1)),
        _ => Some(depth),
    });
    deepened.is_none()
}

fn has_ending(path: &str, endings: &[&str]) -> bool {
    path.rsplit_once('.').is_some_and(|(_, ending)| endings.iter().any(|e| e.eq_ignore_ascii_case(ending)))
}

/// Lists become their objects; objects that do not say their kind have that of the file's name.
fn classify<'a>(path: &str, value: Value) -> Vec<Document<'a>> {
    let is_azure = |value: &Value| {
        let kind = value["type"].as_str().unwrap_or_default();
        kind.eq_ignore_ascii_case("Microsoft.Kubernetes/connectedClusters")
            || value["connectivityStatus"].is_string()
    };
    if is_azure(&value) || value.as_array().is_some_and(|all| all.iter().any(is_azure)) {
        return vec![Document::Azure(value)];
    }
    let kind = value["kind"].as_str().unwrap_or_default().to_owned();
    let (kind, items) = match value {
        Value::Array(items) => (kind_of_path(path).unwrap_or_default().to_owned(), items),
        Value::Object(mut map) => match map.get_mut("items").map(Value::take) {
            Some(Value::Array(items)) => (kind.strip_suffix("List").unwrap_or_default().to_owned(), items),
            _ => return vec![Document::Objects { items: vec![Value::Object(map)], kind }],
        },
        _ => return Vec::new(),
    };
    let kind = if kind.is_empty() { kind_of_path(path).unwrap_or_default().to_owned() } else { kind };
    split_by_kind(&kind, items)
}

/// `kubectl get a,b -o json` gives one list of several kinds, and none of what there is nothing of.
fn split_by_kind<'a>(kind: &str, items: Vec<Value>) -> Vec<Document<'a>> {
    let mut groups: Vec<(String, Vec<Value>)> = Vec::new();
    if !kind.is_empty() {
        groups.push((kind.to_owned(), Vec::new()));
    }
    for mut item in items.into_iter().filter(Value::is_object) {
        let own = item["kind"].as_str().unwrap_or(kind).to_owned();
        item["kind"] = own.clone().into();
        match groups.iter_mut().find(|(known, _)| *known == own) {
            Some((_, items)) => items.push(item),
            None => groups.push((own, vec![item])),
        }
    }
    groups.into_iter().map(|(kind, items)| Document::Objects { kind, items }).collect()
}

/// `cluster-resources/pods/azure-arc.json`, `nodes.json`: the last part that is a resource.
fn kind_of_path(path: &str) -> Option<&'static str> {
    let parts = path.rsplit('/').map(|part| part.split('.').next().unwrap_or(part));
    parts
        .filter_map(|part| KINDS.iter().find(|(resource, _)| *resource == part))
        .map(|(_, kind)| *kind)
        .next()
}

const KINDS: [(&str, &str); 10] = [
    ("configmaps", "ConfigMap"),
    ("deployments", "Deployment"),
    ("events", "Event"),
    ("namespaces", "Namespace"),
    ("network-policy", "NetworkPolicy"),
    ("nodes", "Node"),
    ("pods", "Pod"),
    ("replicasets", "ReplicaSet"),
    ("resource-quota", "ResourceQuota"),
    ("secrets", "Secret"),
];

/// YAML takes long to read.
const MAX_YAML_BYTES: usize = 32 << 20;
const MAX_YAML_DOCUMENTS: usize = 10_000;
/// Texts within the objects have brackets, too, and not always as many that close.
const MAX_BRACKET_DEPTH: usize = 1_000;
