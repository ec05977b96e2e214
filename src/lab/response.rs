//! Writing HTTP/1.1 answers, whole ones and such as never end.

use std::fmt::Write;
use std::time::Duration;

use jiff::fmt::rfc2822::DateTimePrinter;
use tokio::io::AsyncWriteExt;

use super::LabState;
use super::tcp::Io;

/// Head and body; statuses that have no body get none.
pub(super) fn response(world: &LabState, status: u16, headers: &[(&str, &str)], body: &str) -> String {
    let bodiless = matches!(status, 100..200 | 204 | 304);
    let mut text = head(world, status, headers);
    if bodiless {
        text.push_str("\r\n");
    } else {
        let _ = write!(text, "Content-Length: {}\r\n\r\n{body}", body.len());
    }
    text
}

/// Status line and headers, without the empty line.
pub(super) fn head(world: &LabState, status: u16, headers: &[(&str, &str)]) -> String {
    let reason = ::http::StatusCode::from_u16(status).ok().and_then(|s| s.canonical_reason()).unwrap_or("");
    let date = DateTimePrinter::new().timestamp_to_rfc9110_string(&world.now()).unwrap_or_default();
    let mut text = format!("HTTP/1.1 {status} {reason}\r\nDate: {date}\r\n");
    for (name, value) in headers {
        let _ = write!(text, "{name}: {value}\r\n");
    }
    text
}

/// The first bytes, then the others until the client is gone.
pub(super) async fn flood(io: &mut impl Io, first: &[u8], then: &[u8]) {
    let then = then.repeat(16_384 / then.len().max(1) + 1);
    if send(io, first).await.is_some() {
        while send(io, &then).await.is_some() {}
    }
}

/// A byte now and then until the client is gone.
pub(super) async fn drip(io: &mut impl Io, bytes: &[u8]) {
    for &byte in bytes {
        tokio::time::sleep(Duration::from_millis(200)).await;
        if send(io, &[byte]).await.is_none() {
            return;
        }
    }
}

/// `None` when the client is gone.
pub(super) async fn send(io: &mut impl Io, bytes: &[u8]) -> Option<()> {
    io.write_all(bytes).await.ok()?;
    io.flush().await.ok()
}
