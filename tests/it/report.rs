//! `arcprobe report`: what was saved is shown as `check` would have shown it.

use std::io::Write as _;
use std::process::Stdio;

use crate::program::{Program, RunResult, to_result};

fn fixture(name: &str) -> String {
    format!("{}/fixtures/reports/{name}.json", env!("CARGO_MANIFEST_DIR"))
}

fn report(args: &[&str]) -> RunResult {
    Program::new().args(["report"]).args(args).run()
}

#[test]
fn the_exit_code_matches_that_of_the_check() {
    let table = [("all-met", 0, 0), ("warnings", 0, 4), ("mixed", 3, 3), ("incomplete", 5, 5)];
    for (name, code, strict) in table {
        let ran = report(&[&fixture(name)]).exits(code);
        assert_eq!(ran.stderr, "");
        assert!(ran.stdout.lines().count() > 10, "{}", ran.stdout);
        report(&[&fixture(name), "--fail-on", "warning"]).exits(strict);
    }
}

#[test]
fn json_round_trips_and_files_get_their_formats() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).display().to_string();
    let saved = std::fs::read_to_string(fixture("mixed")).expect("the fixture");
    let ran = report(&[&fixture("mixed"), "-o", "json", "--save", &at("a.txt"), "--save", &at("b.json")]);
    assert_eq!(ran.exits(3).stdout, saved);
    assert_eq!(std::fs::read_to_string(at("b.json")).expect("saved"), saved);
    assert!(std::fs::read_to_string(at("a.txt")).expect("saved").starts_with("BLOCKED: "));
    // over itself
    report(&[&at("b.json"), "-o", "short", "--save", &at("b.json")]).exits(3);
    assert_eq!(std::fs::read_to_string(at("b.json")).expect("saved"), saved);
}

#[test]
fn a_dash_means_standard_input() {
    let mut command = Program::new().args(["report", "-", "-o", "short"]).into_command();
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the binary starts");
    let text = std::fs::read(fixture("all-met")).expect("the fixture");
    child.stdin.take().expect("a pipe").write_all(&text).expect("it reads");
    let ran = to_result(&child.wait_with_output().expect("it ends")).exits(0);
    assert!(ran.stdout.starts_with("READY: "), "{}", ran.stdout);
}

/// Name, content and what is said about it; no file of theirs is shown, no memory is spent on them.
#[test]
fn a_file_that_is_not_a_report_is_refused_by_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let newer = std::fs::read_to_string(fixture("all-met")).expect("the fixture").replacen(
        "\"schema_version\": 1",
        "\"schema_version\": 7",
        1,
    );
    let cut = std::fs::read_to_string(fixture("all-met")).expect("the fixture")[..5000].to_owned();
    let nowhere = std::fs::read_to_string(fixture("all-met"))
        .expect("the fixture")
        .replace("\"vantage\": \"workstation\"", "\"vantage\": \"moon\"");
    let table: &[(&str, &str, &str)] = &[
        ("nowhere.json", &nowhere, "the check \"workstation/arm/management.azure.com\" names a vantage"),
        ("empty.json", "", "this is no arcprobe report: EOF"),
        ("text.json", "READY: \u{1b}[2J", "this is no arcprobe report: expected value"),
        ("foreign.json", r#"{"kind": "List"}"#, "this is no arcprobe report: missing field `schema_version`"),
        ("newer.json", &newer, "the report has schema_version 7; this program reads version 1"),
        ("cut.json", &cut, "this is no arcprobe report: EOF"),
        ("deep.json", &"[".repeat(1 << 20), "this is no arcprobe report"),
        (
            "minus.json",
            r#"{"schema_version": 1, "run": {"started_at": "", "took_ms": -1}}"#,
            "this is no arcprobe report: cannot convert",
        ),
    ];
    for (name, text, message) in table {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("written");
        let ran = report(&[&path.display().to_string()]).exits(2);
        assert_eq!(ran.stdout, "");
        assert!(ran.stderr.contains(&format!("{name}: {message}")), "{}", ran.stderr);
        assert!(!ran.stderr.contains('\u{1b}'));
    }
    let absent = report(&["absent.json"]).exits(2).stderr;
    assert!(absent.starts_with("arcprobe: absent.json: "), "{absent}");
    report(&[&folder.path().display().to_string()]).exits(2);
}

/// The size is known before all of it is in memory.
#[cfg(unix)]
#[test]
fn an_endless_file_is_refused() {
    let ran = report(&["/dev/zero"]).exits(2);
    assert!(ran.stderr.contains("/dev/zero: larger than 67108864 bytes"), "{}", ran.stderr);
}

/// 3 where something required broke, whatever else is unmet; what is optional, or unverified now, with `--fail-on warning` only.
#[test]
fn a_diff_has_exit_codes_of_its_own() {
    let diff = |newer: &str, older: &str, more: &[&str]| {
        report(&[&[fixture(newer).as_str(), "--diff", &fixture(older)], more].concat())
    };
    assert!(diff("dead-resolver", "all-met", &[]).exits(3).stdout.starts_with("WORSE: 29 required checks"));
    assert!(diff("all-met", "dead-resolver", &[]).exits(0).stdout.starts_with("NOT WORSE: "));
    diff("dead-resolver", "dead-resolver", &["--fail-on", "warning"]).exits(0);
    diff("warnings", "all-met", &[]).exits(0);
    diff("warnings", "all-met", &["--fail-on", "warning"]).exits(4);
    let json = diff("dead-resolver", "all-met", &["-o", "json"]).exits(3).json();
    assert_eq!(json["newly_unmet"][0]["cause"], "dns_timeout");
    let refused = diff("all-met", "all-met", &["-o", "html"]).exits(2).stderr;
    assert!(refused.contains("--diff is shown as text or json only"), "{refused}");
    report(&["-", "--diff", "-"]).exits(2);
    report(&[&fixture("all-met"), "--diff", "absent.json"]).exits(2);
}
