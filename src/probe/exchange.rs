//! One exchange over HTTP: what is sent over which connection, and whose answer it is.

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http::header::{CONNECTION, CONTENT_LENGTH, HOST, PROXY_AUTHORIZATION, USER_AGENT};
use http_body_util::Empty;
use tokio::sync::mpsc;

use super::classify;
use crate::analysis::answerer::{AnswerSource, Answerer, describe_redirect};
use crate::model::evidence::{Cause, Failure, HttpDetail};
use crate::model::host_port::HostPort;
use crate::model::products::ProductCatalogue;
use crate::model::rules::{Method, Statuses};
use crate::probe::net::ProxyServer;

/// Where a request goes and what is known of the connection it goes over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exchange<'a> {
    pub(crate) source: AnswerSource<'a>,
    pub(crate) port: u16,
    pub(crate) is_tls: bool,
    pub(crate) timeout: Duration,
    /// Who else may answer.
    pub(crate) products: &'a ProductCatalogue,
    /// Our clock, to compare with the `Date` of the answer.
    pub(crate) now: jiff::Timestamp,
    /// A proxy that gets the request in absolute form (RFC 9112 3.2.2), since there is no tunnel.
    pub(crate) proxy: Option<&'a ProxyServer>,
    /// Where a good answer goes as a whole; `None` when it only has to be judged.
    pub(crate) reply_sender: Option<&'a mpsc::Sender<Reply>>,
}

/// A good answer as a whole.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reply {
    /// Where a redirection leads, as it came.
    pub location: Option<String>,
    /// At most 256 KiB.
    pub body: Vec<u8>,
}

impl Exchange<'_> {
    pub(super) fn build_request(&self) -> Result<Request<Empty<Bytes>>, http::Error> {
        let mut request = Request::builder()
            .method(self.source.spec.method.as_str())
            .uri(self.request_target())
            .header(HOST, self.host_authority())
            .header(USER_AGENT, USER_AGENT_VALUE)
            .header(CONNECTION, "close");
        if self.source.spec.method == Method::Post {
            request = request.header(CONTENT_LENGTH, 0);
        }
        if let Some(authorization) = self.proxy.and_then(|p| p.authorization.as_ref()) {
            request = request.header(PROXY_AUTHORIZATION, authorization);
        }
        for (name, value) in &self.source.spec.headers {
            request = request.header(name, value);
        }
        request.body(Empty::new())
    }

    fn request_target(&self) -> String {
        match self.proxy {
            Some(_) => format!("http://{}{}", self.host_authority(), self.source.spec.path),
            None => self.source.spec.path.clone(),
        }
    }

    /// `host` or `host:port`, as RFC 9110 7.2 has it.
    pub(super) fn host_authority(&self) -> String {
        let usual = if self.is_tls { 443 } else { 80 };
        HostPort::new(self.source.host, self.port).without_port(usual).to_string()
    }

    /// Why the answer is none of the service; `None` when it is, or may be.
    pub(super) fn judge_answer(&self, answer: &HttpDetail) -> Option<Failure> {
        let status = answer.status?;
        let is_good = self.source.spec.answer.status.allows(status);
        match (self.classify_proxy_refusal(status, answer), self.source.judge_answerer(answer)) {
            (Some(failure), _) | (None, Answerer::Stranger(failure)) => Some(failure),
            // any answer of the service shows that it is there, but not any is one that something can be read from
            _ if self.reply_sender.is_none() || is_good => None,
            _ if (300..400).contains(&status) && answer.headers.contains_key("location") => {
                Some(describe_redirect(status, answer))
            }
            _ => Some(Failure::new(Cause::HttpUnexpectedStatus, self.describe_unexpected_status(status))),
        }
    }

    /// Without a tunnel it is the proxy that hangs up: for a service that does it has an error page.
    pub(super) fn classify_error(&self, error: &hyper::Error) -> Failure {
        match self.proxy {
            Some(_) => classify::classify_proxy_error(error),
            None => classify::classify_http_error(error),
        }
    }

    /// A proxy that takes the request itself can refuse it, too. Its refusal looks like one of the service, but for a header of
    /// its own, or for the marks of the service that are missing.
    fn classify_proxy_refusal(&self, status: u16, answer: &HttpDetail) -> Option<Failure> {
        self.proxy?;
        let reason = answer.headers.get("x-squid-error").map(|e| format!(" ({e})"));
        let is_refusal = matches!(status, 403 | 405 | 407 | 429 | 451 | 500..=504 | 511);
        if reason.is_none() && (answer.mark.is_some() && status != 407 || !is_refusal) {
            return None;
        }
        let cause = classify::classify_proxy_status(status)?;
        Some(Failure::new(cause, format!("{status}{}", reason.unwrap_or_default())))
    }

    fn describe_unexpected_status(&self, status: u16) -> String {
        match &self.source.spec.answer.status {
            Statuses::Listed(list) => {
                let allowed: Vec<String> = list.iter().map(|s| s.0.to_string()).collect();
                format!("{status}, where the service gives {}", allowed.join(" or "))
            }
            Statuses::Any => status.to_string(),
        }
    }
}

/// How probes introduce themselves.
pub(super) const USER_AGENT_VALUE: &str = concat!("arcprobe/", env!("CARGO_PKG_VERSION"));

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::model::plan::ProbeSpec;
    use crate::model::rules::{AddressClass, Answer, Certificate, Inspection, PrivateLink};

    #[test]
    fn an_ipv6_literal_has_brackets_in_the_host_header() {
        let spec = ProbeSpec {
            method: Method::Get,
            path: "/".into(),
            headers: BTreeMap::new(),
            answer: Answer::default(),
            marks: Vec::new(),
            certificate: Certificate::default(),
            addresses: AddressClass::Any,
            inspection: Inspection::Tolerated,
            private_link: PrivateLink::Private,
        };
        let exchange = Exchange {
            source: AnswerSource { host: "fd00::1", spec: &spec, trusted_by: None },
            port: 8443,
            is_tls: true,
            timeout: Duration::ZERO,
            products: &ProductCatalogue::default(),
            now: jiff::Timestamp::UNIX_EPOCH,
            proxy: None,
            reply_sender: None,
        };
        let header = |exchange: Exchange<'_>| exchange.build_request().unwrap().headers()[HOST].clone();
        assert_eq!(header(exchange), "[fd00::1]:8443");
        assert_eq!(header(Exchange { port: 443, ..exchange }), "[fd00::1]");
    }
}
