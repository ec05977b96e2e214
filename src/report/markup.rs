//! XML and HTML in the making. Whatever is put into it is text: only the names of elements and attributes are not escaped,
//! and those are our own.

use super::sanitize::LONGEST_TEXT;
use crate::model::evidence::is_unsafe_char;

/// Elements, nested by closures, so that each is closed.
#[derive(Default)]
pub(super) struct Markup {
    out: String,
}

/// Names and values.
pub(super) type Attributes<'a> = &'a [(&'static str, &'a str)];

impl Markup {
    pub(super) fn finish(self) -> String {
        self.out
    }

    /// An element with what `inside` puts there.
    pub(super) fn element(
        &mut self,
        name: &'static str,
        attributes: Attributes<'_>,
        inside: impl FnOnce(&mut Self),
    ) {
        self.open_tag(name, attributes);
        inside(self);
        self.raw(&["</", name, ">"]);
    }

    /// An element with a text.
    pub(super) fn text_element(&mut self, name: &'static str, attributes: Attributes<'_>, text: &str) {
        self.element(name, attributes, |m| m.text(text));
    }

    /// A start tag; for elements of HTML that have no end.
    pub(super) fn open_tag(&mut self, name: &'static str, attributes: Attributes<'_>) {
        self.raw(&["<", name]);
        for (attribute, value) in attributes {
            self.raw(&[" ", attribute, "=\""]);
            self.text(value);
            self.raw(&["\""]);
        }
        self.raw(&[">"]);
    }

    /// An element of XML that holds nothing.
    pub(super) fn empty_element(&mut self, name: &'static str, attributes: Attributes<'_>) {
        self.open_tag(name, attributes);
        self.out.pop();
        self.raw(&["/>"]);
    }

    /// Whether nothing was put into it.
    pub(super) fn is_empty(&self) -> bool {
        self.out.is_empty()
    }

    /// What was made elsewhere.
    pub(super) fn append(&mut self, other: &Self) {
        self.out.push_str(&other.out);
    }

    /// The same as a part of another page: headings one level deeper, and ids behind a prefix, with the links to them. What has a
    /// label has that of the part before it, by its id. Text has no `<` and no quotation mark here, so that only our own markup
    /// is met.
    pub(super) fn into_nested(mut self, prefix: &str, label: &str) -> Self {
        for (from, to) in [("h5", "h6"), ("h4", "h5"), ("h3", "h4"), ("h2", "h3")] {
            self.out = self.out.replace(&format!("<{from}"), &format!("<{to}"));
            self.out = self.out.replace(&format!("</{from}>"), &format!("</{to}>"));
        }
        let labelled = format!("aria-labelledby=\"{label} ");
        for attribute in [" id=\"", " href=\"#", " aria-labelledby=\""] {
            let named = attribute.replace("aria-labelledby=\"", &labelled);
            self.out = self.out.replace(attribute, &format!("{named}{prefix}"));
        }
        self
    }

    /// Text of anybody.
    pub(super) fn text(&mut self, text: &str) {
        push_escaped(&mut self.out, text);
    }

    /// A line break in the source.
    pub(super) fn line_break(&mut self) {
        self.raw(&["\n"]);
    }

    /// Markup that stands in this program.
    pub(super) fn raw(&mut self, parts: &[&'static str]) {
        for part in parts {
            self.out.push_str(part);
        }
    }
}

/// Characters that XML 1.0 does not have (2.2) become blanks, as do those that deceive readers; line feeds stay.
fn push_escaped(out: &mut String, text: &str) {
    for c in text.chars().take(LONGEST_TEXT) {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' => out.push('\n'),
            '\u{fffe}' | '\u{ffff}' => out.push(' '),
            c if is_unsafe_char(c) => out.push(' '),
            c => out.push(c),
        }
    }
    if text.chars().nth(LONGEST_TEXT).is_some() {
        out.push('…');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nested_page_keeps_its_text() {
        let mut markup = Markup::default();
        markup.text_element("h3", &[("id", "a")], "<h3 id=\"b\">");
        markup.text_element("a", &[("href", "#a")], " href=\"#a");
        let expected = "<h4 id=\"c1-a\">&lt;h3 id=&quot;b&quot;&gt;</h4><a href=\"#c1-a\"> href=&quot;#a</a>";
        assert_eq!(markup.into_nested("c1-", "c1-title").finish(), expected);
    }

    #[test]
    fn text_is_never_markup() {
        let mut markup = Markup::default();
        markup.element("p", &[("title", "\"><script>'")], |m| {
            m.text("</p>&amp;\u{1b}[2J\u{202e}\u{ffff}\n");
            m.empty_element("br", &[]);
        });
        let expected = "<p title=\"&quot;&gt;&lt;script&gt;&#39;\">&lt;/p&gt;&amp;amp; [2J  \n<br/></p>";
        assert_eq!(markup.finish(), expected);
    }

    #[test]
    fn long_text_is_cut() {
        let mut markup = Markup::default();
        markup.text(&"é".repeat(LONGEST_TEXT + 1));
        assert_eq!(markup.finish().chars().count(), LONGEST_TEXT + 1);
    }
}
