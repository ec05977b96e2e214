//! Disks that are full, files that cannot be written, pipes that nobody reads.

use std::process::Stdio;

use serde_json::Value;

use crate::lab::Lab;
use crate::program::{Program, RunResult, to_result};
use crate::require::{require, require_that};

use super::{good, lab};

fn check(lab: &Lab, more: &[&str]) -> Program {
    Program::check_in(lab).args(good().flags(lab.directory())).args(more)
}

fn path_in_lab(lab: &Lab, name: &str) -> String {
    lab.directory().join(name).display().to_string()
}

#[track_caller]
fn assert_complete_report(path: &str) {
    let text = std::fs::read_to_string(path).unwrap();
    let report: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}"));
    assert_eq!(report["verdict"], "ready");
}

fn run_into_full_device(program: Program) -> RunResult {
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    to_result(
        &program
            .into_command()
            .stdout(full)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
            .wait_with_output()
            .unwrap(),
    )
}

#[test]
#[cfg(target_os = "linux")]
fn an_unwritable_screen_does_not_lose_files() {
    let lab = lab();
    let (json, page) = (path_in_lab(&lab, "a.json"), path_in_lab(&lab, "b.html"));
    let ran = run_into_full_device(check(&lab, &["--save", &json, "--save", &page])).exits(1);
    assert!(ran.stderr.contains("standard output: No space left on device"), "{}", ran.stderr);
    assert_complete_report(&json);
    assert!(std::fs::read_to_string(page).unwrap().ends_with("</html>\n"));
}

#[test]
#[cfg(target_os = "linux")]
fn an_unwritable_file_loses_neither_the_screen_nor_other_files() {
    let lab = lab();
    let (full, whole) = (path_in_lab(&lab, "full.json"), path_in_lab(&lab, "whole.json"));
    std::os::unix::fs::symlink("/dev/full", &full).unwrap();
    let ran = check(&lab, &["--save", &full, "--save", &whole]).run().exits(1);
    assert!(ran.stderr.contains("full.json: No space left on device"), "{}", ran.stderr);
    assert!(ran.stdout.contains("READY"), "{}", ran.stdout);
    assert_complete_report(&whole);
}

/// Only root can make a full disk of its own.
#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_keeps_the_previous_report() {
    let lab = lab();
    let folder = path_in_lab(&lab, "disk");
    std::fs::create_dir(&folder).unwrap();
    let script = "mount -t tmpfs -o size=16k none \"$1\" && echo old > \"$1/old.json\" && cat /dev/zero > \"$1/filler\" 2>/dev/null; shift
        \"$@\"; code=$?; cat \"$DISK/old.json\" >&2; ls -A \"$DISK\" >&2; exit $code";
    let Some(unshare) = require("unshare") else { return };
    let may = std::process::Command::new(&unshare).args(["-m", "true"]).status().unwrap();
    if !require_that(may.success(), "only root may make a mount namespace") {
        return;
    }
    let saves = ["--save", &format!("{folder}/old.json"), "--save", &format!("{folder}/new.json")];
    let command = check(&lab, &saves).into_command();
    let mut inside = std::process::Command::new(&unshare);
    inside
        .args(["-m", "sh", "-c", script, "sh", &folder])
        .arg(command.get_program())
        .args(command.get_args());
    let ran = to_result(&inside.env("DISK", &folder).output().unwrap()).exits(1);
    assert!(ran.stderr.contains("old.json: No space left on device"), "{}", ran.stderr);
    assert!(
        ran.stderr.ends_with("old\nfiller\nold.json\n"),
        "neither lost nor left half written: {}",
        ran.stderr
    );
    assert!(ran.stdout.contains("READY"), "{}", ran.stdout);
}

/// Before anything is probed or read, and nothing is left of files that were made for it.
#[test]
fn an_unwritable_path_is_a_usage_error() {
    let lab = lab();
    let (file, folder) = (path_in_lab(&lab, "file"), path_in_lab(&lab, "folder.json"));
    std::fs::write(&file, "").unwrap();
    std::fs::create_dir(&folder).unwrap();
    let first = path_in_lab(&lab, "first.json");
    let fixture = "fixtures/reports/mixed.json";
    for path in [
        &path_in_lab(&lab, "absent/report.json"),
        &format!("{file}/report.json"),
        &folder,
        "/proc/report.json",
    ] {
        if path.starts_with("/proc") && !cfg!(target_os = "linux") {
            continue;
        }
        let runs = [
            check(&lab, &["--save", &first, "--save", path]),
            check(&lab, &["--save", &first, "--save-ca", path]),
            Program::new().args(["report", fixture, "--save", &first, "--save", path]),
            Program::new().args(["diagnose", "--kube-config", "absent", "--save-evidence", path]),
            Program::new().args(["check", "--kube-config", "absent", "--save", path]),
        ];
        for (number, run) in runs.into_iter().enumerate() {
            let ran = run.run().exits(2);
            assert!(ran.stderr.contains(path), "{number}: {path}: {}", ran.stderr);
            assert!(ran.stdout.is_empty(), "{number}: {}", ran.stdout);
            assert!(!std::path::Path::new(&first).exists(), "{number}: an empty file is left");
        }
    }
    assert_eq!(lab.log(), Vec::<String>::new());
}

/// What was saved there before is not touched by a run that comes to nothing, and keeps its permissions when a run succeeds.
#[test]
fn files_that_are_there_are_replaced_at_the_end() {
    let lab = lab();
    let path = path_in_lab(&lab, "report.json");
    std::fs::write(&path, "before").unwrap();
    check(&lab, &["--save", &path, "--waivers", "absent.yaml"]).run().exits(2);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "before");
    let before = std::fs::metadata(&path).unwrap();
    #[cfg(unix)]
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    check(&lab, &["--save", &path]).run().exits(0);
    assert_complete_report(&path);
    let after = std::fs::metadata(&path).unwrap();
    #[cfg(unix)]
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&after.permissions()) & 0o777, 0o600);
    assert_eq!(before.file_type(), after.file_type());
}

/// A pipe with a name has neither a length nor a place to take.
#[test]
#[cfg(unix)]
fn a_report_can_be_saved_into_a_pipe() {
    let lab = lab();
    let path = path_in_lab(&lab, "pipe.json");
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    let read = path.clone();
    let reader = std::thread::spawn(move || std::fs::read_to_string(read).unwrap());
    check(&lab, &["--save", &path]).run().exits(0);
    let report: Value = serde_json::from_str(&reader.join().unwrap()).unwrap();
    assert_eq!(report["verdict"], "ready");
}

/// Commands that print, with the exit codes that they have when all of it is read.
const PRINTS: &[(&[&str], i32)] = &[
    (&["explain"], 0),
    (&["explain", "tls_intercepted"], 0),
    (&["rules", "show"], 0),
    (&["rules", "schema"], 0),
    (&["requirements", "-l", "eastus", "-o", "json"], 0),
    (&["rbac"], 0),
    (&["man"], 0),
    (&["completions", "zsh"], 0),
    (&["--help"], 0),
    (&["check", "--help"], 0),
    (&["--version"], 0),
    (&["advise", "--no-cluster", "--service-cidr", "10.96.0.0/16"], 0),
    (&["report", "fixtures/reports/mixed.json"], 3),
    (&["report", "fixtures/reports/mixed.json", "-o", "html"], 3),
    (&["report", "fixtures/reports/mixed.json", "--diff", "fixtures/reports/all-met.json"], 3),
    (&["diagnose", "--evidence", "fixtures/evidence/no-identity.json"], 3),
];

/// As with `| head -c 1`, and with a reader that has gone before the first byte.
#[test]
#[cfg(unix)]
fn a_closed_pipe_is_not_an_error_of_any_command() {
    use std::io::Read as _;
    for (args, code) in PRINTS {
        for reads in [0, 1] {
            let mut command = Program::new().args(*args).into_command();
            let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
            let mut pipe = child.stdout.take().unwrap();
            pipe.read_exact(&mut [0; 1][..reads]).unwrap();
            drop(pipe);
            let ran = to_result(&child.wait_with_output().unwrap());
            assert_eq!((ran.code, ran.stderr.as_str()), (*code, ""), "{args:?}");
        }
    }
}

#[test]
#[cfg(target_os = "linux")]
fn no_command_takes_a_full_disk_for_a_success() {
    for (args, _) in PRINTS {
        let ran = run_into_full_device(Program::new().args(*args)).exits(1);
        assert!(ran.stderr.contains("standard output: No space left on device"), "{args:?}: {}", ran.stderr);
    }
}
