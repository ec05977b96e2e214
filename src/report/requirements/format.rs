//! The forms of the list, for people, programs, firewalls and proxies.

use super::export::Export;
use super::{Requirements, azure_firewall, cilium, csv, json, markdown, no_proxy, palo_alto, squid, text};
use crate::report::text::TextOptions;

/// A form of the list.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub enum ExportFormat {
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

impl ExportFormat {
    /// Whether a device takes it as its whole configuration of something.
    pub fn is_configuration(self) -> bool {
        matches!(self, Self::Squid | Self::AzureFirewall | Self::Cilium | Self::PaloAlto)
    }
}

/// Writes a list. Hosts and ports are the only values of a list that mean anything in a configuration; all else stands in
/// comments and descriptions, each escaped as its form wants it.
pub fn export(list: &Requirements, form: ExportFormat, options: &TextOptions) -> Export {
    let without_notes = |text| Export { text, notes: Vec::new() };
    match form {
        ExportFormat::Text => without_notes(text::render(list, options)),
        ExportFormat::Json => without_notes(json::render(list)),
        ExportFormat::Csv => without_notes(csv::render(list)),
        ExportFormat::Markdown => without_notes(markdown::render(list)),
        ExportFormat::Squid => squid::render(list),
        ExportFormat::AzureFirewall => azure_firewall::render(list),
        ExportFormat::Cilium => cilium::render(list),
        ExportFormat::PaloAlto => palo_alto::render(list),
        ExportFormat::NoProxy => no_proxy::render(list),
    }
}
