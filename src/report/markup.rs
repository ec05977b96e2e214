//! Text of anybody in XML and HTML. `maud` escapes what is put into a template; what did not come from this program is put there
//! as [`Text`], which also bounds it and takes out what has no place in a document.

use maud::Render;

use super::sanitize::LONGEST_TEXT;
use crate::model::evidence::is_unsafe_char;

/// Text of anybody, as the content of an element or the value of an attribute.
pub(super) struct Text<T>(pub(super) T);

impl<T: AsRef<str>> Render for Text<T> {
    /// Characters that XML 1.0 does not have (2.2) become blanks, as do those that deceive readers; line feeds stay.
    fn render_to(&self, out: &mut String) {
        let mut letters = self.0.as_ref().chars();
        for c in letters.by_ref().take(LONGEST_TEXT) {
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
        if letters.next().is_some() {
            out.push('…');
        }
    }
}

#[cfg(test)]
mod tests {
    use maud::html;

    use super::*;

    #[test]
    fn text_is_never_markup() {
        let text =
            html! { p title=(Text("\"><script>'")) { (Text("</p>&amp;\u{1b}[2J\u{202e}\u{ffff}\n")) } };
        let expected = "<p title=\"&quot;&gt;&lt;script&gt;&#39;\">&lt;/p&gt;&amp;amp; [2J  \n</p>";
        assert_eq!(text.into_string(), expected);
    }

    #[test]
    fn long_text_is_cut() {
        let text = Text("é".repeat(LONGEST_TEXT + 1)).render().into_string();
        assert_eq!(text.chars().count(), LONGEST_TEXT + 1);
    }
}
