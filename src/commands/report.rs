//! `arcprobe report`: shows a report that was saved, in any format.

use std::path::Path;

use super::check::exit;
use super::files::{bounded, open_all, save};
use super::{CommandError, Screen, show};
use crate::cli::ReportArgs;
use crate::exit::Exit;
use crate::report::v1::Report;
use crate::report::{self, json};

/// As if `check` had just run: the same formats, files and exit codes.
pub(super) fn run(args: &ReportArgs, screen: &Screen) -> Result<Exit, CommandError> {
    let report = read(&args.file)?;
    // only now: the file may be one of those that are written
    let files = open_all(&args.save)?;
    show(&report::render(&report, args.output, &screen.text))?;
    save(&report, files, screen)?;
    Ok(exit(&report, args.fail_on.severity()))
}

fn read(path: &Path) -> Result<Report, CommandError> {
    let name = if path == Path::new("-") { "standard input".to_owned() } else { path.display().to_string() };
    let bytes = bounded(path, &name)?;
    json::parse(&bytes).map_err(|e| CommandError::Usage(anyhow::Error::new(e).context(name)))
}
