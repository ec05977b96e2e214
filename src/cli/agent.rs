//! `arcprobe agent`: carries out a task inside a cluster. Hidden, since only this program writes tasks.

use std::io;

use anyhow::Context as _;

use super::{CommandError, Result};
use crate::cli::args::AgentArgs;
use crate::cli::exit::Exit;
use crate::probe::agent;

/// Measures, whatever it sees, and tells it; the workstation judges.
pub(super) fn run(args: &AgentArgs) -> Result<Exit> {
    let path = &args.task;
    let task =
        std::fs::read(path).with_context(|| format!("{}", path.display())).map_err(CommandError::Usage)?;
    agent::run_task(&task, io::stdout().lock()).context("standard output").map_err(CommandError::Failed)?;
    Ok(Exit::Ok)
}
