//! The URL of a proxy, as it is typed in `--proxy-https` or stands in `HTTPS_PROXY`.

use std::fmt;
use std::net::IpAddr;

use serde::{Serialize, Serializer};

use super::pac::is_pac_address;
use super::url_error::{UrlAdvice, UrlError};
use super::user_info::parse_credentials;
use crate::model::host_port::{HostPort, is_host_name};
use crate::model::run_flags::CREDENTIALS;
use crate::model::secret::Secret;
use crate::model::words::words;

/// Where a proxy is. Neither formatting nor serialising shows the user info.
#[derive(Clone, PartialEq, Eq)]
pub struct ProxyUrl {
    scheme: ProxyScheme,
    host: String,
    port: u16,
    authorization: Option<Secret>,
    text: Secret,
}

/// How one speaks with the proxy itself, whatever is fetched through it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ProxyScheme {
    /// In plain text.
    Http,
    /// Over TLS.
    Https,
}

words!(ProxyScheme::as_str { Http = "http", Https = "https" });

impl ProxyScheme {
    /// As Go (`net/http`), .NET and Python have it. curl takes 1080 for http; the agents decide.
    fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

impl ProxyUrl {
    /// Reads a URL, with what is worth saying about one that can be used.
    ///
    /// # Errors
    ///
    /// The agents could not use it. The error never repeats the text.
    pub fn parse(text: &str) -> Result<(Self, Vec<UrlAdvice>), UrlError> {
        reject_blanks(text)?;
        if is_pac_address(text) {
            return Err(UrlError::Pac);
        }
        let mut advice = Vec::new();
        let (scheme, rest) = split_scheme(text, &mut advice)?;
        let (user_info, rest) = rest.rsplit_once('@').unwrap_or(("", rest));
        let authorization = parse_credentials(user_info, &mut advice)?;
        let (authority, tail) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let (host, port) = parse_host_and_port(authority)?;
        if port.is_none() {
            advice.push(UrlAdvice::PortMissing);
        }
        if !matches!(tail, "" | "/") {
            advice.push(UrlAdvice::PathIgnored);
        }
        let port = port.unwrap_or(scheme.default_port());
        Ok((Self { scheme, host, port, authorization, text: Secret::new(text) }, advice))
    }

    /// How one speaks with the proxy itself.
    pub fn scheme(&self) -> ProxyScheme {
        self.scheme
    }

    /// A name in lower case, or an address without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The host, where it is an address and needs no lookup.
    pub fn address(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }

    /// Whether it names whatever machine uses it: in a pod the pod, on a node the node.
    pub fn is_loopback(&self) -> bool {
        let is_name = self.host == "localhost" || self.host.ends_with(".localhost");
        is_name || self.address().is_some_and(|ip| ip.to_canonical().is_loopback() || ip.is_unspecified())
    }

    /// For a command about the cluster, with placeholders for credentials, and for the address where it names this machine.
    pub fn for_cluster(&self) -> String {
        let text = self.with_placeholders();
        if self.is_loopback() {
            return text.replacen(&HostPort::new(&self.host, self.port).to_string(), "PROXY:PORT", 1);
        }
        text
    }

    /// The port, given or usual.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// As it was given, for an agent that has to go the same way.
    pub fn text(&self) -> &Secret {
        &self.text
    }

    /// For a command that is pasted: placeholders take the place of credentials, which would end up in the history of the shell.
    pub fn with_placeholders(&self) -> String {
        let user_info = if self.authorization.is_some() { CREDENTIALS } else { "" };
        self.to_string().replacen("://", &format!("://{user_info}"), 1)
    }

    /// The value of `Proxy-Authorization`, where there are credentials in the URL.
    pub fn authorization(&self) -> Option<&Secret> {
        self.authorization.as_ref()
    }
}

/// `scheme://host:port`.
impl fmt::Display for ProxyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme.as_str(), HostPort::new(&self.host, self.port))
    }
}

impl fmt::Debug for ProxyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for ProxyUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Blanks around are an error too: az hands them on, and Go then refuses the URL (`net/url`: first path segment).
fn reject_blanks(text: &str) -> Result<(), UrlError> {
    let is_blank = |c: char| c.is_whitespace() || c.is_control();
    match text.trim_matches(is_blank) {
        "" => Err(UrlError::Empty),
        inner if inner.len() < text.len() => Err(UrlError::BlankAround),
        inner if inner.contains(is_blank) => Err(UrlError::Blank),
        _ => Ok(()),
    }
}

fn split_scheme<'a>(text: &'a str, advice: &mut Vec<UrlAdvice>) -> Result<(ProxyScheme, &'a str), UrlError> {
    let is_word = |word: &str| word.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
    let Some((word, rest)) = text.split_once("://").filter(|(word, _)| is_word(word)) else {
        let lower = text.to_ascii_lowercase();
        if lower.starts_with("http:/") || lower.starts_with("https:/") {
            return Err(UrlError::Slashes);
        }
        advice.push(UrlAdvice::SchemeMissing);
        return Ok((ProxyScheme::Http, text));
    };
    match word.to_ascii_lowercase().as_str() {
        "http" => Ok((ProxyScheme::Http, rest)),
        "https" => Ok((ProxyScheme::Https, rest)),
        word if word.starts_with("socks") => Err(UrlError::Socks),
        _ => Err(UrlError::Scheme),
    }
}

/// An address in its usual form, or a name in lower case.
fn parse_host_and_port(authority: &str) -> Result<(String, Option<u16>), UrlError> {
    let is_bracketed = authority.starts_with('[');
    let Some(HostPort { host, port }) = HostPort::parse(authority) else {
        let is_open = is_bracketed && !authority.contains(']');
        return Err(if is_open { UrlError::Host } else { UrlError::Port });
    };
    match host.parse::<IpAddr>() {
        Ok(IpAddr::V6(_)) if !is_bracketed => Err(UrlError::Ipv6WithoutBrackets),
        Ok(ip) if ip.is_ipv6() == is_bracketed => Ok((ip.to_string(), port)),
        Err(_) if host.is_empty() && !is_bracketed => Err(UrlError::HostMissing),
        Err(_) if is_host_name(host) && !is_bracketed => Ok((host.to_ascii_lowercase(), port)),
        _ => Err(UrlError::Host),
    }
}

#[cfg(test)]
#[path = "url_tests.rs"]
mod tests;
