//! What an answer shows of who gave it: its head, the beginning of its body, and the service's own marks in it.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, DATE, LOCATION};
use http::response::Parts;
use http::{HeaderMap, Response};
use http_body_util::BodyExt as _;
use hyper::body::Body;
use hyper::ext::ReasonPhrase;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tokio::time::{Instant, timeout_at};

use super::appliance;
use super::exchange::Exchange;
use crate::analysis::answerer::{location_host, strip_scripts, strip_tags};
use crate::model::evidence::{BodyForm, HttpDetail, TrustStore, redact_url_secrets, sanitize};
use crate::model::rules::MarkPattern;

/// The head is the answer; of the body only as much is read as helps to see who answered.
pub(super) async fn record_answer(
    response: Response<impl Body<Data = Bytes> + Unpin>,
    exchange: &Exchange<'_>,
    detail: &mut HttpDetail,
) {
    let (head, body) = response.into_parts();
    let is_proven = exchange.source.trusted_by == Some(TrustStore::Public);
    let is_wanted = exchange.source.spec.answer.content.is_some() || !head.status.is_success();
    let bytes = match (is_proven, is_wanted) {
        (true, false) => Vec::new(),
        (true, true) => read_beginning(body, MAX_EXCERPT_BYTES, EXCERPT_TIME_LIMIT).await,
        (false, _) => read_beginning(body, MAX_JUDGED_BYTES, JUDGED_TIME_LIMIT.min(exchange.timeout)).await,
    };
    record_head(&head, exchange, detail);
    record_body(&head, &bytes, exchange, detail);
}

pub(super) fn record_head(head: &Parts, exchange: &Exchange<'_>, detail: &mut HttpDetail) {
    detail.status = Some(head.status.as_u16());
    detail.reason = head.extensions.get::<ReasonPhrase>().and_then(|reason| excerpt(reason.as_bytes()));
    detail.headers = collect_identifying_headers(&head.headers);
    detail.clock_skew_s = clock_skew(&head.headers, exchange.now);
}

/// Judges a body, of which only the beginning need be there.
pub(super) fn record_body(head: &Parts, bytes: &[u8], exchange: &Exchange<'_>, detail: &mut HttpDetail) {
    let source = &exchange.source;
    let media_type = head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let form = BodyForm::of_body(media_type, bytes);
    let text = String::from_utf8_lossy(bytes);
    let page = (form != BodyForm::Json).then(|| strip_scripts(&text));
    detail.mark = AnswerMarks::new(head, &text, form, source.host).find_first(&source.spec.marks);
    detail.appliance = appliance::find_in_answer(exchange.products, &detail.headers, page.as_deref());
    detail.body = excerpt(bytes);
    if source.trusted_by != Some(TrustStore::Public) {
        detail.content = Some(form);
        let is_data = form != BodyForm::Html && text.trim_start().starts_with('<');
        let words = page.as_deref().filter(|_| !is_data).map(strip_tags);
        detail.block_words = words.and_then(|words| exchange.products.find_words(&words).map(str::to_owned));
        detail.page_sha256 = digest_page(&text, source.host);
    }
}

/// The beginning of a body as printable text; `None` where there is nothing to print.
pub(super) fn excerpt(bytes: &[u8]) -> Option<String> {
    let beginning = String::from_utf8_lossy(&bytes[..bytes.len().min(MAX_EXCERPT_BYTES)]);
    let text = sanitize(&redact_url_secrets(&beginning), MAX_EXCERPT_CHARS);
    (!text.is_empty()).then_some(text)
}

/// The beginning of a body as text, bounded in size and time.
pub(super) async fn read_excerpt(body: impl Body<Data = Bytes> + Unpin) -> Option<String> {
    excerpt(&read_beginning(body, MAX_EXCERPT_BYTES, EXCERPT_TIME_LIMIT).await)
}

async fn read_beginning(mut body: impl Body<Data = Bytes> + Unpin, most: usize, within: Duration) -> Vec<u8> {
    let until = Instant::now() + within;
    let mut bytes = Vec::new();
    while bytes.len() < most {
        match timeout_at(until, body.frame()).await {
            Ok(Some(Ok(frame))) => {
                let left = most - bytes.len();
                bytes.extend(frame.data_ref().unwrap_or(&Bytes::new()).iter().take(left));
            }
            _ => break,
        }
    }
    bytes
}

/// Where the marks of a service are looked for.
struct AnswerMarks<'a> {
    head: &'a Parts,
    /// Without the host that was asked: whoever answers can repeat that.
    text: String,
    form: BodyForm,
}

impl<'a> AnswerMarks<'a> {
    fn new(head: &'a Parts, text: &str, form: BodyForm, asked_host: &str) -> Self {
        Self { head, text: take_out(text, asked_host), form }
    }

    fn find_first(&self, marks: &[MarkPattern]) -> Option<String> {
        let json = serde_json::from_str::<Value>(&self.text).ok();
        let is_there = |mark: &&MarkPattern| self.has_mark(mark, json.as_ref());
        marks.iter().find(is_there).map(ToString::to_string)
    }

    fn has_mark(&self, mark: &MarkPattern, json: Option<&Value>) -> bool {
        match mark {
            MarkPattern::Header(name, value) => {
                let values = self.head.headers.get_all(name.as_str());
                values.iter().any(|found| holds(&String::from_utf8_lossy(found.as_bytes()), value.as_deref()))
            }
            MarkPattern::Json(key, value) => {
                json.is_some_and(|json| has_key(json, Some(key.as_str()), value.as_deref()))
            }
            // a page repeats the path that was asked for, too
            MarkPattern::Text(text) => self.form != BodyForm::Html && holds(&self.text, Some(text)),
            MarkPattern::Redirect(host) => self.redirects_to(host.as_str()),
        }
    }

    fn redirects_to(&self, wanted: &str) -> bool {
        let location = self.head.headers.get(LOCATION).and_then(|value| value.to_str().ok());
        let host = location.and_then(location_host).map(str::to_ascii_lowercase).unwrap_or_default();
        let front = host.strip_suffix(&wanted.to_ascii_lowercase());
        self.head.status.is_redirection()
            && front.is_some_and(|front| front.is_empty() || front.ends_with('.'))
    }
}

/// Upper and lower case are the same.
fn take_out(text: &str, part: &str) -> String {
    let (lower, part) = (text.to_ascii_lowercase(), part.to_ascii_lowercase());
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for (at, _) in lower.match_indices(&part) {
        out.push_str(&text[from..at]);
        from = at + part.len();
    }
    out + &text[from..]
}

fn holds(text: &str, part: Option<&str>) -> bool {
    part.is_none_or(|part| text.to_ascii_lowercase().contains(&part.to_ascii_lowercase()))
}

/// Follows the levels of a key; of a list any entry will do.
fn has_key(json: &Value, key: Option<&str>, value: Option<&str>) -> bool {
    match (json, key) {
        (Value::Array(entries), _) => entries.iter().any(|entry| has_key(entry, key, value)),
        (Value::Object(map), Some(key)) => {
            let (first, rest) = key.split_once('.').map_or((key, None), |(first, rest)| (first, Some(rest)));
            map.get(first).is_some_and(|found| has_key(found, rest, value))
        }
        (_, Some(_)) => false,
        (Value::String(text), None) => holds(text, value),
        (_, None) => holds(&json.to_string(), value),
    }
}

/// The page without what differs from host to host and from time to time: names, numbers, long tokens.
fn digest_page(text: &str, host: &str) -> Option<String> {
    let text = take_out(text, host).to_ascii_lowercase();
    let is_word = |word: &&str| {
        !word.is_empty() && word.len() <= MAX_WORD_LEN && !word.bytes().any(|b| b.is_ascii_digit())
    };
    let words: Vec<_> = text.split(|c: char| !c.is_alphanumeric()).filter(is_word).collect();
    let kept = if words.is_empty() { text.trim().to_owned() } else { words.join(" ") };
    (!kept.is_empty()).then(|| format!("{:x}", Sha256::digest(kept)))
}

/// The headers that tell who answered, bounded and printable.
pub(super) fn collect_identifying_headers(headers: &HeaderMap) -> BTreeMap<String, String> {
    let is_present = |name: &&&str| headers.contains_key(**name);
    let text = |name: &str| {
        let value = headers.get(name).map(|v| String::from_utf8_lossy(v.as_bytes()).into_owned());
        // before it is cut: half a secret is one too
        (name.to_owned(), sanitize(&redact_header(name, &value.unwrap_or_default()), MAX_HEADER_CHARS))
    };
    IDENTIFYING_HEADERS.iter().filter(is_present).map(|name| text(name)).collect()
}

/// A redirection can carry a session or a key in its query, its fragment or before its host.
fn redact_header(name: &str, value: &str) -> String {
    match value.find(['?', '#']) {
        Some(at) if name == "location" => format!("{}…", redact_url_secrets(&value[..=at])),
        _ => redact_url_secrets(value),
    }
}

/// The server's clock minus ours, in seconds.
pub(super) fn clock_skew(headers: &HeaderMap, now: jiff::Timestamp) -> Option<i64> {
    let text = headers.get(DATE)?.to_str().ok()?;
    let date = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    Some(date.as_second() - now.as_second())
}

/// In bytes.
const MAX_EXCERPT_BYTES: usize = 4 * 1024;

/// Characters that are kept of a body.
const MAX_EXCERPT_CHARS: usize = 400;

/// A body that drips is not waited for.
const EXCERPT_TIME_LIMIT: Duration = Duration::from_millis(500);

/// In bytes. Where the body has to prove who sent it, all of it counts: the metadata of a cloud has some ten thousand.
const MAX_JUDGED_BYTES: usize = 64 * 1024;

/// As long as that much takes over a slow line.
const JUDGED_TIME_LIMIT: Duration = Duration::from_secs(2);

/// Longer ones are keys, not words.
const MAX_WORD_LEN: usize = 20;

/// Characters that are kept of a header.
const MAX_HEADER_CHARS: usize = 200;

const IDENTIFYING_HEADERS: &[&str] = &[
    "server",
    "via",
    "location",
    "content-type",
    "www-authenticate",
    "proxy-agent",
    "proxy-authenticate",
    "x-squid-error",
    "x-cache",
    "x-bluecoat-via",
    "x-azure-ref",
    "x-ms-request-id",
    "x-ms-correlation-request-id",
    "x-ms-error-code",
    "x-ms-ests-server",
    "mise-correlation-id",
    "docker-distribution-api-version",
    "connection",
    "upgrade",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn head(status: u16, headers: &[(&str, &str)]) -> Parts {
        let mut response = Response::builder().status(status);
        for (name, value) in headers {
            response = response.header(*name, *value);
        }
        response.body(()).unwrap().into_parts().0
    }

    fn pattern(json: &str) -> MarkPattern {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn marks_are_found_where_they_belong() {
        /// Mark, status, headers, body, and whether it is found.
        type Row = (&'static str, u16, &'static [(&'static str, &'static str)], &'static str, bool);
        const HTML: &[(&str, &str)] = &[("content-type", "text/html")];
        const ASKED: &str = "gbl.his.arc.azure.com";
        let table: &[Row] = &[
            (r#"{"header":"X-Ms-Request-Id"}"#, 403, &[("x-ms-request-id", "1")], "", true),
            (r#"{"header":"server","value":"kestrel"}"#, 403, &[("server", "Kestrel")], "", true),
            (r#"{"header":"server","value":"kestrel"}"#, 403, &[("server", "squid")], "", false),
            (r#"{"json":"error.code"}"#, 401, &[], r#"{"error":{"code":"x"}}"#, true),
            (
                r#"{"json":"errors.code","value":"UNKNOWN"}"#,
                404,
                &[],
                r#"{"errors":[{"code":"unknown"}]}"#,
                true,
            ),
            (r#"{"json":"error.code"}"#, 401, &[], r#"{"error":"blocked"}"#, false),
            (r#"{"json":"error.code"}"#, 401, &[], r#"{"error":{"code":"#, false),
            (r#"{"text":"web-socket"}"#, 400, &[], "only for Web-Socket requests", true),
            // a block page repeats the URL that was asked for
            (r#"{"text":"web-socket"}"#, 403, HTML, "<html>denied: /web-socket</html>", false),
            (r#"{"text":"web-socket"}"#, 403, &[], "<!DOCTYPE html>denied: /web-socket", false),
            // so does a text, or data of a filter
            (r#"{"text":".his.arc"}"#, 403, &[], "https://GBL.his.arc.azure.com/ is denied", false),
            (r#"{"text":".his.arc"}"#, 403, &[], r#"{"url":"https://gbl.his.arc.azure.com/"}"#, false),
            (
                r#"{"json":"url","value":".his.arc"}"#,
                403,
                &[],
                r#"{"url":"https://gbl.his.arc.azure.com/"}"#,
                false,
            ),
            (r#"{"text":".his.arc"}"#, 200, &[], r#""https://weu.his.arc.azure.com""#, true),
            (
                r#"{"text":".his.arc"}"#,
                200,
                &[],
                r#"["gbl.his.arc.azure.com","weu.his.arc.azure.com"]"#,
                true,
            ),
            (r#"{"redirect":"office.com"}"#, 302, &[("location", "https://www.Office.com/login")], "", true),
            (
                r#"{"redirect":"office.com"}"#,
                302,
                &[("location", "https://office.com.evil.example/")],
                "",
                false,
            ),
            (
                r#"{"redirect":"office.com"}"#,
                302,
                &[("location", "https://evil.example\\@office.com/")],
                "",
                false,
            ),
            (
                r#"{"redirect":"office.com"}"#,
                302,
                &[("location", "https://evil.example/?office.com")],
                "",
                false,
            ),
            (r#"{"redirect":"office.com"}"#, 200, &[("location", "https://office.com/")], "", false),
        ];
        for (mark, status, headers, body, expected) in table {
            let head = head(*status, headers);
            let media_type = head.headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok());
            let form = BodyForm::of_body(media_type, body.as_bytes());
            let found = AnswerMarks::new(&head, body, form, ASKED).find_first(&[pattern(mark)]);
            assert_eq!(found.is_some(), *expected, "{mark} in {status} {headers:?} {body}");
        }
    }

    #[test]
    fn the_same_page_for_another_host_has_the_same_digest() {
        let page = |host: &str, id: &str| {
            let text = format!("<html>{host} is blocked, 10.1.2.3, 2026-11-30, id {id}</html>");
            digest_page(&text, host)
        };
        assert_eq!(page("a.example", "f00d1234"), page("management.azure.com", "77"));
        assert_ne!(page("a.example", ""), digest_page("<html>sign in</html>", "a.example"));
        assert_eq!(digest_page("{}", "a"), digest_page(" {} ", "b"));
        assert_eq!(digest_page("", "a"), None);
    }

    #[test]
    fn skew_is_theirs_minus_ours() {
        let mut headers = HeaderMap::new();
        headers.insert("date", "Sat, 21 Nov 2026 10:00:00 GMT".parse().unwrap());
        let now = "2026-11-21T09:00:00Z".parse().unwrap();
        assert_eq!(clock_skew(&headers, now), Some(3600));
    }
}
