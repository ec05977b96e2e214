//! The forms of a list for programs, firewalls and proxies.

use super::{Requirements, azure_firewall, cilium, csv, json, markdown, no_proxy, palo_alto, squid};

/// A form of the list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the names of the forms; each has its own file")]
pub enum Form {
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
pub struct Exported {
    /// What goes to standard output; ends in a line feed.
    pub text: String,
    /// What the form cannot say, and what has to be done besides.
    pub notes: Vec<String>,
}

/// Writes a list. Hosts and ports are the only values of a list that mean anything in a configuration; all else stands in
/// comments and descriptions, each escaped as its form wants it.
pub fn export(list: &Requirements, form: Form) -> Exported {
    match form {
        Form::Json => Exported { text: json::write(list), notes: Vec::new() },
        Form::Csv => Exported { text: csv::write(list), notes: Vec::new() },
        Form::Markdown => Exported { text: markdown::write(list), notes: Vec::new() },
        Form::Squid => squid::write(list),
        Form::AzureFirewall => azure_firewall::write(list),
        Form::Cilium => cilium::write(list),
        Form::PaloAlto => palo_alto::write(list),
        Form::NoProxy => no_proxy::write(list),
    }
}

/// What is left out for a reason, in one note; `None` where nothing is.
pub(super) fn left_out<'a>(
    items: impl IntoIterator<Item = &'a super::Requirement>,
    why: &str,
) -> Option<String> {
    let mut places: Vec<_> = items.into_iter().map(super::Requirement::place).collect();
    places.dedup();
    let more = places.len().saturating_sub(NAMED);
    places.truncate(NAMED);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!places.is_empty()).then(|| format!("left out: {}{rest}; {why}", places.join(", ")))
}

/// Why a placeholder is in no configuration.
pub(super) const NO_VALUE: &str = "give their names with --set";

const NAMED: usize = 8;
