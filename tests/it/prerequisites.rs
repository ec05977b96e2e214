//! `arcprobe check --prerequisites` against an API server and programs that say what real ones say.
#![cfg(unix)]

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::{Value, json};

use crate::fake_api::{FakeApi, Scenario};
use crate::lab::{Lab, LabOptions, Resolver, Serves};
use crate::program::{Program, RunResult};
use crate::require::require;

fn start_lab() -> Lab {
    let options =
        LabOptions { default: Some(Serves::Good), resolver: Resolver::Good, ..LabOptions::default() };
    Lab::start_with(Vec::new(), options)
}

/// A cluster of one node with 4 CPUs and 8 GB, of which a pod asks for half.
fn healthy_cluster() -> Scenario {
    let node = json!({"kind": "NodeList", "apiVersion": "v1", "metadata": {}, "items": [{
    "metadata": {"name": "node1", "labels": {}},
    "status": {
        "allocatable": {"cpu": "4", "memory": "8000000000"},
        "conditions": [{"type": "Ready", "status": "True"}],
        "nodeInfo": {"architecture": "amd64", "operatingSystem": "linux", "bootID": "", "containerRuntimeVersion": "",
            "kernelVersion": "", "kubeProxyVersion": "", "kubeletVersion": "v1.36.1", "machineID": "", "osImage": "",
            "systemUUID": ""}
    }}]});
    let pods = json!({"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": [
        {"spec": {"nodeName": "node1", "containers": [{"resources": {"requests": {"cpu": "2", "memory": "4G"}}}]},
         "status": {"phase": "Running"}},
        {"spec": {"nodeName": "node1", "containers": [{"resources": {"requests": {"cpu": "2", "memory": "4G"}}}]},
         "status": {"phase": "Succeeded"}},
    ]});
    Scenario {
        answers: vec![
            ("/version", 200, json!({"gitVersion": "v1.36.1"})),
            ("/api/v1/nodes", 200, node),
            ("/api/v1/pods", 200, pods),
        ],
        ..Scenario::default()
    }
}

/// Programs of a workstation that is logged in: what `az` says by its first words.
fn write_programs(directory: &Path, az: &[(&str, &str)]) -> String {
    let known = [
        ("version", r#"{"azure-cli": "2.70.0", "extensions": {"connectedk8s": "1.10.7"}}"#),
        ("account show", r#"{"environmentName": "AzureCloud", "user": {"name": "somebody@example.com"}}"#),
        ("provider show", "Registered"),
    ];
    let cases = az.iter().chain(&known).map(|(words, says)| format!("'{words}'*) echo '{says}';;\n"));
    let cases = cases.collect::<Vec<_>>().concat();
    let script =
        format!("#!/bin/sh\ncase \"$*\" in\n{cases}*) echo 'ERROR: no such command' >&2; exit 2;;\nesac\n");
    let kubectl = "#!/bin/sh\necho '{\"clientVersion\": {\"gitVersion\": \"v1.36.0\"}}'\n";
    for (name, text) in
        [("az", script.as_str()), ("kubectl", kubectl), ("helm", "#!/bin/sh\necho v3.18.4+gd80839c\n")]
    {
        let path = directory.join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    format!("{}:/bin:/usr/bin", directory.display())
}

fn check(scenario: Scenario, az: &[(&str, &str)], more: &[&str]) -> RunResult {
    let lab = start_lab();
    let directory = tempfile::tempdir().unwrap();
    let config = FakeApi::start(scenario).kubeconfig(directory.path());
    let args = ["-l", "koreacentral", "--prerequisites", "--kube-config", config.to_str().unwrap()];
    let path = write_programs(directory.path(), az);
    Program::check_in(&lab).args(args).args(more).env("PATH", &path).run()
}

/// What is not met, by its word.
fn unmet_prerequisites(report: &Value) -> Vec<&str> {
    let items = report["prerequisites"].as_array().unwrap();
    items.iter().filter(|i| i["verdict"] != "met").map(|i| i["id"].as_str().unwrap()).collect()
}

#[test]
fn a_healthy_cluster_and_workstation_meet_every_prerequisite() {
    // 5, for wildcards stay open in every run
    let ran = check(healthy_cluster(), &[], &["-o", "json"]).exits(5);
    let report = ran.json();
    assert_eq!(unmet_prerequisites(&report), Vec::<&str>::new(), "{}", report["prerequisites"]);
    let found = |id: &str| {
        let items = report["prerequisites"].as_array().unwrap();
        items.iter().find(|i| i["id"] == id).unwrap()["found"].as_str().unwrap().to_owned()
    };
    assert_eq!(found("capacity"), "4000 MB and 2000 m that no pod has asked for");
    assert_eq!(found("connectedk8s"), "1.10.7");
    assert!(!ran.stdout.contains("somebody@example.com"));
    let screen = check(healthy_cluster(), &[], &[]).exits(5).stdout;
    let lines = [
        "prerequisites",
        "  ✓ Kubernetes             v1.36.1",
        "  ✓ free capacity          4000 MB and 2000 m that no pod has asked for",
        "  ✓ Azure CLI              2.70.0",
        "  ✓ resource providers     each is registered, or about to be",
    ];
    for line in lines {
        assert!(screen.lines().any(|l| l == line), "{line}\n{screen}");
    }
}

#[test]
fn an_unmet_prerequisite_is_a_finding_and_sets_the_exit_code() {
    let mut scenario = Scenario { forbidden: Some(("*", "*")), ..healthy_cluster() };
    let old = json!({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}, "status": {"phase": "Terminating"}});
    scenario.answers.push(("/api/v1/namespaces/azure-arc", 200, old));
    let az = [("provider show --namespace Microsoft.Kubernetes ", "NotRegistered")];
    let report = check(scenario, &az, &["-o", "json"]).exits(3).json();
    assert_eq!(report["verdict"], "blocked");
    assert_eq!(unmet_prerequisites(&report), ["permissions", "remnants", "providers"]);
    let found: Vec<_> = report["findings"].as_array().unwrap().iter().map(|f| &f["id"]).collect();
    assert_eq!(found[..2], ["arc_terminating", "arc_provider"], "the most severe first");
    assert!(found.contains(&&json!("arc_not_admin")));
}

#[test]
fn missing_programs_do_not_block_a_run_on_another_machine() {
    let lab = start_lab();
    let directory = tempfile::tempdir().unwrap();
    let config = FakeApi::start(healthy_cluster()).kubeconfig(directory.path());
    let args =
        ["-l", "koreacentral", "--prerequisites", "-o", "json", "--kube-config", config.to_str().unwrap()];
    let report = Program::check_in(&lab).args(args).env("PATH", "/nowhere").run().exits(5).json();
    assert_eq!(unmet_prerequisites(&report), ["az", "connectedk8s", "providers"]);
    let warned = report["findings"].as_array().unwrap().iter().filter(|f| f["severity"] == "warning");
    let warned: Vec<_> = warned.map(|f| f["id"].as_str().unwrap()).collect();
    assert!(warned.ends_with(&["arc_az"]), "{warned:?}");
}

#[test]
fn a_missing_kubeconfig_is_reported_beside_the_network_checks() {
    let lab = start_lab();
    let args = ["-l", "koreacentral", "--prerequisites", "-o", "json"];
    let report = Program::check_in(&lab).args(args).env("PATH", "/nowhere").run().exits(5).json();
    assert_eq!(report["verdict"], "incomplete");
    let findings = report["findings"].as_array().unwrap();
    let kubeconfig = findings.iter().find(|f| f["id"] == "arc_kubeconfig").unwrap();
    assert_eq!(kubeconfig["severity"], "warning");
    assert!(report["checks"].as_array().unwrap().len() > 20, "the network is checked anyway");
    // one that was named is a slip of the pen
    let named =
        Program::check_in(&lab).args(args).args(["--kube-config", "/nowhere/config"]).env("PATH", "/nowhere");
    let ran = named.run().exits(2);
    assert!(ran.stderr.contains("/nowhere/config"), "{}", ran.stderr);
}

#[test]
fn an_unreachable_cluster_leaves_the_run_incomplete() {
    let lab = start_lab();
    let directory = tempfile::tempdir().unwrap();
    let config = crate::fake_api::kubeconfig(directory.path(), "http://127.0.0.1:9");
    let args =
        ["-l", "koreacentral", "--prerequisites", "-o", "json", "--kube-config", config.to_str().unwrap()];
    let report = Program::check_in(&lab).args(args).env("PATH", "/nowhere").run().exits(5).json();
    assert_eq!(report["verdict"], "incomplete");
    let explanation =
        report["findings"].as_array().unwrap().iter().find(|f| f["id"] == "arc_api_unreachable").unwrap();
    assert_eq!(explanation["severity"], "warning");
}

#[test]
fn objects_that_may_not_be_read_are_not_remnants() {
    let mut scenario = healthy_cluster();
    scenario.answers.extend([
        ("/apis/apps/v1/namespaces/azure-arc/deployments", 403, json!("deployments.apps is forbidden")),
        ("/api/v1/namespaces/azure-arc", 200, json!({"status": {"phase": "Active"}})),
        (
            "/api/v1/namespaces/default/secrets",
            200,
            json!({"items": [{"metadata": {"name": "sh.helm.release.v1.azure-arc.v1"}}]}),
        ),
    ]);
    let report = check(scenario, &[], &["-o", "json"]).exits(5).json();
    assert_eq!(unmet_prerequisites(&report), ["remnants"]);
    assert_eq!(report["verdict"], "incomplete");
}

/// As the packaged az is: a script whose children outlive it, and which holds its standard output.
#[test]
fn a_hanging_az_is_killed_with_its_children_at_the_deadline() {
    let lab = start_lab();
    let directory = tempfile::tempdir().unwrap();
    let config = FakeApi::start(healthy_cluster()).kubeconfig(directory.path());
    let path = write_programs(directory.path(), &[]);
    let mark = "4242.42";
    let hang =
        |script: &str| std::fs::write(directory.path().join("az"), format!("#!/bin/sh\n{script}\n")).unwrap();
    let args =
        ["-l", "koreacentral", "--prerequisites", "-o", "json", "--kube-config", config.to_str().unwrap()];
    let run = |more: &[&str]| Program::check_in(&lab).args(args).args(more).env("PATH", &path).run();
    let alive = || {
        let Some(pgrep) = require("pgrep") else { return false };
        let seen = std::process::Command::new(pgrep).args(["-f", mark]).output().unwrap();
        !seen.stdout.is_empty()
    };
    hang(&format!("sleep {mark}; true"));
    let began = std::time::Instant::now();
    let report = run(&["--deadline", "2s"]).json();
    assert!(began.elapsed() < std::time::Duration::from_secs(15), "{:?}", began.elapsed());
    assert!(unmet_prerequisites(&report).contains(&"az"), "{}", report["prerequisites"]);
    assert!(!alive(), "the children of az outlive the run");
    // one that answers, and leaves somebody who keeps the pipe open
    hang(&format!("sleep {mark} & echo '{{\"azure-cli\": \"2.70.0\", \"extensions\": {{}}}}'"));
    let began = std::time::Instant::now();
    let report = run(&[]).json();
    assert!(began.elapsed() < std::time::Duration::from_secs(30), "{:?}", began.elapsed());
    assert!(!unmet_prerequisites(&report).contains(&"az"), "{}", report["prerequisites"]);
    let _ = std::process::Command::new("pkill").args(["-f", mark]).output();
}

#[test]
fn credentials_in_errors_of_az_are_not_shown() {
    let az = [(
        "version",
        "' >&2; echo 'ERROR: https://joe:topsecret@proxy:3128 token=eyJhbGciOiJSUzI1NiJ9.eyJzdWIi.c2ln' >&2; exit 1; echo '",
    )];
    let ran = check(healthy_cluster(), &az, &["-o", "json"]);
    let all = format!("{}{}", ran.stdout, ran.stderr);
    assert!(
        all.contains("az version ends with") && !all.contains("topsecret") && !all.contains("eyJzdWIi"),
        "{all}"
    );
}

/// Whoever stops it gets what was measured, and the exit code of a stop.
#[test]
fn a_run_that_waits_for_az_can_be_stopped() {
    let lab = start_lab();
    let directory = tempfile::tempdir().unwrap();
    let config = FakeApi::start(healthy_cluster()).kubeconfig(directory.path());
    let path = write_programs(directory.path(), &[]);
    std::fs::write(directory.path().join("az"), "#!/bin/sh\nsleep 300\n").unwrap();
    let args =
        ["-l", "koreacentral", "--prerequisites", "-o", "json", "--kube-config", config.to_str().unwrap()];
    let mut command = Program::check_in(&lab).args(args).env("PATH", &path).into_command();
    let child =
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    std::thread::sleep(std::time::Duration::from_secs(4));
    let began = std::time::Instant::now();
    std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let ran = crate::program::to_result(&child.wait_with_output().unwrap()).exits(130);
    assert!(began.elapsed() < std::time::Duration::from_secs(5));
    assert!(ran.json()["checks"].as_array().unwrap().len() > 20);
}

#[test]
fn text_of_a_server_is_sanitized() {
    let mut scenario = healthy_cluster();
    scenario.answers[0].2 = json!({"gitVersion": "v1.36.1\u{1b}[2J\u{202e}<script>"});
    let screen = check(scenario, &[("version", "{\"azure-cli\": \"2.70.0\\u001b[31m\"}")], &[]).stdout;
    crate::hostile::assert_printable(&screen);
}
