//! What was seen: observations with their steps, complete and serialisable.
//!
//! These types are also the report's own (`checks[].attempts`): a saved report can be judged again later, elsewhere,
//! without a network. They say what was measured, never what it means.

mod address;
mod certificate_file;
mod detail;
mod discovery;
mod failure;
mod url_redaction;

use std::net::SocketAddr;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use crate::model::evidence::discovery::{ClusterNameLookup, Discovery, DiscoveryOutcome, MANIFEST_TYPES};
pub use crate::model::evidence::url_redaction::{
    mark_url_credentials, mark_user_info, redact_url_credentials, redact_url_secrets,
};
pub use address::AddressScope;
pub use certificate_file::CertificateFileFlaw;
pub use detail::{
    BodyForm, CertificateSummary, ConnectDetail, DnsQuery, DnsRecordType, DnsTransport, GreetingDetail,
    HttpDetail, LookupSource, ProxyDetail, ResolveDetail, SearchedName, TlsDetail, TrustStore, UNNAMED_CA,
};
pub use failure::{Cause, Failure, Phase};

/// What one run saw from one vantage, in plan order.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// One entry for each planned check, in plan order.
    pub observations: Vec<Observation>,
    /// What was asked for the hosts below wildcards, in the order of the rules.
    pub discoveries: Vec<Discovery>,
    /// Since the start of the run.
    pub took: Duration,
    /// Ended by Ctrl-C before all was measured.
    pub interrupted: bool,
    /// Ended by `--deadline` before all was measured.
    pub deadline_passed: bool,
}

/// What was seen of one planned check.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Observation {
    /// Empty when the check was not run.
    pub attempts: Vec<Attempt>,
    /// From the first to the last step, in milliseconds.
    #[serde(rename = "took_ms", with = "millis")]
    pub took: Duration,
    /// Why nothing, or not all, was measured.
    pub not_run: Option<NotRun>,
}

/// Why a planned probe was not carried out.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NotRun {
    /// The run's deadline passed first.
    Deadline,
    /// The user stopped the run first.
    Interrupted,
    /// Nothing could be looked at from there.
    NoVantage,
    /// The probe itself broke down; a defect of this program.
    Broken,
}

/// A lookup, or one connection to one address with its phases.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Attempt {
    /// Why this attempt was made.
    pub purpose: Purpose,
    /// The address that was connected to; `null` for a lookup.
    pub address: Option<SocketAddr>,
    /// In the order in which they were made; at most the last one failed.
    pub steps: Vec<Step>,
}

/// What was measured in a phase of an attempt.
macro_rules! find_detail {
    ($attempt:ident, $phase:ident) => {
        $attempt.steps.iter().find_map(|step| match &step.detail {
            Detail::$phase(detail) => Some(&**detail),
            _ => None,
        })
    };
}

impl Attempt {
    /// The step that failed, if one did.
    pub fn failed_step(&self) -> Option<&Step> {
        self.steps.iter().find(|s| s.outcome == Outcome::Failed)
    }

    /// The step of a phase, if it was made.
    pub fn step(&self, phase: Phase) -> Option<&Step> {
        self.steps.iter().find(|s| s.phase() == phase)
    }

    /// What the lookup measured, if one was made.
    pub fn lookup(&self) -> Option<&ResolveDetail> {
        find_detail!(self, Resolve)
    }

    /// What was measured at the proxy, if it went through one.
    pub fn proxy(&self) -> Option<&ProxyDetail> {
        find_detail!(self, Proxy)
    }

    /// What the TLS handshake measured, if there was one.
    pub fn tls(&self) -> Option<&TlsDetail> {
        find_detail!(self, Tls)
    }

    /// The largest segment that it allowed, where it was kept small.
    pub fn max_segment(&self) -> Option<u16> {
        find_detail!(self, Connect).and_then(|connect| connect.max_segment)
    }

    /// The HTTP request, or that for a WebSocket, and its answer, if one was sent.
    pub fn http(&self) -> Option<&HttpDetail> {
        find_detail!(self, Http).or_else(|| find_detail!(self, WebSocket))
    }
}

/// Why an attempt was made. Everything but `lookup`, `probe` and `retry` is a second look that explains a verdict.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// The name was looked up.
    Lookup,
    /// The endpoint was probed at one address.
    Probe,
    /// The same again: after a time-out (`--retries`), after an ordinary client got through, or with fewer connections at a
    /// time after a proxy refused.
    Retry,
    /// The handshake stalled and was tried again with a maximum segment size of 536 bytes.
    SmallSegments,
    /// The endpoint failed through the proxy and was tried directly, to tell who is at fault.
    Direct,
    /// The handshake was repeated with a ClientHello of about 1.5 kB, once per address; where that stalled, once more with a
    /// maximum segment size of 536 bytes.
    LargeHello,
    /// What answered spoke no TLS and was asked in plain HTTP, to see who it is.
    PlainHttp,
    /// The handshake broke off and was tried again without TLS 1.3.
    OlderVersion,
    /// The handshake broke off and was tried again at the same address with the server name of another endpoint.
    OtherName,
    /// The probe failed and an ordinary HTTP client tried the same URL, as a second opinion. It does not report phases: all that
    /// it did is one step `http`.
    Reference,
}

/// One phase of an attempt.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Step {
    /// `phase` and `detail` of the JSON.
    #[serde(flatten)]
    pub detail: Detail,
    /// Whether the phase reached its end.
    pub outcome: Outcome,
    /// The word for the failure; `null` unless the outcome is `failed`.
    pub cause: Option<Cause>,
    /// What the failure is derived from, or why the step was skipped.
    pub raw: Option<String>,
    /// Since the start of the run, in milliseconds.
    #[serde(rename = "started_ms", with = "millis")]
    #[schemars(with = "f64")]
    pub started: Duration,
    /// In milliseconds.
    #[serde(rename = "took_ms", with = "millis")]
    #[schemars(with = "f64")]
    pub took: Duration,
}

impl Step {
    /// The phase of this step.
    pub fn phase(&self) -> Phase {
        match &self.detail {
            Detail::Resolve(_) => Phase::Resolve,
            Detail::Connect(_) => Phase::Connect,
            Detail::Proxy(_) => Phase::Proxy,
            Detail::Tls(_) => Phase::Tls,
            Detail::Http(_) => Phase::Http,
            Detail::WebSocket(_) => Phase::WebSocket,
            Detail::Greeting(_) => Phase::Greeting,
        }
    }
}

/// What was measured in a phase. In JSON: `"phase": "tls", "detail": {...}`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "phase", content = "detail", rename_all = "lowercase")]
#[expect(missing_docs, reason = "each variant is the phase of the same name")]
pub enum Detail {
    Resolve(Box<ResolveDetail>),
    Connect(Box<ConnectDetail>),
    Proxy(Box<ProxyDetail>),
    Tls(Box<TlsDetail>),
    Http(Box<HttpDetail>),
    WebSocket(Box<HttpDetail>),
    Greeting(Box<GreetingDetail>),
}

/// How a phase ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// The phase was completed.
    Reached,
    /// The network said no.
    Failed,
    /// The phase was not needed; `raw` says why.
    Skipped,
}

/// Cuts a text that came from outside to `most` characters and replaces control characters, so that it can be stored,
/// printed to a terminal and compared. Every string of a peer goes through here.
pub fn sanitize(text: &str, most: usize) -> String {
    let mut out: String =
        text.trim().chars().take(most).map(|c| if is_unsafe_char(c) { ' ' } else { c }).collect();
    if text.trim().chars().nth(most).is_some() {
        out.push('…');
    }
    out
}

/// Text of several lines, each of them printable. Nothing is cut.
pub fn sanitize_lines(text: &str) -> String {
    text.chars().map(|c| if c != '\n' && is_unsafe_char(c) { ' ' } else { c }).collect()
}

/// Control characters, and those that reorder or hide text (Unicode TR36): bidirectional controls, zero-width
/// characters, line separators, tags.
pub(crate) fn is_unsafe_char(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// Durations as milliseconds with three decimals.
pub mod millis {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    /// Writes milliseconds.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(d: &Duration, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_f64(to_millis(*d))
    }

    /// Reads milliseconds.
    ///
    /// # Errors
    /// When the number is negative, not finite or larger than a duration can hold.
    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Duration, D::Error> {
        let ms = f64::deserialize(d)?;
        Duration::try_from_secs_f64(ms / 1000.0).map_err(serde::de::Error::custom)
    }

    /// Milliseconds, rounded to three decimals.
    pub fn to_millis(d: Duration) -> f64 {
        (d.as_secs_f64() * 1e6).round() / 1e3
    }
}

/// Durations that may be unknown, as milliseconds.
pub mod optional_millis {
    use std::time::Duration;

    use serde::{Deserialize as _, Deserializer, Serializer};

    use super::millis;

    /// Writes milliseconds or `null`.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(d: &Option<Duration>, s: S) -> Result<S::Ok, S::Error> {
        match d {
            Some(d) => s.serialize_some(&millis::to_millis(*d)),
            None => s.serialize_none(),
        }
    }

    /// Reads milliseconds or `null`.
    ///
    /// # Errors
    /// When the number is negative, not finite or larger than a duration can hold.
    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Duration>, D::Error> {
        let ms = Option::<f64>::deserialize(d)?;
        let duration = |ms: f64| Duration::try_from_secs_f64(ms / 1000.0).map_err(serde::de::Error::custom);
        ms.map(duration).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_outside_is_sanitized() {
        let table = [
            ("plain", "plain"),
            ("a\u{1b}[31mred\r\n", "a [31mred"),
            ("right\u{202e}left", "right left"),
            ("  blank ends \t", "blank ends"),
            ("s\u{ad}o\u{61c}f\u{e0041}t", "s o f t"),
            ("0123456789abc", "0123456789…"),
        ];
        for (from, to) in table {
            assert_eq!(sanitize(from, 10), to, "{from:?}");
        }
    }

    #[test]
    fn a_step_is_flat_in_json_and_round_trips() {
        let step = Step {
            detail: Detail::Connect(Box::new(ConnectDetail { max_segment: Some(536), ..Default::default() })),
            outcome: Outcome::Failed,
            cause: Some(Cause::TcpRefused),
            raw: Some("Connection refused".into()),
            started: Duration::from_micros(1500),
            took: Duration::from_millis(2),
        };
        let json = serde_json::to_value(&step).unwrap();
        assert_eq!(json["phase"], "connect");
        assert_eq!(json["detail"]["max_segment"], 536);
        assert_eq!(json["started_ms"], 1.5);
        let back: Step = serde_json::from_value(json).unwrap();
        assert_eq!(back.phase(), Phase::Connect);
        assert_eq!(back.cause, Some(Cause::TcpRefused));
    }
}
