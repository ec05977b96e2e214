//! What a server answered.

use std::net::SocketAddr;

use bytes::Bytes;
use http::HeaderMap;
use http::header::LOCATION;
use hyper::body::Body;

use super::{ClientError, Problem, WebUrl};
use crate::probe::net::ProxyServer;

/// An answer, of which the body is still to be read.
#[derive(Debug)]
pub struct Response {
    url: WebUrl,
    proxy: Option<ProxyServer>,
    answered: reqwest::Response,
}

impl Response {
    pub(super) fn new(url: WebUrl, proxy: Option<ProxyServer>, answered: reqwest::Response) -> Self {
        Self { url, proxy, answered }
    }

    /// The URL that was answered, after redirections.
    pub fn url(&self) -> &WebUrl {
        &self.url
    }

    /// The status.
    pub fn status(&self) -> u16 {
        self.answered.status().as_u16()
    }

    /// The headers.
    pub fn headers(&self) -> &HeaderMap {
        self.answered.headers()
    }

    /// Who answered: the server, or the proxy on the way.
    pub(in crate::probe) fn address(&self) -> Option<SocketAddr> {
        self.answered.remote_addr()
    }

    /// Head and body, for a judgement of our own.
    pub(in crate::probe) fn into_http(self) -> http::Response<impl Body<Data = Bytes> + Unpin> {
        http::Response::<reqwest::Body>::from(self.answered)
    }

    /// The body, without its compression.
    ///
    /// # Errors
    /// It breaks off, or has more bytes than these.
    pub async fn read_limited(mut self, max_bytes: usize) -> Result<Vec<u8>, ClientError> {
        let mut body = Vec::new();
        loop {
            let chunk = self.answered.chunk().await;
            match chunk.map_err(|e| ClientError::of(&self.url, self.proxy.as_ref(), &e))? {
                Some(chunk) if body.len() + chunk.len() > max_bytes => {
                    return Err(ClientError::new(&self.url, Problem::TooLarge(max_bytes)));
                }
                Some(chunk) => body.extend_from_slice(&chunk),
                None => return Ok(body),
            }
        }
    }

    /// Where the answer redirects to (RFC 9110 15.4). From https only https is followed: what came unaltered so far has to stay so.
    pub(super) fn redirection(&self) -> Result<Option<WebUrl>, ClientError> {
        if !matches!(self.status(), 301 | 302 | 303 | 307 | 308) {
            return Ok(None);
        }
        let Some(location) = self.headers().get(LOCATION) else { return Ok(None) };
        let next = location.to_str().ok().and_then(|location| self.url.join(location));
        match next {
            Some(next) if self.url.is_https() && !next.is_https() => {
                Err(ClientError::new(&self.url, Problem::Downgrade(next.to_string())))
            }
            Some(next) => Ok(Some(next)),
            None => Err(ClientError::new(&self.url, Problem::Location)),
        }
    }
}
