//! Lines for a terminal: wrapped, coloured on request, and free of anything that a peer could do to a terminal.

use textwrap::{Options, WordSplitter};
use unicode_width::UnicodeWidthStr;

use super::sanitize::sanitize_text;
use crate::model::shell::Shell;

/// The width that text is fitted to stays between these. Narrower than 80 the grid falls apart, and lines beyond 120 are
/// hard to read.
const WIDTHS: (usize, usize) = (80, 120);

/// How a piece of text looks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Paint {
    Plain,
    Bold,
    Dim,
    Green,
    Yellow,
    Red,
    Cyan,
}

impl Paint {
    /// The parameter of the SGR sequence (ECMA-48 8.3.117).
    fn sgr_code(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Bold => "1",
            Self::Dim => "2",
            Self::Green => "1;32",
            Self::Yellow => "1;33",
            Self::Red => "1;31",
            Self::Cyan => "36",
        }
    }
}

/// A piece of a line.
pub(super) type Piece<'a> = (Paint, &'a str);

/// Lines in the making. Every text that is added goes through [`sanitize_text`], whoever it came from.
pub(super) struct Screen {
    out: String,
    colour: bool,
    width: usize,
    shell: Shell,
}

impl Screen {
    pub(super) fn new(colour: bool, width: usize) -> Self {
        Self { out: String::new(), colour, width: width.clamp(WIDTHS.0, WIDTHS.1), shell: Shell::Bash }
    }

    /// With commands for another shell.
    pub(super) fn for_shell(self, shell: Shell) -> Self {
        Self { shell, ..self }
    }

    /// What commands are written for.
    pub(super) fn shell(&self) -> Shell {
        self.shell
    }

    /// In columns.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    pub(super) fn finish(self) -> String {
        self.out
    }

    pub(super) fn blank_line(&mut self) {
        self.out.push('\n');
    }

    /// One line, as it is.
    pub(super) fn line(&mut self, pieces: &[Piece<'_>]) {
        let last = pieces.iter().rposition(|(_, text)| !text.trim().is_empty()).map_or(0, |at| at + 1);
        for (at, &(paint, text)) in pieces[..last].iter().enumerate() {
            let text = sanitize_aligned(text);
            self.push_painted(paint, if at + 1 == last { text.trim_end() } else { &text });
        }
        self.blank_line();
    }

    /// Text behind a prefix, wrapped; further lines begin at column `hang`.
    pub(super) fn paragraph(&mut self, prefix: &[Piece<'_>], hang: usize, paint: Paint, text: &str) {
        let taken = prefix.iter().map(|(_, text)| display_width(text)).sum();
        let (first, rest) = (" ".repeat(taken), " ".repeat(hang));
        let options = Options::new(self.width)
            .initial_indent(&first)
            .subsequent_indent(&rest)
            .break_words(false) // a name that is cut cannot be copied
            .word_splitter(WordSplitter::NoHyphenation);
        let text = sanitize_text(text);
        for (at, line) in textwrap::wrap(&text, options).iter().enumerate() {
            if at == 0 {
                let mut pieces = prefix.to_vec();
                pieces.push((paint, line.get(taken..).unwrap_or_default()));
                self.line(&pieces);
            } else {
                self.line(&[(Paint::Plain, &rest), (paint, line.trim_start())]);
            }
        }
    }

    /// A command, ready to paste: indented, never wrapped, its own line breaks kept.
    pub(super) fn command(&mut self, indent: usize, command: &str) {
        let indent = " ".repeat(indent);
        for line in command.lines() {
            self.line(&[(Paint::Plain, &indent), (Paint::Cyan, line)]);
        }
    }

    fn push_painted(&mut self, paint: Paint, text: &str) {
        if !self.colour || paint == Paint::Plain || text.trim().is_empty() {
            self.out.push_str(text);
            return;
        }
        for part in ["\u{1b}[", paint.sgr_code(), "m", text, "\u{1b}[0m"] {
            self.out.push_str(part);
        }
    }
}

/// Columns that a text takes on a terminal.
pub(super) fn display_width(text: &str) -> usize {
    sanitize_aligned(text).width()
}

/// What is left of a name when it is to stand in a command that people paste: a report that somebody else wrote must not
/// bring a second command along.
pub(super) fn sanitize_for_command(name: &str) -> String {
    name.chars().filter(|&c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')).collect()
}

/// [`sanitize_text`], but blanks at both ends stay: they are our own alignment.
fn sanitize_aligned(text: &str) -> String {
    let body = text.trim_matches(' ');
    let lead = text.len() - text.trim_start_matches(' ').len();
    let trail = if body.is_empty() { 0 } else { text.len() - lead - body.len() };
    format!("{}{}{}", " ".repeat(lead), sanitize_text(body), " ".repeat(trail))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_of_a_peer_never_reach_the_terminal() {
        let mut screen = Screen::new(false, 80);
        screen.line(&[(Paint::Plain, "  a\u{1b}[2J\u{202e}b ")]);
        screen.paragraph(&[(Paint::Bold, "x\u{9b}1m ")], 2, Paint::Plain, "c\r\nd\u{7}e");
        screen.command(4, "ls\u{1b}]0;title\u{7}\npwd");
        assert_eq!(screen.finish(), "  a [2J b\nx 1m c  d e\n    ls ]0;title\n    pwd\n");
    }

    #[test]
    fn text_is_wrapped_between_words_and_names_stay_whole() {
        let mut screen = Screen::new(true, 10);
        let long = "a-".repeat(50);
        screen.paragraph(
            &[(Paint::Red, "do "), (Paint::Plain, " ")],
            4,
            Paint::Plain,
            &format!("open {long} now"),
        );
        let expected = format!("\u{1b}[1;31mdo \u{1b}[0m open\n    {long}\n    now\n");
        assert_eq!(screen.finish(), expected);
    }
}
