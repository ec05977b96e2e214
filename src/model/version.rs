//! Versions as programs print them.

use std::fmt;

use serde::{Deserialize, Deserializer};

/// Major, minor, patch; what follows (`-rc.1`, `+k3s1`) is of no matter here.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[expect(missing_docs, reason = "the words speak for themselves")]
pub struct Version {
    pub major: u64,
    pub minor: u64,
    pub patch: u64,
}

impl Version {
    /// From its parts.
    pub const fn new(major: u64, minor: u64, patch: u64) -> Self {
        Self { major, minor, patch }
    }

    /// Reads `v1.31.2+k3s1`, `2.64.0`, `1.28`.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().trim_start_matches(['v', 'V']);
        let plain = text.split(['-', '+', ' ']).next()?;
        let mut parts = plain.split('.').map(|part| part.parse::<u64>().ok());
        let (major, minor) = (parts.next()??, parts.next()??);
        let patch = parts.next().flatten().unwrap_or(0);
        Some(Self { major, minor, patch })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let wrong = || serde::de::Error::custom(format!("{text:?} is no version such as '2.64.0'"));
        Self::parse(&text).ok_or_else(wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_parsed_as_programs_print_them() {
        let table = [
            ("v1.31.2+k3s1", Some((1, 31, 2))),
            ("2.64.0", Some((2, 64, 0))),
            ("v3.14.0+g3fc9f4b", Some((3, 14, 0))),
            ("1.28", Some((1, 28, 0))),
            ("v1.27.3-gke.100", Some((1, 27, 3))),
            ("1.10.0b1", Some((1, 10, 0))),
            ("", None),
            ("latest", None),
            ("1", None),
            ("1.99999999999999999999.0", None),
        ];
        for (text, parts) in table {
            let expected = parts.map(|(major, minor, patch)| Version::new(major, minor, patch));
            assert_eq!(Version::parse(text), expected, "{text}");
        }
        assert!(Version::parse("1.9.0") < Version::parse("1.10.0"));
    }
}
