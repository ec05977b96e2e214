//! What has to hold of everything that is shown, whoever wrote what it is made of. What does not hold is a panic.

use roxmltree::{Document, Node};

use crate::model::evidence::is_unsafe_char;

/// Text for a terminal: nothing in it moves the cursor, changes a colour, hides or reorders what stands there.
pub(super) fn assert_printable(text: &str) {
    if let Some((at, bad)) = text.char_indices().find(|&(_, c)| c != '\n' && is_unsafe_char(c)) {
        let line = text[..at].matches('\n').count() + 1;
        panic!("{bad:?} in line {line} of\n{}", text.escape_debug());
    }
}

/// One line for a terminal.
pub(super) fn assert_line(text: &str) {
    assert!(!text.contains('\n'), "{text:?}");
    assert_printable(text);
}

/// JSON that can be read again, and harmless on a terminal.
pub(super) fn assert_json(text: &str) -> serde_json::Value {
    assert_printable(text);
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{e} in\n{text}"))
}

/// No more than in proportion to what came in.
pub(super) fn assert_bounded(out: &str, input: usize) {
    let most = 256 * 1024 + 64 * input;
    assert!(out.len() <= most, "{} bytes were made of {input}", out.len());
}

/// A page: elements nest, text is text, and there are no elements or attributes but ours.
pub(super) fn assert_html(text: &str) {
    assert_printable(text);
    let body = text.strip_prefix("<!DOCTYPE html>").unwrap_or_else(|| panic!("no doctype: {text:.40}"));
    let (before, rest) = body.split_once("<style>").unwrap_or_else(|| panic!("no style sheet"));
    let (_, after) = rest.split_once("</style>").unwrap_or_else(|| panic!("an open style sheet"));
    // the one element without an end is closed, so that all of the page is XML
    let head: String = before.split_inclusive('>').map(close_meta).collect();
    let page = format!("{head}{after}");
    for element in parse_markup(&page).descendants().filter(Node::is_element) {
        let name = element.tag_name().name();
        assert!(HTML.contains(&name), "<{name}> is none of ours");
        for attribute in element.attributes() {
            let (name, value) = (attribute.name(), attribute.value());
            assert!(!name.starts_with("on") && name != "style", "{name}={value:?}");
            assert!(name != "href" || value.starts_with('#'), "a link leads away: {value}");
        }
    }
}

fn close_meta(tag: &str) -> String {
    if tag.trim_start().starts_with("<meta") { tag.replace('>', "/>") } else { tag.to_owned() }
}

/// XML: elements nest, and text is text.
pub(super) fn assert_xml(text: &str) {
    assert_printable(text);
    assert!(text.starts_with(PROLOGUE), "no prologue: {text:.60}");
    parse_markup(text);
}

/// Elements and text, where every sign that means something is an entity; no comments, instructions or raw sections.
fn parse_markup(text: &str) -> Document<'_> {
    let document = Document::parse(text).unwrap_or_else(|e| panic!("{e} in\n{text}"));
    for node in document.descendants().filter(|node| !node.is_root() && !node.is_element()) {
        let source = &text[node.range()];
        assert!(node.is_text() && !source.contains(['<', '>']), "{source}");
    }
    document
}

/// Markdown in which HTML is either ours, or behind a backslash, or in code.
pub(super) fn assert_markdown(text: &str) {
    assert_printable(text);
    let mut fence: Option<&str> = None;
    for line in text.lines() {
        let ticks = &line[..line.len() - line.trim_start_matches('`').len()];
        match fence {
            Some(open) if line == open => fence = None,
            Some(_) => {}
            None if ticks.len() >= 3 => fence = Some(ticks),
            None => assert_prose(line),
        }
    }
    assert!(fence.is_none(), "a fence stays open:\n{text}");
}

fn assert_prose(line: &str) {
    let ours = ["<details>", "<details open>", "</details>"];
    let inside = line.strip_prefix("<summary>").and_then(|l| l.strip_suffix("</summary>"));
    if ours.contains(&line) {
        return;
    }
    // a tick that is text has a backslash before it
    let mut is_code = false;
    let mut is_escaped = false;
    for c in inside.unwrap_or(line).chars() {
        match c {
            _ if is_escaped && !is_code => is_escaped = false,
            '\\' => is_escaped = true,
            '`' => is_code = !is_code,
            '<' => assert!(is_code, "markup in {line:?}"),
            _ => is_escaped = false,
        }
    }
    assert!(!is_code, "code stays open in {line:?}");
}

/// The text format of Prometheus: comments, samples with quoted labels, an end.
pub(super) fn assert_openmetrics(text: &str) {
    assert_printable(text);
    let body = text.strip_suffix("# EOF\n").unwrap_or_else(|| panic!("no end:\n{text}"));
    for line in body.lines().filter(|line| !line.starts_with("# ")) {
        assert!(parse_sample(line).is_some(), "no sample: {line:?}");
    }
}

/// `name{label="value",...} number`
fn parse_sample(line: &str) -> Option<()> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut rest = line.trim_start_matches(is_name);
    if let Some(mut labels) = rest.strip_prefix('{') {
        loop {
            labels = labels.trim_start_matches(is_name).strip_prefix("=\"")?;
            labels = &labels[closing_quote(labels)? + 1..];
            match labels.strip_prefix(',') {
                Some(more) => labels = more,
                None => break,
            }
        }
        rest = labels.strip_prefix('}')?;
    }
    rest.strip_prefix(' ')?.parse::<f64>().ok().filter(|number| number.is_finite()).map(|_| ())
}

fn closing_quote(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return Some(at),
            _ => {}
        }
    }
    None
}

const PROLOGUE: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

const HTML: &[&str] = &[
    "a", "article", "body", "caption", "code", "dd", "details", "div", "dl", "dt", "footer", "h1", "h2",
    "h3", "h4", "head", "header", "html", "li", "main", "meta", "nav", "ol", "p", "pre", "rect", "section",
    "span", "strong", "summary", "svg", "table", "tbody", "td", "th", "thead", "title", "tr", "ul",
];

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    /// A check that lets everything pass would find nothing.
    #[test]
    fn what_does_not_hold_is_a_panic() {
        let page = |body: &str| format!("<!DOCTYPE html><html><style>a>b</style><body>{body}</body></html>");
        let fails = |check: fn(&str), text: &str| catch_unwind(AssertUnwindSafe(|| check(text))).is_err();
        assert_html(&page("<p class=\"a\">x &amp; y<rect/></p>"));
        for bad in [
            "<script>",
            "<p onclick=\"x\"></p>",
            "a & b",
            "<p>",
            "<a href=\"https://x\"></a>",
            "\u{9b}",
            "a > b",
            "<!-- x -->",
            "<![CDATA[<b>]]>",
            "<?x?>",
            "&nbsp;",
        ] {
            assert!(fails(assert_html, &page(bad)), "{bad}");
        }
        let document = |body: &str| format!("{PROLOGUE}{body}");
        assert_xml(&document("<a b=\"&lt;\">x</a>"));
        assert!(fails(assert_xml, "<a/>"), "no prologue");
        for bad in ["<a>", "<a>x</b>", "<a b=c></a>", "<a>&x;</a>", "<a><![CDATA[<b>]]></a>"] {
            assert!(fails(assert_xml, &document(bad)), "{bad}");
        }
        assert_markdown("# a `<b>` \\<c\\> \\`\n```text\n<script>\n```\n<details open>\n");
        for bad in ["<script>", "`", "```text\n", "\\\\<b>", "a\u{202e}"] {
            assert!(fails(assert_markdown, bad), "{bad}");
        }
        assert_openmetrics("# HELP x y\nx{a=\"b\\\"c\",d=\"\"} 1.5\ny 3\n# EOF\n");
        for bad in ["x{a=\"b\"c\"} 1\n# EOF\n", "x 1\n", "x{a=\"b\"} NaN\n# EOF\n", "x{a=\"b} 1\n# EOF\n"] {
            assert!(fails(assert_openmetrics, bad), "{bad}");
        }
        for bad in ["\u{1b}[2J", "a\rb", "\u{200b}"] {
            assert!(fails(assert_printable, bad), "{bad}");
        }
    }
}
