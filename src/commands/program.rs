//! Asks a program of the workstation, within a limit of time and size.

use std::io::Read as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::evidence::printable;

/// What a program writes on standard output.
///
/// # Errors
/// When it is not there, takes too long or fails: in words for the user.
pub(super) fn ask(program: &str, arguments: &[&str]) -> Result<String, String> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => format!("{program} is not there"),
        _ => format!("{program} does not start: {e}"),
    })?;
    let output = child.stdout.take().map(|pipe| std::thread::spawn(move || bounded(pipe)));
    let complaint = child.stderr.take().map(|pipe| std::thread::spawn(move || bounded(pipe)));
    let started = Instant::now();
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if started.elapsed() < LIMIT => std::thread::sleep(Duration::from_millis(20)),
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
        let asked: Vec<_> = arguments.iter().take_while(|a| !a.starts_with('-')).copied().collect();
        return Err(format!("{program} {} ends with {status}: {}", asked.join(" "), printable(last, 300)));
    }
    Ok(output)
}

/// `az` by the name that it has here.
pub(super) const AZ: &str = if cfg!(windows) { "az.cmd" } else { "az" };

fn bounded(pipe: impl std::io::Read) -> String {
    let mut bytes = Vec::new();
    // what cannot be read is missed in the answer
    let _ = pipe.take(LARGEST).read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// `az` is slow to start, and asks Azure.
const LIMIT: Duration = Duration::from_secs(60);

/// In bytes.
const LARGEST: u64 = 4 << 20;
