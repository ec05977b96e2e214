//! What can be typed for `arcprobe requirements`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

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
    pub output: RequirementsFormat,
}

/// A form of the list.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum RequirementsFormat {
    /// One screen for people; -v adds why, and the sources.
    Text,
    /// For programs.
    Json,
    /// For spreadsheets.
    Csv,
    /// A table for wikis and tickets.
    Markdown,
    /// Access lists for squid's configuration.
    Squid,
    /// ARM template of a rule collection group for an Azure Firewall policy.
    AzureFirewall,
    /// `CiliumNetworkPolicy` for the pods in the namespace azure-arc.
    Cilium,
    /// External dynamic list of the type URL list for PAN-OS.
    PaloAlto,
    /// `NO_PROXY` for the machine with az: loopback, and what a private link carries.
    NoProxy,
}

impl RequirementsFormat {
    /// Whether a device takes it as its whole configuration of something.
    pub fn is_configuration(self) -> bool {
        matches!(self, Self::Squid | Self::AzureFirewall | Self::Cilium | Self::PaloAlto)
    }

    /// `None` for text, which depends on the screen.
    pub fn export_format(self) -> Option<ExportFormat> {
        Some(match self {
            Self::Text => return None,
            Self::Json => ExportFormat::Json,
            Self::Csv => ExportFormat::Csv,
            Self::Markdown => ExportFormat::Markdown,
            Self::Squid => ExportFormat::Squid,
            Self::AzureFirewall => ExportFormat::AzureFirewall,
            Self::Cilium => ExportFormat::Cilium,
            Self::PaloAlto => ExportFormat::PaloAlto,
            Self::NoProxy => ExportFormat::NoProxy,
        })
    }
}

const LIST_HEADING: &str = "What is listed";

/// A report has its own scope. The rules may be given all the same: they say what a report does not.
const REPORT_SCOPE_FLAGS: [&str; 6] = ["cloud", "location", "feature", "connectivity", "gateway_url", "set"];
