//! Writing HTTP/1.1 answers.

use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use tokio::io::AsyncWriteExt as _;

use super::tcp::Io;

/// Head and body; statuses that have no body get none.
pub fn format_response(now: Timestamp, status: u16, headers: &[(&str, &str)], body: &str) -> String {
    let bodiless = matches!(status, 100..200 | 204 | 304);
    let mut text = format_head(now, status, headers);
    if bodiless {
        text.push_str("\r\n");
    } else {
        let _ = write!(text, "Content-Length: {}\r\n\r\n{body}", body.len());
    }
    text
}

/// Status line and headers, without the empty line.
pub fn format_head(now: Timestamp, status: u16, headers: &[(&str, &str)]) -> String {
    let reason = ::http::StatusCode::from_u16(status).ok().and_then(|s| s.canonical_reason()).unwrap_or("");
    let date = DateTimePrinter::new().timestamp_to_rfc9110_string(&now).unwrap_or_default();
    let mut text = format!("HTTP/1.1 {status} {reason}\r\nDate: {date}\r\n");
    for (name, value) in headers {
        let _ = write!(text, "{name}: {value}\r\n");
    }
    text
}

/// `None` when the client is gone.
pub async fn send(io: &mut impl Io, bytes: &[u8]) -> Option<()> {
    io.write_all(bytes).await.ok()?;
    io.flush().await.ok()
}
