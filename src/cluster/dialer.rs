//! Connections to the API server, made by our own prober: no getaddrinfo, our time-outs, Go's reading of `NO_PROXY`.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::Uri;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::model::evidence::Failure;
use crate::model::rules::Protocol;
use crate::probe::net::Net;
use crate::probe::{Stream, dial};
use crate::proxy::Routes;

/// Opens connections; cheap to clone.
#[derive(Clone)]
pub(super) struct Dialer {
    pub(super) net: Arc<Net>,
    pub(super) routes: Arc<Routes>,
}

/// Why a connection could not be opened; found again in the sources of a client's error.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{} ({})", .0.cause.text(), .0.raw)]
pub(super) struct DialError(pub(super) Failure);

/// A stream as hyper's client wants it.
pub(super) struct DialedStream(Stream);

impl tower::Service<Uri> for Dialer {
    type Response = TokioIo<DialedStream>;
    type Error = DialError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let dialer = self.clone();
        Box::pin(async move {
            let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
            let is_plain = uri.scheme_str() == Some("http");
            let port = uri.port_u16().unwrap_or(if is_plain { 80 } else { 443 });
            let protocol = if is_plain { Protocol::Http } else { Protocol::Https };
            let route = dialer.routes.route_to(&host, port, protocol);
            let stream = dial(&dialer.net, &route, &host, port).await.map_err(DialError)?;
            Ok(TokioIo::new(DialedStream(stream)))
        })
    }
}

impl Connection for DialedStream {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl AsyncRead for DialedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for DialedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
