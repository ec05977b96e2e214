//! How far a Job's pod has come, and what keeps it: judged from its state and its events at every look. Pure.
//!
//! Kubernetes says most reasons only in the texts of events; those are matched here and nowhere else.

use k8s_openapi::api::core::v1::{ContainerState, Event, Pod, PodStatus};

use super::manifest::CONTAINER_NAME;
use crate::analysis::connectivity::redact;
use crate::model::vantage::{VantageError, VantageErrorKind};

/// What can be seen of a Job.
#[derive(Clone, Copy, Debug)]
pub(crate) struct JobObservation<'a> {
    pub(crate) pod: Option<&'a Pod>,
    /// Of the Job and of its pod, in any order.
    pub(crate) events: &'a [Event],
    /// Since the Job was created, in seconds.
    pub(crate) seconds: u64,
    /// Whether the image has to be on the node already.
    pub(crate) requires_local_image: bool,
}

/// How far it has come.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum PodStartup {
    /// Not yet there, and nothing speaks against it; what it waits for.
    Waiting(String),
    /// The container runs, or ran: there is a log.
    Started,
    /// It will not start.
    Failed(VantageError),
}

/// Judges what is seen.
pub(crate) fn judge_startup(sight: &JobObservation<'_>) -> PodStartup {
    let Some(pod) = sight.pod else { return judge_without_pod(sight) };
    if let Some(trouble) = find_changed_pull_policy(sight, pod) {
        return PodStartup::Failed(trouble);
    }
    let status = pod.status.as_ref();
    match container_state(status) {
        Some(ContainerState { running: Some(_), .. }) => return PodStartup::Started,
        Some(ContainerState { terminated: Some(ended), .. }) => {
            let reason = ended.reason.as_deref().unwrap_or_default();
            let message = ended.message.as_deref().unwrap_or_default();
            return classify_start_error(reason, message).map_or(PodStartup::Started, PodStartup::Failed);
        }
        Some(ContainerState { waiting: Some(waiting), .. }) => {
            let reason = waiting.reason.as_deref().unwrap_or_default();
            let message = waiting.message.as_deref().unwrap_or_default();
            if let Some(trouble) = classify_waiting_reason(reason, message) {
                return PodStartup::Failed(trouble);
            }
        }
        _ => {}
    }
    classify_pod_failure(status)
        .or_else(|| find_scheduling_failure(sight, status))
        .or_else(|| find_setup_failure(sight))
        .map_or_else(|| PodStartup::Waiting(describe_wait(status).to_owned()), PodStartup::Failed)
}

/// The Job controller tells at once why it cannot make the pod, and tries again later and later.
fn judge_without_pod(sight: &JobObservation<'_>) -> PodStartup {
    let refused = sight.events.iter().find(|e| e.reason.as_deref() == Some("FailedCreate"));
    if let Some(event) = refused {
        let text = redact_text(event.message.as_deref().unwrap_or_default());
        return PodStartup::Failed(VantageError::new(classify_refusal(&text), text));
    }
    if sight.seconds >= START_TIMEOUT_SECONDS {
        let text = format!(
            "after {} s the cluster has made no pod for the Job; does its Job controller run?",
            sight.seconds
        );
        return PodStartup::Failed(VantageError::new(VantageErrorKind::NotStarted, text));
    }
    PodStartup::Waiting("a pod for the Job".into())
}

/// Who refused a pod, from the words of the API server's own admission plug-ins, the same from 1.20 to 1.36.
pub(super) fn classify_refusal(text: &str) -> VantageErrorKind {
    let has = |words: &str| text.contains(words);
    if has("violates PodSecurity") {
        VantageErrorKind::PodSecurity
    } else if has("exceeded quota") || has("failed quota") || has("limited to") || has("usage per") {
        VantageErrorKind::Quota
    } else if has("admission webhook")
        || has("security context constraint")
        || has("PodSecurityPolicy")
        || has("ValidatingAdmissionPolicy")
    {
        VantageErrorKind::Admission
    } else {
        VantageErrorKind::Refused
    }
}

/// The admission plug-in `AlwaysPullImages` changes the policy of every pod.
fn find_changed_pull_policy(sight: &JobObservation<'_>, pod: &Pod) -> Option<VantageError> {
    let container = pod.spec.as_ref()?.containers.first()?;
    let is_changed = sight.requires_local_image && container.image_pull_policy.as_deref() == Some("Always");
    is_changed.then(|| {
        VantageError::new(
            VantageErrorKind::AlwaysPull,
            "the cluster changed the pull policy from Never to Always (admission plug-in AlwaysPullImages)",
        )
    })
}

fn container_state(status: Option<&PodStatus>) -> Option<&ContainerState> {
    let containers = status?.container_statuses.as_ref()?;
    containers.iter().find(|c| c.name == CONTAINER_NAME)?.state.as_ref()
}

fn classify_waiting_reason(reason: &str, message: &str) -> Option<VantageError> {
    let kind = match reason {
        "ErrImageNeverPull"
        | "ErrImagePull"
        | "ImagePullBackOff"
        | "InvalidImageName"
        | "ImageInspectError"
        | "RegistryUnavailable"
        | "SignatureValidationFailed" => VantageErrorKind::Image,
        "RunContainerError" | "CreateContainerError" | "StartError" => {
            return classify_start_error("StartError", message);
        }
        "CreateContainerConfigError" => VantageErrorKind::Setup,
        "CrashLoopBackOff" => VantageErrorKind::Exec,
        _ => return None,
    };
    Some(VantageError::new(kind, format_reason(reason, message)))
}

/// What a container runtime says when the first instruction was never reached.
fn classify_start_error(reason: &str, message: &str) -> Option<VantageError> {
    let is_start =
        matches!(reason, "StartError" | "ContainerCannotRun" | "RunContainerError" | "CreateContainerError");
    is_start.then(|| VantageError::new(VantageErrorKind::Exec, format_reason(reason, message)))
}

fn classify_pod_failure(status: Option<&PodStatus>) -> Option<VantageError> {
    let status = status.filter(|s| s.phase.as_deref() == Some("Failed"))?;
    let reason = status.reason.as_deref().unwrap_or("Failed");
    let message = status.message.as_deref().unwrap_or_default();
    let is_refused = reason.starts_with("OutOf")
        || matches!(reason, "NodeAffinity" | "UnexpectedAdmissionError" | "NodePorts");
    let kind = if is_refused { VantageErrorKind::Unschedulable } else { VantageErrorKind::Killed };
    Some(VantageError::new(kind, format_reason(reason, message)))
}

fn find_scheduling_failure(sight: &JobObservation<'_>, status: Option<&PodStatus>) -> Option<VantageError> {
    let conditions = status?.conditions.as_deref().unwrap_or_default();
    let scheduled_condition = conditions.iter().find(|c| c.type_ == "PodScheduled" && c.status == "False")?;
    let message = scheduled_condition.message.as_deref().unwrap_or_default();
    let is_settled = scheduled_condition.reason.as_deref() == Some("Unschedulable")
        && sight.seconds >= SCHEDULING_GRACE_SECONDS;
    is_settled.then(|| VantageError::new(VantageErrorKind::Unschedulable, redact_text(message)))
}

/// What the kubelet tries again and again: volumes, the pod's network. The first tries can fail in passing.
fn find_setup_failure(sight: &JobObservation<'_>) -> Option<VantageError> {
    let stuck = |e: &&Event| {
        matches!(e.reason.as_deref(), Some("FailedMount" | "FailedCreatePodSandBox" | "FailedAttachVolume"))
    };
    let event = sight.events.iter().rfind(stuck).filter(|_| sight.seconds >= SETUP_GRACE_SECONDS);
    if let Some(event) = event {
        let message = event.message.as_deref().unwrap_or_default();
        return Some(VantageError::new(
            VantageErrorKind::Setup,
            format_reason(event.reason.as_deref().unwrap_or_default(), message),
        ));
    }
    (sight.seconds >= START_TIMEOUT_SECONDS).then(|| {
        let text = format!(
            "after {} s the pod does not run, and no event says why; does the kubelet of the node run?",
            sight.seconds
        );
        VantageError::new(VantageErrorKind::NotStarted, text)
    })
}

fn describe_wait(status: Option<&PodStatus>) -> &'static str {
    let conditions = status.and_then(|s| s.conditions.as_deref()).unwrap_or_default();
    let is_placed = conditions.iter().any(|c| c.type_ == "PodScheduled" && c.status == "True");
    if is_placed { "the pod to start" } else { "a node for the pod" }
}

fn format_reason(reason: &str, message: &str) -> String {
    if message.is_empty() { redact_text(reason) } else { redact_text(&format!("{reason}: {message}")) }
}

fn redact_text(from: &str) -> String {
    redact::redact_message(from, MAX_TEXT_CHARS)
}

/// In characters.
const MAX_TEXT_CHARS: usize = 500;

/// A second try of the scheduler comes within a second; in seconds.
const SCHEDULING_GRACE_SECONDS: u64 = 2;

/// Volumes come a moment after the Job that owns them, and the kubelet tries again after 0.5, 1 and 2 s; in seconds.
const SETUP_GRACE_SECONDS: u64 = 8;

/// In seconds; a warm cluster needs two.
const START_TIMEOUT_SECONDS: u64 = 45;

#[cfg(test)]
#[path = "pod_startup_tests.rs"]
mod tests;
