//! The forms of a list for programs, firewalls and proxies.

use super::export::Export;
use super::{Requirements, azure_firewall, cilium, csv, json, markdown, no_proxy, palo_alto, squid};

/// A form of the list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the names of the forms; each has its own file")]
pub enum ExportFormat {
    Json,
    Csv,
    Markdown,
    Squid,
    AzureFirewall,
    Cilium,
    PaloAlto,
    NoProxy,
}

/// Writes a list. Hosts and ports are the only values of a list that mean anything in a configuration; all else stands in
/// comments and descriptions, each escaped as its form wants it.
pub fn export(list: &Requirements, form: ExportFormat) -> Export {
    match form {
        ExportFormat::Json => Export { text: json::render(list), notes: Vec::new() },
        ExportFormat::Csv => Export { text: csv::render(list), notes: Vec::new() },
        ExportFormat::Markdown => Export { text: markdown::render(list), notes: Vec::new() },
        ExportFormat::Squid => squid::render(list),
        ExportFormat::AzureFirewall => azure_firewall::render(list),
        ExportFormat::Cilium => cilium::render(list),
        ExportFormat::PaloAlto => palo_alto::render(list),
        ExportFormat::NoProxy => no_proxy::render(list),
    }
}
