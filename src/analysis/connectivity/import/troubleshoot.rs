//! The folder of `az connectedk8s troubleshoot` (connectedk8s 1.x, read 2026-11): it has what Python prints of the objects, not JSON.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value, json};

use crate::analysis::connectivity::agents::AGENTS_NAMESPACE;

/// The objects of a file of this folder; `None` for a file of another kind.
pub(super) fn parse_file(path: &str, text: &str) -> Option<Vec<Value>> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let (stem, _) = name.rsplit_once('.')?;
    if folder.ends_with("arc_deployment_logs") {
        return Some(vec![parse_deployment(stem, text)]);
    }
    match name {
        "agent_state.txt" => Some(parse_agent_states(text)),
        "azure-arc-secrets.txt" => Some(parse_secret_table(text)),
        _ if text.starts_with("{'") && text.contains("'kind': 'Event'") => Some(parse_events(text)),
        _ => None,
    }
}

/// The status of a Deployment.
fn parse_deployment(name: &str, text: &str) -> Value {
    let number = |key: &str| {
        let found = PYTHON_FIELD.captures_iter(text).find(|field| &field["key"] == key);
        found.and_then(|field| field["value"].parse::<u64>().ok())
    };
    let ready = number("ready_replicas").unwrap_or(0);
    let desired = number("replicas").unwrap_or(0).max(ready + number("unavailable_replicas").unwrap_or(0));
    json!({
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": AGENTS_NAMESPACE},
        "spec": {"replicas": desired},
        "status": {"readyReplicas": ready},
    })
}

/// `POD : Phase = Running`, then a line for each container.
fn parse_agent_states(text: &str) -> Vec<Value> {
    let mut pods: Vec<Value> = Vec::new();
    for line in text.lines() {
        if let Some((name, phase)) = line.split_once(" : Phase = ") {
            pods.push(json!({
                "kind": "Pod",
                "metadata": {"name": name.trim(), "namespace": AGENTS_NAMESPACE},
                "status": {"phase": phase.trim(), "containerStatuses": []},
            }));
        } else if let (Some(pod), Some(state)) = (pods.last_mut(), CONTAINER_STATE.captures(line)) {
            let waiting = state.name("reason").map(|reason| json!({"waiting": {"reason": reason.as_str()}}));
            let status = json!({
                "name": &state["name"],
                "ready": &state["ready"] == "True",
                "restartCount": state["restarts"].parse::<u64>().unwrap_or(0),
                "state": waiting.unwrap_or_else(|| json!({"running": {}})),
            });
            pod["status"]["containerStatuses"]
                .as_array_mut()
                .into_iter()
                .for_each(|all| all.push(status.clone()));
        }
    }
    pods.iter_mut().for_each(add_ready_condition);
    pods
}

fn add_ready_condition(pod: &mut Value) {
    let statuses = pod["status"]["containerStatuses"].as_array();
    let is_ready = statuses.is_some_and(|all| !all.is_empty() && all.iter().all(|s| s["ready"] == true));
    let status = if is_ready { "True" } else { "False" };
    pod["status"]["conditions"] = json!([{"type": "Ready", "status": status}]);
}

/// The first column of what `kubectl get secrets` prints.
fn parse_secret_table(text: &str) -> Vec<Value> {
    let names = text.lines().filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "NAME");
    names
        .map(|name| json!({"kind": "Secret", "metadata": {"name": name, "namespace": AGENTS_NAMESPACE}}))
        .collect()
}

/// A dictionary of Python on each line. Such a line is YAML but for quotes within quotes, which YAML doubles.
fn parse_events(text: &str) -> Vec<Value> {
    let parse = |line: &str| {
        let parsed = serde_yaml::from_str::<Value>(line);
        parsed.or_else(|_| serde_yaml::from_str(&line.replace("\\'", "''"))).ok()
    };
    text.lines().filter_map(parse).filter(Value::is_object).collect()
}

/// Whether the file has what Azure says of the cluster.
pub(super) fn is_resource_snapshot(path: &str) -> bool {
    path.ends_with("connected_cluster_resource_snapshot.txt")
}

/// The fields of the resource at its top, under the names that `az connectedk8s show` prints.
pub(super) fn parse_resource_snapshot(text: &str) -> Value {
    let mut fields = Map::new();
    for field in PYTHON_FIELD.captures_iter(text) {
        let value = field["value"].trim_matches(['\'', '"']);
        if value != "None" {
            fields
                .entry(to_camel_case(&field["key"]))
                .or_insert_with(|| value.replacen(' ', "T", usize::from(is_time(value))).into());
        }
    }
    Value::Object(fields)
}

/// `2026-11-01 10:00:00+00:00`, as Python prints a time.
fn is_time(value: &str) -> bool {
    value.len() > 11 && value.as_bytes()[4] == b'-' && value.as_bytes()[10] == b' ' && value.starts_with('2')
}

fn to_camel_case(key: &str) -> String {
    let mut parts = key.split('_');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |name, part| name + &crate::model::wording::capitalize(part))
}

#[expect(clippy::expect_used, reason = "constants that a test compiles")]
static PYTHON_FIELD: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"'(?P<key>[a-z_]+)': (?P<value>\d+|None|'[^']{0,400}'|"[^"]{0,400}")"#).expect("is valid")
});

#[expect(clippy::expect_used, reason = "constants that a test compiles")]
static CONTAINER_STATE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\t(?P<name>\S+) : ?Ready = (?P<ready>True|False) ?(\{Reason : (?P<reason>\w+)\} )?, Restart_Counts = (?P<restarts>\d+)")
        .expect("is valid")
});
