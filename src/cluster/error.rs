//! What an API server, or the way to it, answers instead of doing what was asked.

use std::error::Error as _;

use kube::core::Status;

use super::dialer::DialError;
use crate::analysis::connectivity::redact::redact_message;
use crate::model::evidence::{Failure, sanitize};

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
                return Self::Tls(sanitize(&tls, MAX_TEXT_CHARS));
            }
            source = link.source();
        }
        match broken {
            Some(e) => Self::ConnectionLost(redact_message(&e.to_string(), MAX_TEXT_CHARS)),
            None => Self::Other(redact_message(&innermost_message(error), MAX_TEXT_CHARS)),
        }
    }
}

/// rustls reports through `io::Error`, which hides it from `source`, and the connector wraps that in one more.
fn find_rustls_error(error: &(dyn std::error::Error + 'static)) -> Option<String> {
    let mut link = error;
    loop {
        if let Some(tls) = link.downcast_ref::<rustls::Error>() {
            return Some(tls.to_string());
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
    use kube::client::AuthError;
    let text = match error {
        AuthError::AuthExecRun { cmd, out } => {
            let complaint = String::from_utf8_lossy(&out.stderr);
            let last = complaint.lines().rev().find(|l| !l.trim().is_empty()).unwrap_or("it says nothing");
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

/// In characters; admission webhooks explain at length.
const MAX_TEXT_CHARS: usize = 600;
