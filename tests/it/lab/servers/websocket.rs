//! Answers to a WebSocket upgrade, good and bad.

use std::time::Duration;

use arcprobe::loopback::request::Request;
use arcprobe::loopback::websocket::{format_upgrade, stay_open};
use tokio::io::BufReader;

use super::response::{flood, response, send};
use super::tcp::{self, Io};
use super::{HOSTILE, LabState};

/// How an upgrade is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WebSocket {
    /// 101; stays open and answers pings.
    Accept,
    /// This status.
    RefuseStatus(u16),
    /// This status with JSON, as a relay answers for a name that it does not know (404) or without a token (401).
    RelayLike(u16),
    /// 200, as if the request had come without `Upgrade`.
    Stripped,
    /// 426.
    UpgradeRequired,
    /// Nothing.
    Silent,
    /// FIN instead of an answer.
    CloseBeforeAnswer,
    /// 101, then FIN at once.
    CloseAfterAccept,
    /// 101, then FIN after so many milliseconds.
    CloseAfter(u64),
    /// 101 with a key that was not derived from the client's.
    BadAcceptKey,
    /// 101, then messages without end.
    Floods,
    /// 101, then the head of a message of 2^62 bytes and bytes of it without end.
    GiantFrame,
    /// 101, then a close frame with orders for a terminal as its reason.
    HostileClose,
    /// 101, then bytes that are no frames.
    BadFrames,
}

pub(super) async fn serve<S: Io>(
    world: &LabState,
    mut io: BufReader<S>,
    request: &Request,
    behaviour: WebSocket,
) {
    let plain = ("Content-Type", "text/plain");
    let answer = match behaviour {
        WebSocket::Accept
        | WebSocket::CloseAfterAccept
        | WebSocket::CloseAfter(_)
        | WebSocket::Floods
        | WebSocket::GiantFrame
        | WebSocket::HostileClose
        | WebSocket::BadFrames => switch(world, request.header("sec-websocket-key")),
        WebSocket::BadAcceptKey => switch(world, Some("the key of somebody else")),
        WebSocket::RefuseStatus(status) => response(world, status, &[plain], "refused\n"),
        WebSocket::RelayLike(status) => relay(world, status),
        WebSocket::Stripped => response(world, 200, &[plain], "the lab\n"),
        WebSocket::UpgradeRequired => response(world, 426, &[plain, ("Upgrade", "websocket")], ""),
        WebSocket::Silent => return tcp::silence(io).await,
        WebSocket::CloseBeforeAnswer => return tcp::close(io).await,
    };
    send(&mut io, answer.as_bytes()).await;
    match behaviour {
        WebSocket::Accept => stay_open(io).await,
        WebSocket::Floods => flood(&mut io, &[], b"\x81\x05flood").await,
        WebSocket::GiantFrame => flood(&mut io, b"\x82\x7f\x40\0\0\0\0\0\0\0", b"giant").await,
        WebSocket::BadFrames => flood(&mut io, &[], b"\xff\xff\xff").await,
        WebSocket::HostileClose => {
            let reason = HOSTILE.as_bytes();
            let head = [0x88, u8::try_from(2 + reason.len()).expect("the words are short"), 0x03, 0xe8];
            send(&mut io, &[&head, reason].concat()).await;
            tcp::close(io).await;
        }
        WebSocket::CloseAfterAccept => tcp::close(io).await,
        WebSocket::CloseAfter(ms) => {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            tcp::close(io).await;
        }
        _ => tcp::silence(io).await,
    }
}

/// 101 with the key that belongs to the client's.
fn switch(world: &LabState, key: Option<&str>) -> String {
    format_upgrade(world.now(), key)
}

fn relay(world: &LabState, status: u16) -> String {
    let code = if status == 401 { "TokenMissing" } else { "EndpointNotFound" };
    let body = format!(r#"{{"error":{{"code":"{code}","message":"no such listener"}}}}"#);
    response(
        world,
        status,
        &[("Content-Type", "application/json"), ("Server", "Microsoft-HTTPAPI/2.0")],
        &body,
    )
}
