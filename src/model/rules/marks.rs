//! What shows who answered: a header, a part of the body, or where a redirection leads.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::scalars::{HostName, Id};

/// What shows that a service itself answered, where TLS does not prove it. Endpoints refer to it by its id.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mark (a mapping)")]
pub struct Mark {
    /// As endpoints name it in `answer.marks`.
    pub id: Id,
    /// One of these is enough. Only what nobody but the service sends proves anything.
    pub any: Vec<MarkPattern>,
    /// Ids of the pages that say so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<Id>,
    /// What else is worth knowing, such as where and when the answer was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// One thing to look for in an answer: exactly one of `header`, `json`, `text` and `redirect`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "PatternKeys", into = "PatternKeys")]
pub enum MarkPattern {
    /// A header of this name, in lower case, that holds the value if there is one.
    Header(String, Option<String>),
    /// A key of the JSON body, with dots between the levels, that holds the value if there is one.
    Json(String, Option<String>),
    /// A part of a body that is no HTML page. Upper and lower case are the same.
    Text(String),
    /// A redirection to this host or one below it.
    Redirect(HostName),
}

/// One thing to look for in an answer: exactly one of `header`, `json`, `text` and `redirect`.
#[derive(Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "one of header, json, text and redirect")]
#[schemars(rename = "MarkPattern", extend("oneOf" = [
    { "required": ["header"] }, { "required": ["json"] }, { "required": ["text"] }, { "required": ["redirect"] },
]))]
struct PatternKeys {
    /// The name of a header that the answer has.
    #[serde(skip_serializing_if = "Option::is_none")]
    header: Option<String>,
    /// A key of the JSON body, with dots between the levels (`error.code`).
    #[serde(skip_serializing_if = "Option::is_none")]
    json: Option<String>,
    /// A part of the header's or key's value, where its presence is not enough. Upper and lower case are the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    /// A part of a body that is no HTML page. Upper and lower case are the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    /// The answer redirects to this host or to one below it.
    #[serde(skip_serializing_if = "Option::is_none")]
    redirect: Option<HostName>,
}

impl fmt::Display for MarkPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(name, None) => write!(f, "header {name}"),
            Self::Header(name, Some(value)) => write!(f, "header {name}: {value}"),
            Self::Json(key, None) => write!(f, "JSON key {key}"),
            Self::Json(key, Some(value)) => write!(f, "JSON key {key}: {value}"),
            Self::Text(text) => write!(f, "text \"{text}\""),
            Self::Redirect(host) => write!(f, "redirection to {host}"),
        }
    }
}

impl TryFrom<PatternKeys> for MarkPattern {
    type Error = String;

    fn try_from(keys: PatternKeys) -> Result<Self, String> {
        let filled = [&keys.header, &keys.json, &keys.value, &keys.text];
        if filled.iter().any(|key| key.as_ref().is_some_and(|text| text.trim().is_empty())) {
            return Err("a mark is empty: every answer would have it".into());
        }
        match keys {
            PatternKeys { header: Some(name), json: None, value, text: None, redirect: None } => {
                Ok(Self::Header(name.to_ascii_lowercase(), value))
            }
            PatternKeys { header: None, json: Some(key), value, text: None, redirect: None } => {
                Ok(Self::Json(key, value))
            }
            PatternKeys { header: None, json: None, value: None, text: Some(text), redirect: None } => {
                Ok(Self::Text(text))
            }
            PatternKeys { header: None, json: None, value: None, text: None, redirect: Some(host) } => {
                Ok(Self::Redirect(host))
            }
            _ => {
                Err("a mark is one of header, json, text and redirect; value goes with header and json"
                    .into())
            }
        }
    }
}

impl From<MarkPattern> for PatternKeys {
    fn from(pattern: MarkPattern) -> Self {
        match pattern {
            MarkPattern::Header(name, value) => Self { header: Some(name), value, ..Self::default() },
            MarkPattern::Json(key, value) => Self { json: Some(key), value, ..Self::default() },
            MarkPattern::Text(text) => Self { text: Some(text), ..Self::default() },
            MarkPattern::Redirect(host) => Self { redirect: Some(host), ..Self::default() },
        }
    }
}

impl JsonSchema for MarkPattern {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        PatternKeys::schema_name()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        PatternKeys::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_one_thing_and_reads_back() {
        let good = [
            r#"{"header":"x-ms-request-id"}"#,
            r#"{"header":"server","value":"Kestrel"}"#,
            r#"{"json":"error.code"}"#,
            r#"{"json":"issuer","value":"https://sts"}"#,
            r#"{"text":"only for web-socket requests"}"#,
            r#"{"redirect":"office.com"}"#,
        ];
        for text in good {
            let pattern: MarkPattern = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&pattern).unwrap(), text);
        }
        let bad = ["{}", r#"{"header":""}"#, r#"{"text":"a","value":"b"}"#, r#"{"header":"a","json":"b"}"#];
        for text in bad {
            serde_json::from_str::<MarkPattern>(text).unwrap_err();
        }
    }
}
