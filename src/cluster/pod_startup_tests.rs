use super::*;

fn parse_pod(json: serde_json::Value) -> Pod {
    serde_json::from_value(json).unwrap()
}

fn event_of(reason: &str, message: &str) -> Event {
    Event { reason: Some(reason.into()), message: Some(message.into()), ..Event::default() }
}

fn startup_of(pod: Option<&Pod>, events: &[Event], seconds: u64) -> PodStartup {
    judge_startup(&JobObservation { pod, events, seconds, requires_local_image: true })
}

fn error_kind(start: &PodStartup) -> Option<VantageErrorKind> {
    match start {
        PodStartup::Failed(trouble) => Some(trouble.kind),
        _ => None,
    }
}

/// The texts of API servers 1.20 to 1.36, and of the plug-ins that come with them.
#[test]
fn who_refuses_a_pod_is_read_from_the_event_of_its_job() {
    let table = [
        (
            "Error creating: pods \"x\" is forbidden: violates PodSecurity \"restricted:latest\": host namespaces (hostNetwork=true)",
            VantageErrorKind::PodSecurity,
        ),
        (
            "Error creating: pods \"x\" is forbidden: exceeded quota: small, requested: pods=1, used: pods=0, limited: pods=0",
            VantageErrorKind::Quota,
        ),
        (
            "Error creating: pods \"x\" is forbidden: failed quota: q: must specify limits.cpu",
            VantageErrorKind::Quota,
        ),
        (
            "Error creating: pods \"x\" is forbidden: maximum memory usage per Container is 64Mi, but limit is 128Mi",
            VantageErrorKind::Quota,
        ),
        (
            "Error creating: admission webhook \"validation.gatekeeper.sh\" denied the request: [psp-host] not allowed",
            VantageErrorKind::Admission,
        ),
        (
            "Error creating: pods \"x\" is forbidden: unable to validate against any security context constraint: []",
            VantageErrorKind::Admission,
        ),
        (
            "Error creating: pods \"x\" is forbidden: PodSecurityPolicy: unable to admit pod: []",
            VantageErrorKind::Admission,
        ),
        ("Error creating: serviceaccounts \"default\" not found", VantageErrorKind::Refused),
    ];
    for (text, expected) in table {
        let start = startup_of(None, &[event_of("SuccessfulDelete", ""), event_of("FailedCreate", text)], 0);
        assert_eq!(error_kind(&start), Some(expected), "{text}");
    }
}

#[test]
fn a_pod_that_is_starting_is_waited_for() {
    assert_eq!(startup_of(None, &[], 1), PodStartup::Waiting("a pod for the Job".into()));
    let scheduled = parse_pod(
        serde_json::json!({"status": {"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "True"}]}}),
    );
    assert_eq!(
        startup_of(Some(&scheduled), &[event_of("FailedMount", "secret \"t\" not found")], 1),
        PodStartup::Waiting("the pod to start".into())
    );
    assert_eq!(
        error_kind(&startup_of(Some(&scheduled), &[event_of("FailedMount", "secret \"t\" not found")], 9)),
        Some(VantageErrorKind::Setup)
    );
    assert_eq!(error_kind(&startup_of(Some(&scheduled), &[], 60)), Some(VantageErrorKind::NotStarted));
    assert_eq!(error_kind(&startup_of(None, &[], 60)), Some(VantageErrorKind::NotStarted));
}

#[test]
fn the_state_of_the_container_is_classified() {
    let with = |state: serde_json::Value| {
        parse_pod(serde_json::json!({"status": {"phase": "Pending", "containerStatuses": [
            {"name": "agent", "image": "", "imageID": "", "ready": false, "restartCount": 0, "state": state}]}}))
    };
    let waiting = |reason: &str| serde_json::json!({"waiting": {"reason": reason, "message": "m"}});
    let table = [
        (serde_json::json!({"running": {}}), None),
        (serde_json::json!({"terminated": {"exitCode": 0, "reason": "Completed"}}), None),
        (serde_json::json!({"terminated": {"exitCode": 70, "reason": "Error"}}), None),
        (
            serde_json::json!({"terminated": {"exitCode": 128, "reason": "StartError", "message": "exec: permission denied"}}),
            Some(VantageErrorKind::Exec),
        ),
        (
            serde_json::json!({"terminated": {"exitCode": 127, "reason": "ContainerCannotRun"}}),
            Some(VantageErrorKind::Exec),
        ),
        (waiting("ContainerCreating"), None),
        (waiting("ErrImageNeverPull"), Some(VantageErrorKind::Image)),
        (waiting("ImagePullBackOff"), Some(VantageErrorKind::Image)),
        (waiting("CreateContainerConfigError"), Some(VantageErrorKind::Setup)),
        (waiting("RunContainerError"), Some(VantageErrorKind::Exec)),
    ];
    for (state, expected) in table {
        assert_eq!(error_kind(&startup_of(Some(&with(state.clone())), &[], 1)), expected, "{state}");
    }
}

#[test]
fn scheduling_failures_and_pod_failures_are_classified() {
    let unscheduled = parse_pod(serde_json::json!({"status": {"phase": "Pending", "conditions": [
        {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/2 nodes are available: 1 Insufficient cpu."}]}}));
    assert_eq!(error_kind(&startup_of(Some(&unscheduled), &[], 0)), None);
    assert_eq!(error_kind(&startup_of(Some(&unscheduled), &[], 3)), Some(VantageErrorKind::Unschedulable));
    let failed = |reason: &str| {
        parse_pod(serde_json::json!({"status": {"phase": "Failed", "reason": reason, "message": "m"}}))
    };
    assert_eq!(
        error_kind(&startup_of(Some(&failed("OutOfcpu")), &[], 1)),
        Some(VantageErrorKind::Unschedulable)
    );
    assert_eq!(error_kind(&startup_of(Some(&failed("Evicted")), &[], 1)), Some(VantageErrorKind::Killed));
    assert_eq!(
        error_kind(&startup_of(Some(&failed("DeadlineExceeded")), &[], 1)),
        Some(VantageErrorKind::Killed)
    );
}

#[test]
fn a_changed_pull_policy_is_found_before_a_pull_fails() {
    let changed = parse_pod(
        serde_json::json!({"spec": {"containers": [{"name": "agent", "imagePullPolicy": "Always"}]}}),
    );
    assert_eq!(error_kind(&startup_of(Some(&changed), &[], 0)), Some(VantageErrorKind::AlwaysPull));
    let own = JobObservation { pod: Some(&changed), events: &[], seconds: 0, requires_local_image: false };
    assert_eq!(error_kind(&judge_startup(&own)), None);
}
