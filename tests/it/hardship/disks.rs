//! Disks that are full, files that cannot be written, pipes that nobody reads.

use std::process::Stdio;

use serde_json::Value;

use crate::lab::Lab;
use crate::program::{Program, Ran, ran};
use crate::require::{require, require_that};

use super::{good, lab};

fn check(lab: &Lab, more: &[&str]) -> Program {
    Program::check_in(lab).args(good().flags(lab.directory())).args(more)
}

fn at(lab: &Lab, name: &str) -> String {
    lab.directory().join(name).display().to_string()
}

#[track_caller]
fn is_whole(path: &str) {
    let text = std::fs::read_to_string(path).unwrap();
    let report: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}"));
    assert_eq!(report["verdict"], "ready");
}

fn into_full(program: Program) -> Ran {
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    ran(&program
        .into_command()
        .stdout(full)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
        .wait_with_output()
        .unwrap())
}

#[test]
#[cfg(target_os = "linux")]
fn a_screen_that_takes_nothing_costs_no_file() {
    let lab = lab();
    let (json, page) = (at(&lab, "a.json"), at(&lab, "b.html"));
    let ran = into_full(check(&lab, &["--save", &json, "--save", &page])).exits(1);
    assert!(ran.stderr.contains("standard output: No space left on device"), "{}", ran.stderr);
    is_whole(&json);
    assert!(std::fs::read_to_string(page).unwrap().ends_with("</html>\n"));
}

#[test]
#[cfg(target_os = "linux")]
fn a_file_that_takes_nothing_costs_neither_the_screen_nor_another_file() {
    let lab = lab();
    let (full, whole) = (at(&lab, "full.json"), at(&lab, "whole.json"));
    std::os::unix::fs::symlink("/dev/full", &full).unwrap();
    let ran = check(&lab, &["--save", &full, "--save", &whole]).run().exits(1);
    assert!(ran.stderr.contains("full.json: No space left on device"), "{}", ran.stderr);
    assert!(ran.stdout.contains("READY"), "{}", ran.stdout);
    is_whole(&whole);
}

/// Only root can make a full disk of its own.
#[test]
#[cfg(target_os = "linux")]
fn a_report_from_before_outlives_a_full_disk() {
    let lab = lab();
    let folder = at(&lab, "disk");
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
    let ran = ran(&inside.env("DISK", &folder).output().unwrap()).exits(1);
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
fn what_cannot_be_written_is_wrong_usage() {
    let lab = lab();
    let (file, folder) = (at(&lab, "file"), at(&lab, "folder.json"));
    std::fs::write(&file, "").unwrap();
    std::fs::create_dir(&folder).unwrap();
    let first = at(&lab, "first.json");
    let fixture = "fixtures/reports/mixed.json";
    for path in
        [&at(&lab, "absent/report.json"), &format!("{file}/report.json"), &folder, "/proc/report.json"]
    {
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

/// What was saved there before is not touched by a run that comes to nothing, and keeps its rights by one that does.
#[test]
fn files_that_are_there_are_replaced_at_the_end() {
    let lab = lab();
    let path = at(&lab, "report.json");
    std::fs::write(&path, "before").unwrap();
    check(&lab, &["--save", &path, "--waivers", "absent.yaml"]).run().exits(2);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "before");
    let before = std::fs::metadata(&path).unwrap();
    #[cfg(unix)]
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    check(&lab, &["--save", &path]).run().exits(0);
    is_whole(&path);
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
    let path = at(&lab, "pipe.json");
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
fn a_reader_that_leaves_is_no_error_of_any_command() {
    use std::io::Read as _;
    for (args, code) in PRINTS {
        for reads in [0, 1] {
            let mut command = Program::new().args(*args).into_command();
            let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
            let mut pipe = child.stdout.take().unwrap();
            pipe.read_exact(&mut [0; 1][..reads]).unwrap();
            drop(pipe);
            let ran = ran(&child.wait_with_output().unwrap());
            assert_eq!((ran.code, ran.stderr.as_str()), (*code, ""), "{args:?}");
        }
    }
}

#[test]
#[cfg(target_os = "linux")]
fn no_command_takes_a_full_disk_for_a_success() {
    for (args, _) in PRINTS {
        let ran = into_full(Program::new().args(*args)).exits(1);
        assert!(ran.stderr.contains("standard output: No space left on device"), "{args:?}: {}", ran.stderr);
    }
}
