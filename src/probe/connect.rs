//! TCP: one attempt to one address.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, timeout};

use super::{classify, descriptors};
use crate::model::evidence::{Cause, Failure};

/// Opens a connection, with segments of at most `max_segment` bytes where given (not on Windows, which has no such option).
pub(super) async fn connect_tcp(
    address: SocketAddr,
    max_segment: Option<u16>,
    within: Duration,
) -> Result<TcpStream, Failure> {
    let new = if address.is_ipv4() { TcpSocket::new_v4 } else { TcpSocket::new_v6 };
    let socket =
        descriptors::open_with_retry(within, new).await.map_err(|e| classify::classify_connect_error(&e))?;
    if let Some(bytes) = max_segment {
        limit_segments(&socket, bytes).map_err(|e| classify::classify_connect_error(&e))?;
    }
    match timeout(within, socket.connect(address)).await {
        Ok(Ok(stream)) => {
            // small requests must not wait for an acknowledgement; a failure to set this only costs time
            let _ = stream.set_nodelay(true);
            Ok(stream)
        }
        Ok(Err(e)) => Err(classify::classify_connect_error(&e)),
        Err(_) => Err(Failure::new(Cause::TcpTimeout, format!("no answer within {within:?}"))),
    }
}

/// Addresses in order; each gets its share of the time, so that one that drops packets does not use up all of it.
pub(super) async fn connect_to_any(
    addresses: &[SocketAddr],
    max_segment: Option<u16>,
    until: Instant,
) -> Result<(SocketAddr, TcpStream), Failure> {
    let mut last = Failure::new(Cause::DnsNoData, "no address");
    for (index, &address) in addresses.iter().enumerate() {
        let left = until.saturating_duration_since(Instant::now());
        let share = left / u32::try_from(addresses.len() - index).unwrap_or(1);
        match connect_tcp(address, max_segment, share).await {
            Ok(stream) => return Ok((address, stream)),
            Err(failure) => last = Failure::new(failure.cause, format!("{address}: {}", failure.raw)),
        }
    }
    Err(last)
}

#[cfg(unix)]
fn limit_segments(socket: &TcpSocket, bytes: u16) -> std::io::Result<()> {
    socket2::SockRef::from(socket).set_tcp_mss(bytes.into())
}

#[cfg(not(unix))]
fn limit_segments(_: &TcpSocket, _: u16) -> std::io::Result<()> {
    Err(std::io::ErrorKind::Unsupported.into())
}
