//! CSV for spreadsheets (RFC 4180). A cell that a spreadsheet would take for a formula gets an apostrophe in front, as OWASP's
//! page on CSV injection advises; no host name begins with any of those characters.

use super::{Requirement, Requirements, SourcePage};

pub(super) fn render(list: &Requirements) -> String {
    let rows = list.items.iter().map(requirement_cells);
    std::iter::once(HEAD.map(str::to_owned)).chain(rows).map(|cells| format_line(&cells)).collect()
}

fn requirement_cells(item: &Requirement) -> [String; HEAD.len()] {
    [
        item.host.to_string(),
        item.port.to_string(),
        item.protocol.to_string(),
        if item.needs_websocket() { "needed" } else { "no" }.to_owned(),
        inspection_label(item).to_owned(),
        item.need.as_str().to_owned(),
        "outbound".to_owned(),
        join_words(item.from.iter().map(|from| from.as_str())),
        join_words(&item.callers),
        join_words(&item.features),
        item.title.clone(),
        item.why.clone(),
        join_words(item.remarks.iter().map(String::as_str).chain(item.describe_other_fixes())),
        join_words(item.sources.iter().map(|fact| fact.page.as_str())),
        join_words(item.sources.iter().map(source_date)),
        item.id.clone(),
    ]
}

/// Whether TLS may be opened on the way.
pub(super) fn inspection_label(item: &Requirement) -> &'static str {
    match item.may_be_inspected {
        _ if !item.protocol.uses_tls() => "no TLS",
        Some(true) => "allowed",
        Some(false) => "forbidden",
        None => "unknown",
    }
}

fn source_date(fact: &SourcePage) -> &str {
    fact.date.as_deref().unwrap_or("undated")
}

fn join_words(words: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    words.into_iter().map(|word| word.as_ref().to_owned()).collect::<Vec<_>>().join("; ")
}

fn format_line(cells: &[String]) -> String {
    cells.iter().map(|text| escape_cell(text)).collect::<Vec<_>>().join(",") + "\n"
}

fn escape_cell(text: &str) -> String {
    let guard = if text.trim_start().starts_with(FORMULA_PREFIXES) { "'" } else { "" };
    let needs_quotes = !guard.is_empty() || text.contains([',', '"', ';', '\'', '\n', '\r']);
    if needs_quotes { format!("\"{guard}{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

/// What a formula begins with, in full width too, which some spreadsheets read alike.
const FORMULA_PREFIXES: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];

const HEAD: [&str; 16] = [
    "host",
    "port",
    "protocol",
    "websocket",
    "tls_inspection",
    "need",
    "direction",
    "from",
    "callers",
    "features",
    "title",
    "why",
    "remarks",
    "sources",
    "source_dates",
    "id",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_and_formulas_are_neutralized() {
        let table = [
            ("management.azure.com", "management.azure.com"),
            ("*.servicebus.windows.net", "*.servicebus.windows.net"),
            ("a, b", "\"a, b\""),
            ("say \"a\"", "\"say \"\"a\"\"\""),
            ("=cmd|' /C calc'!A0", "\"'=cmd|' /C calc'!A0\""),
            ("+1", "\"'+1\""),
            ("-1", "\"'-1\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            (" =1", "\"' =1\""),
            ("＝1", "\"'＝1\""),
            ("a\",=1", "\"a\"\",=1\""),
            ("", ""),
        ];
        for (text, expected) in table {
            assert_eq!(escape_cell(text), expected, "{text}");
        }
    }
}
