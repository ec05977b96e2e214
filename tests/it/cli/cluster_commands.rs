//! Every command that a run inside a cluster prints is about the same cluster, proxies and scope. Running them would need
//! the cluster, so that each is read as the program reads it.

use std::collections::BTreeSet;
use std::process::Command as Process;
use std::sync::Mutex;

use arcprobe::cli::args::{Cli, Command, KubeArgs, ProxyUrlArgs};
use clap::Parser as _;
use serde_json::Value;

use crate::beside::beside;
use crate::fake_api::{FakeApi, Scenario};
use crate::inside::{hello_record, log, payload};
use crate::program::{Program, RunResult};

/// The words of each program on a command line, as a shell reads them; none of a setting or a firewall rule.
fn split_programs(line: &str) -> Vec<Vec<String>> {
    let names = ["arcprobe", "kubectl", "az", "curl", "openssl", "dig", "cargo", "grep"];
    let record = names.map(|name| format!("{name}() {{ printf '%s\\001' {name} \"$@\" >&2; echo >&2; }}\n"));
    let output = Process::new("sh").args(["-c", &(record.concat() + line)]).output().expect("a shell");
    let text = String::from_utf8(output.stderr).expect("UTF-8");
    text.lines()
        .filter(|line| line.ends_with('\u{1}'))
        .map(|line| line.split_terminator('\u{1}').map(str::to_owned).collect())
        .collect()
}

fn parse(words: &[String]) -> Command {
    Cli::try_parse_from(words).unwrap_or_else(|e| panic!("{words:?}\n{e}")).command
}

/// Whatever of these a command takes.
fn describe(command: &Command) -> Vec<(&'static str, String)> {
    let kube = |args: &KubeArgs| ("cluster", format!("{:?} {:?}", args.kube_config, args.kube_context));
    let proxies = |args: &ProxyUrlArgs| {
        let flags = args.flags();
        ("proxies", format!("{:?} {:?} {:?}", flags.https, flags.http, flags.skip_range))
    };
    match command {
        Command::Check(args) => {
            let scope = format!("{:?}", args.scope);
            vec![kube(&args.cluster.kube), proxies(&args.proxy.urls), ("scope", scope)]
        }
        Command::Diagnose(args) => vec![kube(&args.cluster.kube), proxies(&args.proxy.urls)],
        Command::Requirements(args) => vec![("scope", format!("{:?}", args.scope))],
        Command::Advise(args) => vec![kube(&args.kube), proxies(&args.proxy)],
        Command::Cleanup(args) => vec![kube(&args.kube)],
        _ => Vec::new(),
    }
}

/// Those of all findings, and what standard error proposes.
fn printed_lines(run: &RunResult) -> Vec<String> {
    let report = run.json();
    let findings = report["findings"].as_array().expect("findings");
    let commands = findings.iter().flat_map(|f| f["remedy"]["commands"].as_array().expect("commands"));
    let hints = run.stderr.lines().filter_map(|line| Some(&line[line.find("arcprobe cleanup")?..]));
    let hints = hints.map(|hint| hint.split(" deletes").next().unwrap_or_default());
    commands
        .filter_map(Value::as_str)
        .chain(hints)
        .map(|line| line.replace("USER:PASSWORD", "joe:topsecret"))
        .collect()
}

/// The first two words of each command that was read.
fn assert_about_the_same(typed: &[String], run: &RunResult) -> BTreeSet<String> {
    let expected = describe(&parse(typed));
    let mut kinds = BTreeSet::new();
    for line in printed_lines(run) {
        for words in split_programs(&line) {
            match words[0].as_str() {
                "arcprobe" => {
                    let found = describe(&parse(&words));
                    let differs = |one: &&(&str, String)| !expected.contains(one);
                    let differing: Vec<_> = found.iter().filter(differs).collect();
                    assert!(differing.is_empty(), "{line}\n{differing:#?}\n{expected:#?}");
                }
                "kubectl" => assert!(
                    words.contains(&"--kubeconfig".into()) && words.contains(&"fake".into()),
                    "{line}"
                ),
                _ => {}
            }
            let open = ["NAMESPACE", "NODE", "REGION", "URL", "RANGE"];
            assert!(!words.iter().any(|word| open.contains(&word.as_str())), "{line}");
            kinds.insert(words[..2].join(" "));
        }
    }
    kinds
}

#[test]
fn commands_of_findings_are_about_the_cluster_of_the_run() {
    let quota = "Error creating: pods \"x\" is forbidden: exceeded quota: compute, requested: pods=1";
    let denied = "admission webhook \"x.example\" denied the request: no";
    let scenarios = [
        Scenario { refuses_all: Some((401, "Unauthorized")), ..Scenario::default() },
        Scenario { forbidden: Some(("create", "jobs")), ..Scenario::default() },
        Scenario { failed_create: Some(quota), ..Scenario::default() },
        Scenario { refuses_jobs: Some((403, denied)), ..Scenario::default() },
        Scenario { refuses_jobs: Some((404, "namespaces \"probes\" not found")), ..Scenario::default() },
        Scenario { logs: vec![log(&[hello_record()])], ..Scenario::default() },
    ];
    let kinds = Mutex::new(BTreeSet::new());
    beside(scenarios, |scenario| {
        let directory = tempfile::tempdir().expect("a folder");
        let folder = directory.path().join("our clusters");
        std::fs::create_dir(&folder).expect("a folder");
        let config = FakeApi::start(scenario).kubeconfig(&folder).display().to_string();
        let agent = payload(directory.path(), "amd64", env!("CARGO_PKG_VERSION")).display().to_string();
        let proxy = "http://joe:topsecret@192.0.2.1:3128";
        #[rustfmt::skip]
        let typed = [
            "arcprobe", "check", "--location", "usgovvirginia", "--cloud", "AzureUSGovernment", "--from", "pod",
            "--feature", "core", "--kube-config", &config, "--kube-context", "fake", "--namespace", "probes",
            "--proxy-https", proxy, "--proxy-skip-range", "10.96.0.0/12,.svc", "--agent-binary", &agent, "--keep",
        ];
        let typed = typed.map(str::to_owned);
        let run = Program::new().args(&typed[1..]).args(["-o", "json"]).run();
        assert!(!run.stdout.contains("topsecret") && !run.stderr.contains("topsecret"));
        kinds.lock().expect("no panic").extend(assert_about_the_same(&typed, &run));
    });
    let kinds = kinds.into_inner().expect("no panic");
    let wanted =
        ["arcprobe check", "arcprobe rbac", "arcprobe advise", "arcprobe cleanup", "kubectl --kubeconfig"];
    assert!(wanted.iter().all(|kind| kinds.contains(*kind)), "{kinds:?}");
}
