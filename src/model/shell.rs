//! Words of a command in each shell.

/// A shell that commands are printed for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shell {
    /// And every other shell that keeps to POSIX.
    Bash,
    /// Of Windows, and of any system.
    PowerShell,
    /// The command prompt of Windows.
    Cmd,
}

impl Shell {
    /// A text as one word. Of `key=value` only the value is quoted, as people type it.
    pub fn quote(self, text: &str) -> String {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.:/@+=,".contains(c);
        if !text.is_empty() && text.chars().all(is_plain) {
            // an array, where a comma stands alone
            return if self == Self::PowerShell && text.contains(',') {
                format!("'{text}'")
            } else {
                text.to_owned()
            };
        }
        match text.split_once('=') {
            Some((key, value)) if !key.is_empty() && key.chars().all(is_plain) => {
                format!("{key}={}", self.quote_whole(value))
            }
            _ => self.quote_whole(text),
        }
    }

    /// A text in quotes, needed or not.
    pub fn quote_whole(self, text: &str) -> String {
        match self {
            Self::Bash => format!("'{}'", text.replace('\'', r"'\''")),
            Self::PowerShell => format!("'{}'", text.replace('\'', "''")),
            Self::Cmd => format!("\"{}\"", text.replace('"', "\"\"")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_shell_has_quotes_of_its_own() {
        let table = [
            ("a.example:443", "a.example:443", "a.example:443", "a.example:443"),
            ("pod,node", "pod,node", "'pod,node'", "pod,node"),
            ("it's", r"'it'\''s'", "'it''s'", "\"it's\""),
            ("a=b c", "a='b c'", "a='b c'", "a=\"b c\""),
            ("", "''", "''", "\"\""),
        ];
        for (text, bash, powershell, cmd) in table {
            let quoted = [Shell::Bash, Shell::PowerShell, Shell::Cmd].map(|shell| shell.quote(text));
            assert_eq!(quoted, [bash, powershell, cmd]);
        }
    }
}
