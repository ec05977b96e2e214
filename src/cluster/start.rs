//! How far a Job's pod has come, and what keeps it: judged from its state and its events at every look. Pure.
//!
//! Kubernetes says most reasons only in the texts of events; those are matched here and nowhere else.

use k8s_openapi::api::core::v1::{ContainerState, Event, Pod, PodStatus};

use super::manifest::CONTAINER;
use crate::analysis::chain::redact;
use crate::model::vantage::{Trouble, TroubleKind};

/// What can be seen of a Job.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sight<'a> {
    pub(super) pod: Option<&'a Pod>,
    /// Of the Job and of its pod, in any order.
    pub(super) events: &'a [Event],
    /// Since the Job was created, in seconds.
    pub(super) seconds: u64,
    /// Whether the image has to be on the node already.
    pub(super) never_pulls: bool,
}

/// How far it has come.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Start {
    /// Not yet there, and nothing speaks against it; what it waits for.
    Waiting(String),
    /// The container runs, or ran: there is a log.
    Logs,
    /// It will not start.
    Trouble(Trouble),
}

/// Judges what is seen.
pub(super) fn judge(sight: &Sight<'_>) -> Start {
    let Some(pod) = sight.pod else { return without_pod(sight) };
    if let Some(trouble) = pulled_always(sight, pod) {
        return Start::Trouble(trouble);
    }
    let status = pod.status.as_ref();
    match state(status) {
        Some(ContainerState { running: Some(_), .. }) => return Start::Logs,
        Some(ContainerState { terminated: Some(ended), .. }) => {
            let reason = ended.reason.as_deref().unwrap_or_default();
            let message = ended.message.as_deref().unwrap_or_default();
            return not_executed(reason, message).map_or(Start::Logs, Start::Trouble);
        }
        Some(ContainerState { waiting: Some(waiting), .. }) => {
            let reason = waiting.reason.as_deref().unwrap_or_default();
            let message = waiting.message.as_deref().unwrap_or_default();
            if let Some(trouble) = waiting_trouble(reason, message) {
                return Start::Trouble(trouble);
            }
        }
        _ => {}
    }
    ended(status)
        .or_else(|| unscheduled(sight, status))
        .or_else(|| stuck(sight))
        .map_or_else(|| Start::Waiting(waits_for(status).to_owned()), Start::Trouble)
}

/// The Job controller tells at once why it cannot make the pod, and tries again later and later.
fn without_pod(sight: &Sight<'_>) -> Start {
    let refused = sight.events.iter().find(|e| e.reason.as_deref() == Some("FailedCreate"));
    if let Some(event) = refused {
        let text = text(event.message.as_deref().unwrap_or_default());
        return Start::Trouble(Trouble::new(refusal(&text), text));
    }
    if sight.seconds >= PATIENCE {
        let text = format!(
            "after {} s the cluster has made no pod for the Job; does its Job controller run?",
            sight.seconds
        );
        return Start::Trouble(Trouble::new(TroubleKind::NotStarted, text));
    }
    Start::Waiting("a pod for the Job".into())
}

/// Who refused a pod, from the words of the API server's own admission plug-ins, the same from 1.20 to 1.36.
pub(super) fn refusal(text: &str) -> TroubleKind {
    let has = |words: &str| text.contains(words);
    if has("violates PodSecurity") {
        TroubleKind::PodSecurity
    } else if has("exceeded quota") || has("failed quota") || has("limited to") || has("usage per") {
        TroubleKind::Quota
    } else if has("admission webhook")
        || has("security context constraint")
        || has("PodSecurityPolicy")
        || has("ValidatingAdmissionPolicy")
    {
        TroubleKind::Admission
    } else {
        TroubleKind::Refused
    }
}

/// The admission plug-in `AlwaysPullImages` changes the policy of every pod.
fn pulled_always(sight: &Sight<'_>, pod: &Pod) -> Option<Trouble> {
    let container = pod.spec.as_ref()?.containers.first()?;
    let is_changed = sight.never_pulls && container.image_pull_policy.as_deref() == Some("Always");
    is_changed.then(|| {
        Trouble::new(
            TroubleKind::AlwaysPull,
            "the cluster changed the pull policy from Never to Always (admission plug-in AlwaysPullImages)",
        )
    })
}

fn state(status: Option<&PodStatus>) -> Option<&ContainerState> {
    let containers = status?.container_statuses.as_ref()?;
    containers.iter().find(|c| c.name == CONTAINER)?.state.as_ref()
}

fn waiting_trouble(reason: &str, message: &str) -> Option<Trouble> {
    let kind = match reason {
        "ErrImageNeverPull"
        | "ErrImagePull"
        | "ImagePullBackOff"
        | "InvalidImageName"
        | "ImageInspectError"
        | "RegistryUnavailable"
        | "SignatureValidationFailed" => TroubleKind::Image,
        "RunContainerError" | "CreateContainerError" | "StartError" => {
            return not_executed("StartError", message);
        }
        "CreateContainerConfigError" => TroubleKind::Setup,
        "CrashLoopBackOff" => TroubleKind::Exec,
        _ => return None,
    };
    Some(Trouble::new(kind, told(reason, message)))
}

/// What a container runtime says when the first instruction was never reached.
fn not_executed(reason: &str, message: &str) -> Option<Trouble> {
    let is_start =
        matches!(reason, "StartError" | "ContainerCannotRun" | "RunContainerError" | "CreateContainerError");
    is_start.then(|| Trouble::new(TroubleKind::Exec, told(reason, message)))
}

fn ended(status: Option<&PodStatus>) -> Option<Trouble> {
    let status = status.filter(|s| s.phase.as_deref() == Some("Failed"))?;
    let reason = status.reason.as_deref().unwrap_or("Failed");
    let message = status.message.as_deref().unwrap_or_default();
    let is_refused = reason.starts_with("OutOf")
        || matches!(reason, "NodeAffinity" | "UnexpectedAdmissionError" | "NodePorts");
    let kind = if is_refused { TroubleKind::Unschedulable } else { TroubleKind::Killed };
    Some(Trouble::new(kind, told(reason, message)))
}

fn unscheduled(sight: &Sight<'_>, status: Option<&PodStatus>) -> Option<Trouble> {
    let conditions = status?.conditions.as_deref().unwrap_or_default();
    let placed = conditions.iter().find(|c| c.type_ == "PodScheduled" && c.status == "False")?;
    let message = placed.message.as_deref().unwrap_or_default();
    let is_settled = placed.reason.as_deref() == Some("Unschedulable") && sight.seconds >= SCHEDULING_GRACE;
    is_settled.then(|| Trouble::new(TroubleKind::Unschedulable, text(message)))
}

/// What the kubelet tries again and again: volumes, the pod's network. The first tries can fail in passing.
fn stuck(sight: &Sight<'_>) -> Option<Trouble> {
    let stuck = |e: &&Event| {
        matches!(e.reason.as_deref(), Some("FailedMount" | "FailedCreatePodSandBox" | "FailedAttachVolume"))
    };
    let event = sight.events.iter().rfind(stuck).filter(|_| sight.seconds >= SETUP_GRACE);
    if let Some(event) = event {
        let message = event.message.as_deref().unwrap_or_default();
        return Some(Trouble::new(
            TroubleKind::Setup,
            told(event.reason.as_deref().unwrap_or_default(), message),
        ));
    }
    (sight.seconds >= PATIENCE).then(|| {
        let text = format!(
            "after {} s the pod does not run, and no event says why; does the kubelet of the node run?",
            sight.seconds
        );
        Trouble::new(TroubleKind::NotStarted, text)
    })
}

fn waits_for(status: Option<&PodStatus>) -> &'static str {
    let conditions = status.and_then(|s| s.conditions.as_deref()).unwrap_or_default();
    let is_placed = conditions.iter().any(|c| c.type_ == "PodScheduled" && c.status == "True");
    if is_placed { "the pod to start" } else { "a node for the pod" }
}

fn told(reason: &str, message: &str) -> String {
    if message.is_empty() { text(reason) } else { text(&format!("{reason}: {message}")) }
}

fn text(from: &str) -> String {
    redact::told(from, LONGEST)
}

/// In characters.
const LONGEST: usize = 500;

/// A second try of the scheduler comes within a second; in seconds.
const SCHEDULING_GRACE: u64 = 2;

/// Volumes come a moment after the Job that owns them, and the kubelet tries again after 0.5, 1 and 2 s; in seconds.
const SETUP_GRACE: u64 = 8;

/// In seconds; a warm cluster needs two.
const PATIENCE: u64 = 45;

#[cfg(test)]
#[path = "start_tests.rs"]
mod tests;
