//! What tests need of a machine in addition to Rust: programs, permissions, versions.
//!
//! A test that lacks something says so on standard error, past the harness, which hides what tests that pass print. Where
//! `CI` is set it fails instead: there, nothing may be left out. What a system can never do is no matter of this file: such
//! a test has `#[cfg]`, or `#[ignore]` with the reason.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// Where a program is. Without it the test says so, with the package that brings it, and ends.
///
/// # Panics
/// Where `CI` is set and the program is missing, and when `tests/tools.txt` does not name it.
#[track_caller]
pub(crate) fn require(program: &str) -> Option<PathBuf> {
    let package = package(program).unwrap_or_else(|| panic!("tests/tools.txt lacks {program}"));
    let found = find(program);
    require_that(found.is_some(), &format!("{program} is not installed (Debian: {package})"));
    found
}

/// Whether a test can run that needs more than a program; `obstacle` says what is missing.
///
/// # Panics
/// Where `CI` is set and it cannot.
#[track_caller]
pub(crate) fn require_that(is_possible: bool, obstacle: &str) -> bool {
    if !is_possible {
        assert!(!is_strict(), "cannot run, and CI is set: {obstacle}");
        announce("skipped", obstacle);
    }
    is_possible
}

/// Says which cases a test leaves out because the releases of another program differ in them. It never fails.
pub(crate) fn leave_out(cases: &str) {
    announce("narrowed", cases);
}

/// Whether network namespaces, mounts and the cluster of `tests/kube-lab` may be made.
#[cfg(all(target_os = "linux", any(feature = "cluster-tests", feature = "network-tests")))]
pub(crate) fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

/// The packages of `tests/tools.txt` are those of Debian: elsewhere a program that is missing fails nothing.
fn is_strict() -> bool {
    let is_set =
        std::env::var_os("CI").is_some_and(|value| !["", "0", "false"].iter().any(|no| value == *no));
    is_set && cfg!(target_os = "linux")
}

/// Once for each test, in a single write so that lines of tests beside each other stay whole.
fn announce(kind: &str, reason: &str) {
    static SAID: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    let thread = std::thread::current();
    let line = format!("{kind}: {}: {reason}\n", thread.name().unwrap_or("a test"));
    if SAID.lock().unwrap_or_else(PoisonError::into_inner).insert(line.clone()) {
        // a macro would write into what the harness captures
        let _ = std::io::stderr().write_all(line.as_bytes());
    }
}

fn package(program: &str) -> Option<&'static str> {
    let lines = include_str!("../tools.txt").lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_once(' ')).find(|(name, _)| *name == program).map(|(_, p)| p.trim())
}

/// Also in the directories of the administrator, which are not on everybody's path.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let file = format!("{program}{}", std::env::consts::EXE_SUFFIX);
    let more = ["/usr/local/sbin", "/usr/sbin", "/sbin"].map(PathBuf::from);
    std::env::split_paths(&path).chain(more).map(|folder| folder.join(&file)).find(|file| file.is_file())
}
