//! `arcprobe-agent TASK...`: measures inside a cluster. The pieces of a task that is larger than one Secret come one after
//! the other.

use std::process::ExitCode;

fn main() -> ExitCode {
    let pieces: Vec<_> = std::env::args_os().skip(1).collect();
    if pieces.is_empty() {
        return report_error("usage: arcprobe-agent TASK...");
    }
    let mut task = Vec::new();
    for piece in pieces {
        match std::fs::read(&piece) {
            Ok(bytes) => task.extend(bytes),
            Err(e) => return report_error(&format!("{}: {e}", piece.display())),
        }
    }
    match arcprobe::probe::agent::run_task(&task, std::io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => report_error(&format!("standard output: {e}")),
    }
}

/// The workstation shows the last lines that are no records.
#[expect(clippy::print_stderr, reason = "this is what standard error is for")]
fn report_error(problem: &str) -> ExitCode {
    eprintln!("arcprobe-agent: {problem}");
    ExitCode::from(2)
}
