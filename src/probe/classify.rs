//! Foreign errors -> failure words, by type and never by message text. The one place where both meet.

use std::error::Error as StdError;
use std::io;

use rustls::{AlertDescription, CertificateError, InvalidMessage, PeerIncompatible};
use tokio_tungstenite::tungstenite;
use tokio_tungstenite::tungstenite::error::ProtocolError;

use crate::model::evidence::{Cause, Failure};

/// Opening a TCP connection.
pub(super) fn classify_connect_error(error: &io::Error) -> Failure {
    let cause = match error.kind() {
        io::ErrorKind::ConnectionRefused => Cause::TcpRefused,
        // accept-and-reset shows up here already
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => Cause::TcpReset,
        io::ErrorKind::TimedOut => Cause::TcpTimeout,
        // PermissionDenied is a "prohibit" route or a local firewall, InvalidInput a "blackhole" route
        io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkUnreachable
        | io::ErrorKind::NetworkDown
        | io::ErrorKind::PermissionDenied
        | io::ErrorKind::InvalidInput
        | io::ErrorKind::AddrNotAvailable => Cause::TcpUnreachable,
        _ => Cause::Unknown,
    };
    Failure::new(cause, error.to_string())
}

/// A TLS handshake.
pub(super) fn classify_handshake_error(error: &io::Error) -> Failure {
    let cause = match find_rustls_error(error) {
        Some(inner) => classify_rustls_error(inner),
        None => match error.kind() {
            io::ErrorKind::UnexpectedEof => Cause::TlsClosed,
            io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe => {
                Cause::TlsReset
            }
            io::ErrorKind::TimedOut => Cause::TlsTimeout,
            _ => Cause::Unknown,
        },
    };
    Failure::new(cause, error.to_string())
}

/// A TLS handshake in which the chain was judged, too.
#[cfg(feature = "cli")]
pub(super) fn tls(error: &rustls::Error) -> Failure {
    let cause = match classify_certificate_error(error) {
        Cause::Unknown => classify_rustls_error(error),
        cause => cause,
    };
    Failure::new(cause, error.to_string())
}

fn classify_rustls_error(error: &rustls::Error) -> Cause {
    match error {
        rustls::Error::AlertReceived(AlertDescription::ProtocolVersion)
        | rustls::Error::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
        ) => Cause::TlsVersion,
        rustls::Error::AlertReceived(_) => Cause::TlsAlert,
        // it is TLS, with more in one message than anybody takes
        rustls::Error::InvalidMessage(
            InvalidMessage::HandshakePayloadTooLarge
            | InvalidMessage::CertificatePayloadTooLarge
            | InvalidMessage::MessageTooLarge,
        ) => Cause::Unknown,
        rustls::Error::InvalidMessage(_)
        | rustls::Error::PeerSentOversizedRecord
        | rustls::Error::InappropriateMessage { .. } => Cause::TlsNotTls,
        _ => Cause::Unknown,
    }
}

/// Judging a chain, where the word does not depend on more than the error.
pub(super) fn classify_certificate_error(error: &rustls::Error) -> Cause {
    let rustls::Error::InvalidCertificate(error) = error else { return Cause::Unknown };
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => Cause::TlsExpired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => Cause::TlsNotYetValid,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            Cause::TlsNameMismatch
        }
        CertificateError::UnknownIssuer => Cause::TlsUnknownIssuer,
        _ => Cause::Unknown,
    }
}

/// One HTTP exchange.
pub(super) fn classify_http_error(error: &hyper::Error) -> Failure {
    let cause = match find_io_error(error).map(io::Error::kind) {
        Some(
            io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe,
        ) => Cause::HttpReset,
        Some(_) => Cause::HttpClosed, // an end without close_notify, or an alert after the handshake
        None if error.is_incomplete_message() || error.is_closed() || error.is_canceled() => {
            Cause::HttpClosed
        }
        None if error.is_parse() => Cause::HttpProtocol,
        None => Cause::Unknown,
    };
    Failure::new(cause, format_error_chain(error))
}

/// Asking a proxy for a tunnel.
pub(super) fn classify_proxy_error(error: &hyper::Error) -> Failure {
    let failure = classify_http_error(error);
    let cause = match failure.cause {
        Cause::HttpClosed | Cause::HttpReset => Cause::ProxyClosed,
        Cause::HttpProtocol => Cause::ProxyProtocol,
        other => other,
    };
    Failure { cause, ..failure }
}

/// Asking for a WebSocket.
pub(super) fn classify_upgrade_error(error: &hyper::Error) -> Failure {
    let failure = classify_http_error(error);
    let cause = match failure.cause {
        Cause::HttpClosed | Cause::HttpReset => Cause::WsClosed,
        Cause::HttpProtocol => Cause::WsProtocol,
        other => other,
    };
    Failure { cause, ..failure }
}

/// A WebSocket that is open. What breaks its rules was not cut off by anybody.
pub(super) fn classify_open_websocket_error(error: &tungstenite::Error) -> Failure {
    let cause = match error {
        tungstenite::Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => Cause::WsClosed,
        tungstenite::Error::Protocol(_)
        | tungstenite::Error::Capacity(_)
        | tungstenite::Error::HttpFormat(_)
        | tungstenite::Error::Utf8(_) => Cause::WsProtocol,
        _ => Cause::WsClosed,
    };
    Failure::new(cause, format_error_chain(error))
}

/// The first words of git or SSH. They come right after the connection, so a silence or an end counts as one of it.
pub(super) fn classify_greeting_error(error: &io::Error) -> Failure {
    let cause = match error.kind() {
        io::ErrorKind::TimedOut => Cause::TcpTimeout,
        io::ErrorKind::UnexpectedEof
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe => Cause::TcpReset,
        _ => Cause::Unknown,
    };
    Failure::new(cause, error.to_string())
}

fn find_rustls_error(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>())
}

fn find_io_error<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a io::Error> {
    let mut next = error.source();
    while let Some(error) = next {
        if let Some(io) = error.downcast_ref::<io::Error>() {
            return Some(io);
        }
        next = error.source();
    }
    None
}

/// An error with all that caused it; libraries put the interesting part last.
fn format_error_chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        next = error.source();
    }
    text
}

/// What a proxy's status means, whether for CONNECT or for a request in absolute form; `None` when it is no refusal.
pub(super) fn classify_proxy_status(status: u16) -> Option<Cause> {
    match status {
        200..=299 => None,
        // Tinyproxy answers wrong credentials with 401
        // 511 is the answer of a network that wants people to log on first (RFC 6585 6)
        401 | 407 | 511 => Some(Cause::ProxyAuthRequired),
        402 | 403 | 405 | 429 | 451 => Some(Cause::ProxyDenied),
        500 | 502..=504 | 408 => Some(Cause::ProxyUpstream),
        // 400, 404, 501 and redirections to itself come from web servers that know no CONNECT
        _ => Some(Cause::ProxyProtocol),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_of_a_proxy_are_classified() {
        let table = [
            (200, None),
            (407, Some(Cause::ProxyAuthRequired)),
            (401, Some(Cause::ProxyAuthRequired)),
            (403, Some(Cause::ProxyDenied)),
            (405, Some(Cause::ProxyDenied)),
            (503, Some(Cause::ProxyUpstream)),
            (400, Some(Cause::ProxyProtocol)),
            (302, Some(Cause::ProxyProtocol)),
            (511, Some(Cause::ProxyAuthRequired)),
        ];
        for (status, cause) in table {
            assert_eq!(classify_proxy_status(status), cause, "{status}");
        }
    }
}
