//! The URL of something on the web, as it is typed.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

use http::HeaderValue;
use reqwest::Url;

use crate::model::secret::Secret;
use crate::probe::net::to_sensitive_header;
use crate::proxy::encode_basic_credentials;

/// An http or https URL. Formatting never shows user info, query or fragment, and for a webhook not the path either: all of
/// them may be secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct WebUrl {
    /// Without user info and fragment.
    url: Url,
    credentials: Option<Secret>,
    hides_path: bool,
}

/// Why a text is no such URL. It never repeats the text.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages speak for themselves")]
pub enum WebUrlError {
    #[error("this is no URL; write it as https://HOST/PATH")]
    Malformed,
    #[error("its scheme is neither http nor https")]
    Scheme,
    #[error("the user name or password in it cannot be used; write what is no letter or digit as %XX")]
    Credentials,
}

impl WebUrl {
    /// Reads a URL.
    ///
    /// # Errors
    /// It is no URL, its scheme is another one, or its user info cannot be sent.
    pub fn parse(text: &str) -> Result<Self, WebUrlError> {
        Self::of(Url::parse(text.trim()).map_err(|_| WebUrlError::Malformed)?)
    }

    fn of(mut url: Url) -> Result<Self, WebUrlError> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(WebUrlError::Scheme);
        }
        let user_info = match url.password() {
            Some(password) => format!("{}:{password}", url.username()),
            None => url.username().to_owned(),
        };
        let credentials = encode_basic_credentials(&user_info).map_err(|_| WebUrlError::Credentials)?;
        let without = url.set_username("").and_then(|()| url.set_password(None));
        without.map_err(|()| WebUrlError::Malformed)?;
        url.set_fragment(None);
        Ok(Self { url, credentials, hides_path: false })
    }

    /// The same, and its path is not shown either.
    #[must_use]
    pub fn with_hidden_path(self) -> Self {
        Self { hides_path: true, ..self }
    }

    /// A name in lower case, or an address without brackets.
    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default().trim_matches(['[', ']'])
    }

    /// The port, given or usual.
    pub fn port(&self) -> u16 {
        self.url.port_or_known_default().unwrap_or_default()
    }

    /// The path, for the wire.
    pub fn path(&self) -> &str {
        self.url.path()
    }

    /// Whether it is fetched over TLS.
    pub fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// Whether it is on this machine.
    pub fn is_loopback(&self) -> bool {
        self.host() == "localhost" || self.host().parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }

    /// Whether there are a user name and a password in it.
    pub fn has_credentials(&self) -> bool {
        self.credentials.is_some()
    }

    /// The value of `Authorization`, marked so that no library prints it.
    pub(super) fn authorization(&self) -> Option<HeaderValue> {
        to_sensitive_header(self.credentials.as_ref()?)
    }

    /// `host` or `host:port`, as `Host` carries it.
    pub(super) fn authority(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        self.url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// For the wire, at another port where there is one.
    pub(super) fn at_port(&self, port: Option<u16>) -> Url {
        let mut url = self.url.clone();
        if port.is_some() {
            // only a URL without a host refuses a port
            let _ = url.set_port(port);
        }
        url
    }

    /// What a redirection leads to. User info in it is no credential of ours, and ours stay with the server that they are for.
    pub(super) fn join(&self, location: &str) -> Option<Self> {
        let next = Self::of(self.url.join(location).ok()?).ok()?;
        let is_same = next.url.origin() == self.url.origin();
        let credentials = self.credentials.clone().filter(|_| is_same);
        Some(Self { credentials, hides_path: self.hides_path, ..next })
    }
}

/// The path that a `file:` URL names.
pub fn parse_file_url(text: &str) -> Option<PathBuf> {
    Url::parse(text).ok()?.to_file_path().ok()
}

impl fmt::Display for WebUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.url.scheme(), self.authority())?;
        if self.hides_path { Ok(()) } else { f.write_str(self.url.path()) }
    }
}

impl fmt::Debug for WebUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_shown() {
        let url = WebUrl::parse(" https://me:hunter2@Hooks.example:8443/T0K/x?sig=hunter3#hunter4 ").unwrap();
        assert_eq!(url.to_string(), "https://hooks.example:8443/T0K/x");
        let hook = url.clone().with_hidden_path();
        assert_eq!(format!("{hook} {hook:?}"), "https://hooks.example:8443 https://hooks.example:8443");
        assert_eq!(url.at_port(None).as_str(), "https://hooks.example:8443/T0K/x?sig=hunter3");
        assert_eq!(url.at_port(Some(443)).as_str(), "https://hooks.example/T0K/x?sig=hunter3");
        assert!(url.has_credentials());
        let header = url.authorization().unwrap();
        assert_eq!(header, "Basic bWU6aHVudGVyMg==");
        assert!(!format!("{header:?} {url:?}").contains("bWU6"));
    }

    #[test]
    fn what_is_no_url_is_not_repeated() {
        let table = [
            ("", WebUrlError::Malformed),
            ("page.html", WebUrlError::Malformed),
            ("https://", WebUrlError::Malformed),
            ("ftp://a.example", WebUrlError::Scheme),
            ("https://a%zz:x@a.example", WebUrlError::Credentials),
        ];
        for (text, error) in table {
            assert_eq!(WebUrl::parse(text).unwrap_err(), error, "{text}");
        }
    }

    #[test]
    fn credentials_stay_with_their_server() {
        let url = WebUrl::parse("https://me:pw@a.example/x/y").unwrap();
        let follows =
            |location: &str| url.join(location).map(|next| (next.to_string(), next.has_credentials()));
        let table = [
            ("z?q", Some(("https://a.example/x/z", true))),
            ("//b.example/z", Some(("https://b.example/z", false))),
            ("https://you:pw@b.example", Some(("https://b.example/", false))),
            ("http://a.example", Some(("http://a.example/", false))),
            ("file:///etc/passwd", None),
        ];
        for (location, expected) in table {
            let expected = expected.map(|(next, has)| (next.to_owned(), has));
            assert_eq!(follows(location), expected, "{location}");
        }
    }

    #[test]
    fn addresses_have_no_brackets() {
        let url = WebUrl::parse("http://[::1]:9091/metrics").unwrap();
        assert_eq!((url.host(), url.port(), url.authority().as_str()), ("::1", 9091, "[::1]:9091"));
        assert_eq!(WebUrl::parse("http://a.example").unwrap().port(), 80);
    }
}
