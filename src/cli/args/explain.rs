//! What can be typed for `arcprobe explain`.

use clap::Args;

/// What was typed after `arcprobe explain`.
#[derive(Args, Clone, PartialEq, Eq, Debug, Default)]
pub struct ExplainArgs {
    /// A code of a report, or words of another tool: x509, 407, AADSTS700027, a pasted line of a log (- reads it);
    /// without it, all codes are listed
    #[arg(value_name = "CODE")]
    pub words: Vec<String>,
}
