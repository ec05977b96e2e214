use super::*;

fn pod(json: serde_json::Value) -> Pod {
    serde_json::from_value(json).unwrap()
}

fn event(reason: &str, message: &str) -> Event {
    Event { reason: Some(reason.into()), message: Some(message.into()), ..Event::default() }
}

fn judged(pod: Option<&Pod>, events: &[Event], seconds: u64) -> Start {
    judge(&Sight { pod, events, seconds, never_pulls: true })
}

fn kind(start: &Start) -> Option<TroubleKind> {
    match start {
        Start::Trouble(trouble) => Some(trouble.kind),
        _ => None,
    }
}

/// The texts of API servers 1.20 to 1.36, and of the plug-ins that come with them.
#[test]
fn who_refuses_a_pod_is_told_by_the_event_of_its_job() {
    let table = [
        (
            "Error creating: pods \"x\" is forbidden: violates PodSecurity \"restricted:latest\": host namespaces (hostNetwork=true)",
            TroubleKind::PodSecurity,
        ),
        (
            "Error creating: pods \"x\" is forbidden: exceeded quota: small, requested: pods=1, used: pods=0, limited: pods=0",
            TroubleKind::Quota,
        ),
        (
            "Error creating: pods \"x\" is forbidden: failed quota: q: must specify limits.cpu",
            TroubleKind::Quota,
        ),
        (
            "Error creating: pods \"x\" is forbidden: maximum memory usage per Container is 64Mi, but limit is 128Mi",
            TroubleKind::Quota,
        ),
        (
            "Error creating: admission webhook \"validation.gatekeeper.sh\" denied the request: [psp-host] not allowed",
            TroubleKind::Admission,
        ),
        (
            "Error creating: pods \"x\" is forbidden: unable to validate against any security context constraint: []",
            TroubleKind::Admission,
        ),
        (
            "Error creating: pods \"x\" is forbidden: PodSecurityPolicy: unable to admit pod: []",
            TroubleKind::Admission,
        ),
        ("Error creating: serviceaccounts \"default\" not found", TroubleKind::Refused),
    ];
    for (text, expected) in table {
        let start = judged(None, &[event("SuccessfulDelete", ""), event("FailedCreate", text)], 0);
        assert_eq!(kind(&start), Some(expected), "{text}");
    }
}

#[test]
fn a_pod_that_is_on_its_way_is_waited_for() {
    assert_eq!(judged(None, &[], 1), Start::Waiting("a pod for the Job".into()));
    let placed = pod(
        serde_json::json!({"status": {"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "True"}]}}),
    );
    assert_eq!(
        judged(Some(&placed), &[event("FailedMount", "secret \"t\" not found")], 1),
        Start::Waiting("the pod to start".into())
    );
    assert_eq!(
        kind(&judged(Some(&placed), &[event("FailedMount", "secret \"t\" not found")], 9)),
        Some(TroubleKind::Setup)
    );
    assert_eq!(kind(&judged(Some(&placed), &[], 60)), Some(TroubleKind::NotStarted));
    assert_eq!(kind(&judged(None, &[], 60)), Some(TroubleKind::NotStarted));
}

#[test]
fn the_state_of_the_container_tells() {
    let with = |state: serde_json::Value| {
        pod(serde_json::json!({"status": {"phase": "Pending", "containerStatuses": [
            {"name": "agent", "image": "", "imageID": "", "ready": false, "restartCount": 0, "state": state}]}}))
    };
    let waiting = |reason: &str| serde_json::json!({"waiting": {"reason": reason, "message": "m"}});
    let table = [
        (serde_json::json!({"running": {}}), None),
        (serde_json::json!({"terminated": {"exitCode": 0, "reason": "Completed"}}), None),
        (serde_json::json!({"terminated": {"exitCode": 70, "reason": "Error"}}), None),
        (
            serde_json::json!({"terminated": {"exitCode": 128, "reason": "StartError", "message": "exec: permission denied"}}),
            Some(TroubleKind::Exec),
        ),
        (
            serde_json::json!({"terminated": {"exitCode": 127, "reason": "ContainerCannotRun"}}),
            Some(TroubleKind::Exec),
        ),
        (waiting("ContainerCreating"), None),
        (waiting("ErrImageNeverPull"), Some(TroubleKind::Image)),
        (waiting("ImagePullBackOff"), Some(TroubleKind::Image)),
        (waiting("CreateContainerConfigError"), Some(TroubleKind::Setup)),
        (waiting("RunContainerError"), Some(TroubleKind::Exec)),
    ];
    for (state, expected) in table {
        assert_eq!(kind(&judged(Some(&with(state.clone())), &[], 1)), expected, "{state}");
    }
}

#[test]
fn places_and_ends() {
    let unscheduled = pod(serde_json::json!({"status": {"phase": "Pending", "conditions": [
        {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/2 nodes are available: 1 Insufficient cpu."}]}}));
    assert_eq!(kind(&judged(Some(&unscheduled), &[], 0)), None);
    assert_eq!(kind(&judged(Some(&unscheduled), &[], 3)), Some(TroubleKind::Unschedulable));
    let failed = |reason: &str| {
        pod(serde_json::json!({"status": {"phase": "Failed", "reason": reason, "message": "m"}}))
    };
    assert_eq!(kind(&judged(Some(&failed("OutOfcpu")), &[], 1)), Some(TroubleKind::Unschedulable));
    assert_eq!(kind(&judged(Some(&failed("Evicted")), &[], 1)), Some(TroubleKind::Killed));
    assert_eq!(kind(&judged(Some(&failed("DeadlineExceeded")), &[], 1)), Some(TroubleKind::Killed));
}

#[test]
fn a_policy_that_was_changed_is_seen_before_a_pull_fails() {
    let changed =
        pod(serde_json::json!({"spec": {"containers": [{"name": "agent", "imagePullPolicy": "Always"}]}}));
    assert_eq!(kind(&judged(Some(&changed), &[], 0)), Some(TroubleKind::AlwaysPull));
    let own = Sight { pod: Some(&changed), events: &[], seconds: 0, never_pulls: false };
    assert_eq!(kind(&judge(&own)), None);
}
