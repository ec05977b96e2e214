//! What can be typed for `arcprobe explain`.

use clap::Args;

/// What was typed after `arcprobe explain`.
#[derive(Args, Clone, PartialEq, Eq, Debug, Default)]
pub struct ExplainArgs {
    /// A finding or failure word, as it stands in a report; without it, all codes are listed
    pub code: Option<String>,
}
