//! A byte stream, whatever it runs over: TCP, a tunnel, TLS to a proxy.

use tokio::io::{AsyncRead, AsyncWrite};

/// Anything that bytes can be read from and written to.
pub trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// A stream that we own.
pub type Stream = Box<dyn Io>;
