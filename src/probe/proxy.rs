//! A tunnel through an HTTP proxy: its name, the connection, TLS to it where its URL says so, CONNECT (RFC 9110 9.3.6).

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::header::{HOST, PROXY_AUTHORIZATION, USER_AGENT};
use http::{HeaderMap, Request, Response};
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::time::Instant;

use super::answer::{collect_identifying_headers, read_excerpt};
use super::connect::connect_to_any;
use super::http as exchange;
use super::io::Stream;
use super::tls::{self, ClientHelloForm};
use super::trust::CertificateExpectation;
use super::{appliance, classify};
use crate::analysis::answerer::location_host;
use crate::model::evidence::{Cause, Failure, Phase, ProxyDetail};
use crate::model::host_port::HostPort;
use crate::model::rules::{Certificate, Inspection};
use crate::probe::net::{Net, ProxyServer};

/// What came of it. `address` is known once a connection to the proxy is open.
pub(super) struct ProxyConnection {
    pub(super) detail: ProxyDetail,
    pub(super) address: Option<SocketAddr>,
    pub(super) stream: Result<Stream, Failure>,
}

/// Opens a tunnel to `host:port`; without a target, only a connection to the proxy itself, for requests in absolute form.
pub(super) async fn open_tunnel(
    net: &Net,
    server: &ProxyServer,
    target: Option<HostPort<'_>>,
    max_segment: Option<u16>,
    within: Duration,
) -> ProxyConnection {
    let mut dialer = ProxyDialer {
        net,
        server,
        within,
        until: Instant::now() + within,
        detail: ProxyDetail {
            proxy: server.label.clone(),
            with_credentials: server.authorization.is_some(),
            ..ProxyDetail::default()
        },
        address: None,
    };
    let stream = match dialer.connect_to_proxy(max_segment).await {
        Ok(stream) => match target {
            Some(target) => dialer.request_tunnel(stream, &target.to_string()).await,
            None => Ok(stream),
        },
        Err(failure) => Err(failure),
    };
    ProxyConnection { detail: dialer.detail, address: dialer.address, stream }
}

/// The schemes that a 407 offers (RFC 9110 11.7.1), by their names.
pub(super) fn list_offered_schemes(headers: &HeaderMap) -> Vec<String> {
    let values = headers.get_all(http::header::PROXY_AUTHENTICATE).iter();
    let names = values.filter_map(|v| v.to_str().ok()).flat_map(parse_scheme_names);
    let mut schemes: Vec<String> = Vec::new();
    for name in names.take(10) {
        if !schemes.contains(&name) {
            schemes.push(name);
        }
    }
    schemes
}

/// `Basic realm="a, b", Negotiate` has two schemes; a part with `=` is a parameter of the one before.
fn parse_scheme_names(value: &str) -> Vec<String> {
    let mut inside_quotes = false;
    let parts = value.split(|c| {
        if c == '"' {
            inside_quotes = !inside_quotes;
        }
        c == ',' && !inside_quotes
    });
    let name = |part: &str| part.split_whitespace().next().map(str::to_owned);
    parts
        .filter_map(name)
        .filter(|n| !n.contains('='))
        .map(|n| crate::model::evidence::sanitize(&n, 20))
        .collect()
}

pub(crate) struct ProxyDialer<'a> {
    pub(crate) net: &'a Net,
    pub(crate) server: &'a ProxyServer,
    pub(crate) within: Duration,
    pub(crate) until: Instant,
    pub(crate) detail: ProxyDetail,
    pub(crate) address: Option<SocketAddr>,
}

impl ProxyDialer<'_> {
    /// A connection to the proxy itself.
    async fn connect_to_proxy(&mut self, max_segment: Option<u16>) -> Result<Stream, Failure> {
        let addresses = self.resolve_proxy().await?;
        let connected = connect_to_any(&addresses, max_segment, self.until).await;
        let (address, stream) = connected.map_err(|f| Failure::new(to_proxy_cause(f.cause), f.raw))?;
        self.address = Some(address);
        self.detail.address = Some(address);
        self.detail.local = stream.local_addr().ok();
        if self.server.is_tls { self.secure_connection(Box::new(stream)).await } else { Ok(Box::new(stream)) }
    }

    async fn resolve_proxy(&mut self) -> Result<Vec<SocketAddr>, Failure> {
        let lookup = self.net.resolver.lookup_with_search_list(&self.server.host).await;
        if let Some(failure) = &lookup.failure {
            let text = format!("{}: {} ({})", self.server.host, failure.cause.text(), failure.raw);
            return Err(Failure::new(Cause::ProxyDns, text));
        }
        let port = self.server.port;
        Ok(lookup.detail.addresses.iter().take(MAX_ADDRESSES).map(|&a| SocketAddr::new(a, port)).collect())
    }

    /// Judged before anything secret goes out: the recorder of the handshake takes every chain.
    async fn secure_connection(&mut self, stream: Stream) -> Result<Stream, Failure> {
        let secured = self.perform_handshake(stream).await;
        self.detail.tls_cause = secured.as_ref().err().map(|f| f.cause);
        secured.map_err(|f| {
            let hint = if f.cause == Cause::TlsNotTls {
                "; give a proxy that speaks plain HTTP as http://"
            } else {
                ""
            };
            Failure::new(Cause::ProxyTls, format!("{}: {}{hint}", f.cause.text(), f.raw))
        })
    }

    async fn perform_handshake(&self, stream: Stream) -> Result<Stream, Failure> {
        let name = ServerName::try_from(self.server.host.clone())
            .map_err(|e| Failure::new(Cause::TlsNameMismatch, e.to_string()))?;
        let left = self.until.saturating_duration_since(Instant::now());
        let provider = self.net.trust.provider();
        let handshake =
            tls::perform_handshake(stream, &name, ClientHelloForm::Small, true, provider, left).await;
        let stream = handshake.stream?;
        // a proxy's authority is the company's own business: any store may vouch for it
        let own = Certificate { public: false, issuers: Vec::new() };
        let expected = CertificateExpectation { certificate: &own, inspection: Inspection::Tolerated };
        let judgement = self.net.trust.judge_chain(&handshake.chain, &name, self.net.unix_time(), expected);
        match judgement.failure {
            Some(failure) => Err(failure),
            None => Ok(Box::new(stream)),
        }
    }

    pub(crate) async fn request_tunnel(&mut self, stream: Stream, target: &str) -> Result<Stream, Failure> {
        self.detail.request = Some(format!("CONNECT {target}"));
        let within = self.within;
        let silent = || Failure::new(Cause::ProxyTimeout, format!("no answer to CONNECT within {within:?}"));
        let request =
            self.build_connect_request(target).map_err(|e| Failure::new(Cause::Unknown, e.to_string()))?;
        let sent = exchange::send(stream, request, self.until).await.map_err(|_| silent())?;
        let (response, driver) = sent.map_err(|e| classify::classify_proxy_error(&e))?;
        self.detail.status = Some(response.status().as_u16());
        self.detail.headers = collect_identifying_headers(response.headers());
        if let Some(cause) = self.classify_refusal(response.status().as_u16(), target) {
            return Err(self.read_refusal(cause, response).await);
        }
        let upgraded = hyper::upgrade::on(response).await.map_err(|e| classify::classify_proxy_error(&e))?;
        driver.detach();
        Ok(Box::new(TokioIo::new(upgraded)))
    }

    fn build_connect_request(&self, target: &str) -> Result<Request<Empty<Bytes>>, http::Error> {
        let mut request = Request::connect(target)
            .header(HOST, target)
            .header(USER_AGENT, super::exchange::USER_AGENT_VALUE);
        if let Some(authorization) = &self.server.authorization {
            request = request.header(PROXY_AUTHORIZATION, authorization);
        }
        request.body(Empty::new())
    }

    /// A redirection leads to a log-on page, unless it leads back here or to the target: then a web server answers that knows no
    /// CONNECT.
    fn classify_refusal(&self, status: u16, target: &str) -> Option<Cause> {
        let leads_to_page = |location: &String| {
            let is_same = |host: &str, other: &str| host.eq_ignore_ascii_case(other);
            let is_elsewhere = location_host(location).is_some_and(|host| {
                !is_same(host, &self.server.host)
                    && HostPort::parse(target).is_none_or(|to| !is_same(to.host, host))
            });
            // names of hosts hold such words too: login.microsoftonline.com
            let path = location
                .split_once("//")
                .map_or(location.as_str(), |(_, rest)| rest.split_once('/').map_or("", |(_, path)| path));
            is_elsewhere || LOG_ON_WORDS.iter().any(|word| path.to_ascii_lowercase().contains(word))
        };
        let is_redirected =
            (300..400).contains(&status) && self.detail.headers.get("location").is_some_and(leads_to_page);
        if is_redirected { Some(Cause::ProxyAuthRequired) } else { classify::classify_proxy_status(status) }
    }

    async fn read_refusal(&mut self, cause: Cause, response: Response<Incoming>) -> Failure {
        let (head, body) = response.into_parts();
        self.detail.offers = list_offered_schemes(&head.headers);
        let page = read_excerpt(body).await;
        self.detail.appliance =
            appliance::find_in_answer(self.net.products(), &self.detail.headers, page.as_deref());
        let with =
            if self.detail.with_credentials { "with the given credentials" } else { "without credentials" };
        let reason = self.detail.headers.get("x-squid-error").map(|e| format!(" ({e})")).unwrap_or_default();
        let page =
            self.detail.headers.get("location").map(|page| format!("; log on at {page}")).unwrap_or_default();
        let text = match cause {
            Cause::ProxyAuthRequired if self.detail.offers.is_empty() => {
                format!("{} {with}{page}", head.status)
            }
            Cause::ProxyAuthRequired => {
                format!("{} {with}; it offers {}", head.status, self.detail.offers.join(", "))
            }
            _ => format!("{}{reason}", head.status),
        };
        Failure::new(cause, text)
    }
}

/// The same fault, when it is the proxy that has it.
pub(super) fn to_proxy_cause(cause: Cause) -> Cause {
    match cause {
        cause if cause.phase() == Some(Phase::Resolve) => Cause::ProxyDns,
        Cause::TcpRefused => Cause::ProxyRefused,
        Cause::TcpTimeout => Cause::ProxyTimeout,
        Cause::TcpReset => Cause::ProxyClosed,
        Cause::TcpUnreachable => Cause::ProxyUnreachable,
        other => other,
    }
}

/// In the URLs of pages that ask people for their names.
const LOG_ON_WORDS: &[&str] = &["login", "logon", "signin", "auth", "portal", "captive", "sso"];

/// Names of proxies lead to a handful.
const MAX_ADDRESSES: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemes_of_a_407_are_listed() {
        let table = [
            (vec!["Basic realm=\"a, b\", Negotiate"], vec!["Basic", "Negotiate"]),
            (vec!["Negotiate", "NTLM", "Basic realm=x"], vec!["Negotiate", "NTLM", "Basic"]),
            (vec!["Digest realm=\"x\", nonce=\"y\", qop=\"auth\""], vec!["Digest"]),
            (vec![""], vec![]),
        ];
        for (values, schemes) in table {
            let mut headers = HeaderMap::new();
            for value in &values {
                headers.append(http::header::PROXY_AUTHENTICATE, value.parse().unwrap());
            }
            assert_eq!(list_offered_schemes(&headers), schemes, "{values:?}");
        }
    }
}
