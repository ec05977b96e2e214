//! A table for wikis and tickets. Text is escaped, so that it stays text whoever wrote it; hosts stand in code spans, which
//! they cannot end.

use std::fmt::Write as _;

use super::csv::inspection;
use super::{Fact, Origin, Requirement, Requirements};

pub(super) fn write(list: &Requirements) -> String {
    let mut out = heading(list);
    out.push_str(HEAD);
    for item in &list.items {
        out.push_str(&row(item));
    }
    let _ = writeln!(out, "\nAll of it is outbound TCP. {}", counts(list)); // a String takes all
    out
}

fn heading(list: &Requirements) -> String {
    let features: Vec<_> = list.topics.iter().map(|topic| escaped(&topic.id)).collect();
    let rules: Vec<_> = list.layers.iter().map(|l| escaped(&format!("{} {}", l.name, l.revision))).collect();
    let title = match list.origin {
        Origin::Rules => "What an Azure Arc-enabled Kubernetes cluster needs",
        Origin::Report => "What was found unmet for an Azure Arc-enabled Kubernetes cluster",
    };
    format!(
        "# {title}\n\n- scope: {}, connectivity {}\n- features: {}\n- rules: {}\n\n",
        escaped(&list.scope_words()),
        list.connectivity.word(),
        features.join(", "),
        rules.join(", ")
    )
}

fn row(item: &Requirement) -> String {
    let cells = [
        format!("`{}`", item.host),
        item.port.to_string(),
        item.protocol.to_string(),
        if item.needs_websocket() { "needed" } else { "no" }.to_owned(),
        inspection(item).to_owned(),
        item.need.word().to_owned(),
        escaped(&item.from_words()),
        escaped(&item.features.join(", ")),
        why(item),
        item.facts.iter().map(source).collect::<Vec<_>>().join(", "),
    ];
    format!("| {} |\n", cells.join(" | "))
}

fn why(item: &Requirement) -> String {
    let parts = [&item.title, &item.why].into_iter().chain(&item.remarks).filter(|part| !part.is_empty());
    parts.map(|part| escaped(part.trim_end_matches('.'))).collect::<Vec<_>>().join(". ")
}

/// A link where the page's address is one that nothing can break out of.
fn source(fact: &Fact) -> String {
    let date = escaped(fact.date.as_deref().unwrap_or("undated"));
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"/:.-_~%?=".contains(&b);
    if fact.page.starts_with("https://") && fact.page.bytes().all(is_plain) {
        format!("[{date}]({})", fact.page)
    } else {
        format!("{} ({date})", escaped(&fact.page))
    }
}

fn counts(list: &Requirements) -> String {
    let required = list.items.iter().filter(|i| i.need == crate::model::rules::Need::Required).count();
    format!("{required} required, {} optional.", list.items.len() - required)
}

/// Text without any meaning to Markdown or HTML (`CommonMark` 2.4, and the tables of GitHub).
fn escaped(text: &str) -> String {
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
    fn text_stays_text() {
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
            assert_eq!(escaped(text), expected);
        }
    }

    #[test]
    fn only_plain_addresses_become_links() {
        let fact = |page: &str| Fact { page: page.into(), date: Some("2026-06-11".into()) };
        assert_eq!(source(&fact("https://a.example/b")), "[2026-06-11](https://a.example/b)");
        assert_eq!(source(&fact("https://a.example/) x")), "https://a.example/) x (2026-06-11)");
        assert_eq!(source(&fact("javascript:x")), "javascript:x (2026-06-11)");
    }
}
