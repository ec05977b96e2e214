//! The one table of exit codes. They never depend on the output format.

use std::process::ExitCode;

use crate::model::finding::Severity;
use crate::model::report::{Report, Verdict};
use crate::report::diff::Diff;
use crate::report::fleet::json::SavedReport;

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

/// What the report means for whoever called; the same for a report that was saved.
pub(super) fn exit_for_report(report: &Report, fail_on: Severity) -> Exit {
    exit_for_verdict(report.run.interrupted, report.verdict, fail_on)
}

/// The same for one cluster or several: the worst of them counts.
pub(super) fn exit_for_saved(saved: &SavedReport, fail_on: Severity) -> Exit {
    match saved {
        SavedReport::Single(report) => exit_for_report(report, fail_on),
        SavedReport::Fleet(fleet) => exit_for_verdict(fleet.interrupted, fleet.verdict, fail_on),
    }
}

fn exit_for_verdict(interrupted: bool, verdict: Verdict, fail_on: Severity) -> Exit {
    if interrupted {
        return Exit::Interrupted;
    }
    match verdict {
        Verdict::Blocked => Exit::Unmet,
        Verdict::Incomplete => Exit::Incomplete,
        Verdict::ReadyWithWarnings if fail_on <= Severity::Warning => Exit::Warnings,
        Verdict::ReadyWithWarnings | Verdict::Ready => Exit::Ok,
    }
}

/// What the exit code says of a comparison.
pub(super) fn exit_for_diff(diff: &Diff, fail_on: Severity) -> Exit {
    match fail_on {
        _ if diff.has_regressions() => Exit::Unmet,
        _ if diff.is_less_complete() => Exit::Incomplete,
        Severity::Warning if diff.has_warnings() => Exit::Warnings,
        _ => Exit::Ok,
    }
}
