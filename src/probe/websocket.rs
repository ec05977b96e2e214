//! One WebSocket upgrade (RFC 6455) over a connection that we own.

use std::time::Duration;

use futures::StreamExt as _;
use http::{Request, Response};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use super::http::{Exchange, clock_skew, collect_identifying_headers};
use super::{appliance, classify};
use crate::model::evidence::{Cause, Failure, TrustStore, WebSocketDetail};
use crate::model::rules::Statuses;

/// Asks for the upgrade and judges the answer by what the rules say of the real service.
pub(crate) async fn run_upgrade<S>(io: S, exchange: Exchange<'_>) -> (WebSocketDetail, Option<Failure>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut detail =
        WebSocketDetail { request: format!("GET {}", exchange.spec.path), ..WebSocketDetail::default() };
    let request = match build_upgrade_request(&exchange) {
        Ok(request) => request,
        Err(e) => return (detail, Some(Failure::new(Cause::Unknown, e.to_string()))),
    };
    let config = WebSocketConfig::default()
        .read_buffer_size(MAX_MESSAGE_BYTES)
        .max_message_size(Some(MAX_MESSAGE_BYTES))
        .max_frame_size(Some(MAX_MESSAGE_BYTES));
    let failure = match timeout(exchange.timeout, client_async_with_config(request, io, Some(config))).await {
        Err(_) => Some(Failure::new(Cause::WsTimeout, format!("no answer within {:?}", exchange.timeout))),
        Ok(Ok((socket, response))) => {
            record_response(&response, &exchange, &mut detail);
            check_stays_open(socket).await
        }
        Ok(Err(tungstenite::Error::Http(response))) => {
            record_response(&response, &exchange, &mut detail);
            judge_refusal(&exchange, &detail)
        }
        Ok(Err(e)) => Some(classify::classify_websocket_error(&e)),
    };
    (detail, failure)
}

fn build_upgrade_request(exchange: &Exchange<'_>) -> Result<Request<()>, http::Error> {
    let scheme = if exchange.is_tls { "wss" } else { "ws" };
    let authority = exchange.host_authority();
    let mut request = Request::builder()
        .uri(format!("{scheme}://{authority}{}", exchange.spec.path))
        .header("Host", authority)
        .header("User-Agent", super::http::USER_AGENT_VALUE)
        .header("Connection", "Upgrade")
        .header("Upgrade", "websocket")
        .header("Sec-WebSocket-Version", "13")
        .header("Sec-WebSocket-Key", generate_key());
    for (name, value) in &exchange.spec.headers {
        request = request.header(name, value);
    }
    request.body(())
}

fn record_response<B>(response: &Response<B>, exchange: &Exchange<'_>, detail: &mut WebSocketDetail) {
    detail.status = Some(response.status().as_u16());
    detail.headers = collect_identifying_headers(response.headers());
    detail.appliance = appliance::find_in_answer(&detail.headers, None);
    detail.clock_skew_s = clock_skew(response.headers(), exchange.now);
}

/// Some boxes let the upgrade pass and cut the connection right after it. A close frame is the service's own word.
async fn check_stays_open<S>(mut socket: WebSocketStream<S>) -> Option<Failure>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    match timeout(OPEN_GRACE, socket.next()).await {
        Err(_) | Ok(Some(Ok(_))) => None,
        Ok(Some(Err(e))) => Some(classify::classify_open_websocket_error(&e)),
        Ok(None) => Some(Failure::new(Cause::WsClosed, "closed right after the upgrade")),
    }
}

/// An answer other than 101. A relay without a matching listener answers 401, 403 or 404 to an upgrade that reached it;
/// 200 and 426 (RFC 9110 15.5.22) say that no upgrade arrived.
fn judge_refusal(exchange: &Exchange<'_>, detail: &WebSocketDetail) -> Option<Failure> {
    let status = detail.status?;
    if status == 200 || status == 426 {
        return Some(Failure::new(Cause::WsUpgradeStripped, format!("{status} instead of 101")));
    }
    let stranger = detail.appliance.as_ref().filter(|_| exchange.trusted_by != Some(TrustStore::Public));
    if let Some(product) = stranger {
        return Some(Failure::new(Cause::WsRefused, format!("{status} from {product}")));
    }
    match &exchange.spec.answer.status {
        Statuses::Listed(list) if list.iter().any(|s| s.0 == status) => None,
        _ => Some(Failure::new(Cause::WsRefused, format!("{status} instead of 101"))),
    }
}

/// In bytes. Nobody has been told anything yet that a long message could answer.
const MAX_MESSAGE_BYTES: usize = 64 * 1024;

/// How long a fresh WebSocket has to stay open to count.
const OPEN_GRACE: Duration = Duration::from_millis(150);
