//! What an API server, or the way to it, answers instead of doing what was asked.

use std::error::Error as _;

use kube::client::AuthError;
use kube::config::ExecConfig;
use kube::core::Status;
use rustls::CertificateError;
use rustls::pki_types::UnixTime;

use super::dialer::DialError;
use crate::analysis::connectivity::redact::redact_message;
use crate::model::evidence::{Failure, sanitize};
use crate::model::source::EXPIRED_SERVER_CERTIFICATE;

/// A request to the API server failed.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{operation}: {failure} (context \"{context}\", server {server})")]
pub struct ApiError {
    /// The name of the context.
    pub context: String,
    /// The URL of the server.
    pub server: String,
    /// What was asked, such as `list nodes`.
    pub operation: String,
    /// What came instead.
    pub failure: ApiFailure,
}

/// Why a request failed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ApiFailure {
    /// No connection to the server, or none through the proxy to it.
    #[error("the API server cannot be reached: {}", describe_failure(.0))]
    Unreachable(Failure),
    /// There is a connection, and no trust in who answers.
    #[error(
        "TLS with the API server fails: {0}; the certificate-authority of the kubeconfig does not fit, or TLS is inspected"
    )]
    Tls(String),
    /// Who answers shows a certificate that has expired, or is not valid yet.
    #[error("{EXPIRED_SERVER_CERTIFICATE}: {0}")]
    CertificateTime(String),
    /// The credentials are not accepted: expired, revoked, of another cluster.
    #[error(
        "the API server does not accept the credentials (401): {0}; log in again or renew the kubeconfig"
    )]
    Unauthorized(String),
    /// The credentials cannot be made: an exec plugin fails, a file is missing.
    #[error("the credentials of the kubeconfig cannot be used: {0}")]
    Credentials(String),
    /// A right is missing.
    #[error("not allowed (403): {0}")]
    Forbidden(String),
    /// The object or kind does not exist.
    #[error("not found (404): {text}")]
    NotFound {
        /// What is missing, by its resource: `namespaces` where it is the namespace of what was asked for. May be empty.
        kind: String,
        /// What the server says.
        text: String,
    },
    /// The object exists already.
    #[error("exists already (409): {0}")]
    AlreadyExists(String),
    /// The server, or an admission plug-in, refuses the object.
    #[error("refused ({code}): {text}")]
    Refused {
        /// The HTTP status.
        code: u16,
        /// What the server says.
        text: String,
    },
    /// What answers stops in the middle, before or after TLS.
    #[error("the connection with the API server breaks off: {0}")]
    ConnectionLost(String),
    /// No answer in time.
    #[error("no answer within {0} s")]
    TimedOut(u64),
    /// Fits none of the others.
    #[error("{0}")]
    Other(String),
}

fn describe_failure(failure: &Failure) -> String {
    format!("{} ({})", failure.cause.text(), failure.raw)
}

impl ApiFailure {
    /// Sorts an error of the client by its type; texts are only passed on.
    pub(super) fn from_kube_error(error: &kube::Error) -> Self {
        match error {
            kube::Error::Api(status) => Self::from_status(status),
            kube::Error::Auth(e) => Self::Credentials(describe_auth_error(e)),
            kube::Error::SerdeError(_) => {
                Self::Other("the answer is not what a Kubernetes API server sends".into())
            }
            other => Self::from_connection_error(other),
        }
    }

    /// Of a client that is being made: a plug-in that is not there is named as the kubeconfig names it.
    pub(super) fn from_login_error(error: &kube::Error, plugin: Option<&ExecConfig>) -> Self {
        match (error, plugin) {
            (kube::Error::Auth(AuthError::AuthExecStart(e)), Some(plugin)) => {
                let command = plugin.command.as_deref().unwrap_or("without a name");
                let hint = plugin
                    .install_hint
                    .as_deref()
                    .map(|hint| format!(". The kubeconfig says: {}", hint.trim()));
                let text = format!(
                    "the credential plugin {command} does not start: {e}{}",
                    hint.unwrap_or_default()
                );
                Self::Credentials(redact_message(&text, MAX_TEXT_CHARS))
            }
            _ => Self::from_kube_error(error),
        }
    }

    fn from_tls_error(error: &rustls::Error) -> Self {
        let time = match error {
            rustls::Error::InvalidCertificate(flaw) => describe_certificate_time(flaw),
            _ => None,
        };
        time.map_or_else(|| Self::Tls(sanitize(&error.to_string(), MAX_TEXT_CHARS)), Self::CertificateTime)
    }

    fn from_status(status: &Status) -> Self {
        let text = redact_message(&status.message, MAX_TEXT_CHARS);
        match status.code {
            401 => Self::Unauthorized(text),
            403 => Self::Forbidden(text),
            404 => Self::NotFound {
                kind: status.details.as_ref().map(|d| d.kind.clone()).unwrap_or_default(),
                text,
            },
            409 => Self::AlreadyExists(text),
            code => Self::Refused { code, text },
        }
    }

    fn from_connection_error(error: &kube::Error) -> Self {
        let (mut source, mut broken) = (error.source(), None);
        while let Some(link) = source {
            broken = link.downcast_ref::<std::io::Error>().or(broken);
            if let Some(DialError(failure)) = link.downcast_ref::<DialError>() {
                return Self::Unreachable(failure.clone());
            }
            if let Some(tls) = find_rustls_error(link) {
                return Self::from_tls_error(tls);
            }
            source = link.source();
        }
        match broken {
            Some(e) => Self::ConnectionLost(redact_message(&e.to_string(), MAX_TEXT_CHARS)),
            None => Self::Other(redact_message(&innermost_message(error), MAX_TEXT_CHARS)),
        }
    }
}

/// When a certificate ends or begins, by the clock of this machine, which may be the one that is wrong.
fn describe_certificate_time(error: &CertificateError) -> Option<String> {
    let date = |time: &UnixTime| {
        let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
        jiff::Timestamp::from_second(seconds).map_or_else(|_| "?".to_owned(), |time| time.to_string())
    };
    match error {
        CertificateError::Expired => Some("it has expired".to_owned()),
        CertificateError::ExpiredContext { time, not_after } => Some(format!(
            "it expired on {}, and the clock of this machine says {}",
            date(not_after),
            date(time)
        )),
        CertificateError::NotValidYet => Some("it is not valid yet".to_owned()),
        CertificateError::NotValidYetContext { time, not_before } => Some(format!(
            "it is valid from {}, and the clock of this machine says {}",
            date(not_before),
            date(time)
        )),
        _ => None,
    }
}

/// rustls reports through `io::Error`, which hides it from `source`, and the connector wraps that in one more.
fn find_rustls_error<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a rustls::Error> {
    let mut link = error;
    loop {
        if let Some(tls) = link.downcast_ref::<rustls::Error>() {
            return Some(tls);
        }
        link = link.downcast_ref::<std::io::Error>()?.get_ref()?;
    }
}

fn innermost_message(error: &kube::Error) -> String {
    let mut link: &dyn std::error::Error = error;
    while let Some(source) = link.source() {
        link = source;
    }
    link.to_string()
}

/// A plug-in's output and its arguments may hold a token; only its name and its complaint are passed on.
fn describe_auth_error(error: &kube::client::AuthError) -> String {
    let text = match error {
        AuthError::AuthExecRun { cmd, out } => {
            let complaint = String::from_utf8_lossy(&out.stderr);
            let mut last: Vec<_> = complaint
                .lines()
                .map(str::trim)
                .rev()
                .filter(|line| !line.is_empty())
                .take(MAX_COMPLAINT_LINES)
                .collect();
            last.reverse();
            let last = if last.is_empty() { "it says nothing".to_owned() } else { last.join(" / ") };
            // its environment comes first, as NAME="..."
            let is_program = |word: &&str| word.starts_with('"');
            let program = cmd.split_whitespace().find(is_program).unwrap_or("itself").trim_matches('"');
            format!("the credential plugin {program} ends with {}: {last}", out.status)
        }
        AuthError::AuthExecStart(e) => format!("the credential plugin does not start: {e}"),
        AuthError::AuthExecParse(_) => "the credential plugin prints no ExecCredential".to_owned(),
        other => other.to_string(),
    };
    redact_message(&text, MAX_TEXT_CHARS)
}

/// Of what a plug-in says before it ends.
const MAX_COMPLAINT_LINES: usize = 3;

/// In characters; admission webhooks explain at length.
const MAX_TEXT_CHARS: usize = 600;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_certificates_are_dates() {
        let time = |seconds| UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
        let expired =
            CertificateError::ExpiredContext { time: time(1_764_547_200), not_after: time(1_763_510_400) };
        let failure = ApiFailure::from_tls_error(&rustls::Error::InvalidCertificate(expired)).to_string();
        assert!(failure.starts_with(EXPIRED_SERVER_CERTIFICATE), "{failure}");
        assert!(failure.contains("expired on 2025-11-19T00:00:00Z"), "{failure}");
        let other = rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer);
        assert!(ApiFailure::from_tls_error(&other).to_string().starts_with("TLS with the API server fails"));
    }

    #[test]
    fn a_missing_plugin_is_named_with_its_install_hint() {
        let plugin: ExecConfig = serde_json::from_value(serde_json::json!({
            "command": "gke-gcloud-auth-plugin", "installHint": "Install it with gcloud.\n", "interactiveMode": "Never"}))
        .unwrap();
        let missing = std::io::Error::new(std::io::ErrorKind::NotFound, "No such file or directory");
        let error = kube::Error::Auth(AuthError::AuthExecStart(missing));
        let text = ApiFailure::from_login_error(&error, Some(&plugin)).to_string();
        assert!(text.contains("plugin gke-gcloud-auth-plugin does not start"), "{text}");
        assert!(text.contains("The kubeconfig says: Install it with gcloud."), "{text}");
    }
}
