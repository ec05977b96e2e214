//! A table for wikis and tickets. Text is escaped, so that it stays text whoever wrote it; hosts stand in code spans, which
//! they cannot end.

use std::fmt::Write as _;

use super::csv::inspection_label;
use super::{Requirement, Requirements, SourcePage};
use crate::model::rules::Need;
use crate::report::markdown::{code_span, escape_text, write_table};

pub(super) fn render(list: &Requirements) -> String {
    let mut out = format_heading(list);
    write_table(&mut out, HEAD, list.items.iter().map(requirement_cells));
    let required = list.items.iter().filter(|item| item.need == Need::Required).count();
    let optional = list.items.len() - required;
    let _ = writeln!(out, "All of it is outbound TCP. {required} required, {optional} optional."); // a String takes all
    out
}

fn format_heading(list: &Requirements) -> String {
    let features: Vec<_> = list.features.iter().map(|topic| escape_text(&topic.id)).collect();
    let rules: Vec<_> =
        list.layers.iter().map(|l| escape_text(&format!("{} {}", l.name, l.revision))).collect();
    format!(
        "# {}\n\n- scope: {}, connectivity {}\n- features: {}\n- rules: {}\n\n",
        list.describe_origin(),
        escape_text(&list.describe_scope()),
        list.connectivity.as_str(),
        features.join(", "),
        rules.join(", ")
    )
}

fn requirement_cells(item: &Requirement) -> [String; HEAD.len()] {
    [
        code_span(&item.host.to_string()),
        item.port.to_string(),
        item.protocol.to_string(),
        if item.needs_websocket() { "needed" } else { "no" }.to_owned(),
        inspection_label(item).to_owned(),
        item.need.as_str().to_owned(),
        escape_text(&item.describe_vantages()),
        escape_text(&item.features.join(", ")),
        describe_purpose(item),
        item.sources.iter().map(format_source).collect::<Vec<_>>().join(", "),
    ]
}

fn describe_purpose(item: &Requirement) -> String {
    let parts = [&item.title, &item.why].into_iter().chain(&item.remarks).map(String::as_str);
    let parts = parts.chain(item.describe_other_fixes()).filter(|part| !part.is_empty());
    parts.map(|part| escape_text(part.trim_end_matches('.'))).collect::<Vec<_>>().join(". ")
}

/// A link where the page's address is one that nothing can break out of.
fn format_source(fact: &SourcePage) -> String {
    let date = escape_text(fact.date.as_deref().unwrap_or("undated"));
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"/:.-_~%?=".contains(&b);
    if fact.page.starts_with("https://") && fact.page.bytes().all(is_plain) {
        format!("[{date}]({})", fact.page)
    } else {
        format!("{} ({date})", escape_text(&fact.page))
    }
}

const HEAD: [&str; 10] =
    ["host", "port", "protocol", "WebSocket", "TLS inspection", "need", "from", "features", "why", "source"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_addresses_become_links() {
        let fact = |page: &str| SourcePage { page: page.into(), date: Some("2026-06-11".into()) };
        assert_eq!(format_source(&fact("https://a.example/b")), "[2026-06-11](https://a.example/b)");
        assert_eq!(format_source(&fact("https://a.example/) x")), "https:\\//a.example/) x (2026-06-11)");
        assert_eq!(format_source(&fact("javascript:x")), "javascript:x (2026-06-11)");
    }
}
