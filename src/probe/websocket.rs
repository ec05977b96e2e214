//! One WebSocket upgrade (RFC 6455) over a connection that we own.

use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt as _;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::Empty;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, sleep, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use super::answer::{record_answer, record_head};
use super::classify;
use super::exchange::{Exchange, USER_AGENT_VALUE};
use super::http::send;
use crate::analysis::answerer::Answerer;
use crate::model::evidence::{Cause, Failure, HttpDetail};
use crate::model::report::Proof;
use crate::model::rules::Statuses;

/// Asks for the upgrade and judges the answer by what the rules say of the real service. An open WebSocket is watched until
/// `others_finished`, for it costs the run no time until then.
pub(crate) async fn run_upgrade<S>(
    io: S,
    exchange: Exchange<'_>,
    others_finished: impl Future<Output = ()>,
) -> (HttpDetail, Option<Failure>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut detail =
        HttpDetail { request: format!("GET {}", exchange.source.spec.path), ..HttpDetail::default() };
    let failure = match request_upgrade(io, &exchange, &mut detail).await {
        Ok(Some(socket)) => watch_socket(socket, others_finished, &mut detail).await,
        Ok(None) => judge_refusal(&exchange, &detail),
        Err(failure) => Some(failure),
    };
    (detail, failure)
}

type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// The open WebSocket; `None` where another answer came.
async fn request_upgrade<S>(
    io: S,
    exchange: &Exchange<'_>,
    detail: &mut HttpDetail,
) -> Result<Option<Socket>, Failure>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let silent = || Failure::new(Cause::WsTimeout, format!("no answer within {:?}", exchange.timeout));
    let key = generate_key();
    let request =
        build_upgrade_request(exchange, &key).map_err(|e| Failure::new(Cause::Unknown, e.to_string()))?;
    let sent = send(io, request, Instant::now() + exchange.timeout).await.map_err(|_| silent())?;
    let (response, driver) = sent.map_err(|e| classify::classify_upgrade_error(&e))?;
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        record_answer(response, exchange, detail).await;
        return Ok(None);
    }
    let (head, body) = response.into_parts();
    record_head(&head, exchange, detail);
    check_switch(&head.headers, &key)?;
    let upgraded = hyper::upgrade::on(http::Response::from_parts(head, body)).await;
    let upgraded = upgraded.map_err(|e| classify::classify_upgrade_error(&e))?;
    driver.detach();
    let config = WebSocketConfig::default()
        .read_buffer_size(MAX_MESSAGE_BYTES)
        .max_message_size(Some(MAX_MESSAGE_BYTES))
        .max_frame_size(Some(MAX_MESSAGE_BYTES));
    let io = TokioIo::new(upgraded);
    Ok(Some(WebSocketStream::from_raw_socket(io, Role::Client, Some(config)).await))
}

fn build_upgrade_request(exchange: &Exchange<'_>, key: &str) -> Result<Request<Empty<Bytes>>, http::Error> {
    let mut request = Request::builder()
        .uri(&exchange.source.spec.path)
        .header("Host", exchange.host_authority())
        .header("User-Agent", USER_AGENT_VALUE)
        .header("Connection", "Upgrade")
        .header("Upgrade", "websocket")
        .header("Sec-WebSocket-Version", "13")
        .header("Sec-WebSocket-Key", key);
    for (name, value) in &exchange.source.spec.headers {
        request = request.header(name, value);
    }
    request.body(Empty::new())
}

/// Only who has seen our key can derive the other one from it (RFC 6455 4.1).
fn check_switch(headers: &HeaderMap, key: &str) -> Result<(), Failure> {
    let has = |name: &str, wanted: &str| {
        let mut values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
        values.any(|value| value.to_ascii_lowercase().contains(wanted))
    };
    let accept = headers.get("sec-websocket-accept").and_then(|value| value.to_str().ok());
    let fault = match accept {
        _ if !has("upgrade", "websocket") => "101 without \"Upgrade: websocket\"",
        _ if !has("connection", "upgrade") => "101 without \"Connection: Upgrade\"",
        Some(accept) if accept == derive_accept_key(key.as_bytes()) => return Ok(()),
        _ => "101 with a Sec-WebSocket-Accept that does not belong to our key",
    };
    Err(Failure::new(Cause::WsProtocol, fault))
}

/// Some boxes let the upgrade pass and cut the connection after it. A close frame is the service's own word.
async fn watch_socket(
    mut socket: Socket,
    others_finished: impl Future<Output = ()>,
    detail: &mut HttpDetail,
) -> Option<Failure> {
    let opened = Instant::now();
    let enough = async {
        sleep(MIN_OPEN).await;
        let _ = timeout(MAX_OPEN.saturating_sub(MIN_OPEN), others_finished).await;
    };
    let failure = tokio::select! {
        biased;
        message = socket.next() => match message {
            Some(Ok(_)) => None,
            Some(Err(e)) => Some(classify::classify_open_websocket_error(&e)),
            None => Some(Failure::new(Cause::WsClosed, "closed")),
        },
        () = enough => None,
    };
    let stayed = opened.elapsed();
    detail.open = Some(stayed);
    failure.map(|Failure { cause, raw }| Failure::new(cause, format!("{raw} {stayed:.1?} after the upgrade")))
}

/// An answer other than 101. Over a public chain it is the relay's: the upgrade arrived, and it wants a token or a listener.
fn judge_refusal(exchange: &Exchange<'_>, answer: &HttpDetail) -> Option<Failure> {
    let status = answer.status?;
    let refused = || Some(Failure::new(Cause::WsRefused, format!("{status} instead of 101")));
    match exchange.source.judge_answerer(answer) {
        Answerer::Stranger(failure) => Some(failure),
        _ if says_no_upgrade(status, answer) => {
            Some(Failure::new(Cause::WsUpgradeStripped, format!("{status} instead of 101")))
        }
        Answerer::Service(Proof::Tls | Proof::Mark) => None,
        Answerer::Service(Proof::Form) if is_listed(exchange, status) => None,
        _ => refused(),
    }
}

fn is_listed(exchange: &Exchange<'_>, status: u16) -> bool {
    let status_of = &exchange.source.spec.answer.status;
    *status_of != Statuses::Any && status_of.allows(status)
}

/// 200 and 426 (RFC 9110 15.5.22) say that no upgrade arrived; Azure Relay says it in words.
fn says_no_upgrade(status: u16, answer: &HttpDetail) -> bool {
    let said = [&answer.reason, &answer.body].into_iter().flatten().map(|text| text.to_ascii_lowercase());
    matches!(status, 200 | 426)
        || status == 400 && said.into_iter().any(|text| NO_UPGRADE.iter().any(|words| text.contains(words)))
}

/// What servers say to a request that has lost its `Upgrade`: Azure Relay (Azure/azure-relay-dotnet issue 135, 2020), the
/// Gorilla library of Go (`Upgrader.Upgrade`).
const NO_UPGRADE: &[&str] = &["only for web-socket requests", "not using the websocket protocol"];

/// In bytes. Nobody has been told anything yet that a long message could answer.
const MAX_MESSAGE_BYTES: usize = 64 * 1024;

/// How long a fresh WebSocket has to stay open to count, even if it is the last one that the run waits for.
const MIN_OPEN: Duration = Duration::from_millis(150);

/// How long it is watched at most while other probes run.
const MAX_OPEN: Duration = Duration::from_millis(1500);
