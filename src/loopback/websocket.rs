//! Accepting a WebSocket.

use futures::StreamExt as _;
use jiff::Timestamp;
use tokio::io::BufReader;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

use super::request::Request;
use super::response::{format_head, send};
use super::tcp::Io;

pub(super) async fn accept(mut io: BufReader<impl Io>, request: &Request, now: Timestamp) {
    send(&mut io, format_upgrade(now, request.header("sec-websocket-key")).as_bytes()).await;
    stay_open(io).await;
}

/// 101 with the key that belongs to the client's.
pub fn format_upgrade(now: Timestamp, key: Option<&str>) -> String {
    let accept = derive_accept_key(key.unwrap_or_default().as_bytes());
    let headers =
        [("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", accept.as_str())];
    format_head(now, 101, &headers) + "\r\n"
}

/// Reading is what makes the library answer pings and close frames.
pub async fn stay_open(io: impl Io) {
    let mut socket = WebSocketStream::from_raw_socket(io, Role::Server, None).await;
    while let Some(Ok(_)) = socket.next().await {}
}
