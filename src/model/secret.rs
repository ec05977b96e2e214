//! A text that nobody may see.

use std::fmt;

use serde::{Serialize, Serializer};

/// A password, or something made of one. No formatting and no serialising shows it; only [`Secret::reveal`] does, so that
/// a search for that word finds every place where the text gets out.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

const REDACTED: &str = "[hidden]";

impl Secret {
    /// Takes a text out of sight.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the wire and nothing else.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(REDACTED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_never_formatted_or_serialised() {
        let secret = Secret::new("hunter2");
        let json = serde_json::to_string(&secret).unwrap();
        for text in [format!("{secret}"), format!("{secret:?}"), format!("{secret:#?}"), json] {
            assert!(!text.contains("hunter2"), "{text}");
        }
        assert_eq!(secret.reveal(), "hunter2");
    }
}
