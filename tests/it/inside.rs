//! Looking from inside a cluster, through the real binary against an API server that answers as real ones do.

use std::path::{Path, PathBuf};
use std::time::Duration;

use arcprobe::probe::agent::framing::RecordWriter;
use arcprobe::probe::agent::{AgentFailure, Hello, Record, RunSummary};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::beside::beside;
use crate::fake_api::{FakeApi, Scenario, kubeconfig, state};
use crate::kubeconfig::write_kubeconfig;
use crate::program::{Program, RunResult};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A file in the form of a packed agent.
pub(crate) fn payload(directory: &Path, arch: &str, version: &str) -> PathBuf {
    let body = b"loaderagent";
    let sha256 = format!("{:x}", Sha256::digest(body));
    let head = json!({"version": version, "arch": arch, "loader": 6, "agent": 5, "sha256": sha256});
    let path = directory.join(format!("{arch}-{version}.payload"));
    std::fs::write(&path, [format!("ARCPROBE-AGENT/1\n{head}\n").as_bytes(), body].concat()).unwrap();
    path
}

pub(crate) fn run_with(config: &Path, directory: &Path, more: &[&str]) -> RunResult {
    let (config, agent) =
        (config.display().to_string(), payload(directory, "amd64", VERSION).display().to_string());
    let args = ["check", "-l", "eastus", "--from", "pod", "--kube-config", &config, "-o", "json"];
    let agent: &[&str] = if more.iter().any(|m| *m == "--image" || *m == "--agent-binary") {
        &[]
    } else {
        &["--agent-binary", &agent]
    };
    Program::new().args(args).args(agent).args(more).run()
}

/// The most severe finding of a run that could not check.
fn first_finding(scenario: Scenario, more: &[&str]) -> Value {
    let directory = tempfile::tempdir().unwrap();
    let api = FakeApi::start(scenario);
    let report = run_with(&api.kubeconfig(directory.path()), directory.path(), more).exits(5).json();
    let created = |what: &str| {
        api.request_lines().iter().filter(|s| s.starts_with("POST") && s.ends_with(what)).count()
    };
    let deleted = |what: &str| {
        api.request_lines().iter().filter(|s| s.starts_with("DELETE") && s.contains(what)).count()
    };
    for what in ["/jobs", "/configmaps", "/secrets"] {
        assert!(deleted(what) >= created(what), "{what}: {:?}", api.request_lines());
    }
    report["findings"][0].clone()
}

#[track_caller]
fn assert_mentions(finding: &Value, id: &str, words: &[&str]) {
    assert_eq!(finding["id"], id, "{finding:#}");
    for words in words {
        assert!(finding.to_string().contains(words), "{words}: {finding:#}");
    }
}

/// The log of an agent.
pub(crate) fn log(records: &[Record]) -> String {
    let mut writer = RecordWriter::default();
    records.iter().map(|record| writer.frame_record(record).unwrap()).collect()
}

pub(crate) fn hello_record() -> Record {
    let resolvers = vec!["10.96.0.10:53".parse().unwrap()];
    Record::Hello(Hello {
        version: VERSION.into(),
        resolvers,
        resolvers_from: "/etc/resolv.conf".into(),
        now: String::new(),
    })
}

fn end_record() -> Record {
    Record::End(RunSummary { took: Duration::from_millis(7), interrupted: false, deadline_passed: false })
}

#[test]
fn pod_security_that_denies_the_host_network_is_one_finding() {
    let text = "Error creating: pods \"arcprobe-x-node-0\" is forbidden: violates PodSecurity \"baseline:latest\": host namespaces \
                (hostNetwork=true)";
    let finding = first_finding(Scenario { failed_create: Some(text), ..Scenario::default() }, &[]);
    assert_mentions(
        &finding,
        "agent_refused",
        &["violates PodSecurity", "pod-security.kubernetes.io/enforce=privileged"],
    );
}

#[test]
fn a_webhook_that_denies_the_job_is_one_finding() {
    let text = "admission webhook \"validation.gatekeeper.sh\" denied the request: [must-have-owner] you must provide labels";
    let finding = first_finding(Scenario { refuses_jobs: Some((403, text)), ..Scenario::default() }, &[]);
    assert_mentions(&finding, "agent_refused", &["must-have-owner", "azure-arc-release"]);
}

#[test]
fn an_admission_that_always_pulls_images_is_one_finding() {
    let pod = json!({"spec": {"containers": [{"imagePullPolicy": "Always"}]}, "status": {"phase": "Pending", "containerStatuses":
        [state(&json!({"waiting": {"reason": "ImagePullBackOff", "message": "x"}, "terminated": null}))]}});
    let finding = first_finding(Scenario { pod: Some(pod), ..Scenario::default() }, &[]);
    assert_mentions(&finding, "agent_image", &["AlwaysPullImages", "--image"]);
}

#[test]
fn a_node_that_runs_no_container_is_one_finding() {
    let message =
        "failed to create containerd task: exec: \"/arcprobe/agent/loader\": permission denied: unknown";
    let stopped = json!({"terminated": {"exitCode": 128, "reason": "StartError", "message": message}});
    let pod = json!({"status": {"phase": "Failed", "containerStatuses": [state(&stopped)]}});
    let finding = first_finding(Scenario { pod: Some(pod), ..Scenario::default() }, &[]);
    assert_mentions(&finding, "agent_not_started", &["permission denied", "noexec"]);
}

#[test]
fn an_error_of_the_loader_is_one_finding() {
    let stopped = json!({"terminated": {"exitCode": 70, "reason": "Error"}});
    let pod = json!({"status": {"phase": "Failed", "containerStatuses": [state(&stopped)]}});
    let logs = vec!["arcprobe-loader: the agent cannot be executed from memory: error 13 (EACCES)\n".into()];
    let finding = first_finding(Scenario { pod: Some(pod), logs, ..Scenario::default() }, &[]);
    assert_mentions(&finding, "agent_not_started", &["cannot be executed from memory"]);
}

#[test]
fn a_probe_pod_that_fails_is_one_finding() {
    let logs = vec![log(&[Record::Failed(AgentFailure { text: "both have to be of one build".into() })])];
    let finding = first_finding(Scenario { logs, ..Scenario::default() }, &[]);
    assert_mentions(&finding, "agent_cut", &["both have to be of one build"]);
}

#[test]
fn a_truncated_log_is_not_a_result() {
    let logs = vec![log(&[hello_record(), Record::Planned(3)])];
    let finding = first_finding(Scenario { logs, ..Scenario::default() }, &[]);
    assert_mentions(&finding, "agent_cut", &["the log ends before the agent's last word"]);
}

#[test]
fn a_log_without_its_beginning_is_not_a_result() {
    let whole = log(&[hello_record(), Record::Planned(3), end_record()]);
    let rotated = whole.split_once('\n').unwrap().1.to_owned();
    let finding = first_finding(Scenario { logs: vec![rotated], ..Scenario::default() }, &[]);
    assert_mentions(&finding, "agent_cut", &["lines 0 to 0 of the agent's log are missing"]);
}

/// The stream breaks off, and the log is read again; what came before is not counted twice.
#[test]
fn an_interrupted_log_stream_is_resumed() {
    let whole = log(&[hello_record(), Record::Planned(3), end_record()]);
    let first = whole.split_inclusive('\n').take(2).collect::<String>();
    let directory = tempfile::tempdir().unwrap();
    let running = json!({"status": {"phase": "Running", "containerStatuses": [state(&json!({"running": {}, "terminated": null}))]}});
    let api =
        FakeApi::start(Scenario { logs: vec![first, whole], pod: Some(running), ..Scenario::default() });
    let report = run_with(&api.kubeconfig(directory.path()), directory.path(), &[]).json();
    assert_eq!(report["vantages"][0]["error"], Value::Null, "{:#}", report["vantages"]);
    assert_eq!(report["vantages"][0]["facts"]["resolvers"][0], "10.96.0.10:53");
}

#[test]
fn a_missing_permission_is_named() {
    let finding = first_finding(Scenario { forbidden: Some(("create", "jobs")), ..Scenario::default() }, &[]);
    assert_mentions(
        &finding,
        "cluster_rights",
        &["may not create jobs.batch in the namespace ops", "arcprobe rbac"],
    );
}

#[test]
fn rejected_credentials_are_one_finding() {
    let finding =
        first_finding(Scenario { refuses_all: Some((401, "Unauthorized")), ..Scenario::default() }, &[]);
    assert_mentions(&finding, "cluster_login", &["context \\\"fake\\\"", "server http://127.0.0.1"]);
}

#[test]
fn a_probe_pod_binary_of_another_version_or_architecture_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let arm = payload(directory.path(), "arm64", VERSION).display().to_string();
    let old = payload(directory.path(), "amd64", "0.0.1").display().to_string();
    for (file, words) in [(arm, "it is for arm64, the node is amd64"), (old, "it is of version 0.0.1")] {
        let finding = first_finding(Scenario::default(), &["--agent-binary", &file]);
        assert_mentions(&finding, "agent_missing", &[words, &file]);
    }
}

#[test]
fn an_unreachable_api_server_is_one_finding() {
    // one that speaks no TLS, and one that never says a word
    let plain = FakeApi::start(Scenario::default()).url().replace("http://", "https://");
    let mute = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mute = format!("https://{}", mute.local_addr().unwrap());
    let table = [
        ("https://127.0.0.1:1", "refused"),
        ("https://no-such-host.invalid:6443", "no-such-host.invalid"),
        (plain.as_str(), "breaks off: tls handshake eof"),
        (mute.as_str(), "context"),
    ];
    beside(table, |(server, words)| {
        let directory = tempfile::tempdir().unwrap();
        let config = kubeconfig(directory.path(), server);
        let limits = ["--timeout", "1s", "--deadline", "3s"];
        let report = run_with(&config, directory.path(), &limits).exits(5).json();
        assert_mentions(&report["findings"][0], "cluster_unreachable", &[words, "context \\\"fake\\\""]);
    });
}

/// What the workstation sees is reported, whatever becomes of the cluster.
#[test]
fn the_workstation_is_checked_even_without_the_cluster() {
    let directory = tempfile::tempdir().unwrap();
    let config = kubeconfig(directory.path(), "https://127.0.0.1:1").display().to_string();
    let args = ["check", "-l", "eastus", "--from", "workstation,pod", "--kube-config", &config, "-o", "json"];
    let report = Program::new()
        .args(args)
        .args(["--resolver", "127.0.0.1:1", "--timeout", "1s"])
        .run()
        .exits(3)
        .json();
    let ids: Vec<_> =
        report["findings"].as_array().unwrap().iter().map(|f| f["id"].as_str().unwrap()).collect();
    assert!(ids.contains(&"resolver_unreachable") && ids.contains(&"cluster_unreachable"), "{ids:?}");
}

#[test]
fn unusable_kubeconfigs_are_usage_errors() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str, text: &str| {
        let path = directory.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let good = kubeconfig(directory.path(), "https://127.0.0.1:1").display().to_string();
    let broken = at("broken", "apiVersion: [v1\n");
    let empty = at("empty", "{}");
    let missing = directory.path().join("missing").display().to_string();
    let table: &[(&[&str], &str)] = &[
        (&["--kube-config", &missing], "--kube-config"),
        (&["--kube-config", &broken], "no kubeconfig ("),
        (&["--kube-config", &empty], "no current context is set; give --kube-context NAME; the contexts of"),
        (
            &["--kube-config", &good, "--kube-context", "prod"],
            "--kube-context \"prod\" does not exist; the contexts of",
        ),
    ];
    for (args, words) in table {
        let ran = Program::new().args(["check", "-l", "eastus", "--from", "pod"]).args(*args).run().exits(2);
        assert!(ran.stderr.contains(words), "{words}: {}", ran.stderr);
    }
    let ran = Program::new()
        .args(["check", "-l", "eastus", "--from", "pod"])
        .env("HOME", "/nonexistent")
        .run()
        .exits(2);
    assert!(ran.stderr.contains("no kubeconfig: /nonexistent/.kube/config does not exist"), "{}", ran.stderr);
}

#[test]
fn a_credential_plugin_that_fails_says_why_and_shows_no_token() {
    let directory = tempfile::tempdir().unwrap();
    let plugin = json!({"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "sh", "interactiveMode": "Never",
        "args": ["-c", "echo '{\"token\": \"topsecret\"}'; echo 'session is over' >&2; exit 7"]}});
    let server = json!({"server": "https://127.0.0.1:1"});
    let path = write_kubeconfig(directory.path(), "ops", &[("fake", server)], &plugin);
    let ran = run_with(&path, directory.path(), &["--timeout", "1s"]).exits(5);
    assert_mentions(&ran.json()["findings"][0], "cluster_login", &["session is over"]);
    assert!(!ran.stdout.contains("topsecret") && !ran.stderr.contains("topsecret"));
}

#[test]
fn an_unreadable_task_is_reported_as_a_record() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("task");
    std::fs::write(&path, "{}").unwrap();
    let ran = Program::new().args(["agent", path.to_str().unwrap()]).run().exits(0);
    assert!(
        ran.stdout.starts_with("@arcprobe/1 0 . {\"failed\":{\"text\":\"the task cannot be read: "),
        "{}",
        ran.stdout
    );
    let ran = Program::new().args(["agent", "/nonexistent"]).run().exits(2);
    assert!(ran.stderr.contains("/nonexistent"), "{}", ran.stderr);
}

#[test]
fn rbac_grants_the_permissions_that_are_used() {
    let ran = Program::new().args(["rbac", "-n", "ops", "--service-account", "ops:ci"]).run().exits(0);
    for words in
        ["kind: Role\n", "kind: ClusterRole\n", "namespace: ops", "kind: ServiceAccount", "- pods/log"]
    {
        assert!(ran.stdout.contains(words), "{words}:\n{}", ran.stdout);
    }
    assert!(
        Program::new()
            .args(["rbac", "--service-account", "ci"])
            .run()
            .exits(2)
            .stderr
            .contains("NAMESPACE:NAME")
    );
}

/// A kubeconfig whose user is this, with a server that has a login.
fn with_user(directory: &std::path::Path, user: &str) -> String {
    let text = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: c\n\
         clusters: [{{name: k, cluster: {{server: 'https://joe:topsecret-1@127.0.0.1:1'}}}}]\n\
         contexts: [{{name: c, context: {{cluster: k, user: u}}}}]\nusers:\n- name: u\n  user:\n{user}"
    );
    let path = directory.join("with-user");
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

#[test]
fn secrets_of_a_kubeconfig_are_not_shown() {
    let directory = tempfile::tempdir().unwrap();
    let broken = with_user(directory.path(), "    token: topsecret-2\n   client-key-data: x\n");
    let ran = Program::new().args(["advise", "--kube-config", &broken]).run().exits(2);
    assert!(ran.stderr.contains("line 10, column ") && !ran.stderr.contains("topsecret"), "{}", ran.stderr);
    let odd = with_user(directory.path(), "    token: [topsecret-2]\n");
    let ran = Program::new().args(["advise", "--kube-config", &odd]).run().exits(2);
    assert!(
        ran.stderr.contains("no kubeconfig (line ") && !ran.stderr.contains("topsecret"),
        "{}",
        ran.stderr
    );
    let good = with_user(directory.path(), "    token: topsecret-2\n");
    let args = ["check", "-l", "eastus", "--from", "pod", "-o", "json", "--kube-config", &good];
    let ran = Program::new().args(args).run().exits(5);
    assert!(!ran.stderr.contains("topsecret") && !ran.stdout.contains("topsecret"), "{}", ran.stderr);
}

#[cfg(unix)]
#[test]
fn a_credential_plugin_that_hangs_ends_with_the_deadline_and_with_ctrl_c() {
    let directory = tempfile::tempdir().unwrap();
    let exec = "    exec: {apiVersion: client.authentication.k8s.io/v1, command: sleep, args: ['60'], interactiveMode: Never}\n";
    let config = with_user(directory.path(), exec);
    let check = |more: &[&str]| {
        let args = ["check", "-l", "eastus", "--from", "pod", "-o", "json", "--kube-config", &config];
        Program::new().args(args).args(more)
    };
    let started = std::time::Instant::now();
    let report = check(&["--deadline", "1s"]).run().exits(5).json();
    assert!(report["vantages"][0]["error"].as_str().unwrap().contains("no answer within 1 s"), "{report:#}");
    let mut command = check(&[]).into_command();
    let child =
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::null()).spawn().unwrap();
    std::thread::sleep(std::time::Duration::from_secs(1));
    let pid = i32::try_from(child.id()).unwrap().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(130));
    assert!(started.elapsed().as_secs() < 40, "{:?}", started.elapsed());
}
