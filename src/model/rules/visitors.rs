//! Reading scalars that are checked while they are read.

use std::fmt;

use serde::de::{Error, Visitor};

/// Reads a string and checks it inside the visitor: an error raised later would carry the position of the mapping around
/// the value, not that of the value.
pub(crate) struct StrVisitor<F> {
    pub(crate) expected: &'static str,
    pub(crate) parse: F,
}

impl<T, F: FnOnce(&str) -> Result<T, String>> Visitor<'_> for StrVisitor<F> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        (self.parse)(text).map_err(E::custom)
    }
}

/// The same for whole numbers.
pub(crate) struct IntVisitor<F> {
    pub(crate) expected: &'static str,
    pub(crate) parse: F,
}

impl<T, F: FnOnce(i64) -> Result<T, String>> Visitor<'_> for IntVisitor<F> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<T, E> {
        (self.parse)(number).map_err(E::custom)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<T, E> {
        (self.parse)(i64::try_from(number).unwrap_or(i64::MAX)).map_err(E::custom)
    }
}
