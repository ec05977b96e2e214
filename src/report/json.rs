//! The report as JSON, and its schema.

pub(crate) mod form;
pub(crate) mod v1;

use std::collections::HashSet;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::model::evidence::is_unsafe_char;
use crate::model::report::Report;
use form::{Read, Written};

/// The version that this program writes and reads.
pub const SCHEMA_VERSION: u32 = 1;

/// The most bytes that a report may have. 10,000 checks with all their certificates take about half.
pub const MAX_BYTES: usize = 64 << 20;

/// The most vantages that a report may have: Kubernetes has at most 5,000 nodes, with a pod on each, and this machine.
const MAX_VANTAGES: usize = 10_001;

/// Why a report cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Larger than [`MAX_BYTES`].
    #[error("the report is larger than {MAX_BYTES} bytes")]
    TooLarge,
    /// Not JSON, or not in the form of a report.
    #[error("this is no arcprobe report: {0}")]
    NotAReport(#[from] serde_json::Error),
    /// More than any cluster has.
    #[error("the report has more than {MAX_VANTAGES} vantages")]
    TooManyVantages,
    /// More than a run looks at.
    #[error("the report has more than {} clusters", super::fleet::MAX_CLUSTERS)]
    TooManyClusters,
    /// A check from nowhere.
    #[error("the check \"{0}\" names a vantage that the report does not have")]
    UnknownVantage(String),
    /// Written by a program that knows more.
    #[error(
        "the report has schema_version {0}; this program reads version {SCHEMA_VERSION}, a newer arcprobe may read it"
    )]
    UnsupportedVersion(u64),
}

/// Renders the report as indented JSON. Characters that could deceive the reader of a terminal are escaped.
pub fn render(report: &Report) -> String {
    to_text(&Written::<v1::Report>(report))
}

/// Any document as indented JSON, escaped in the same way.
pub(crate) fn to_text(document: &impl Serialize) -> String {
    // writing to memory cannot fail, and the maps of our documents have strings for keys
    escape(&serde_json::to_string_pretty(document).unwrap_or_default()) + "\n"
}

/// Reads a report.
///
/// # Errors
/// When it is too large, not a report, or of another version.
pub fn parse(bytes: &[u8]) -> Result<Report, ReadError> {
    if bytes.len() > MAX_BYTES {
        return Err(ReadError::TooLarge);
    }
    let Versioned { schema_version } = serde_json::from_slice(bytes)?;
    if schema_version != u64::from(SCHEMA_VERSION) {
        return Err(ReadError::UnsupportedVersion(schema_version));
    }
    let Read(report) = serde_json::from_slice::<Read<v1::Report>>(bytes)?;
    validate(&report).map(|()| report)
}

/// Whether a report that was read is one that this program could have written, as far as others rely on it.
pub(super) fn validate(report: &Report) -> Result<(), ReadError> {
    if report.vantages.len() > MAX_VANTAGES {
        return Err(ReadError::TooManyVantages);
    }
    let known: HashSet<&str> = report.vantages.iter().map(|vantage| vantage.id.as_str()).collect();
    match report.checks.iter().find(|check| !known.contains(check.planned.vantage.as_str())) {
        Some(check) => Err(ReadError::UnknownVantage(check.planned.id.to_string())),
        None => Ok(()),
    }
}

/// The JSON Schema of the report.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(v1::Report).to_value()
}

/// All that is looked at before the version is known.
#[derive(Deserialize)]
struct Versioned {
    schema_version: u64,
}

/// JSON writers leave DEL, C1 controls and bidirectional marks as they are. Outside of strings JSON has no such
/// characters, and inside `\u` stands for the same text.
fn escape(json: &str) -> String {
    if !json.chars().any(needs_escape) {
        return json.to_owned();
    }
    let mut out = String::with_capacity(json.len() + 64);
    for c in json.chars() {
        if needs_escape(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}"); // a String takes all
            }
        } else {
            out.push(c);
        }
    }
    out
}

fn needs_escape(c: char) -> bool {
    c != '\n' && is_unsafe_char(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deceptive_characters_are_escaped_and_mean_the_same() {
        let text = "a\u{202e}b\u{9b}c\u{7f}d\u{e0041}e";
        let json = escape(&serde_json::to_string(text).unwrap());
        assert!(json.is_ascii(), "{json}");
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
    }

    #[test]
    fn a_report_that_cannot_be_read_says_why() {
        let table = [
            ("", "this is no arcprobe report: EOF while parsing a value at line 1 column 0"),
            ("{}", "this is no arcprobe report: missing field `schema_version` at line 1 column 2"),
            (
                r#"{"schema_version": 2}"#,
                "the report has schema_version 2; this program reads version 1, a newer arcprobe may read it",
            ),
            (
                r#"{"schema_version": 1}"#,
                "this is no arcprobe report: missing field `tool` at line 1 column 21",
            ),
        ];
        for (text, message) in table {
            assert_eq!(parse(text.as_bytes()).unwrap_err().to_string(), message);
        }
        let large = vec![b' '; MAX_BYTES + 1];
        assert!(matches!(parse(&large), Err(ReadError::TooLarge)));
    }
}
