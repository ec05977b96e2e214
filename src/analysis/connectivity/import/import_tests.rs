use serde_json::json;

use super::*;
use crate::analysis::connectivity::azure;
use crate::model::source::Source;

const NOW: &str = "2026-11-30T12:00:00Z";

fn import(files: &[(&str, &str)]) -> Result<SupportBundle, ImportError> {
    let mut import = Import::default();
    for (path, text) in files {
        import.add_file(path, text);
    }
    import.finish("files", NOW.parse().unwrap())
}

fn pod(name: &str, ready: bool) -> Value {
    let status = if ready { "True" } else { "False" };
    json!({"kind": "Pod", "metadata": {"name": name, "namespace": "azure-arc", "creationTimestamp": "2026-11-29T08:00:00Z"},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": status}],
            "containerStatuses": [{"name": "manager", "ready": ready, "restartCount": 0, "state": {"running": {}}}]}})
}

fn names(bundle: &SupportBundle, kind: &str) -> Vec<String> {
    bundle.objects.of_kind(kind).map(|o| o["metadata"]["name"].as_str().unwrap().to_owned()).collect()
}

/// Each layout gives the same pod and the same log.
#[test]
fn every_layout_of_objects_and_logs_is_read() {
    let one = pod("config-agent-7d9f8b6c5-x2x4z", false);
    let mut bare = one.clone();
    bare.as_object_mut().unwrap().remove("kind");
    let list =
        |kind: &str, items: &[&Value]| json!({"kind": kind, "apiVersion": "v1", "items": items}).to_string();
    let yaml = format!(
        "---\n{}---\n{}",
        serde_yaml::to_string(&one).unwrap(),
        "apiVersion: v1\nkind: Service\nmetadata: {name: x}\n"
    );
    let log = "Trying to connect\nfailed to reach the service\n";
    let section = format!(
        "==== START logs for container manager of pod azure-arc/config-agent-7d9f8b6c5-x2x4z ====\n{log}==== END logs for container manager of pod azure-arc/config-agent-7d9f8b6c5-x2x4z ====\n"
    );
    let stream = format!("{}\n{section}", list("PodList", &[&bare]));
    let dump = "dump/azure-arc/config-agent-7d9f8b6c5-x2x4z/logs.txt";
    let gathered =
        "must-gather/namespaces/azure-arc/pods/config-agent-7d9f8b6c5-x2x4z/manager/manager/logs/current.log";
    for (objects, text, logs, lines) in [
        ("dump/azure-arc/pods.json", list("PodList", &[&bare]), dump, section.as_str()),
        ("must-gather/namespaces/azure-arc/core/pods.yaml", yaml, gathered, log),
        (
            "bundle/cluster-resources/pods/azure-arc.json",
            json!([bare]).to_string(),
            "bundle/cluster-resources/pods/logs/azure-arc/config-agent-7d9f8b6c5-x2x4z/manager.log",
            log,
        ),
        ("all.json", list("List", &[&one]), "azure-arc_config-agent-7d9f8b6c5-x2x4z_manager.log", log),
        ("dump.txt", stream, "README.txt", ""),
    ] {
        let bundle = import(&[(objects, &text), (logs, lines)]).unwrap();
        assert_eq!(names(&bundle, "Pod"), ["config-agent-7d9f8b6c5-x2x4z"], "{objects}");
        assert_eq!(names(&bundle, "Deployment"), ["config-agent"], "{objects}");
        let [log] = &bundle.logs[..] else { panic!("{logs}: {:?}", bundle.logs) };
        assert_eq!((log.namespace.as_str(), log.container.as_str()), ("azure-arc", "manager"), "{logs}");
        assert_eq!(log.lines, ["Trying to connect", "failed to reach the service"], "{logs}");
    }
}

#[test]
fn the_folder_of_troubleshoot_is_read() {
    let state = "clusteridentityoperator-6f7d-abcde : Phase = Running\n\tmanager : Ready = False {Reason : CrashLoopBackOff} , Restart_Counts = 7\n\tkube-rbac-proxy : Ready = True, Restart_Counts = 0\n\n";
    let deployment = "{'available_replicas': None,\n 'conditions': [{'last_transition_time': datetime.datetime(2026, 1, 1, 0, 0, tzinfo=tzutc())}],\n 'ready_replicas': None,\n 'replicas': 1,\n 'unavailable_replicas': 1}";
    let event = r#"{'apiVersion': 'v1', 'kind': 'Event', 'reason': 'BackOff', 'message': "it's \"here\"", 'count': 3, 'involvedObject': {'kind': 'Pod', 'name': 'clusteridentityoperator-6f7d-abcde', 'namespace': 'azure-arc'}, 'lastTimestamp': '2026-11-30T11:00:00Z', 'metadata': {'name': 'e', 'namespace': 'azure-arc'}}"#;
    let snapshot = "{'additional_properties': {}, 'id': '/subscriptions/s/x', 'name': 'edge', 'location': 'eastus', 'connectivity_status': 'Connecting', 'last_connectivity_time': '2026-11-01 10:00:00+00:00', 'private_link_state': 'Disabled'}";
    let folder = "edge-Mon-Nov-30";
    let path = |name: &str| format!("{folder}/{name}");
    let bundle = import(&[
        (&path("agent_state.txt"), state),
        (&path("arc_deployment_logs/clusteridentityoperator.txt"), deployment),
        (&path("arc_agents_logs/clusteridentityoperator-6f7d-abcde/manager.txt"), "no such host\n"),
        (&path("azure_arc_events.txt"), event),
        (&path("azure-arc-secrets.txt"), "NAME TYPE DATA AGE\nazure-arc-connect-privatekey Opaque 1 2d\n"),
        (&path("connected_cluster_resource_snapshot.txt"), snapshot),
        (&path("diagnoser_output.txt"), "Error: One or more agents"),
    ])
    .unwrap();
    let agent = bundle.objects.of_kind("Deployment").next().unwrap();
    assert_eq!((&agent["spec"]["replicas"], &agent["status"]["readyReplicas"]), (&json!(1), &json!(0)));
    let status = &bundle.objects.of_kind("Pod").next().unwrap()["status"]["containerStatuses"][0];
    assert_eq!(
        (&status["state"]["waiting"]["reason"], &status["restartCount"]),
        (&json!("CrashLoopBackOff"), &json!(7))
    );
    assert_eq!(bundle.objects.of_kind("Event").next().unwrap()["message"], "it's \"here\"");
    assert_eq!(names(&bundle, "SecretMetadata"), ["azure-arc-connect-privatekey"]);
    assert_eq!((bundle.logs.len(), bundle.taken_at.as_str()), (1, "2026-11-30T11:00:00Z"));
    let azure = azure::find_cluster(bundle.azure.as_ref().unwrap(), None).unwrap();
    assert_eq!(azure.connectivity_status, Some(azure::ConnectivityStatus::Connecting));
    assert!(azure.last_connectivity_time.is_some() && !azure.private_link);
}

#[test]
fn what_the_files_do_not_have_is_unknown_and_not_absent() {
    let pods = json!({"kind": "PodList", "items": [pod("config-agent-7d9f8b6c5-x2x4z", true)]}).to_string();
    let bundle = import(&[("azure-arc/pods.json", &pods)]).unwrap();
    assert!(bundle.unread_reason(Source::ArcPods).is_none());
    for source in [Source::ArcSecrets, Source::ArcEvents, Source::Nodes, Source::ArcNamespace] {
        assert_eq!(bundle.unread_reason(source), Some("not in the files"), "{source:?}");
    }
    let empty = json!({"kind": "EventList", "items": []}).to_string();
    let bundle = import(&[("azure-arc/pods.json", &pods), ("azure-arc/events.json", &empty)]).unwrap();
    assert!(bundle.unread_reason(Source::ArcEvents).is_none());
}

#[test]
fn secrets_stay_out() {
    let secret = json!({"kind": "Secret", "metadata": {"name": "s", "namespace": "azure-arc"}, "data": {"key": "aHVudGVyMg=="}});
    let log = "proxy http://user:hunter2@proxy.example:3128\n";
    let bundle = import(&[
        ("a.json", &pod("config-agent-7d9f8b6c5-x2x4z", true).to_string()),
        ("s.json", &secret.to_string()),
        ("config-agent-7d9f8b6c5-x2x4z.log", log),
    ])
    .unwrap();
    let text = serde_json::to_string(&bundle).unwrap();
    assert!(!text.contains("hunter2") && !text.contains("aHVudGVyMg"), "{text}");
    assert!(!bundle.removed.is_empty());
}

#[test]
fn files_of_something_else_are_refused_with_what_is_read() {
    for files in
        [&[("notes.txt", "hello")][..], &[("x.json", "{}")], &[("x.yaml", ": : ["), ("y.json", "[1, 2")], &[]]
    {
        let error = import(files).unwrap_err().to_string();
        assert!(
            error.contains("nothing of the namespace azure-arc") && error.contains("must-gather"),
            "{error}"
        );
    }
}

/// The reader takes time with the square of the depth: hours for this one.
#[test]
fn deep_brackets_are_not_read() {
    let deep = format!("apiVersion: v1\nkind: Pod\na: {}\n", "[".repeat(1_000_000));
    assert!(import(&[("deep.yaml", &deep)]).is_err());
}
