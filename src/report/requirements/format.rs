//! The forms of a list for programs, firewalls and proxies.

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

/// A list in some form.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Export {
    /// What goes to standard output; ends in a line feed.
    pub text: String,
    /// What the form cannot say, and what has to be done besides.
    pub notes: Vec<String>,
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

/// What is left out for a reason, in one note; `None` where nothing is.
pub(super) fn describe_left_out<'a>(
    items: impl IntoIterator<Item = &'a super::Requirement>,
    why: &str,
) -> Option<String> {
    let mut places: Vec<_> = items.into_iter().map(super::Requirement::host_and_port).collect();
    places.dedup();
    let more = places.len().saturating_sub(MAX_NAMED);
    places.truncate(MAX_NAMED);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!places.is_empty()).then(|| format!("left out: {}{rest}; {why}", places.join(", ")))
}

/// Why a placeholder is in no configuration.
pub(super) const NEEDS_VALUE: &str = "give their names with --set";

const MAX_NAMED: usize = 8;
