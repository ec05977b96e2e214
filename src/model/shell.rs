//! Words of a command in each shell.

/// A shell that commands are printed for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub enum Shell {
    /// Bash and other shells that keep to POSIX.
    Bash,
    /// PowerShell, of Windows and of any system.
    #[cfg_attr(feature = "cli", value(name = "powershell"))]
    PowerShell,
    /// The command prompt of Windows.
    Cmd,
}

impl Shell {
    /// The one that people have in front of them on this system.
    pub const OF_SYSTEM: Self = if cfg!(windows) { Self::PowerShell } else { Self::Bash };

    /// A text as one word. Of `key=value` only the value is quoted, as people type it.
    pub fn quote(self, text: &str) -> String {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.:/@+=,".contains(c);
        if !text.is_empty() && text.chars().all(is_plain) {
            // a comma makes an array there, and an `@` in front takes apart a variable
            let is_more = self == Self::PowerShell && (text.contains(',') || text.starts_with('@'));
            return if is_more { self.quote_whole(text) } else { text.to_owned() };
        }
        match text.split_once('=') {
            Some((key, value)) if !key.is_empty() && key.chars().all(is_plain) => {
                format!("{key}={}", self.quote_whole(value))
            }
            _ => self.quote_whole(text),
        }
    }

    /// Gives a variable of the environment a value.
    pub fn set_variable(self, name: &str, value: &str) -> String {
        match self {
            Self::Bash => format!("export {name}={}", self.quote_whole(value)),
            Self::PowerShell => format!("$env:{name} = {}", self.quote_whole(value)),
            // the quotes are around both, else they are part of the value
            Self::Cmd => format!("set \"{name}={value}\""),
        }
    }

    /// Gives several variables their values, on one line.
    pub fn set_variables<'a>(self, variables: impl Iterator<Item = (&'a str, &'a str)>) -> String {
        match self {
            Self::Bash => {
                let set =
                    variables.map(|(name, value)| format!(" {}", self.quote(&format!("{name}={value}"))));
                format!("export{}", set.collect::<String>())
            }
            Self::PowerShell | Self::Cmd => {
                let set: Vec<_> = variables.map(|(name, value)| self.set_variable(name, value)).collect();
                set.join(if self == Self::Cmd { " & " } else { "; " })
            }
        }
    }

    /// What ends a line that the next one continues.
    pub fn line_continuation(self) -> &'static str {
        match self {
            Self::Bash => "\\",
            Self::PowerShell => "`",
            Self::Cmd => "^",
        }
    }

    /// What gives a program an empty input.
    pub fn redirect_no_input(self, command: &str) -> String {
        match self {
            Self::Bash => format!("{command} </dev/null"),
            Self::PowerShell => format!("$null | {command}"),
            Self::Cmd => format!("{command} <NUL"),
        }
    }

    /// A remark at the end of a line.
    pub fn comment(self, text: &str) -> String {
        match self {
            Self::Bash | Self::PowerShell => format!("  # {text}"),
            Self::Cmd => format!(" & rem {text}"),
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
            ("10.0.0.0/8,.svc", "10.0.0.0/8,.svc", "'10.0.0.0/8,.svc'", "10.0.0.0/8,.svc"),
            ("@file", "@file", "'@file'", "@file"),
        ];
        for (text, bash, powershell, cmd) in table {
            let quoted = [Shell::Bash, Shell::PowerShell, Shell::Cmd].map(|shell| shell.quote(text));
            assert_eq!(quoted, [bash, powershell, cmd]);
        }
    }
}
