//! The closed set of words for what the network can answer instead of "yes".

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::words::words;

/// One step of a probe, in the order in which a connection is made.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// The name is turned into addresses.
    Resolve,
    /// A TCP connection is opened to one address.
    Connect,
    /// A proxy is asked to open a tunnel (HTTP CONNECT).
    Proxy,
    /// TLS handshake and judgement of the presented chain.
    Tls,
    /// One HTTP/1.1 request.
    Http,
    /// One WebSocket upgrade (RFC 6455).
    WebSocket,
    /// The first words of a protocol other than HTTP (git, SSH).
    Greeting,
}

words!(Phase::as_str {
    Resolve = "resolve", Connect = "connect", Proxy = "proxy", Tls = "tls", Http = "http",
    WebSocket = "websocket", Greeting = "greeting",
});

macro_rules! causes {
    ($( $variant:ident $word:literal $phase:ident $text:literal; )+) => {
        /// What a failed phase answered. Closed within a report version; what fits none is [`Cause::Unknown`].
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
        pub enum Cause {
            $( #[doc = $text] #[serde(rename = $word)] $variant, )+
            /// Fits no other word; the raw text is kept.
            #[serde(rename = "unknown")]
            Unknown,
        }

        impl Cause {
            /// Every cause, in the order of the phases.
            pub const ALL: &'static [Self] = &[ $( Self::$variant, )+ Self::Unknown ];

            /// The word that stands for the cause in reports.
            pub fn word(self) -> &'static str {
                match self { $( Self::$variant => $word, )+ Self::Unknown => "unknown" }
            }

            /// One line for people: what was seen, as a sentence without a subject.
            pub fn text(self) -> &'static str {
                match self { $( Self::$variant => $text, )+ Self::Unknown => "failed in a way that has no word yet" }
            }

            /// The phase in which the cause is seen; `None` for [`Cause::Unknown`].
            pub fn phase(self) -> Option<Phase> {
                match self { $( Self::$variant => Some(Phase::$phase), )+ Self::Unknown => None }
            }
        }
    };
}

causes! {
    DnsNxdomain "dns_nxdomain" Resolve "the name does not exist, says the resolver";
    DnsNoData "dns_no_data" Resolve "the name exists but has no address";
    DnsServfail "dns_servfail" Resolve "the resolver could not find out (SERVFAIL)";
    DnsRefused "dns_refused" Resolve "the resolver refuses to answer (REFUSED)";
    DnsTimeout "dns_timeout" Resolve "the resolver does not answer";
    DnsUnreachable "dns_unreachable" Resolve "nothing listens at the resolver's address";
    DnsSinkhole "dns_sinkhole" Resolve "the resolver answers with an address that leads nowhere";
    DnsPrivateAnswer "dns_private_answer" Resolve "the answer is a private address where a public one is expected";
    DnsPublicAnswer "dns_public_answer" Resolve "the answer is a public address where a private one is expected";
    TcpRefused "tcp_refused" Connect "the connection is refused";
    TcpReset "tcp_reset" Connect "the connection is reset";
    TcpTimeout "tcp_timeout" Connect "packets are dropped: no answer to the connection attempt";
    TcpUnreachable "tcp_unreachable" Connect "no route leads to the address";
    ProxyDns "proxy_dns" Proxy "the proxy's own name does not resolve";
    ProxyRefused "proxy_refused" Proxy "the proxy's port refuses connections";
    ProxyTimeout "proxy_timeout" Proxy "the proxy does not answer";
    ProxyUnreachable "proxy_unreachable" Proxy "no route leads to the proxy";
    ProxyTls "proxy_tls" Proxy "TLS to the proxy fails";
    ProxyAuthRequired "proxy_auth_required" Proxy "the proxy wants (other) credentials (407)";
    ProxyDenied "proxy_denied" Proxy "the proxy forbids this destination (403, 405)";
    ProxyUpstream "proxy_upstream" Proxy "the proxy cannot reach the destination (502, 503, 504)";
    ProxyClosed "proxy_closed" Proxy "the proxy closes the connection without an answer";
    ProxyProtocol "proxy_protocol" Proxy "what answers is not an HTTP proxy";
    TlsTimeout "tls_timeout" Tls "silence after the ClientHello";
    TlsReset "tls_reset" Tls "the connection is reset during the TLS handshake";
    TlsClosed "tls_closed" Tls "the connection is closed during the TLS handshake";
    TlsAlert "tls_alert" Tls "the server refuses the TLS handshake with an alert";
    TlsVersion "tls_version" Tls "the server speaks no TLS version newer than 1.1";
    TlsNotTls "tls_not_tls" Tls "what answers does not speak TLS";
    TlsExpired "tls_expired" Tls "the certificate has expired";
    TlsNotYetValid "tls_not_yet_valid" Tls "the certificate is not valid yet";
    TlsNameMismatch "tls_name_mismatch" Tls "the certificate is for another name";
    TlsUnknownIssuer "tls_unknown_issuer" Tls "the certificate was issued by an authority that nobody here trusts";
    TlsSelfSigned "tls_self_signed" Tls "the certificate is signed by itself";
    TlsIncompleteChain "tls_incomplete_chain" Tls "the server does not send its intermediate certificate";
    TlsIntercepted "tls_intercepted" Tls "somebody re-signed the connection: the chain ends in a private authority";
    TlsPathMtu "tls_path_mtu" Tls "large packets vanish on the path; small segments get through";
    TlsLargeHello "tls_large_hello" Tls "a ClientHello of 1.5 kB is dropped; a small one passes";
    ClockSkew "clock_skew" Tls "the certificate is in its time, this machine's clock is not";
    HttpTimeout "http_timeout" Http "no answer to the HTTP request";
    HttpReset "http_reset" Http "the connection is reset before the HTTP answer";
    HttpClosed "http_closed" Http "the connection is closed before the HTTP answer";
    HttpProtocol "http_protocol" Http "the answer is not HTTP";
    HttpUnexpectedStatus "http_unexpected_status" Http "the HTTP status is not one that this service gives";
    HttpBlockPage "http_block_page" Http "somebody other than the service answered";
    HttpRedirected "http_redirected" Http "the request is redirected to a foreign host";
    WsRefused "ws_refused" WebSocket "the WebSocket upgrade is refused";
    WsUpgradeStripped "ws_upgrade_stripped" WebSocket "the Upgrade header did not arrive: somebody strips it";
    WsTimeout "ws_timeout" WebSocket "no answer to the WebSocket upgrade";
    WsClosed "ws_closed" WebSocket "the connection is closed during or right after the WebSocket upgrade";
    WsProtocol "ws_protocol" WebSocket "the answer to the WebSocket upgrade breaks the protocol";
}

impl Cause {
    /// The cause in words, as seen in a phase. The first words of git and SSH share the causes of connections.
    pub fn text_in(self, phase: Option<Phase>) -> &'static str {
        match (phase, self) {
            (Some(Phase::Greeting), Self::TcpTimeout) => "the connection opens, then nothing comes",
            (Some(Phase::Greeting), Self::TcpReset) => "the connection opens and is closed without a word",
            _ => self.text(),
        }
    }

    /// Whether the exchange broke off on the way. All other causes judge an answer (of DNS, of a proxy about credentials, a
    /// certificate, a status, a page), or say which bytes were lost.
    pub fn is_broken_exchange(self) -> bool {
        matches!(
            self,
            Self::TcpRefused
                | Self::TcpReset
                | Self::TcpTimeout
                | Self::TcpUnreachable
                | Self::ProxyRefused
                | Self::ProxyTimeout
                | Self::ProxyUnreachable
                | Self::ProxyTls
                | Self::ProxyDenied
                | Self::ProxyUpstream
                | Self::ProxyClosed
                | Self::ProxyProtocol
                | Self::TlsTimeout
                | Self::TlsReset
                | Self::TlsClosed
                | Self::TlsAlert
                | Self::TlsVersion
                | Self::TlsNotTls
                | Self::HttpTimeout
                | Self::HttpReset
                | Self::HttpClosed
                | Self::HttpProtocol
                | Self::Unknown
        )
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Why a phase failed: a word for programs and the text it was derived from, for people.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    /// The word.
    pub cause: Cause,
    /// What the operating system, the peer or a library said; control characters and secrets are taken out.
    pub raw: String,
}

impl Failure {
    /// A failure with its raw text, bounded to 300 characters and freed of control characters.
    pub fn new(cause: Cause, raw: impl AsRef<str>) -> Self {
        Self { cause, raw: super::sanitize(raw.as_ref(), 300) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failure_codes_are_unique_and_round_trip() {
        let mut words: Vec<_> = Cause::ALL.iter().map(|c| c.word()).collect();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), Cause::ALL.len());
        for &cause in Cause::ALL {
            let json = serde_json::to_string(&cause).unwrap();
            assert_eq!(json, format!("\"{}\"", cause.word()));
            assert_eq!(serde_json::from_str::<Cause>(&json).unwrap(), cause);
        }
    }
}
