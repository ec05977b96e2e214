//! A connection whose lost segments are counted before it closes: afterwards the kernel knows nothing of it. A server that has
//! closed resets the connection as soon as it gets a word of farewell, so that the count comes before each word of ours that
//! follows an answer.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::probe::recorder::AttemptRecorder;
use crate::probe::tcp_info::count_retransmissions;

pub(super) struct CountedStream {
    stream: TcpStream,
    ends: Option<(SocketAddr, SocketAddr)>,
    recorder: AttemptRecorder,
    /// Whether an answer came since the last count.
    is_uncounted: bool,
}

impl CountedStream {
    pub(super) fn new(stream: TcpStream, recorder: AttemptRecorder) -> Self {
        let ends = stream.local_addr().ok().zip(stream.peer_addr().ok());
        Self { stream, ends, recorder, is_uncounted: false }
    }

    fn record_count(&mut self) {
        if !std::mem::take(&mut self.is_uncounted) {
            return;
        }
        let count = self.ends.and_then(|(local, peer)| count_retransmissions(local, peer));
        if let Some(count) = count.filter(|&count| count > 0) {
            self.recorder.set_retransmissions(count);
        }
    }
}

impl Drop for CountedStream {
    fn drop(&mut self) {
        self.record_count();
    }
}

impl AsyncRead for CountedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        self.is_uncounted |= read.is_ready();
        read
    }
}

impl AsyncWrite for CountedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.record_count();
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.record_count();
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
