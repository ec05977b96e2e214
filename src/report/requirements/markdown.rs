//! A table for wikis and tickets. Text is escaped, so that it stays text whoever wrote it; hosts stand in code spans, which
//! they cannot end.

use std::fmt::Write as _;

use super::csv::inspection_label;
use super::{Origin, Requirement, Requirements, SourcePage};

pub(super) fn render(list: &Requirements) -> String {
    let mut out = format_heading(list);
    out.push_str(HEAD);
    for item in &list.items {
        out.push_str(&format_row(item));
    }
    let _ = writeln!(out, "\nAll of it is outbound TCP. {}", describe_counts(list)); // a String takes all
    out
}

fn format_heading(list: &Requirements) -> String {
    let features: Vec<_> = list.features.iter().map(|topic| escape_text(&topic.id)).collect();
    let rules: Vec<_> =
        list.layers.iter().map(|l| escape_text(&format!("{} {}", l.name, l.revision))).collect();
    let title = match list.origin {
        Origin::Rules => "What an Azure Arc-enabled Kubernetes cluster needs",
        Origin::Report => "What was found unmet for an Azure Arc-enabled Kubernetes cluster",
    };
    format!(
        "# {title}\n\n- scope: {}, connectivity {}\n- features: {}\n- rules: {}\n\n",
        escape_text(&list.describe_scope()),
        list.connectivity.as_str(),
        features.join(", "),
        rules.join(", ")
    )
}

fn format_row(item: &Requirement) -> String {
    let cells = [
        format!("`{}`", item.host),
        item.port.to_string(),
        item.protocol.to_string(),
        if item.needs_websocket() { "needed" } else { "no" }.to_owned(),
        inspection_label(item).to_owned(),
        item.need.as_str().to_owned(),
        escape_text(&item.describe_vantages()),
        escape_text(&item.features.join(", ")),
        describe_purpose(item),
        item.sources.iter().map(format_source).collect::<Vec<_>>().join(", "),
    ];
    format!("| {} |\n", cells.join(" | "))
}

fn describe_purpose(item: &Requirement) -> String {
    let parts = [&item.title, &item.why].into_iter().chain(&item.remarks).filter(|part| !part.is_empty());
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

fn describe_counts(list: &Requirements) -> String {
    let required = list.items.iter().filter(|i| i.need == crate::model::rules::Need::Required).count();
    format!("{required} required, {} optional.", list.items.len() - required)
}

/// Text without any meaning to Markdown or HTML (`CommonMark` 2.4, and the tables of GitHub).
fn escape_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\n' | '\r' => out.push(' '),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' | '!' => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out
}

const HEAD: &str = "| host | port | protocol | WebSocket | TLS inspection | need | from | features | why | source |\n\
                    |---|---|---|---|---|---|---|---|---|---|\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_never_markup() {
        let table = [
            ("plain words.", "plain words."),
            ("a | b", "a \\| b"),
            ("<img src=x>", "&lt;img src=x&gt;"),
            ("[x](javascript:y)", "\\[x\\](javascript:y)"),
            ("`az` *b* _c_", "\\`az\\` \\*b\\* \\_c\\_"),
            ("a\\|b", "a\\\\\\|b"),
            ("a\n# b", "a \\# b"),
        ];
        for (text, expected) in table {
            assert_eq!(escape_text(text), expected);
        }
    }

    #[test]
    fn only_plain_addresses_become_links() {
        let fact = |page: &str| SourcePage { page: page.into(), date: Some("2026-06-11".into()) };
        assert_eq!(format_source(&fact("https://a.example/b")), "[2026-06-11](https://a.example/b)");
        assert_eq!(format_source(&fact("https://a.example/) x")), "https://a.example/) x (2026-06-11)");
        assert_eq!(format_source(&fact("javascript:x")), "javascript:x (2026-06-11)");
    }
}
