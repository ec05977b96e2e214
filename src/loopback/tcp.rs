//! What all listeners are made of, and the ways to end a connection.

use std::io;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener};
use std::time::Duration;

use socket2::{Domain, Protocol, SockRef, Socket, Type};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, BufReader};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

/// No connection lives longer, so that nothing leaks when a test hangs.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// Longer than any queue that was asked to hold one connection.
const NEVER_FULL: usize = 5_000;

/// A port at which packets vanish: the queue of a listener that never accepts is full. (Windows refuses instead.)
///
/// # Errors
/// When there is no port, or the queue does not fill.
pub fn start_blackhole(held: &mut Vec<Socket>) -> io::Result<u16> {
    let listener = listen(1)?;
    let address = listener.local_addr()?;
    held.push(listener.into());
    // Two misses in a row, lest a busy machine is taken for a full queue.
    let mut misses = 0;
    for _ in 0..NEVER_FULL {
        match std::net::TcpStream::connect_timeout(&address, Duration::from_millis(100)) {
            Ok(stream) => {
                held.push(stream.into());
                misses = 0;
            }
            Err(_) if misses == 1 => return Ok(address.port()),
            Err(_) => misses += 1,
        }
    }
    Err(io::Error::other("a queue for one connection takes thousands"))
}

/// Has a free port of 127.0.0.1, and refuses connections until it listens.
///
/// # Errors
/// When there is none.
pub fn bound() -> io::Result<Socket> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
    Ok(socket)
}

/// Where a socket is bound.
///
/// # Errors
/// When the system does not say.
pub fn address(socket: &Socket) -> io::Result<SocketAddr> {
    socket.local_addr()?.as_socket().ok_or_else(|| io::ErrorKind::AddrNotAvailable.into())
}

/// A listener on a free port of 127.0.0.1.
///
/// # Errors
/// When there is none.
pub fn listen(backlog: i32) -> io::Result<TcpListener> {
    let socket = bound()?;
    socket.listen(backlog)?;
    Ok(socket.into())
}

/// Accepts for ever and serves every connection in a task of its own; returns the port. Needs a runtime around it.
///
/// # Errors
/// When the system refuses.
pub fn serve_each<F, S>(listener: TcpListener, mut serve: F) -> io::Result<u16>
where
    F: FnMut(TcpStream) -> S + Send + 'static,
    S: Future<Output = ()> + Send + 'static,
{
    let port = listener.local_addr()?.port();
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    tokio::spawn(async move {
        loop {
            // Accepting fails for a moment when descriptors run out, and for good never.
            let Ok((tcp, _)) = listener.accept().await else {
                tokio::time::sleep(Duration::from_millis(10)).await;
                continue;
            };
            let _ = tcp.set_nodelay(true);
            tokio::spawn(tokio::time::timeout(TIME_LIMIT, serve(tcp)));
        }
    });
    Ok(port)
}

/// A stream that can still be broken at the level of TCP, whatever was put around it.
pub trait Io: AsyncRead + AsyncWrite + Send + Unpin {
    /// The stream below.
    fn tcp(&self) -> &TcpStream;
}

impl Io for TcpStream {
    fn tcp(&self) -> &TcpStream {
        self
    }
}

impl Io for TlsStream<TcpStream> {
    fn tcp(&self) -> &TcpStream {
        self.get_ref().0
    }
}

impl<S: Io> Io for BufReader<S> {
    fn tcp(&self) -> &TcpStream {
        self.get_ref().tcp()
    }
}

/// Ends the connection with RST.
pub fn reset(io: impl Io) {
    let _ = SockRef::from(io.tcp()).set_linger(Some(Duration::ZERO));
    drop(io);
}

/// Ends the connection with FIN, without a farewell of the layers above. What the peer still sends is read first: a
/// socket that is closed with unread bytes answers with RST.
pub async fn close(io: impl Io) {
    let _ = SockRef::from(io.tcp()).shutdown(Shutdown::Write);
    silence(io).await;
}

/// Says nothing until the peer gives up.
pub async fn silence(mut io: impl Io) {
    let mut sink = [0; 4096];
    while matches!(io.read(&mut sink).await, Ok(1..)) {}
}
