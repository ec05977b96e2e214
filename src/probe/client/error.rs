//! Why there is no answer, in words that hold no secret.

use std::error::Error as StdError;
use std::io;

use super::WebUrl;
use super::names::Unresolved;
use crate::model::evidence::{Cause, Failure, Phase};
use crate::probe::net::ProxyServer;
use crate::probe::{classify, proxy};

/// A URL that gave no usable answer.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{url}: {problem}")]
pub struct ClientError {
    /// The URL, without what may be secret in it.
    pub url: String,
    /// What is wrong.
    pub problem: Problem,
}

/// What is wrong with an exchange.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Problem {
    /// The network said no.
    #[error("{}", words(.0))]
    Failed(Failure),
    /// Neither `--timeout` nor the bound of the whole exchange was enough for a connection, with TLS and a tunnel where needed.
    #[error("no connection in time")]
    NotConnected,
    /// Nor for the answer.
    #[error("no answer in time")]
    TimedOut,
    /// The body has more bytes than these.
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    /// More redirections than these.
    #[error("more than {0} redirections")]
    Redirections(usize),
    /// From https to something else.
    #[error("it redirects to {0}, which is not https")]
    Downgrade(String),
    /// A redirection to what is no URL.
    #[error("it redirects to what is no URL")]
    Location,
    /// `--connect-to` asks for what this client cannot do, and why.
    #[error("--connect-to can only change the port here: {0}")]
    Diversion(&'static str),
}

impl ClientError {
    pub(super) fn new(url: &WebUrl, problem: Problem) -> Self {
        Self { url: url.to_string(), problem }
    }

    /// What reqwest says, without the URL that it repeats.
    pub(super) fn of(url: &WebUrl, proxy: Option<&ProxyServer>, error: &reqwest::Error) -> Self {
        let problem = match (error.is_timeout(), error.is_connect()) {
            (true, true) => Problem::NotConnected,
            (true, false) => Problem::TimedOut,
            (false, is_connect) => Problem::Failed(failure(error, is_connect, proxy)),
        };
        Self::new(url, problem)
    }

    /// The failure in the words of a report.
    pub fn cause(&self) -> Cause {
        match &self.problem {
            Problem::Failed(failure) => failure.cause,
            Problem::NotConnected => Cause::TcpTimeout,
            Problem::TimedOut => Cause::HttpTimeout,
            Problem::Redirections(_) | Problem::Downgrade(_) | Problem::Location => Cause::HttpRedirected,
            Problem::TooLarge(_) | Problem::Diversion(_) => Cause::Unknown,
        }
    }

    /// Whether the same request may have an answer a little later: what a certificate or a protocol lacks does not come by itself.
    pub fn is_passing(&self) -> bool {
        match &self.problem {
            Problem::Failed(failure) => {
                failure.cause.phase() != Some(Phase::Tls) && failure.cause != Cause::HttpProtocol
            }
            Problem::NotConnected | Problem::TimedOut => true,
            _ => false,
        }
    }
}

/// The first cause that has a word, by its type.
fn failure(error: &reqwest::Error, is_connect: bool, proxy: Option<&ProxyServer>) -> Failure {
    let mut next = error.source();
    while let Some(link) = next {
        if let Some(found) = word_for(link, is_connect) {
            return of_way(found, is_connect, proxy);
        }
        next = below(link);
    }
    of_way(Failure::new(Cause::Unknown, innermost(error)), is_connect, proxy)
}

fn word_for(link: &(dyn StdError + 'static), is_connect: bool) -> Option<Failure> {
    if let Some(Unresolved(failure)) = link.downcast_ref() {
        return Some(failure.clone());
    }
    if let Some(error) = link.downcast_ref::<rustls::Error>() {
        return Some(classify::tls(error));
    }
    if let Some(error) = link.downcast_ref::<hyper::Error>() {
        return Some(classify::classify_http_error(error)).filter(|found| found.cause != Cause::Unknown);
    }
    let error = link.downcast_ref::<io::Error>().filter(|error| error.get_ref().is_none())?;
    Some(if is_connect {
        classify::classify_connect_error(error)
    } else {
        Failure::new(Cause::HttpReset, error.to_string())
    })
}

/// What an error wraps; the standard library's leaves that out of its sources.
fn below<'a>(link: &'a (dyn StdError + 'static)) -> Option<&'a (dyn StdError + 'static)> {
    match link.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(inner) => Some(inner),
        None => link.source(),
    }
}

/// Through a proxy, it is the proxy that is connected to.
fn of_way(failure: Failure, is_connect: bool, proxy: Option<&ProxyServer>) -> Failure {
    match proxy.filter(|_| is_connect) {
        Some(server) => {
            let cause = proxy::to_proxy_cause(failure.cause);
            Failure::new(cause, format!("through the proxy {}: {}", server.label, failure.raw))
        }
        None => failure,
    }
}

fn innermost(error: &reqwest::Error) -> String {
    let mut last: &(dyn StdError + 'static) = error;
    let mut text = String::new();
    while let Some(link) = below(last) {
        text = link.to_string();
        last = link;
    }
    text
}

fn words(failure: &Failure) -> String {
    match failure.cause {
        Cause::Unknown => failure.raw.clone(),
        cause => format!("{} ({})", cause.text(), failure.raw),
    }
}
