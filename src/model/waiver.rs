//! What is known to fail and accepted until a day.

use jiff::civil::Date;
use serde::Deserialize;

/// Accepts a finding or a failure at some endpoints until a day.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Waiver {
    /// The id of a finding, or the word for a failure.
    pub code: String,
    /// A host, a suffix as `*.example.com`, or `*` for whatever it is about.
    pub endpoint: String,
    /// Only as seen from there: `workstation`, `pod`, `node`; anywhere without it.
    #[serde(default)]
    pub vantage: Option<String>,
    /// Why it is accepted, and by whom.
    pub reason: String,
    /// The last day on which it is.
    #[serde(deserialize_with = "deserialize_date")]
    pub until: Date,
}

/// By which waiver something is accepted.
#[derive(Clone, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the words speak for themselves")]
pub struct WaiverRef {
    pub code: String,
    pub reason: String,
    /// The last day, `YYYY-MM-DD`.
    pub until: String,
}

fn deserialize_date<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Date, D::Error> {
    let text = String::deserialize(from)?;
    let wrong = |_| serde::de::Error::custom(format!("{text:?} is no day such as 2027-01-31"));
    text.trim().parse().map_err(wrong)
}
