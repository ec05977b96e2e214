//! What can be typed for `arcprobe diagnose`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::parse::parse_duration;
use super::{ClusterArgs, FailOn, OUTPUT_HEADING, PlainFormat, ProbeArgs, ProxyArgs, ScopeArgs};

/// `arcprobe diagnose`.
#[derive(Clone, Debug, Args)]
pub struct DiagnoseArgs {
    /// Judge files instead of a cluster: what --save-evidence wrote, the folder of az connectedk8s troubleshoot, kubectl cluster-info
    /// dump, must-gather, a support bundle, or files of kubectl get and kubectl logs; a file, a folder, .tar.gz or .zip.
    #[arg(long, value_name = "PATH", help_heading = INPUT_HEADING, conflicts_with_all = ["save_evidence", "read_secrets"])]
    pub evidence: Option<PathBuf>,
    /// What Azure says: the output of `az connectedk8s show -o json`, or of `list`; `-` reads standard input.
    #[arg(long, value_name = "FILE", help_heading = INPUT_HEADING)]
    pub connected_cluster: Option<PathBuf>,
    /// Have `az` asked what Azure says: it runs `az connectedk8s show` for the resource that the agents name.
    #[arg(long, help_heading = INPUT_HEADING, conflicts_with_all = ["connected_cluster", "evidence"])]
    pub az: bool,
    /// More faults, in the form of rules/faults/*.yaml; the same id replaces. Repeatable.
    #[arg(long, value_name = "FILE", help_heading = INPUT_HEADING)]
    pub faults: Vec<PathBuf>,
    /// Read objects and logs only; do not prove a broken link by probing from pods and nodes.
    #[arg(long, help_heading = INPUT_HEADING)]
    pub no_probe: bool,
    /// Read again and again and show which links change, until all hold or --deadline passes.
    #[arg(long, help_heading = INPUT_HEADING, conflicts_with = "evidence")]
    pub watch: bool,
    /// With --watch: a link that does not hold for so long hangs, is named, and proven by probing.
    #[arg(long, value_parser = parse_duration, default_value = "60s", value_name = "DURATION", help_heading = INPUT_HEADING, requires = "watch")]
    pub patience: Duration,
    /// How to look from inside the cluster.
    #[command(flatten, next_help_heading = "The cluster")]
    pub cluster: ClusterArgs,
    /// What the rules are fitted to.
    #[command(flatten, next_help_heading = "What the cluster is; read from its agents where not given")]
    pub scope: ScopeArgs,
    /// How to get out.
    #[command(flatten, next_help_heading = "Proxies; the agents' own where not given")]
    pub proxy: ProxyArgs,
    /// How to probe.
    #[command(flatten, next_help_heading = "How to probe")]
    pub probe: ProbeArgs,
    /// Write what was read to a file, without secrets, to be judged elsewhere or attached to a ticket.
    #[arg(long, value_name = "FILE", help_heading = OUTPUT_HEADING)]
    pub save_evidence: Option<PathBuf>,
    /// The format on standard output.
    #[arg(short, long, value_enum, default_value = "text", value_name = "FORMAT", help_heading = OUTPUT_HEADING)]
    pub output: PlainFormat,
    /// From which severity on the exit code tells.
    #[arg(long, value_enum, default_value_t, value_name = "SEVERITY", help_heading = OUTPUT_HEADING)]
    pub fail_on: FailOn,
}

const INPUT_HEADING: &str = "What is judged";
