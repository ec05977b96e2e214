//! Extensions and Flux configurations that failed: what their objects say of themselves, and what happens in their namespaces.

use serde_json::Value;

use super::agents::{container_statuses, object_name, parse_time};
use super::evidence::{
    EvidenceLine, describe_object, event_time, is_vague_event, is_vague_state, join_reason, quote_event,
};
use super::support_bundle::SupportBundle;
use crate::analysis::kube_objects::KubeObjects;
use crate::model::evidence::sanitize;

/// An object that failed.
pub(super) struct FailedObject {
    /// The fault that it is.
    pub(super) fault: &'static str,
    /// The most telling first.
    pub(super) evidence: Vec<EvidenceLine>,
    /// Where its pods are, as far as that is known.
    pub(super) namespace: Option<String>,
}

/// All of them.
pub(super) fn find_failed_objects(bundle: &SupportBundle) -> Vec<FailedObject> {
    let kinds = [
        ("ExtensionConfig", "arc_extension_failed"),
        ("FluxConfig", "arc_flux_failed"),
        ("GitConfig", "arc_flux_failed"),
    ];
    let failed = kinds.into_iter().flat_map(|(kind, fault)| {
        let objects = bundle.objects.of_kind(kind).filter(|object| has_failed(&object["status"]));
        objects.map(move |object| explain_object(&bundle.objects, kind, fault, object))
    });
    failed.take(MAX_FAILED).collect()
}

/// Whether it says so, in the words of its kind; what is still on its way has not failed.
fn has_failed(status: &Value) -> bool {
    let says = |key: &str, words: &[&str]| {
        status[key].as_str().is_some_and(|text| words.iter().any(|word| text.eq_ignore_ascii_case(word)))
    };
    let conditions = status["conditions"].as_array();
    let is_unready =
        |c: &Value| c["type"] == "Ready" && c["status"] == "False" && c["reason"] != "Progressing";
    says("status", &["failed"])
        || says("provisioningState", &["failed"])
        || says("complianceState", &["non-compliant", "noncompliant", "failed"])
        || conditions.into_iter().flatten().any(is_unready)
}

fn explain_object(objects: &KubeObjects, kind: &str, fault: &'static str, object: &Value) -> FailedObject {
    let mut messages = Vec::new();
    collect_messages(&object["status"], &mut messages);
    let quote = |text: &String| EvidenceLine {
        object: describe_object(kind, object),
        place: "status".into(),
        time: parse_time(&object["status"]["lastTransitionTime"]),
        ..EvidenceLine::plain(&sanitize(text, MAX_TEXT_CHARS))
    };
    let mut evidence: Vec<_> = messages.iter().map(quote).collect();
    if evidence.is_empty() {
        evidence.push(quote(&"Failed".to_owned()));
    }
    let namespaces = list_namespaces(objects, object, &messages);
    let of_pods = namespaces.iter().flat_map(|namespace| explain_namespace(objects, namespace));
    evidence.extend(of_pods.take(MAX_OF_PODS));
    FailedObject { fault, evidence, namespace: namespaces.into_iter().next() }
}

/// Texts below keys that hold messages, those of conditions that are well left out.
fn collect_messages(value: &Value, into: &mut Vec<String>) {
    if into.len() >= MAX_MESSAGES {
        return;
    }
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect_messages(item, into)),
        Value::Object(map)
            if map.get("type").is_some_and(|kind| kind == "Ready")
                && map.get("status").is_some_and(|s| s == "True") => {}
        Value::Object(map) => {
            for (key, value) in map {
                match value.as_str() {
                    Some(text)
                        if is_message_key(key) && !text.is_empty() && !into.contains(&text.to_owned()) =>
                    {
                        into.push(text.to_owned());
                    }
                    _ => collect_messages(value, into),
                }
            }
        }
        _ => {}
    }
}

fn is_message_key(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    key.ends_with("message") || key == "error" || key == "errorinfo"
}

/// The namespaces of what failed, to be read.
pub fn failed_namespaces(objects: &KubeObjects) -> Vec<String> {
    let failed = objects.of_kind("ExtensionConfig").filter(|object| has_failed(&object["status"]));
    let named = failed.flat_map(|object| {
        let mut messages = Vec::new();
        collect_messages(&object["status"], &mut messages);
        name_namespaces(object, &messages)
    });
    keep_first(named, MAX_READ)
}

/// Where an extension's pods are, as its object names it; else every namespace that was read because of extensions.
fn list_namespaces(objects: &KubeObjects, object: &Value, messages: &[String]) -> Vec<String> {
    let read =
        |space: &str| objects.of_kind("Event").any(|event| event["involvedObject"]["namespace"] == space);
    let named = name_namespaces(object, messages);
    if named.iter().any(|space| read(space)) {
        return keep_first(named.into_iter(), MAX_NAMESPACES);
    }
    let others = objects.of_kind("Event").filter_map(|event| event["involvedObject"]["namespace"].as_str());
    keep_first(named.into_iter().chain(others.map(str::to_owned)), MAX_NAMESPACES)
}

/// By its settings, its type, its own place, and by names such as `flux-system/fluxconfig-agent` in its message.
fn name_namespaces(object: &Value, messages: &[String]) -> Vec<String> {
    let mut named = Vec::new();
    collect_namespaces(&object["spec"], &mut named);
    named.extend(extension_namespace(object));
    named.extend(object["metadata"]["namespace"].as_str().map(str::to_owned));
    let words = messages.iter().flat_map(|text| text.split_whitespace());
    named.extend(words.filter_map(|word| word.split_once('/')).map(|(space, _)| space.to_owned()));
    named
}

/// Without what cannot be a name, and what is there without extensions.
fn keep_first(named: impl Iterator<Item = String>, most: usize) -> Vec<String> {
    let is_name = |space: &str| {
        (1..=63).contains(&space.len())
            && space.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    let mut kept: Vec<String> = Vec::new();
    for space in named.filter(|space| is_name(space) && !OTHER_NAMESPACES.contains(&space.as_str())) {
        if kept.len() < most && !kept.contains(&space) {
            kept.push(space);
        }
    }
    kept
}

/// Values of keys such as `releaseNamespace`, however deep.
fn collect_namespaces(value: &Value, into: &mut Vec<String>) {
    let Value::Object(map) = value else { return };
    for (key, value) in map {
        match value.as_str() {
            Some(space) if key.to_ascii_lowercase().ends_with("namespace") && !space.is_empty() => {
                into.push(space.to_owned());
            }
            _ => collect_namespaces(value, into),
        }
    }
}

/// Where the vendor's own extensions put their pods.
fn extension_namespace(object: &Value) -> Option<String> {
    let kind = object["spec"]["extensionType"].as_str()?.to_ascii_lowercase();
    let (_, space) = EXTENSION_NAMESPACES.iter().find(|(known, _)| kind == *known)?;
    Some((*space).to_owned())
}

/// Events that warn, the newest first, and containers that wait.
fn explain_namespace(objects: &KubeObjects, namespace: &str) -> Vec<EvidenceLine> {
    let warns =
        |event: &&Value| event["involvedObject"]["namespace"] == namespace && event["type"] != "Normal";
    let mut events: Vec<_> = objects.of_kind("Event").filter(warns).collect();
    events.sort_by_key(|event| (is_vague_event(event), std::cmp::Reverse(event_time(event))));
    let mut lines: Vec<_> = events.into_iter().map(quote_event).collect();
    lines.dedup_by(|a, b| a.text == b.text);
    let waiting = objects.in_namespace("Pod", namespace).filter(|pod| object_name(pod).is_some());
    lines.extend(waiting.flat_map(explain_waiting_containers));
    lines.sort_by_key(|line| line.is_vague);
    lines
}

fn explain_waiting_containers(pod: &Value) -> Vec<EvidenceLine> {
    let explain = |status: &Value| {
        let waiting = &status["state"]["waiting"];
        let [reason, message] = ["reason", "message"].map(|key| waiting[key].as_str().unwrap_or_default());
        (!reason.is_empty()).then(|| EvidenceLine {
            object: describe_object("Pod", pod),
            place: format!("container {}", status["name"].as_str().unwrap_or_default()),
            is_vague: is_vague_state(reason, message),
            ..EvidenceLine::plain(&sanitize(&join_reason(reason, message), MAX_TEXT_CHARS))
        })
    };
    container_statuses(pod).filter_map(explain).collect()
}

/// By the vendor's pages of each extension. Read 2026-11.
const EXTENSION_NAMESPACES: &[(&str, &str)] = &[
    ("microsoft.azuredefender.kubernetes", "mdc"),
    ("microsoft.azuremonitor.containers", "kube-system"),
    ("microsoft.azurekeyvaultsecretsprovider", "kube-system"),
    ("microsoft.dapr", "dapr-system"),
    ("microsoft.flux", "flux-system"),
    ("microsoft.iotoperations", "azure-iot-operations"),
    ("microsoft.openservicemesh", "arc-osm-system"),
    ("microsoft.policyinsights", "gatekeeper-system"),
];

/// What is there without extensions.
const OTHER_NAMESPACES: &[&str] =
    &["azure-arc", "azure-arc-release", "kube-system", "kube-public", "default", ""];

/// Objects that are worth a finding each.
const MAX_FAILED: usize = 5;
/// Of one object.
const MAX_MESSAGES: usize = 2;
const MAX_OF_PODS: usize = 2;
const MAX_NAMESPACES: usize = 3;
/// Of all of them.
const MAX_READ: usize = 4;
/// In characters.
const MAX_TEXT_CHARS: usize = 1_000;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_namespaces_of_what_failed_are_read() {
        let extension = |kind: &str, spec: Value, status: Value| {
            let mut spec = spec;
            spec["extensionType"] = kind.into();
            json!({"kind": "ExtensionConfig", "metadata": {"namespace": "azure-arc", "name": "x"}, "spec": spec, "status": status})
        };
        let failed = |message: &str| json!({"status": "Failed", "message": message});
        let table = [
            (extension("microsoft.flux", json!({}), failed("timed out")), vec!["flux-system"]),
            (extension("x", json!({"scope": {"releaseNamespace": "a"}}), failed("")), vec!["a"]),
            (
                extension(
                    "x",
                    json!({}),
                    failed("Deployment is not ready: b/app. pull mcr.microsoft.com/c: no"),
                ),
                vec!["b"],
            ),
            (extension("microsoft.flux", json!({}), json!({"status": "Installed"})), vec![]),
            (extension("x", json!({"targetNamespace": "../secrets"}), failed("")), vec![]),
        ];
        for (object, expected) in table {
            assert_eq!(failed_namespaces(&vec![object.clone()].into()), expected, "{object}");
        }
    }
}
