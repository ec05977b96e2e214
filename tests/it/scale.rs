//! Many endpoints and many nodes: order, memory, and reports that people can still read.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::fake_api::{FakeApi, Scenario};
use crate::inside::payload;
use crate::lab::{Dns, Host, Lab, LabOptions, Serves};
use crate::program::{Program, RunResult, to_result};

/// Slow builds have a tenth of it: order, memory for each check and readable reports are the same questions there.
const SIZE: Size = if cfg!(debug_assertions) {
    Size { endpoints: 1_000, in_a_file: 250, nodes: 30, memory: 100 }
} else {
    Size { endpoints: 10_000, in_a_file: 2_500, nodes: 100, memory: 300 }
};

struct Size {
    endpoints: usize,
    /// Of the endpoints, in each rules file.
    in_a_file: usize,
    nodes: usize,
    /// The most in MiB. What was seen is kept until it is reported: 12 kB for each check, and a little for what is on its way.
    memory: u64,
}

/// Endpoints that are asked for from each of many nodes; three of them do not exist.
const FROM_NODES: usize = 60;

/// Every name is there and good, but for those of `gone.example`.
fn start_lab() -> Lab {
    let options = LabOptions { default: Some(Serves::Good), ..LabOptions::default() };
    Lab::start_with(vec![Host::with_dns("*.gone.example", Dns::Nxdomain)], options)
}

/// Rules files with so many endpoints; one of 20 does not exist, one of `tls` speaks TLS.
fn write_rules(directory: &Path, count: usize, tls: usize) -> Vec<PathBuf> {
    (0..count.div_ceil(SIZE.in_a_file)).map(|file| rules_file(directory, file, count, tls)).collect()
}

fn rules_file(directory: &Path, file: usize, count: usize, tls: usize) -> PathBuf {
    let first = file * SIZE.in_a_file;
    let mut text = String::from(
        "format: arcprobe-rules/1\nname: scale\nrevision: 2026-01-31\ncloud: AzureCloud\n\
         features:\n  - {id: core, title: Core, default: true}\n\
         regions:\n  - {name: eastus, title: East US, cloud: AzureCloud, his_code: eus, arc: true}\nendpoints:\n",
    );
    if file > 0 {
        // what the first one declares
        text.truncate(text.find("features:").unwrap());
        text.push_str("endpoints:\n");
    }
    for place in first..count.min(first + SIZE.in_a_file) {
        let domain = if place % 20 == 7 { "gone.example" } else { "lab.example" };
        let speaks =
            if place % tls == 0 { "protocol: https" } else { "protocol: tcp, port: 80, addresses: any" };
        writeln!(
            text,
            "  - {{id: e{place}, title: Endpoint {place}, why: For the test., breaks: The test., callers: [agent], \
             vantages: [pod, node], host: h{place}.{domain}, features: [core], {speaks}}}"
        )
        .unwrap();
    }
    let path = directory.join(format!("rules-{file}.yaml"));
    std::fs::write(&path, text).unwrap();
    path
}

/// `check` with these rules and no others, all of it in the lab.
fn check(lab: &Lab, rules: &[PathBuf]) -> Program {
    Program::check_in(lab)
        .args(["-l", "eastus", "--no-builtin-rules"])
        .args(rules.iter().flat_map(|file| ["--rules", file.to_str().unwrap()]))
        // in a debug build both sides take their time
        .args(["--timeout", "10s"])
}

/// A run with the most memory that it had, in MiB; 0 elsewhere than on Linux.
fn with_peak(program: Program) -> (RunResult, u64) {
    let mut command: Command = program.into_command();
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let (mut out, mut err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let read = std::thread::spawn(move || {
        let mut text = Vec::new();
        std::io::copy(&mut out, &mut text).unwrap();
        text
    });
    let complaints = std::thread::spawn(move || {
        let mut text = Vec::new();
        std::io::copy(&mut err, &mut text).unwrap();
        text
    });
    let mut peak = 0;
    while child.try_wait().unwrap().is_none() {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        peak = kilobytes.unwrap_or(peak);
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let status = child.wait().unwrap();
    let output =
        std::process::Output { status, stdout: read.join().unwrap(), stderr: complaints.join().unwrap() };
    (to_result(&output), peak / 1024)
}

fn word_count<'a>(values: &'a Value, key: &str) -> Vec<&'a str> {
    values.as_array().unwrap().iter().map(|value| value[key].as_str().unwrap()).collect()
}

/// In bytes and lines: what a browser and a person take.
fn is_readable(report: &Path, lines: usize) {
    let shown = |format: &str| {
        let ran = Program::new().args(["report", report.to_str().unwrap(), "-o", format]).run();
        assert!(ran.code == 3, "{format}: {}", ran.stderr);
        ran.stdout
    };
    let html = shown("html").len();
    assert!(html < 4 << 20, "the page has {html} bytes");
    let text = shown("text");
    assert!(text.lines().count() < lines, "{} lines:\n{}", text.lines().count(), &text[..3000]);
    // a command stays on one line, to be pasted
    let prose = text.lines().filter(|line| !line.trim_start().starts_with("arcprobe "));
    let longest = prose.map(|line| line.chars().count()).max().unwrap();
    assert!(longest <= 160, "{longest}");
    let short = shown("short").lines().count();
    assert!(short < 30, "{short} lines");
}

#[test]
fn many_endpoints_come_in_their_order() {
    let (lab, directory) = (start_lab(), tempfile::tempdir().unwrap());
    let report = directory.path().join("report.json");
    let many = write_rules(directory.path(), SIZE.endpoints, 25);
    let save = ["-o", "short", "--save", report.to_str().unwrap()];
    let (done, peak) = with_peak(check(&lab, &many).args(save));
    let done = done.exits(3);
    let saved: Value = serde_json::from_slice(&std::fs::read(&report).unwrap()).unwrap();
    let checks = word_count(&saved["checks"], "requirement");
    assert!(checks.iter().enumerate().all(|(place, id)| *id == format!("e{place}")), "{checks:?}");
    assert_eq!(checks.len(), SIZE.endpoints);
    let verdicts = word_count(&saved["checks"], "verdict");
    let unmet = verdicts.iter().filter(|verdict| **verdict == "unmet").count();
    let met = verdicts.iter().filter(|verdict| **verdict == "met").count();
    assert_eq!((unmet, met), (SIZE.endpoints / 20, SIZE.endpoints - SIZE.endpoints / 20), "{}", done.stdout);
    assert!(peak < SIZE.memory, "{peak} MiB");
    is_readable(&report, 150);
}

#[test]
fn many_nodes_are_checked_in_their_order() {
    let (lab, directory) = (start_lab(), tempfile::tempdir().unwrap());
    let nodes = SIZE.nodes;
    let api = FakeApi::start(Scenario { nodes, agent_resolver: Some(lab.resolver()), ..Scenario::default() });
    let config = api.kubeconfig(directory.path()).display().to_string();
    let agent = payload(directory.path(), "amd64", env!("CARGO_PKG_VERSION")).display().to_string();
    let report = directory.path().join("report.json");
    let rules = write_rules(directory.path(), FROM_NODES, 10);
    let inside = ["--from", "pod,node", "--every-node", "--kube-config", &config, "--agent-binary", &agent];
    let save = ["-o", "short", "--save", report.to_str().unwrap()];
    let (done, peak) = with_peak(check(&lab, &rules).args(inside).args(save));
    let done = done.exits(3);
    let saved: Value = serde_json::from_slice(&std::fs::read(&report).unwrap()).unwrap();
    let vantages = word_count(&saved["vantages"], "id");
    assert_eq!(vantages.len(), 2 * nodes);
    let mut sorted = vantages.clone();
    sorted.sort_by_key(|id| (!id.starts_with("pod"), id.to_string()));
    assert_eq!(vantages, sorted);
    assert_eq!(saved["checks"].as_array().unwrap().len(), 2 * nodes * FROM_NODES, "{}", done.stderr);
    let errors: Vec<_> =
        saved["vantages"].as_array().unwrap().iter().filter(|v| !v["error"].is_null()).collect();
    assert!(errors.is_empty(), "{} {:#?}", errors.len(), errors[0]);
    assert!(peak < SIZE.memory, "{peak} MiB");
    is_readable(&report, 60);
    let text = Program::new().args(["report", report.to_str().unwrap()]).run().stdout;
    for words in [
        format!("From pods on all {nodes} nodes and all {nodes} nodes: "),
        format!("from pod on {nodes} nodes (node1, node10 and {} more) (3)", nodes - 2),
    ] {
        assert!(text.contains(&words), "{words}: {text}");
    }
    let seen = api.request_lines();
    let count = |verb: &str| seen.iter().filter(|s| s.starts_with(verb) && s.contains("/jobs")).count();
    assert!(
        count("DELETE") >= count("POST") && count("POST") == 2 * nodes,
        "{} {}",
        count("POST"),
        count("DELETE")
    );
}
