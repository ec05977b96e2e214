//! `any`, or a list of HTTP statuses.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::scalars::HttpStatus;

/// `any`, or a list of statuses.
///
/// Read by hand: of an untagged enum serde only says that nothing matched, without the place in the list.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Statuses {
    /// A list; never empty in a file that was read.
    Listed(Vec<HttpStatus>),
    /// The word `any`: an HTTP answer of whatever status.
    #[default]
    Any,
}

impl Statuses {
    /// Whether a status is one that the service gives.
    pub fn allows(&self, status: u16) -> bool {
        match self {
            Self::Any => true,
            Self::Listed(list) => list.iter().any(|s| s.0 == status),
        }
    }
}

impl Serialize for Statuses {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Any => s.serialize_str("any"),
            Self::Listed(list) => list.serialize(s),
        }
    }
}

impl<'de> Deserialize<'de> for Statuses {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_any(StatusesVisitor)
    }
}

struct StatusesVisitor;

impl<'de> Visitor<'de> for StatusesVisitor {
    type Value = Statuses;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the word any, or a list of HTTP statuses")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Statuses, E> {
        match text {
            "any" => Ok(Statuses::Any),
            _ => Err(E::invalid_value(Unexpected::Str(text), &self)),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Statuses, A::Error> {
        let mut list = Vec::new();
        while let Some(status) = seq.next_element()? {
            list.push(status);
        }
        if list.is_empty() {
            return Err(A::Error::custom(
                "status is empty: no answer would do; list one at least, or say any",
            ));
        }
        Ok(Statuses::Listed(list))
    }
}

impl JsonSchema for Statuses {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Statuses".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "`any`, or a list of statuses",
            "oneOf": [
                { "const": "any" },
                { "type": "array", "minItems": 1, "items": generator.subschema_for::<HttpStatus>() }
            ]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_allows_what_is_in_it() {
        let table = [("\"any\"", 200, true), ("[200, 404]", 404, true), ("[200, 404]", 403, false)];
        for (text, status, expected) in table {
            let statuses: Statuses = serde_json::from_str(text).unwrap();
            assert_eq!(statuses.allows(status), expected, "{text} {status}");
            assert_eq!(serde_json::to_value(&statuses).unwrap().to_string(), text.replace(' ', ""));
        }
    }
}
