//! Whoever stops a run gets what it has measured, and nothing of it stays in a cluster.

#![cfg(unix)]

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::beside::beside;
use crate::fake_api::{FakeApi, Scenario, state};
use crate::inside::payload;
use crate::program::{Program, RunResult, check, to_result};

use super::{lab, with_hole};

/// Whether a closed terminal is to be ignored can be seen on Linux only; elsewhere it ends the program as ever.
const SIGNALS: &[&str] = if cfg!(target_os = "linux") { &["INT", "TERM", "HUP"] } else { &["INT", "TERM"] };

fn start(program: Program) -> Child {
    program.into_command().stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn send_signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

fn wait_until(holds: impl Fn() -> bool) {
    let patience = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(Instant::now() < patience, "what was waited for did not happen");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// What comes of it, and how long that took from the last signal on.
fn wait_for_end(child: Child) -> (RunResult, Duration) {
    let began = Instant::now();
    (to_result(&child.wait_with_output().unwrap()), began.elapsed())
}

#[test]
fn every_stop_signal_leaves_complete_reports() {
    beside(SIGNALS, |name| {
        let lab = lab();
        let at = |file: &str| lab.directory().join(file).display().to_string();
        let (saved, page) = (at("report.json"), at("report.html"));
        let flags = with_hole().flags(lab.directory());
        let args = ["--timeout", "60s", "-o", "json", "--save", &saved, "--save", &page];
        let child = start(Program::check_in(&lab).args(flags).args(args));
        wait_until(|| lab.log().iter().any(|entry| entry.starts_with("http good.lab.example")));
        std::thread::sleep(Duration::from_millis(300)); // the answer has to arrive, which the lab does not see
        send_signal(&child, name);
        let (ran, took) = wait_for_end(child);
        let ran = ran.exits(130);
        assert!(took < Duration::from_secs(10), "{name}: {took:?}");
        assert_eq!(std::fs::read_to_string(&saved).unwrap(), ran.stdout, "{name}");
        assert!(std::fs::read_to_string(&page).unwrap().ends_with("</html>\n"), "{name}");
        let report = ran.json();
        assert_eq!(report["run"]["interrupted"], true, "{name}");
        assert_eq!(check(&report, "good")["verdict"], "met", "{name}");
        assert_eq!(check(&report, "hole")["unverified"], "not_run", "{name}");
    });
}

/// As `nohup` starts it.
#[test]
fn an_ignored_hangup_does_not_stop_the_run() {
    let lab = lab();
    let flags = with_hole().flags(lab.directory());
    let program = Program::check_in(&lab).args(flags).args(["--timeout", "2s", "-o", "json"]).into_command();
    let mut command = Command::new("sh");
    command
        .args(["-c", "trap '' HUP; exec \"$0\" \"$@\""])
        .arg(program.get_program())
        .args(program.get_args());
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_until(|| lab.log().iter().any(|entry| entry.starts_with("http good.lab.example")));
    send_signal(&child, "HUP");
    let (ran, _) = wait_for_end(child);
    assert_eq!(ran.exits(3).json()["run"]["interrupted"], false);
}

/// A pod that runs and says nothing.
fn silent_pod() -> Scenario {
    let running = json!({"status": {"phase": "Running", "containerStatuses": [state(&json!({"running": {}, "terminated": null}))]}});
    Scenario { pod: Some(running), ..Scenario::default() }
}

/// A check from pods of this cluster, and whatever it is that is waited for before the signal.
fn start_in_cluster(scenario: Scenario, begun: &str) -> (Child, FakeApi, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let api = FakeApi::start(scenario);
    let config = api.kubeconfig(directory.path()).display().to_string();
    let agent = payload(directory.path(), "amd64", arcprobe::probe::agent::VERSION).display().to_string();
    let args = [
        "check",
        "-l",
        "eastus",
        "--from",
        "pod",
        "--kube-config",
        &config,
        "-o",
        "json",
        "--agent-binary",
        &agent,
    ];
    let child = start(Program::new().args(args));
    wait_until(|| api.request_lines().iter().any(|request| request.starts_with(begun)));
    std::thread::sleep(Duration::from_millis(200));
    (child, api, directory)
}

/// Names of what was created and of what was deleted.
fn created_and_deleted(api: &FakeApi) -> (usize, usize) {
    let ours = ["/jobs", "/configmaps", "/secrets"];
    let count = |method: &str| {
        let seen = api.request_lines();
        let fits = |r: &&String| r.starts_with(method) && ours.iter().any(|what| r.contains(what));
        let mut names: Vec<_> = seen.iter().filter(fits).cloned().collect();
        if method == "DELETE" {
            names.sort();
            names.dedup();
        }
        names.len()
    };
    (count("POST"), count("DELETE"))
}

fn vantage_error(report: &Value) -> &str {
    report["vantages"][0]["error"].as_str().unwrap()
}

#[test]
fn the_cluster_is_cleaned_up_after_every_signal() {
    beside(SIGNALS, |name| {
        let (child, api, _directory) = start_in_cluster(silent_pod(), "GET /api/v1/namespaces/ops/pods/");
        send_signal(&child, name);
        let (ran, took) = wait_for_end(child);
        let report = ran.exits(130).json();
        assert!(took < Duration::from_secs(20), "{name}: {took:?}");
        assert_eq!(report["run"]["interrupted"], true);
        let (created, deleted) = created_and_deleted(&api);
        assert!(
            created >= 3 && created == deleted,
            "{name}: {created} created, {deleted} deleted: {:?}",
            api.request_lines()
        );
    });
}

/// At any moment of the delivery.
#[test]
fn a_stop_between_two_creations_leaves_no_object() {
    let moments =
        ["POST /apis/batch", "POST /api/v1/namespaces/ops/configmaps", "POST /api/v1/namespaces/ops/secrets"];
    beside(moments, |begun| {
        let (child, api, _directory) = start_in_cluster(silent_pod(), begun);
        send_signal(&child, "TERM");
        let (ran, _) = wait_for_end(child);
        ran.exits(130);
        let (created, deleted) = created_and_deleted(&api);
        assert!(
            created >= 1 && created == deleted,
            "{begun}: {created} created, {deleted} deleted: {:?}",
            api.request_lines()
        );
    });
}

#[test]
fn a_silent_cluster_does_not_delay_a_stop() {
    beside(["GET /api/v1/nodes", "GET /api", "POST /apis/authorization", "GET /"], |silent| {
        let (child, _api, _directory) =
            start_in_cluster(Scenario { unanswered: Some(silent), ..silent_pod() }, silent);
        send_signal(&child, "INT");
        let (ran, took) = wait_for_end(child);
        assert!(took < Duration::from_secs(5), "{silent}: {took:?}");
        let report = ran.exits(130).json();
        assert_eq!(vantage_error(&report), "the run was stopped first", "{silent}");
    });
}

/// The cluster does not take the Jobs back: the first Ctrl-C waits for it, the second does not.
#[test]
fn a_second_stop_ends_the_cleanup() {
    let (child, _api, _directory) = start_in_cluster(
        Scenario { unanswered: Some("DELETE"), ..silent_pod() },
        "GET /api/v1/namespaces/ops/pods/",
    );
    send_signal(&child, "INT");
    std::thread::sleep(Duration::from_millis(1500));
    send_signal(&child, "INT");
    let (ran, took) = wait_for_end(child);
    assert!(took < Duration::from_secs(4), "{took:?}");
    let ran = ran.exits(130);
    assert!(
        ran.stderr.contains("stopped at once") && ran.stderr.contains("arcprobe cleanup"),
        "{}",
        ran.stderr
    );
    assert_eq!(ran.json()["run"]["interrupted"], true);
}

/// As `timeout` sends it: to the process and to its group.
#[test]
fn the_same_signal_twice_at_once_is_one_stop() {
    let (child, api, _directory) = start_in_cluster(silent_pod(), "GET /api/v1/namespaces/ops/pods/");
    send_signal(&child, "TERM");
    send_signal(&child, "TERM");
    let (ran, _) = wait_for_end(child);
    ran.exits(130);
    let (created, deleted) = created_and_deleted(&api);
    assert!(
        created >= 3 && created == deleted,
        "{created} created, {deleted} deleted: {:?}",
        api.request_lines()
    );
}

#[test]
fn other_commands_can_be_stopped_too() {
    let commands: [&[&str]; 6] = [
        &["diagnose"],
        &["diagnose", "--watch"],
        &["advise"],
        &["cleanup"],
        &["check"],
        &["check", "-l", "eastus", "--from", "pod", "--dry-run"],
    ];
    beside(commands, |args| {
        let directory = tempfile::tempdir().unwrap();
        let api = FakeApi::start(Scenario { unanswered: Some("GET /"), ..Scenario::default() });
        let config = api.kubeconfig(directory.path()).display().to_string();
        let child = start(Program::new().args(args).args(["--kube-config", &config]));
        wait_until(|| !api.request_lines().is_empty());
        std::thread::sleep(Duration::from_millis(200));
        send_signal(&child, "INT");
        let (ran, took) = wait_for_end(child);
        assert!(took < Duration::from_secs(5), "{args:?}: {took:?}");
        ran.exits(130);
    });
}
