//! Faults below TLS.

use std::io;

use arcprobe::loopback::tcp::start_blackhole;
pub(super) use arcprobe::loopback::tcp::{Io, address, bound, close, listen, reset, serve_each, silence};
use socket2::{SockRef, Socket};
use tokio::net::TcpStream;

/// What a port does instead of serving.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tcp {
    /// Nothing listens.
    Refused,
    /// The connection is accepted and reset.
    ResetOnAccept,
    /// Packets vanish: the queue of a listener that never accepts is full. (Windows refuses instead.)
    Blackhole,
}

pub(super) fn start(behaviour: Tcp, held: &mut Vec<Socket>) -> io::Result<u16> {
    match behaviour {
        Tcp::Refused => {
            // Bound but not listening: refuses like a closed port, and nobody else can get it.
            let socket = bound()?;
            let port = address(&socket)?.port();
            held.push(socket);
            Ok(port)
        }
        Tcp::ResetOnAccept => serve_each(listen(128)?, |tcp| async { reset(tcp) }),
        Tcp::Blackhole => start_blackhole(held),
    }
}

/// The largest segment that the peer's side of the path takes, as the system reckons it.
#[cfg(target_os = "linux")]
pub(super) fn max_segment(tcp: &TcpStream) -> io::Result<u32> {
    SockRef::from(tcp).tcp_mss()
}

/// Elsewhere the option does not say what was agreed on.
#[cfg(not(target_os = "linux"))]
pub(super) fn max_segment(_: &TcpStream) -> io::Result<u32> {
    Err(io::ErrorKind::Unsupported.into())
}
