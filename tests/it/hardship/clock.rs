//! A clock that jumps during a run. Durations are measured with another one, so none is negative or absurd.

#![cfg(all(target_os = "linux", target_env = "gnu"))]

use std::process::Command;
use std::time::Duration;

use arcprobe::probe::net::{Clock as _, SystemClock};
use serde_json::Value;

use crate::phases::verdict_of;
use crate::program::{Program, check};

use super::{lab, with_hole};

const HOUR: i64 = 3_600;
const CENTURY: i64 = 100 * 365 * 24 * HOUR;

/// Every number of milliseconds in a report.
fn collect_durations(value: &Value, found: &mut Vec<(String, f64)>) {
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                match value.as_f64().filter(|_| name.ends_with("_ms")) {
                    Some(ms) => found.push((name.clone(), ms)),
                    None => collect_durations(value, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect_durations(item, found)),
        _ => {}
    }
}

#[test]
fn clock_jumps_change_no_duration() {
    let lab = lab();
    let library = lab.directory().join("clock.so").display().to_string();
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/hardship/clock.c");
    let built = Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o", &library, source]).status();
    assert!(built.expect("a C compiler, which the build needs too").success());
    for jump in [HOUR, -HOUR, CENTURY] {
        let ran = Program::check_in(&lab)
            .args(with_hole().flags(lab.directory()))
            .args(["--timeout", "1s", "--deadline", "20s", "-o", "json"])
            .env("LD_PRELOAD", &library)
            .env("JUMP", &jump.to_string())
            .run_within(Duration::from_secs(60))
            .exits(3);
        assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
        let report = ran.json();
        let mut found = Vec::new();
        collect_durations(&report, &mut found);
        assert!(found.len() > 10);
        let odd: Vec<_> = found.iter().filter(|(_, ms)| !(0.0..30_000.0).contains(ms)).collect();
        assert!(odd.is_empty(), "{jump}: {odd:?}");
        assert_eq!(verdict_of(check(&report, "hole")), "connect tcp_timeout", "{jump}");
        let started = report["run"]["started_at"].as_str().unwrap();
        let started: jiff::Timestamp = started.parse().unwrap();
        let off = started.as_second() - SystemClock.now().as_second();
        assert!(
            (off.abs() - jump.abs()).abs() < 60,
            "the clock was to jump by {jump} s, and is off by {off} s"
        );
        if jump.abs() == HOUR {
            assert_eq!(verdict_of(check(&report, "good")), "met", "{jump}");
        }
    }
}
