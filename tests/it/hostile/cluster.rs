//! Clusters whose pods, events and admission plug-ins write orders for terminals and markup, or without end.

use std::time::Duration;

use serde_json::{Value, json};

use crate::beside::beside;
use crate::diagnose::connected_cluster;
use crate::fake_api::{FakeApi, Scenario, state};
use crate::inside::payload;
use crate::lab::{HOSTILE, MARKUP};
use crate::program::{Program, RunResult};

use super::harmless::{assert_sanitized, assert_screen, save_flags};

/// Memory in KiB and seconds of processor time.
const LIMITS: &str = "-d 98304,-t 40";
const LONGEST: Duration = Duration::from_secs(90);

fn hostile_text() -> String {
    format!("{HOSTILE}{MARKUP}\nREADY: all is well\r\n")
}

/// For places that take nothing but a text that lives as long as the program.
fn endless_text(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}

fn check(name: &str, scenario: Scenario) -> Value {
    let directory = tempfile::tempdir().unwrap();
    let api = FakeApi::start(scenario);
    let config = api.kubeconfig(directory.path()).display().to_string();
    let agent = payload(directory.path(), "amd64", arcprobe::probe::agent::VERSION).display().to_string();
    let at = directory.path().join("report");
    let args = [
        "check",
        "-l",
        "eastus",
        "--from",
        "pod,node",
        "--kube-config",
        &config,
        "--agent-binary",
        &agent,
        "-v",
    ];
    let ran = Program::new()
        .args(args)
        .args(save_flags(&at))
        .env("TOKIO_WORKER_THREADS", "2")
        .with_ulimit(LIMITS)
        .run_within(LONGEST);
    assert_sanitized(name, &ran, &at);
    let ran = ran.exits(5);
    assert!(!ran.stdout.lines().any(|line| line.starts_with("READY")), "{name}: {}", ran.stdout);
    serde_json::from_str(&std::fs::read_to_string(at.with_extension("json")).unwrap()).unwrap()
}

fn pod(phase: &str, now: &Value) -> Scenario {
    let pod = json!({"status": {"phase": phase, "reason": hostile_text(), "message": hostile_text(), "containerStatuses": [state(now)]}});
    Scenario { pod: Some(pod), ..Scenario::default() }
}

#[test]
fn text_of_a_cluster_about_a_run_is_sanitized() {
    let ended = json!({"terminated": {"exitCode": 128, "reason": hostile_text(), "message": hostile_text().repeat(200)}});
    let waits =
        json!({"waiting": {"reason": "CreateContainerError", "message": hostile_text()}, "terminated": null});
    let rows = [
        (
            "admission",
            Scenario { refuses_jobs: Some((403, endless_text(hostile_text()))), ..Scenario::default() },
        ),
        (
            "events",
            Scenario {
                failed_create: Some(endless_text(format!("violates PodSecurity {}", hostile_text()))),
                ..Scenario::default()
            },
        ),
        ("login", Scenario { refuses_all: Some((401, endless_text(hostile_text()))), ..Scenario::default() }),
        ("a state that ended", pod("Failed", &ended)),
        ("a state that waits", pod("Pending", &waits)),
        ("a log", Scenario { logs: vec![hostile_text().repeat(50)], ..pod("Failed", &ended) }),
    ];
    beside(rows, |(name, scenario)| {
        let report = check(name, scenario);
        assert!(report["vantages"][0]["error"].is_string(), "{name}: {report:#}");
    });
}

/// Lines that claim to be an agent's: none is taken for a result.
#[test]
fn endless_and_forged_logs_are_not_results() {
    let ended = json!({"terminated": {"exitCode": 0}});
    let whole = json!({"status": {"phase": "Succeeded", "containerStatuses": [state(&ended)]}});
    let mark = "@arcprobe/1 ";
    let rows = [
        ("one line", "x".repeat(5_000_000)),
        ("many lines", "spam\n".repeat(200_000)),
        (
            "one record",
            (0..8_000).map(|n| [mark, &n.to_string(), " + ", &"[".repeat(4_000), "\n"].concat()).collect(),
        ),
        ("deep", format!("{mark}0 . {}\n", "[".repeat(4_000))),
        (
            "numbers",
            format!("{mark}18446744073709551615 . {{}}\n{mark}99999999999999999999 . {{}}\n{mark}-1 . x\n"),
        ),
        (
            "hello",
            format!(
                "{mark}0 . {{\"hello\":{{\"version\":{0},\"resolvers\":[],\"resolvers_from\":{0},\"now\":{0}}}}}\n",
                json!(hostile_text())
            ),
        ),
    ];
    beside(rows, |(name, log)| {
        let report =
            check(name, Scenario { logs: vec![log], pod: Some(whole.clone()), ..Scenario::default() });
        assert!(report["vantages"][0]["error"].is_string(), "{name}: {:#}", report["vantages"]);
        assert_eq!(report["verdict"], "incomplete", "{name}");
    });
}

fn diagnose(args: &[&str]) -> RunResult {
    Program::new()
        .args(["diagnose"])
        .args(args)
        .env("TOKIO_WORKER_THREADS", "2")
        .with_ulimit(LIMITS)
        .run_within(LONGEST)
}

#[test]
fn text_of_arc_agents_is_sanitized() {
    let directory = tempfile::tempdir().unwrap();
    let mut scenario = connected_cluster();
    for (path, _, body) in &mut scenario.answers {
        for object in body["items"].as_array_mut().into_iter().flatten() {
            object["metadata"]["annotations"] = json!({"deployment.kubernetes.io/x": hostile_text()});
            for status in object["status"]["containerStatuses"].as_array_mut().into_iter().flatten() {
                status["state"] = json!({"waiting": {"reason": hostile_text(), "message": hostile_text()}});
                status["lastState"] = json!({"terminated": {"reason": hostile_text(), "message": hostile_text(), "exitCode": 1}});
                status["restartCount"] = 7.into();
            }
            for condition in object["status"]["conditions"].as_array_mut().into_iter().flatten() {
                condition["message"] = hostile_text().into();
            }
        }
        if path.ends_with("azure-clusterconfig") {
            for value in body["data"].as_object_mut().unwrap().values_mut() {
                *value = format!("{}{}", value.as_str().unwrap(), hostile_text()).into();
            }
        }
    }
    let event = |text: String| {
        json!({"metadata": {"name": hostile_text(), "namespace": "azure-arc"}, "type": "Warning", "reason": "Failed",
        "message": text, "involvedObject": {"kind": "Pod", "name": hostile_text()}})
    };
    let texts = ["ImagePullBackOff: i/o timeout", "violates PodSecurity", "exceeded quota", ""];
    let events: Vec<_> =
        texts.iter().map(|text| event(format!("{text}{}", hostile_text().repeat(20)))).collect();
    let events = json!({"kind": "EventList", "apiVersion": "v1", "metadata": {}, "items": events});
    scenario.answers.push(("/api/v1/namespaces/azure-arc/events", 200, events));
    // more than was asked for
    let line = format!("his.arc.azure.com: i/o timeout {}", hostile_text().replace(['\r', '\n'], ""));
    scenario.logs = vec![format!("{line}\n").repeat(10_000)];
    let api = FakeApi::start(scenario);
    let config = api.kubeconfig(directory.path()).display().to_string();
    let saved = directory.path().join("evidence.json").display().to_string();
    for format in ["text", "json"] {
        let ran = diagnose(&[
            "--no-probe",
            "-v",
            "-o",
            format,
            "--kube-config",
            &config,
            "--save-evidence",
            &saved,
        ]);
        assert!([3, 5].contains(&ran.code), "{}: {}", ran.code, ran.stderr);
        assert_screen(format, &ran.stderr);
        super::assert_printable(&ran.stdout);
        assert!(ran.stdout.len() < 400_000, "{} bytes", ran.stdout.len());
        let again = diagnose(&["--evidence", &saved, "-o", format]);
        assert!([3, 5].contains(&again.code), "{}: {}", again.code, again.stderr);
        super::assert_printable(&again.stdout);
        if format == "text" {
            assert_screen(format, &ran.stdout);
            assert_screen(format, &again.stdout);
            assert!(!ran.stdout.lines().any(|line| line.starts_with("READY")), "{}", ran.stdout);
        }
    }
    let size = std::fs::metadata(&saved).unwrap().len();
    assert!(size < 6_000_000, "{size} bytes of evidence");
}
