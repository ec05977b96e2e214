//! One HTTP/1.1 request over a connection that we own.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, HOST, PROXY_AUTHORIZATION, USER_AGENT};
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio::time::error::Elapsed;
use tokio::time::{Instant, timeout_at};

use super::io::YieldingStream;
use super::{appliance, classify};
use crate::model::evidence::{Cause, Failure, HttpDetail, TrustStore, redact_url_secrets, sanitize};
use crate::model::host_port::HostPort;
use crate::model::plan::ProbeSpec;
use crate::model::rules::{Content, Method, Statuses};
use crate::probe::net::ProxyServer;

/// Where a request goes and what is known of the connection it goes over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exchange<'a> {
    pub(crate) host: &'a str,
    pub(crate) port: u16,
    pub(crate) is_tls: bool,
    pub(crate) spec: &'a ProbeSpec,
    /// Who vouches for the other side; `None` without TLS.
    pub(crate) trusted_by: Option<TrustStore>,
    pub(crate) timeout: Duration,
    /// Our clock, to compare with the `Date` of the answer.
    pub(crate) now: jiff::Timestamp,
    /// A proxy that gets the request in absolute form (RFC 9112 3.2.2), since there is no tunnel.
    pub(crate) proxy: Option<&'a ProxyServer>,
    /// Where a good answer goes as a whole; `None` when it only has to be judged.
    pub(crate) reply_sender: Option<&'a mpsc::Sender<Reply>>,
}

/// A good answer as a whole.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reply {
    /// Where a redirection leads, as it came.
    pub location: Option<String>,
    /// At most 256 KiB.
    pub body: Vec<u8>,
}

/// Sends the request and judges the answer by what the rules say of the real service.
pub(crate) async fn run_exchange<S>(io: S, exchange: Exchange<'_>) -> (HttpDetail, Option<Failure>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let spec = exchange.spec;
    let mut detail =
        HttpDetail { request: format!("{} {}", spec.method.as_str(), spec.path), ..HttpDetail::default() };
    let failure = match send_request(io, &exchange, &mut detail).await {
        Ok(()) => exchange.judge_answer(&detail),
        Err(failure) => Some(failure),
    };
    (detail, failure)
}

async fn send_request<S>(io: S, exchange: &Exchange<'_>, detail: &mut HttpDetail) -> Result<(), Failure>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let until = Instant::now() + exchange.timeout;
    let silent = || Failure::new(Cause::HttpTimeout, format!("no answer within {:?}", exchange.timeout));
    let request = exchange.build_request().map_err(|e| Failure::new(Cause::Unknown, e.to_string()))?;
    let sent = send(io, request, until).await.map_err(|_| silent())?;
    let (response, driver) = sent.map_err(|e| classify::classify_http_error(&e))?;
    let result = if let Some(keep) = exchange.reply_sender {
        read_whole_reply(response, exchange, detail, keep, until).await
    } else {
        record_answer(response, exchange, detail).await;
        Ok(())
    };
    drop(driver);
    result
}

/// Sends one request. The connection lives as long as the task that comes with the answer.
///
/// # Errors
/// `until` came first; within, what HTTP/1.1 itself failed at.
pub(super) async fn send<S>(
    io: S,
    request: Request<Empty<Bytes>>,
    until: Instant,
) -> Result<hyper::Result<(Response<Incoming>, ConnectionTask)>, Elapsed>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let exchange = async {
        let io = TokioIo::new(YieldingStream::new(io));
        let (mut sender, connection) = bounded_http_builder().handshake(io).await?;
        let driver = AbortOnDrop::new(tokio::spawn(connection.with_upgrades()));
        Ok((sender.send_request(request).await?, driver))
    };
    timeout_at(until, exchange).await
}

/// Drives a connection.
type ConnectionTask = AbortOnDrop<hyper::Result<()>>;

/// For peers that may send anything: the head of an answer is bounded.
fn bounded_http_builder() -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder.max_buf_size(MAX_HEAD_BYTES).max_headers(MAX_HEADERS);
    builder
}

/// The whole answer, if it is a good one.
async fn read_whole_reply(
    response: Response<Incoming>,
    exchange: &Exchange<'_>,
    detail: &mut HttpDetail,
    keep: &mpsc::Sender<Reply>,
    until: Instant,
) -> Result<(), Failure> {
    let location = response.headers().get(http::header::LOCATION);
    let location = location.and_then(|l| l.to_str().ok()).map(str::to_owned);
    let (head, body) = response.into_parts();
    record_head(&head, exchange, detail);
    if exchange.judge_answer(detail).is_some() {
        // somebody else's page is not worth its whole length
        detail.body = read_excerpt(body).await;
        detail.appliance = appliance::find_in_answer(&detail.headers, detail.body.as_deref());
        return Ok(());
    }
    let body = read_body(body, until).await?;
    let beginning = String::from_utf8_lossy(&body[..body.len().min(MAX_EXCERPT_BYTES)]);
    let text = sanitize(&redact_url_secrets(&beginning), MAX_EXCERPT_CHARS);
    detail.appliance = appliance::find_in_answer(&detail.headers, Some(&text));
    detail.body = (!text.is_empty()).then_some(text);
    if exchange.judge_answer(detail).is_none() {
        // only the first of several addresses is waited for
        let _ = keep.try_send(Reply { location, body });
    }
    Ok(())
}

async fn read_body(mut body: Incoming, until: Instant) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    loop {
        match timeout_at(until, body.frame()).await {
            Err(_) => return Err(Failure::new(Cause::HttpTimeout, "the answer does not end")),
            Ok(None) => return Ok(bytes),
            Ok(Some(Err(e))) => return Err(classify::classify_http_error(&e)),
            Ok(Some(Ok(frame))) => bytes.extend_from_slice(frame.data_ref().unwrap_or(&Bytes::new())),
        }
        if bytes.len() > MAX_REPLY_BYTES {
            let raw = format!("the answer is larger than {MAX_REPLY_BYTES} bytes");
            return Err(Failure::new(Cause::Unknown, raw));
        }
    }
}

fn record_head(head: &http::response::Parts, exchange: &Exchange<'_>, detail: &mut HttpDetail) {
    detail.status = Some(head.status.as_u16());
    detail.headers = collect_identifying_headers(&head.headers);
    detail.clock_skew_s = clock_skew(&head.headers, exchange.now);
}

/// The head is the answer; of the body only as much is read as helps to see who answered.
pub(super) async fn record_answer(
    response: Response<impl Body<Data = Bytes> + Unpin>,
    exchange: &Exchange<'_>,
    detail: &mut HttpDetail,
) {
    let (head, body) = response.into_parts();
    record_head(&head, exchange, detail);
    if exchange.spec.answer.content.is_some() || !head.status.is_success() {
        let text = read_excerpt(body).await;
        detail.appliance = appliance::find_in_answer(&detail.headers, text.as_deref());
        detail.body = text;
    } else {
        detail.appliance = appliance::find_in_answer(&detail.headers, None);
    }
}

/// The beginning of a body, bounded in size and time.
pub(super) async fn read_excerpt(mut body: impl Body<Data = Bytes> + Unpin) -> Option<String> {
    let until = Instant::now() + EXCERPT_TIME_LIMIT;
    let mut bytes = Vec::new();
    while bytes.len() < MAX_EXCERPT_BYTES {
        match timeout_at(until, body.frame()).await {
            Ok(Some(Ok(frame))) => {
                bytes.extend(frame.data_ref().unwrap_or(&Bytes::new()).iter().take(MAX_EXCERPT_BYTES));
            }
            _ => break,
        }
    }
    let text = sanitize(&redact_url_secrets(&String::from_utf8_lossy(&bytes)), MAX_EXCERPT_CHARS);
    (!text.is_empty()).then_some(text)
}

impl Exchange<'_> {
    fn build_request(&self) -> Result<Request<Empty<Bytes>>, http::Error> {
        let mut request = Request::builder()
            .method(self.spec.method.as_str())
            .uri(self.request_target())
            .header(HOST, self.host_authority())
            .header(USER_AGENT, USER_AGENT_VALUE)
            .header(CONNECTION, "close");
        if self.spec.method == Method::Post {
            request = request.header(CONTENT_LENGTH, 0);
        }
        if let Some(authorization) = self.proxy.and_then(|p| p.authorization.as_ref()) {
            request = request.header(PROXY_AUTHORIZATION, authorization);
        }
        for (name, value) in &self.spec.headers {
            request = request.header(name, value);
        }
        request.body(Empty::new())
    }

    fn request_target(&self) -> String {
        match self.proxy {
            Some(_) => format!("http://{}{}", self.host_authority(), self.spec.path),
            None => self.spec.path.clone(),
        }
    }

    /// `host` or `host:port`, as RFC 9110 7.2 has it.
    pub(super) fn host_authority(&self) -> String {
        let usual = if self.is_tls { 443 } else { 80 };
        HostPort::new(self.host, self.port).without_port(usual).to_string()
    }

    /// Why the answer is not one that the service gives; `None` when it is.
    pub(super) fn judge_answer(&self, detail: &HttpDetail) -> Option<Failure> {
        let status = detail.status?;
        if let Some(failure) = self.classify_proxy_refusal(status, detail) {
            return Some(failure);
        }
        if let Some(failure) = self.classify_foreign_answer(status, detail) {
            return Some(failure);
        }
        if self.spec.answer.status.allows(status) {
            return None;
        }
        if (300..400).contains(&status) && detail.headers.contains_key("location") {
            return Some(redirect_failure(status, detail));
        }
        Some(Failure::new(Cause::HttpUnexpectedStatus, self.describe_unexpected_status(status)))
    }

    /// A proxy that takes the request itself can refuse it, too: it says so with a status or a header of its own.
    fn classify_proxy_refusal(&self, status: u16, detail: &HttpDetail) -> Option<Failure> {
        self.proxy?;
        let reason = detail.headers.get("x-squid-error").map(|e| format!(" ({e})"));
        if status != 407 && reason.is_none() {
            return None;
        }
        let cause = classify::classify_proxy_status(status)?;
        Some(Failure::new(cause, format!("{status}{}", reason.unwrap_or_default())))
    }

    /// A publicly trusted certificate proves that the service itself answered. Without that proof, marks of a filter, a
    /// page where data is expected, and a redirection to elsewhere betray somebody else.
    fn classify_foreign_answer(&self, status: u16, detail: &HttpDetail) -> Option<Failure> {
        if self.trusted_by == Some(TrustStore::Public) {
            return None;
        }
        if let Some(product) = &detail.appliance {
            return Some(Failure::new(
                Cause::HttpBlockPage,
                format!("{status} from {product}{}", quote_body(detail)),
            ));
        }
        let is_page = detail.headers.get("content-type").is_some_and(|t| t.contains("html"));
        let wants_data = matches!(self.spec.answer.content, Some(Content::Json | Content::Text));
        if is_page && wants_data {
            return Some(Failure::new(
                Cause::HttpBlockPage,
                format!("{status} with a page{}", quote_body(detail)),
            ));
        }
        let elsewhere = (300..400).contains(&status) && self.is_foreign_redirect(detail);
        elsewhere.then(|| redirect_failure(status, detail))
    }

    /// Services redirect within their own domain; a portal redirects to itself.
    fn is_foreign_redirect(&self, detail: &HttpDetail) -> bool {
        let Some(target) = detail.headers.get("location").and_then(|l| location_host(l)) else {
            return false;
        };
        base_domain(target) != base_domain(self.host)
    }

    fn describe_unexpected_status(&self, status: u16) -> String {
        match &self.spec.answer.status {
            Statuses::Listed(list) => {
                let allowed: Vec<String> = list.iter().map(|s| s.0.to_string()).collect();
                format!("{status}, where the service gives {}", allowed.join(" or "))
            }
            Statuses::Any => status.to_string(),
        }
    }
}

fn redirect_failure(status: u16, detail: &HttpDetail) -> Failure {
    let location = detail.headers.get("location").map(String::as_str).unwrap_or_default();
    Failure::new(Cause::HttpRedirected, format!("{status} to {location}"))
}

fn quote_body(detail: &HttpDetail) -> String {
    match detail.body.as_deref().map(strip_tags) {
        Some(text) if !text.is_empty() => format!(": \"{}\"", sanitize(&text, 80)),
        _ => String::new(),
    }
}

/// A page without its tags.
fn strip_tags(page: &str) -> String {
    let mut out = String::new();
    let mut inside_tag = false;
    for c in page.chars() {
        match c {
            '<' => inside_tag = true,
            '>' => {
                inside_tag = false;
                out.push(' ');
            }
            _ if !inside_tag => out.push(c),
            _ => {}
        }
    }
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The host of a URL with or without its scheme (RFC 3986 4.2); `None` for a path.
fn location_host(location: &str) -> Option<&str> {
    let rest = location.split_once("://").map(|(_, rest)| rest).or_else(|| location.strip_prefix("//"))?;
    let authority = rest.split(['/', '?', '#']).next()?.rsplit('@').next()?;
    Some(HostPort::parse(authority).map_or(authority, |parsed| parsed.host))
}

/// The last two labels. Good enough to tell a portal from a service; not used for anything that grants trust.
fn base_domain(host: &str) -> String {
    let labels: Vec<&str> = host.trim_end_matches('.').rsplit('.').take(2).collect();
    labels.join(".").to_ascii_lowercase()
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
    let text = headers.get(http::header::DATE)?.to_str().ok()?;
    let date = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    Some(date.as_second() - now.as_second())
}

/// Asks for nothing but the `Date` of a server whose certificate is out of its time. Returns the header and the skew.
pub(super) async fn fetch_date<S>(io: S, exchange: Exchange<'_>) -> Option<(String, i64)>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let request = exchange.build_request().ok()?;
    let until = Instant::now() + exchange.timeout;
    let (response, _driver) = send(io, request, until).await.ok()?.ok()?;
    let skew = clock_skew(response.headers(), exchange.now)?;
    let date = response.headers().get(http::header::DATE)?.to_str().ok()?;
    Some((sanitize(date, 40), skew))
}

/// Ends the task that drives a connection when the exchange is over, however it ended.
pub(super) struct AbortOnDrop<T>(Option<tokio::task::JoinHandle<T>>);

impl<T> AbortOnDrop<T> {
    pub(super) fn new(task: tokio::task::JoinHandle<T>) -> Self {
        Self(Some(task))
    }

    /// Lets the task go on: it carries a tunnel and ends with it.
    pub(super) fn detach(mut self) {
        self.0 = None;
    }
}

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }
}

/// How probes introduce themselves.
pub(super) const USER_AGENT_VALUE: &str = concat!("arcprobe/", env!("CARGO_PKG_VERSION"));

/// In bytes; larger heads are an attack or a defect.
const MAX_HEAD_BYTES: usize = 64 * 1024;

const MAX_HEADERS: usize = 100;

/// In bytes.
const MAX_EXCERPT_BYTES: usize = 4 * 1024;

/// In bytes; a list of a region's relay hosts has a few thousand.
const MAX_REPLY_BYTES: usize = 256 * 1024;
/// Characters that are kept of a header.
const MAX_HEADER_CHARS: usize = 200;

/// Characters that are kept of a body.
const MAX_EXCERPT_CHARS: usize = 400;

/// A body that drips is not waited for.
const EXCERPT_TIME_LIMIT: Duration = Duration::from_millis(500);

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
    "x-ms-error-code",
    "docker-distribution-api-version",
    "connection",
    "upgrade",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::rules::{AddressClass, Answer, Certificate, Inspection, PrivateLink};

    #[test]
    fn the_host_of_a_redirect_is_found() {
        let table = [
            ("https://portal.example/login?x=1", Some("portal.example")),
            ("http://user@10.1.1.1:8080/block", Some("10.1.1.1")),
            ("//portal.example/x", Some("portal.example")),
            ("https://[fd00::1]:8443/login", Some("fd00::1")),
            ("https://[fd00::1]/", Some("fd00::1")),
            ("/relative", None),
        ];
        for (location, host) in table {
            assert_eq!(location_host(location), host, "{location}");
        }
        assert_eq!(base_domain("a.b.Example.com."), base_domain("example.com"));
    }

    #[test]
    fn an_ipv6_literal_has_brackets_in_the_host_header() {
        let spec = ProbeSpec {
            method: Method::Get,
            path: "/".into(),
            headers: BTreeMap::new(),
            answer: Answer::default(),
            marks: Vec::new(),
            certificate: Certificate::default(),
            addresses: AddressClass::Any,
            inspection: Inspection::Tolerated,
            private_link: PrivateLink::Private,
        };
        let exchange = Exchange {
            host: "fd00::1",
            port: 8443,
            is_tls: true,
            spec: &spec,
            trusted_by: None,
            timeout: Duration::ZERO,
            now: jiff::Timestamp::UNIX_EPOCH,
            proxy: None,
            reply_sender: None,
        };
        let header = |exchange: Exchange<'_>| exchange.build_request().unwrap().headers()[HOST].clone();
        assert_eq!(header(exchange), "[fd00::1]:8443");
        assert_eq!(header(Exchange { port: 443, ..exchange }), "[fd00::1]");
    }

    #[test]
    fn a_page_is_quoted_without_its_tags() {
        assert_eq!(strip_tags("<html><b>Access</b>\n denied</html>"), "Access denied");
    }

    #[test]
    fn skew_is_theirs_minus_ours() {
        let mut headers = HeaderMap::new();
        headers.insert("date", "Sat, 21 Nov 2026 10:00:00 GMT".parse().unwrap());
        let now = "2026-11-21T09:00:00Z".parse().unwrap();
        assert_eq!(clock_skew(&headers, now), Some(3600));
    }
}
