//! Writing HTTP/1.1 answers, whole ones and such as never end.

use std::time::Duration;

pub(super) use arcprobe::loopback::response::send;
use arcprobe::loopback::response::{format_head, format_response};
use arcprobe::loopback::tcp::Io;

use super::LabState;

/// Head and body; statuses that have no body get none.
pub(super) fn response(world: &LabState, status: u16, headers: &[(&str, &str)], body: &str) -> String {
    format_response(world.now(), status, headers, body)
}

/// Status line and headers, without the empty line.
pub(super) fn head(world: &LabState, status: u16, headers: &[(&str, &str)]) -> String {
    format_head(world.now(), status, headers)
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
