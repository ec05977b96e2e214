//! The one table of exit codes. They never depend on the output format.

use std::process::ExitCode;

/// How the program ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exit {
    /// All that is required is met, or the command did its work.
    Ok = 0,
    /// The tool itself failed.
    Failed = 1,
    /// Wrong usage, bad rules or unreadable input.
    Usage = 2,
    /// Something required is unmet.
    Unmet = 3,
    /// Warnings only, with `--fail-on warning`.
    Warnings = 4,
    /// A vantage or a discovery could not be carried out, and nothing required was seen unmet; or a cluster does not answer.
    Incomplete = 5,
    /// Stopped by the user; what was measured so far was reported.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        // the values of the table fit a byte
        Self::from(exit as u8)
    }
}
