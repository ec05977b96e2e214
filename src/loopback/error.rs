//! Why the servers do not start.

use std::io;

/// A part of the network that cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum LoopbackError {
    /// A socket, or the runtime.
    #[error("no server can be started on the loopback interface: {0}")]
    Server(#[from] io::Error),
    /// A certificate, or its key.
    #[error("a certificate cannot be made: {0}")]
    Certificate(#[from] rcgen::Error),
    /// What TLS servers present.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
}
