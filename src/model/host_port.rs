//! A host and a port as one text: the one place that knows the brackets around IPv6 addresses (RFC 3986 3.2.2).

use std::fmt;
use std::net::Ipv6Addr;

use crate::model::rules::scalars::check_host_name;

/// A name, or an address without brackets, and the port where one is written out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HostPort<'a> {
    /// Not checked: whatever stands there.
    pub host: &'a str,
    /// `None` leaves the colon out, too.
    pub port: Option<u16>,
}

impl<'a> HostPort<'a> {
    /// A host with a port.
    pub fn new(host: &'a str, port: u16) -> Self {
        Self { host, port: Some(port) }
    }

    /// Leaves out a port that goes without saying.
    #[must_use]
    pub fn without_port(self, usual: u16) -> Self {
        Self { port: self.port.filter(|port| *port != usual), ..self }
    }

    /// Reads `host`, `host:port`, `[fd00::1]`, `[fd00::1]:port` or `fd00::1`.
    pub fn parse(text: &'a str) -> Option<Self> {
        if text.parse::<Ipv6Addr>().is_ok() {
            return Some(Self { host: text, port: None });
        }
        let (host, after) = match text.strip_prefix('[') {
            Some(inner) => inner.split_once(']')?,
            None => text.split_at(text.find(':').unwrap_or(text.len())),
        };
        let port = if after.is_empty() { None } else { Some(parse_port(after.strip_prefix(':')?)?) };
        Some(Self { host, port })
    }
}

impl fmt::Display for HostPort<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host {
            host if host.contains(':') => write!(f, "[{host}]")?,
            host => f.write_str(host)?,
        }
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

/// The parser of numbers would take a sign.
fn parse_port(digits: &str) -> Option<u16> {
    digits.parse().ok().filter(|port| *port > 0 && !digits.starts_with('+'))
}

/// Whether a text is a name that a host can have, with or without the dot of the root. What ends in a number is a piece of
/// an address (WHATWG URL, "ends in a number").
pub fn is_host_name(text: &str) -> bool {
    let bare = text.strip_suffix('.').unwrap_or(text);
    let is_number = |label: &str| label.bytes().all(|b| b.is_ascii_digit());
    // RFC 1123 has no dash at the ends of a label; the agents and resolvers take it
    check_host_name(&bare.replace('-', "x")).is_ok() && !bare.rsplit('.').next().is_some_and(is_number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_ports_are_parsed_and_shown() {
        let table = [
            ("proxy", Some(("proxy", None)), "proxy"),
            ("proxy:3128", Some(("proxy", Some(3128))), "proxy:3128"),
            ("10.0.0.1:80", Some(("10.0.0.1", Some(80))), "10.0.0.1:80"),
            ("[fd00::1]:443", Some(("fd00::1", Some(443))), "[fd00::1]:443"),
            ("[fd00::1]", Some(("fd00::1", None)), "[fd00::1]"),
            ("fd00::1", Some(("fd00::1", None)), "[fd00::1]"),
            (":80", Some(("", Some(80))), ":80"),
            ("", Some(("", None)), ""),
            ("proxy:", None, ""),
            ("proxy:0", None, ""),
            ("proxy:+80", None, ""),
            ("proxy:65536", None, ""),
            ("a:b:80", None, ""),
            ("[fd00::1", None, ""),
            ("[fd00::1]80", None, ""),
        ];
        for (text, parts, shown) in table {
            let parsed = HostPort::parse(text);
            assert_eq!(parsed.map(|p| (p.host, p.port)), parts, "{text}");
            assert_eq!(parsed.map(|p| p.to_string()).unwrap_or_default(), shown, "{text}");
        }
    }

    #[test]
    fn a_usual_port_can_be_left_out() {
        let target = HostPort::new("fd00::1", 443);
        assert_eq!(target.without_port(443).to_string(), "[fd00::1]");
        assert_eq!(target.without_port(80).to_string(), "[fd00::1]:443");
    }

    #[test]
    fn host_names_are_told_from_other_text() {
        for name in
            ["a", "a.example", "-a-.example", "A_1.b-c.example.", "xn--mnchen-3ya.example", "10.in-addr"]
        {
            assert!(is_host_name(name), "{name}");
        }
        for text in ["", ".", "a..b", "a.*", "10.0.0", "10.0.0.1", "a b", "m\u{fc}nchen", "a:1", "a/b"] {
            assert!(!is_host_name(text), "{text}");
        }
        assert!(!is_host_name(&"a".repeat(64)) && !is_host_name(&"a.".repeat(128)));
    }
}
