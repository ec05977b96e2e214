//! Where in a rules file something stands.
//!
//! The YAML reader tells a place only while it reads. What is found out later (two entries with one id, an unknown feature)
//! is looked up in the text. The search knows block style and falls back to the whole section: a span that is too wide is a
//! smaller harm than none.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;

/// The byte that a line and a column (in characters, both from 1) stand for; the end of the text if it has no such place.
pub(super) fn byte_offset(text: &str, line: usize, column: usize) -> usize {
    let start = nth_line_start(text, line);
    let rest = &text[start..];
    let within = rest.char_indices().nth(column.saturating_sub(1)).map_or(rest.len(), |(at, _)| at);
    start + within
}

/// The line and column (in characters, both from 1) of a byte.
pub(super) fn line_and_column(text: &str, at: usize) -> (usize, usize) {
    let before = &text[..at.min(text.len())];
    let start = before.rfind('\n').map_or(0, |n| n + 1);
    (before.matches('\n').count() + 1, before[start..].chars().count() + 1)
}

/// The scalar that begins at a byte, without what follows it on its line.
pub(super) fn scalar_at(text: &str, at: usize) -> Range<usize> {
    let rest = &text[at.min(text.len())..];
    let line = rest.lines().next().unwrap_or_default();
    let len = match line.chars().next() {
        Some(quote @ ('"' | '\'')) => line[1..].find(quote).map_or(line.len(), |end| end + 2),
        _ => [", ", ": ", "]", "}", " #"].iter().filter_map(|end| line.find(end)).min().unwrap_or(line.len()),
    };
    let scalar = line[..len].trim_end().trim_end_matches([',', ':']);
    at..at + scalar.len()
}

/// Where the entries of the top-level lists stand, looked up when first asked for: a good file never asks.
pub(super) struct EntryIndex<'a> {
    text: &'a str,
    spans: RefCell<BTreeMap<&'static str, Vec<Range<usize>>>>,
}

impl<'a> EntryIndex<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, spans: RefCell::default() }
    }

    /// The `n`th entry of a list; the whole list where its entries cannot be told apart.
    pub(super) fn entry_span(&self, section: &'static str, n: usize) -> Range<usize> {
        let mut found = self.spans.borrow_mut();
        let entries = found.entry(section).or_insert_with(|| entry_spans(self.text, section));
        entries.get(n).cloned().unwrap_or_else(|| self::section_span(self.text, section))
    }
}

/// The value of a key inside a range; where `value` is given, that word in it. Falls back to the key, then to the first line.
pub(super) fn value_span(text: &str, within: &Range<usize>, key: &str, value: Option<&str>) -> Range<usize> {
    let Some(key) = self::key_span(text, within, key) else { return first_line(text, within) };
    let wanted = value.unwrap_or_default();
    match text[key.end..within.end].find(wanted).filter(|_| !wanted.is_empty()) {
        Some(at) => key.end + at..key.end + at + wanted.len(),
        None => key,
    }
}

/// The key itself, as the first word of an entry's line or after a brace or comma; with or without quotes.
pub(super) fn key_span(text: &str, within: &Range<usize>, key: &str) -> Option<Range<usize>> {
    let inside = &text[within.clone()];
    let is_key = |at: usize| {
        let rest = inside[at + key.len()..].trim_start_matches(['"', '\'']);
        rest.starts_with(':') && is_at_key_start(inside, at)
    };
    inside.match_indices(key).map(|(at, _)| at).find(|&at| is_key(at)).map(|at| {
        let start = within.start + at;
        start..start + key.len()
    })
}

/// The text before the first line break of a range.
pub(super) fn first_line(text: &str, within: &Range<usize>) -> Range<usize> {
    let line = text[within.clone()].lines().next().unwrap_or_default();
    let blank = line.len() - line.trim_start_matches([' ', '-']).len();
    within.start + blank..within.start + line.trim_end().len().max(blank)
}

fn is_at_key_start(text: &str, at: usize) -> bool {
    let before = text[..at].trim_end_matches([' ', '"', '\'']);
    before.is_empty() || before.ends_with(['\n', '-', '{', ','])
}

/// From a top-level key to the next one; the whole text where there is no such key.
fn section_span(text: &str, name: &str) -> Range<usize> {
    let whole = 0..text.len();
    let is_head = |line: &str| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(':'));
    let Some((start, _)) = lines_with_offsets(text, &whole).find(|(_, line)| is_head(line)) else {
        return whole;
    };
    let is_next = |line: &str| is_content(line) && !line.starts_with([' ', '-']);
    let next = lines_with_offsets(text, &(start..text.len())).skip(1).find(|(_, line)| is_next(line));
    start..next.map_or(text.len(), |(at, _)| at)
}

fn entry_spans(text: &str, section: &str) -> Vec<Range<usize>> {
    let section = self::section_span(text, section);
    let dashes: Vec<_> = lines_with_offsets(text, &section)
        .filter(|(_, line)| line.trim_start().starts_with("- "))
        .map(|(start, line)| (start, indent_width(line)))
        .collect();
    let depth = dashes.first().map(|&(_, indent)| indent);
    let starts = dashes.into_iter().filter(|&(_, indent)| Some(indent) == depth).map(|(start, _)| start);
    let mut bounds: Vec<_> = starts.collect();
    bounds.push(section.end);
    bounds.windows(2).map(|pair| pair[0]..pair[1]).collect()
}

fn lines_with_offsets<'a>(text: &'a str, within: &Range<usize>) -> impl Iterator<Item = (usize, &'a str)> {
    let mut at = within.start;
    text[within.clone()].split_inclusive('\n').map(move |line| {
        let start = at;
        at += line.len();
        (start, line.trim_end())
    })
}

fn is_content(line: &str) -> bool {
    let line = line.trim_start();
    !line.is_empty() && !line.starts_with('#')
}

fn indent_width(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

fn nth_line_start(text: &str, line: usize) -> usize {
    let mut starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1));
    starts.nth(line.saturating_sub(1)).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "name: x\nendpoints:\n  - id: a\n    title: é id: b\n    features: [core, cor]\n  - {id: b, port: 1}\nsources:\n  # one\n  p: {page: q}\n  \"r\":\n    page: s\n";

    #[test]
    fn keys_and_values_are_located() {
        let at = |range: Range<usize>| &TEXT[range];
        let entries = EntryIndex::new(TEXT);
        let (first, second) = (entries.entry_span("endpoints", 0), entries.entry_span("endpoints", 1));
        assert_eq!(at(value_span(TEXT, &first, "id", Some("a"))), "a");
        assert_eq!(line_and_column(TEXT, value_span(TEXT, &first, "features", Some("cor]")).start), (5, 22));
        assert_eq!(line_and_column(TEXT, value_span(TEXT, &second, "id", Some("b")).start), (6, 10));
        assert_eq!(at(value_span(TEXT, &second, "port", Some("1"))), "1");
        assert_eq!(at(value_span(TEXT, &second, "none", None)), "{id: b, port: 1}");
    }

    proptest::proptest! {
        #[test]
        fn line_and_column_lead_back(text in "[aé\n]{0,30}", n in 0usize..30) {
            let at = text.char_indices().map(|(at, _)| at).nth(n).unwrap_or(text.len());
            let (line, column) = line_and_column(&text, at);
            proptest::prop_assert_eq!(byte_offset(&text, line, column), at);
        }

        #[test]
        fn any_text_can_be_searched_without_a_panic(text in "[-a: \n\"'{},é#]{0,60}", at in 0usize..60) {
            let at = byte_offset(&text, 1, at);
            let _ = &text[scalar_at(&text, at)];
            for n in 0..3 {
                let entry = EntryIndex::new(&text).entry_span("a", n);
                let _ = &text[value_span(&text, &entry, "a", Some("a"))];
            }
        }
    }
}
