//! One HTTP/1.1 request over a connection that we own.

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio::time::error::Elapsed;
use tokio::time::{Instant, timeout_at};

use super::answer::{clock_skew, record_answer, record_body, record_head};
use super::classify;
use super::exchange::{Exchange, Reply};
use super::io::YieldingStream;
use crate::model::evidence::{Cause, Failure, HttpDetail, sanitize};

/// Sends the request and judges the answer by what the rules say of the real service.
pub(crate) async fn run_exchange<S>(io: S, exchange: Exchange<'_>) -> (HttpDetail, Option<Failure>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let spec = exchange.source.spec;
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
    let (response, driver) = sent.map_err(|e| exchange.classify_error(&e))?;
    let result = if let Some(keep) = exchange.reply_sender {
        read_whole_reply(response, exchange, detail, keep, until).await
    } else {
        record_answer(response, exchange, detail).await;
        Ok(())
    };
    driver.stop().await;
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
    // as the agents' own clients write them
    builder.max_buf_size(MAX_HEAD_BYTES).max_headers(MAX_HEADERS).title_case_headers(true);
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
    record_body(&head, &[], exchange, detail);
    if exchange.judge_answer(detail).is_some() {
        // somebody else's page is not worth its whole length
        record_answer(Response::from_parts(head, body), exchange, detail).await;
        return Ok(());
    }
    let body = read_body(body, until).await?;
    record_body(&head, &body, exchange, detail);
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

    /// Waits until the task has let go of its connection, which counts what was lost on it as it closes.
    async fn stop(mut self) {
        if let Some(task) = self.0.take() {
            task.abort();
            let _ = task.await;
        }
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

/// In bytes; larger heads are an attack or a defect.
const MAX_HEAD_BYTES: usize = 64 * 1024;

const MAX_HEADERS: usize = 100;

/// In bytes; a list of a region's relay hosts has a few thousand.
const MAX_REPLY_BYTES: usize = 256 * 1024;
