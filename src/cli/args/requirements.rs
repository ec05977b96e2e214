//! What can be typed for `arcprobe requirements`.

use std::path::PathBuf;

use clap::Args;

use super::ScopeArgs;
use crate::report::requirements::ExportFormat;

/// `arcprobe requirements`.
#[derive(Clone, Debug, Args)]
pub struct RequirementsArgs {
    /// What the rules are fitted to.
    #[command(flatten, next_help_heading = "What the cluster is going to be")]
    pub scope: ScopeArgs,
    /// List only what a saved report (`check -o json`) found unmet; cloud, region and features are its own. `-` reads
    /// standard input.
    #[arg(long, value_name = "REPORT", help_heading = LIST_HEADING, conflicts_with_all = REPORT_SCOPE_FLAGS)]
    pub only_unmet: Option<PathBuf>,
    /// Give the hosts that are known below a wildcard in its place; a wildcard below which none is known stays.
    #[arg(long, help_heading = LIST_HEADING)]
    pub expand: bool,
    /// The format on standard output.
    #[arg(short, long, value_enum, default_value = "text", value_name = "FORMAT", help_heading = super::OUTPUT_HEADING)]
    pub output: ExportFormat,
}

const LIST_HEADING: &str = "What is listed";

/// A report has its own scope. The rules may be given anyway: they say what a report does not.
const REPORT_SCOPE_FLAGS: [&str; 6] = ["cloud", "location", "feature", "connectivity", "gateway_url", "set"];
