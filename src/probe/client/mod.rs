//! An ordinary HTTP client for what is not probing: pages of the vendor, a second opinion on a failed check, reports that are
//! sent.
//!
//! It never stands in for a phase, since it hides which part of an exchange failed. Names, diversions, trust and proxies are
//! those of the run: reqwest gets them from here and reads neither the environment nor the resolver of the C library.

mod error;
mod names;
mod response;
mod url;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{HeaderMap, Method};
use reqwest::{Proxy, Url, redirect, retry};
use rustls::ClientConfig;
use tokio::time::Instant;

use self::names::Names;
use super::{exchange, trust};
use crate::model::plan::Route;
use crate::model::rules::Protocol;
use crate::probe::net::{Net, ProxyServer};

pub use error::{ClientError, Problem};
pub use response::Response;
pub use url::{WebUrl, WebUrlError, parse_file_url};

/// A client with the resolver, the diversions, the trust and the proxies of a run. Each request has a connection of its own.
#[derive(Clone)]
pub struct Client {
    net: Arc<Net>,
    route: Arc<Router>,
    tls: ClientConfig,
    headers: HeaderMap,
    within: Duration,
}

/// The route to a host and port, for http or https.
type Router = dyn Fn(&str, u16, Protocol) -> Route + Send + Sync;

/// What is sent.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// Where to. Credentials in the URL become an `Authorization` header.
    pub url: WebUrl,
    /// The type of the body.
    pub content_type: Option<&'static str>,
    /// The body.
    pub body: Bytes,
}

impl Request {
    /// A GET without a body.
    pub fn get(url: WebUrl) -> Self {
        Self { method: Method::GET, url, content_type: None, body: Bytes::new() }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("within", &self.within).finish_non_exhaustive()
    }
}

impl Client {
    /// A client that takes `route` to each host, as [`Routes::route_to`](crate::proxy::Routes::route_to) gives it; a proxy has to be
    /// among those of `net`. `within` bounds a whole exchange, its redirections and the body of the answer included.
    pub fn new(
        net: Arc<Net>,
        route: impl Fn(&str, u16, Protocol) -> Route + Send + Sync + 'static,
        within: Duration,
    ) -> Self {
        let tls = trust::client_config(&net.roots);
        Self::trusting(net, route, tls, within)
    }

    /// The same with a trust of its own.
    pub(super) fn trusting(
        net: Arc<Net>,
        route: impl Fn(&str, u16, Protocol) -> Route + Send + Sync + 'static,
        tls: ClientConfig,
        within: Duration,
    ) -> Self {
        Self { net, route: Arc::new(route), tls, headers: HeaderMap::new(), within }
    }

    /// The same, sending these headers with each request.
    #[must_use]
    pub(super) fn with_headers(self, headers: HeaderMap) -> Self {
        Self { headers, ..self }
    }

    /// Gets a page. Redirections are followed, at most so many, and from https only to https. Each takes its own route.
    ///
    /// # Errors
    /// No answer, too many redirections, or one that cannot be followed.
    pub async fn get(&self, url: &WebUrl, redirects: usize) -> Result<Response, ClientError> {
        let until = Instant::now() + self.within;
        let mut request = Request::get(url.clone());
        for _ in 0..=redirects {
            let response = self.exchange(&request, until).await?;
            let Some(next) = response.redirection()? else { return Ok(response) };
            request.url = next;
        }
        Err(ClientError::new(url, Problem::Redirections(redirects)))
    }

    /// Sends a request once. A redirection is an answer.
    ///
    /// # Errors
    /// No answer.
    pub async fn send(&self, request: &Request) -> Result<Response, ClientError> {
        self.exchange(request, Instant::now() + self.within).await
    }

    async fn exchange(&self, request: &Request, until: Instant) -> Result<Response, ClientError> {
        let url = &request.url;
        let protocol = if url.is_https() { Protocol::Https } else { Protocol::Http };
        let route = (self.route)(url.host(), url.port(), protocol);
        let proxy = self.net.find_proxy(&route);
        let to = self.destination(url, proxy)?;
        let client = self.client(to.lookup, proxy).map_err(|e| ClientError::of(url, proxy, &e))?;
        let left = until.saturating_duration_since(Instant::now());
        let mut sent =
            client.request(request.method.clone(), to.url).timeout(left).headers(self.headers.clone());
        if to.is_diverted {
            sent = sent.header(HOST, url.authority());
        }
        if let Some(authorization) = url.authorization() {
            sent = sent.header(AUTHORIZATION, authorization);
        }
        if let Some(content_type) = request.content_type {
            sent = sent.header(CONTENT_TYPE, content_type);
        }
        let answered = sent.body(request.body.clone()).send().await;
        let answered = answered.map_err(|e| ClientError::of(url, proxy, &e))?;
        Ok(Response::new(url.clone(), proxy.cloned(), answered))
    }

    fn client(&self, lookup: String, proxy: Option<&ProxyServer>) -> reqwest::Result<reqwest::Client> {
        let mut builder = reqwest::Client::builder()
            .no_proxy() // the environment is not read
            .tls_backend_preconfigured(self.tls.clone())
            .dns_resolver(Names::new(&self.net, lookup))
            .redirect(redirect::Policy::none()) // each redirection takes its own route
            .retry(retry::never())
            .referer(false)
            .user_agent(exchange::USER_AGENT_VALUE)
            .connect_timeout(self.net.timeout)
            .read_timeout(2 * self.net.timeout) // of an answer it begins with the connection
            .pool_max_idle_per_host(0);
        if let Some(server) = proxy {
            builder = builder.proxy(proxy_of(server)?);
        }
        builder.build()
    }

    /// Where the connection goes: `--connect-to` may change the port, and without a proxy the host. The name that TLS checks and
    /// that `Host` carries stays.
    fn destination(&self, url: &WebUrl, proxy: Option<&ProxyServer>) -> Result<Destination, ClientError> {
        let (host, port) = (url.host(), url.port());
        let to = self.net.connect_to.iter().find(|to| to.applies_to(host, port));
        let to_host = to.and_then(|to| to.to_host.as_deref()).filter(|to| *to != host);
        let to_port = to.and_then(|to| to.to_port).filter(|to| *to != port);
        let why = match to_host {
            Some(_) if proxy.is_some() => Some("a proxy looks the host up itself"),
            Some(_) if host.parse::<IpAddr>().is_ok() => Some("the URL has an address and no name"),
            _ => None,
        };
        if let Some(why) = why {
            return Err(ClientError::new(url, Problem::Diversion(why)));
        }
        let lookup = proxy.map_or(to_host.unwrap_or(host), |server| &server.host).to_owned();
        Ok(Destination { url: url.at_port(to_port), is_diverted: to_port.is_some(), lookup })
    }
}

struct Destination {
    url: Url,
    is_diverted: bool,
    /// The one name that is looked up here.
    lookup: String,
}

fn proxy_of(server: &ProxyServer) -> reqwest::Result<Proxy> {
    let proxy = Proxy::all(&server.label)?;
    Ok(match server.authorization.clone() {
        Some(header) => proxy.custom_http_auth(header),
        None => proxy,
    })
}
