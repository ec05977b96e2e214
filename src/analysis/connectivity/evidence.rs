//! What a finding rests on, quoted: states, lines of logs, events and conditions, each with its object and time.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::agents::{container_statuses, object_name, parse_time};
use crate::model::evidence::sanitize;

/// Something that was read of a cluster.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct EvidenceLine {
    /// Such as `Pod azure-arc/config-agent-7d9`; empty for what a whole cluster shows.
    pub(super) object: String,
    /// Such as `log of config-agent`, `event FailedCreate`.
    pub(super) place: String,
    pub(super) time: Option<Timestamp>,
    /// In its own words.
    pub(super) text: String,
    /// Whether it says that something fails and not why, as a back-off does.
    pub(super) is_vague: bool,
    /// What stands for names such as `HOST` in the words and commands of a fault.
    pub(super) values: Vec<(String, String)>,
}

impl EvidenceLine {
    /// What something that is no single place shows.
    pub(super) fn plain(text: &str) -> Self {
        Self {
            object: String::new(),
            place: String::new(),
            time: None,
            text: text.to_owned(),
            is_vague: false,
            values: Vec::new(),
        }
    }
}

impl fmt::Display for EvidenceLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts =
            [self.object.clone(), self.place.clone(), self.time.map(|t| t.to_string()).unwrap_or_default()];
        let from: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        let text = self.text.trim_end_matches('.');
        if from.is_empty() { f.write_str(text) } else { write!(f, "{}: {text}", from.join(", ")) }
    }
}

fn state_line(pod: &Value, status: &Value, text: &str, time: &Value, is_vague: bool) -> EvidenceLine {
    EvidenceLine {
        object: describe_object("Pod", pod),
        place: format!("container {}", status["name"].as_str().unwrap_or_default()),
        time: parse_time(time),
        text: sanitize(text, MAX_TEXT_CHARS),
        is_vague,
        values: Vec::new(),
    }
}

/// Why a pod was ended as a whole, such as by an eviction.
pub(super) fn read_pod_status(pod: &Value) -> Option<EvidenceLine> {
    let status = &pod["status"];
    let [reason, message] = ["reason", "message"].map(|key| status[key].as_str().unwrap_or_default());
    (!reason.is_empty()).then(|| EvidenceLine {
        object: describe_object("Pod", pod),
        place: "status".into(),
        is_vague: message.is_empty(),
        ..EvidenceLine::plain(&sanitize(&join_reason(reason, message), MAX_TEXT_CHARS))
    })
}

pub(super) fn read_waiting(pod: &Value) -> Vec<EvidenceLine> {
    let read = |status: &Value| {
        let waiting = &status["state"]["waiting"];
        let reason =
            waiting["reason"].as_str().filter(|r| !matches!(*r, "ContainerCreating" | "PodInitializing"))?;
        let message = waiting["message"].as_str().unwrap_or_default();
        let restarts = status["restartCount"].as_u64().filter(|times| *times > 0);
        let restarts = restarts.map(|times| format!(", {times} restarts")).unwrap_or_default();
        let is_vague = is_vague_state(reason, message);
        Some(state_line(pod, status, &(join_reason(reason, message) + &restarts), &Value::Null, is_vague))
    };
    container_statuses(pod).filter_map(read).collect()
}

/// How a container ended that does not run now, or is not ready: what one that is well by now was once is the past.
pub(super) fn read_endings(pod: &Value) -> Vec<EvidenceLine> {
    let read = |status: &Value| {
        let ended = ending(status).filter(|_| status["ready"] != true)?;
        let code = ended["exitCode"].as_i64().filter(|code| *code != 0);
        let reason = ended["reason"].as_str().filter(|reason| *reason != "Completed")?;
        let message = ended["message"].as_str().unwrap_or_default().trim();
        let code = code.map(|code| format!("ended with exit code {code}, ")).unwrap_or_default();
        let is_vague = message.is_empty() && reason == "Error";
        let text = format!("{code}{}", join_reason(reason, message));
        Some(state_line(pod, status, &text, &ended["finishedAt"], is_vague))
    };
    container_statuses(pod).filter_map(read).collect()
}

/// The last end of a container, of the running instance or of the one before.
pub(super) fn ending(status: &Value) -> Option<&Value> {
    let of = |key: &str| Some(&status[key]["terminated"]).filter(|ended| ended.is_object());
    of("state").or_else(|| of("lastState"))
}

pub(super) fn join_reason(reason: &str, message: &str) -> String {
    if message.is_empty() { reason.to_owned() } else { format!("{reason}: {message}") }
}

/// Newer kubelets say in a back-off why they pull again, older ones only that they do.
pub(super) fn is_vague_state(reason: &str, message: &str) -> bool {
    match reason {
        "CrashLoopBackOff" => true,
        "ImagePullBackOff" | "ErrImagePull" => !message.contains(": Err") && !message.contains("failed to"),
        _ => message.is_empty(),
    }
}

pub(super) fn is_vague_event(event: &Value) -> bool {
    let message = event["message"].as_str().unwrap_or_default();
    let is_bare = message.starts_with("Error: ") || message.starts_with("Back-off pulling");
    matches!(event["reason"].as_str(), Some("BackOff" | "Unhealthy")) || is_bare
}

pub(super) fn quote_event(event: &Value) -> EvidenceLine {
    let object = &event["involvedObject"];
    let [kind, space, name] =
        ["kind", "namespace", "name"].map(|key| object[key].as_str().unwrap_or_default());
    EvidenceLine {
        object: join_path(kind, space, name),
        place: format!("event {}", event["reason"].as_str().unwrap_or_default()),
        time: event_time(event),
        text: sanitize(event["message"].as_str().unwrap_or_default(), MAX_TEXT_CHARS),
        is_vague: is_vague_event(event),
        values: Vec::new(),
    }
}

/// When it was seen the last time.
pub(super) fn event_time(event: &Value) -> Option<Timestamp> {
    let series = &event["series"]["lastObservedTime"];
    [series, &event["lastTimestamp"], &event["eventTime"]].into_iter().find_map(parse_time)
}

/// Conditions that say what is wrong, in words; that containers are not ready says nothing new.
pub(super) fn read_conditions(kind: &str, object: &Value) -> Vec<EvidenceLine> {
    let conditions = object["status"]["conditions"].as_array();
    let read = |condition: &Value| {
        let message = condition["message"].as_str().filter(|text| !text.is_empty())?;
        let reason = condition["reason"].as_str().unwrap_or_default();
        let name = condition["type"].as_str().unwrap_or_default();
        let is_bad = (condition["status"] == "True") == BAD_WHEN_TRUE.contains(&name);
        let is_telling = is_bad && !EMPTY_REASONS.contains(&reason);
        is_telling.then(|| EvidenceLine {
            object: describe_object(kind, object),
            place: format!("condition {name}={}", condition["status"].as_str().unwrap_or_default()),
            time: parse_time(&condition["lastTransitionTime"]),
            text: sanitize(&join_reason(reason, message), MAX_TEXT_CHARS),
            is_vague: kind == "Deployment" && reason == "ProgressDeadlineExceeded",
            values: Vec::new(),
        })
    };
    conditions.into_iter().flatten().filter_map(read).collect()
}

/// Such as `Pod azure-arc/config-agent-7d9`, `Node worker-1`.
pub(super) fn describe_object(kind: &str, object: &Value) -> String {
    let space = object["metadata"]["namespace"].as_str().unwrap_or_default();
    join_path(kind, space, object_name(object).unwrap_or_default())
}

fn join_path(kind: &str, space: &str, name: &str) -> String {
    if space.is_empty() { format!("{kind} {name}") } else { format!("{kind} {space}/{name}") }
}

/// Whether an event is so much older than the newest of its object that it tells of the past.
pub(super) fn is_history(event: &Value, newest: Option<Timestamp>) -> bool {
    match (event_time(event), newest) {
        (Some(at), Some(newest)) => newest.duration_since(at) > EVENT_MEMORY,
        _ => false,
    }
}

/// Conditions that are bad news where they hold; the others where they do not.
const BAD_WHEN_TRUE: &[&str] = &[
    "DiskPressure",
    "MemoryPressure",
    "NetworkUnavailable",
    "PIDPressure",
    "ReplicaFailure",
    "NamespaceDeletionDiscoveryFailure",
    "NamespaceDeletionGroupVersionParsingFailure",
    "NamespaceDeletionContentFailure",
    "NamespaceContentRemaining",
    "NamespaceFinalizersRemaining",
    "DisruptionTarget",
    "Stalled",
];

/// Reasons of conditions that say no more than that something is not ready.
const EMPTY_REASONS: &[&str] =
    &["ContainersNotReady", "ContainersNotInitialized", "MinimumReplicasUnavailable", "PodCompleted"];

/// What goes on comes again within minutes: the kubelet waits for five of them at most.
const EVENT_MEMORY: SignedDuration = SignedDuration::from_mins(15);

/// In characters; errors of pulls say everything three times before they come to the point.
const MAX_TEXT_CHARS: usize = 1_000;
