//! HTTP/1.1 as the Azure services speak it, over TLS or plain.

use std::io;

use tokio::io::{AsyncWriteExt as _, BufReader};

use super::answers::{Answer, find_answer};
use super::request::Request;
use super::response::{format_response, send};
use super::tcp::{self, Io};
use super::{now, websocket};

/// A listener without TLS.
pub(super) fn start() -> io::Result<u16> {
    tcp::serve_each(tcp::listen(128)?, |stream| serve(stream, String::new()))
}

/// Answers requests to a host until the client ends the connection.
pub(super) async fn serve(io: impl Io, host: String) {
    let mut io = BufReader::new(io);
    while let Some(request) = Request::read(&mut io).await {
        if request.is_upgrade() {
            return websocket::accept(io, &request, now()).await;
        }
        let Answer { status, headers, body } = find_answer(&host, &request.path);
        let headers: Vec<_> = headers.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        let mut text = format_response(now(), status, &headers, &body);
        if request.method == "HEAD" {
            text.truncate(text.find("\r\n\r\n").map_or(text.len(), |end| end + 4));
        }
        if send(&mut io, text.as_bytes()).await.is_none() || request.is_last() {
            break;
        }
    }
    let _ = io.shutdown().await;
}
