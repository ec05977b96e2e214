//! Asks `az` what Azure says of a cluster, where the user wants that.

use std::io::Read as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::chain::azure;
use crate::evidence::printable;

/// What `az connectedk8s show` says of a resource.
///
/// # Errors
/// When `az` is not there, takes too long, fails or says no JSON: in words for the user.
pub(super) fn show(resource: &str) -> Result<Value, String> {
    let program = if cfg!(windows) { "az.cmd" } else { "az" };
    let mut command = Command::new(program);
    command.args(["connectedk8s", "show", "--ids", resource, "-o", "json", "--only-show-errors"]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|e| format!("{program} does not start: {e}"))?;
    let output = child.stdout.take().map(|pipe| std::thread::spawn(move || bounded(pipe)));
    let complaint = child.stderr.take().map(|pipe| std::thread::spawn(move || bounded(pipe)));
    let started = Instant::now();
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if started.elapsed() < LIMIT => std::thread::sleep(Duration::from_millis(50)),
            Ok(None) => {
                // it may be gone by now
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("{program} says nothing for {} s", LIMIT.as_secs()));
            }
            Err(e) => return Err(format!("{program}: {e}")),
        }
    };
    let text = |thread: Option<std::thread::JoinHandle<String>>| {
        thread.and_then(|t| t.join().ok()).unwrap_or_default()
    };
    let (output, complaint) = (text(output), text(complaint));
    if !status.success() {
        let last = complaint.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it says nothing");
        return Err(format!("{program} connectedk8s show ends with {status}: {}", printable(last, 300)));
    }
    azure::json(&output).map_err(|e| format!("{program} connectedk8s show: {e}"))
}

fn bounded(pipe: impl std::io::Read) -> String {
    let mut bytes = Vec::new();
    // what cannot be read is missed as JSON
    let _ = pipe.take(LARGEST).read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// It is slow to start, and asks Azure.
const LIMIT: Duration = Duration::from_secs(60);

/// In bytes.
const LARGEST: u64 = 4 << 20;
