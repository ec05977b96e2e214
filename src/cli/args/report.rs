//! What can be typed for `arcprobe report`.

use std::path::PathBuf;

use clap::Args;

use super::FailOn;
use crate::report::Format;

/// `arcprobe report`.
#[derive(Clone, Debug, Args)]
pub struct ReportArgs {
    /// What `check -o json` or `check --save report.json` wrote; `-` reads standard input.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Of a report on several clusters, the one with this context only; its JSON is a report on one.
    #[arg(long, value_name = "CONTEXT")]
    pub cluster: Option<String>,
    /// Say what is different from an older report instead: what broke, what was fixed, what else. Formats: text, json.
    #[arg(long, value_name = "OLDER", conflicts_with = "save")]
    pub diff: Option<PathBuf>,
    /// What is known and accepted for a time, judged by the day of today; a YAML file as for `check`. Repeatable.
    #[arg(long, value_name = "FILE", conflicts_with = "diff")]
    pub waivers: Vec<PathBuf>,
    /// The format on standard output.
    #[arg(short, long, value_enum, default_value = "text", value_name = "FORMAT")]
    pub output: Format,
    /// Write the report to a file too; the ending gives the format. Repeatable.
    #[arg(long, value_name = "FILE")]
    pub save: Vec<PathBuf>,
    /// From which severity on the exit code tells.
    #[arg(long, value_enum, default_value_t, value_name = "SEVERITY")]
    pub fail_on: FailOn,
}
