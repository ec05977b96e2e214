//! The other exit codes; formats, files, pipes, colours, signals.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{good, lab, with_missing};
use crate::lab::{Dns, Host, Lab, Tcp};
use crate::program::{Program, TestRules, check, to_result};

#[test]
fn exit_codes() {
    let lab = lab();
    let table: &[(_, &[&str], _)] = &[
        (good(), &[], 0),
        (good(), &["--fail-on", "warning"], 0),
        (with_missing("required"), &[], 3),
        (with_missing("required"), &["--fail-on", "warning"], 3),
        (with_missing("optional"), &[], 0),
        (with_missing("optional"), &["--fail-on", "warning"], 4),
    ];
    for (rules, more, code) in table {
        for format in ["text", "short", "json"] {
            let flags = rules.flags(lab.directory());
            Program::check_in(&lab).args(flags).args(*more).args(["-o", format]).run().exits(*code);
        }
    }
}

fn verdict_of(report: &Value, requirement: &str) -> String {
    check(report, requirement)["verdict"].as_str().unwrap_or_default().to_owned()
}

/// What was not measured is not concluded, and one unmet check outweighs it.
#[test]
fn a_deadline_leaves_the_rest_unverified() {
    let lab = Lab::start(vec![
        Host::good("good.lab.example"),
        Host::with_dns("silent.lab.example", Dns::Silent),
        Host::new("hole.lab.example", Tcp::Blackhole),
    ]);
    for (with_unmet, code, word) in [(false, 5, "incomplete"), (true, 3, "blocked")] {
        let mut rules =
            good().endpoint("silent", "silent.lab.example", "").endpoint("hole", "hole.lab.example", "");
        if with_unmet {
            rules = rules.endpoint("missing", "missing.lab.example", "");
        }
        let flags = rules.flags(lab.directory());
        let bounds = ["--timeout", "60s", "--deadline", "1s", "-o", "json"];
        let report = Program::check_in(&lab).args(flags).args(bounds).run().exits(code).json();
        assert_eq!(report["verdict"], word);
        assert_eq!(report["run"]["interrupted"], false);
        assert_eq!(verdict_of(&report, "good"), "met");
        for open in ["silent", "hole"] {
            assert_eq!(verdict_of(&report, open), "unverified", "{report:#}");
            assert_eq!(check(&report, open)["unverified"], "not_run");
        }
    }
}

#[test]
#[cfg_attr(windows, ignore = "there is no SIGINT to send")]
fn an_interrupted_run_reports_what_it_measured() {
    let lab = Lab::start(vec![Host::good("good.lab.example"), Host::new("hole.lab.example", Tcp::Blackhole)]);
    let flags = good().endpoint("hole", "hole.lab.example", "").flags(lab.directory());
    let mut command =
        Program::check_in(&lab).args(flags).args(["--timeout", "60s", "-o", "json"]).into_command();
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
    wait_until(|| lab.log().iter().any(|entry| entry.starts_with("http good.lab.example")));
    std::thread::sleep(Duration::from_millis(300)); // the answer has to arrive, which the lab does not see
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill runs");
    assert!(sent.success());
    let report = to_result(&child.wait_with_output().expect("it ends")).exits(130).json();
    assert_eq!(report["run"]["interrupted"], true);
    assert_eq!(report["verdict"], "incomplete");
    assert_eq!(verdict_of(&report, "good"), "met");
    assert_eq!(verdict_of(&report, "hole"), "unverified");
    assert_eq!(check(&report, "hole")["unverified"], "not_run");
}

fn wait_until(holds: impl Fn() -> bool) {
    let patience = Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(Instant::now() < patience, "what was waited for did not happen");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// As with `| head -1`.
#[test]
fn a_closed_pipe_is_not_an_error() {
    let lab = lab();
    // more than a pipe holds, so that the writer meets the closed end
    let rules = (0..400)
        .fold(good(), |rules, n| rules.endpoint(&format!("e{n}"), &format!("e{n}.absent.example"), ""));
    let mut command =
        Program::check_in(&lab).args(rules.flags(lab.directory())).args(["-o", "json"]).into_command();
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
    assert_eq!(line, "{\n");
    let ran = to_result(&child.wait_with_output().expect("it ends")).exits(3);
    assert_eq!(ran.stderr, "");
}

#[test]
fn saved_files_hold_the_same_report() {
    let lab = lab();
    let at = |name: &str| lab.directory().join(name).display().to_string();
    let flags = good().flags(lab.directory());
    let ran = Program::check_in(&lab)
        .args(flags)
        .args(["-o", "json", "--color", "always", "--save", &at("a.json"), "--save", &at("b.txt")])
        .run()
        .exits(0);
    assert_eq!(std::fs::read_to_string(at("a.json")).expect("saved"), ran.stdout);
    let text = std::fs::read_to_string(at("b.txt")).expect("saved");
    assert!(text.starts_with("READY: A cluster can be connected from here."), "{text}");
    assert!(!text.contains('\u{1b}'), "a file has no colours");
}

/// A report that cannot be written must not cost a run.
#[test]
fn files_are_opened_before_anything_is_probed() {
    let lab = lab();
    for name in ["absent/report.json", "report.doc"] {
        let path = lab.directory().join(name).display().to_string();
        let flags = good().flags(lab.directory());
        let ran = Program::check_in(&lab).args(flags).args(["--save", &path]).run();
        assert!([1, 2].contains(&ran.code), "{}", ran.stderr);
        assert!(ran.stderr.contains(name), "{}", ran.stderr);
        assert!(ran.stdout.is_empty());
    }
    assert_eq!(lab.log(), Vec::<String>::new());
}

#[test]
fn every_format_and_quiet_work_together() {
    let lab = lab();
    let run = |args: &[&str]| {
        let flags = with_missing("required").flags(lab.directory());
        Program::check_in(&lab)
            .args(flags)
            .args(args)
            // a missing scheme is worth a hint; the list keeps the lab's hosts off the proxy
            .env("HTTPS_PROXY", "u:p@proxy.example:3128")
            .env("NO_PROXY", ".lab.example")
            .run()
            .exits(3)
    };
    let short = run(&["-o", "short"]);
    assert!(
        short.stdout.starts_with("BLOCKED: ") || short.stdout.starts_with("blocked: "),
        "{}",
        short.stdout
    );
    assert!(short.stdout.contains("unmet: missing.lab.example:443 dns_nxdomain\n"), "{}", short.stdout);
    let hint = run(&[]).stderr;
    assert!(hint.contains("HTTPS_PROXY") && !hint.contains("u:p"), "{hint}");
    assert_eq!(run(&["-q"]).stderr, "");
    assert_eq!(run(&["-q", "-o", "json"]).json()["verdict"], "blocked");
}

#[test]
fn colour_follows_flags_and_environment() {
    let lab = lab();
    let coloured = |args: &[&str], environment: &[(&str, &str)]| {
        let flags = good().flags(lab.directory());
        let program = Program::check_in(&lab).args(flags).args(args);
        let program = environment.iter().fold(program, |program, (name, value)| program.env(name, value));
        program.run().exits(0).stdout.contains("\u{1b}[")
    };
    assert!(!coloured(&[], &[]), "a pipe is no terminal");
    assert!(coloured(&["--color", "always"], &[]));
    assert!(
        coloured(&["--color", "always"], &[("NO_COLOR", "1")]),
        "what is typed outweighs the environment"
    );
    assert!(!coloured(&["--color", "never"], &[]));
    assert!(!coloured(&["--color", "always", "-o", "json"], &[]));
    assert!(!coloured(&["--color", "always", "-o", "short"], &[]));
}

/// Later files add, and replace what has the same id.
#[test]
fn rules_files_are_merged_in_order() {
    let lab = lab();
    let (one, two) = (lab.directory().join("one"), lab.directory().join("two"));
    for folder in [&one, &two] {
        std::fs::create_dir(folder).expect("a folder");
    }
    let first =
        TestRules::new().endpoint("a", "good.lab.example", "").endpoint("b", "missing.lab.example", "");
    let first = first.flags(&one);
    let second = TestRules::new().endpoint("b", "good.lab.example", "").flags(&two);
    Program::check_in(&lab).args(&first).run().exits(3);
    let report =
        Program::check_in(&lab).args(&first).args(&second[3..]).args(["-o", "json"]).run().exits(0).json();
    let hosts: Vec<_> = report["checks"]
        .as_array()
        .expect("checks")
        .iter()
        .map(|c| (&c["requirement"], &c["host"]))
        .collect();
    assert_eq!(hosts.len(), 2, "{hosts:?}");
    assert!(hosts.iter().all(|(_, host)| **host == "good.lab.example"), "{hosts:?}");
    assert_eq!(report["rules"].as_array().map(Vec::len), Some(2), "both files are named");
}
