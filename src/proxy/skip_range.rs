//! The list of hosts that are reached without the proxy: `--proxy-skip-range`, `NO_PROXY`.
//!
//! There is no standard for it. What an entry is, is told here as Go reads it, for the agents are Go programs
//! (golang.org/x/net/http/httpproxy, documentation of `Config.NoProxy`, 2026-11); other clients go by the text.

mod keyword;
mod problem;

use std::net::IpAddr;

use ipnet::IpNet;

use crate::model::evidence::mark_user_info;
use crate::model::host_port::{HostPort, is_host_name};

pub(super) use keyword::expand_keywords;
pub use problem::{SkipRangeProblem, SkipRangeProblemKind};

/// A value, split at its commas.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SkipRange {
    value: String,
    entries: Vec<SkipRangeEntry>,
}

/// One entry.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SkipRangeEntry {
    /// As it was typed, without blanks around; never empty.
    pub text: String,
    /// What it is to the agents.
    pub kind: SkipRangeEntryKind,
}

/// What an entry is to the agents.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SkipRangeEntryKind {
    /// `*`: everything.
    All,
    /// `10.0.0.0/8`; host bits may be set.
    Network(IpNet),
    /// `10.0.0.1`, `10.0.0.1:6443`, `::1`, `[::1]:6443`.
    Address {
        /// The address.
        ip: IpAddr,
        /// The only port that it is about.
        port: Option<u16>,
    },
    /// `example.com`, `.example.com`, `*.example.com`, each with or without a port.
    Domain {
        /// In lower case, without what marks it as a suffix.
        name: String,
        /// The name itself, what is below it, or both.
        scope: DomainScope,
        /// The only port that it is about.
        port: Option<u16>,
    },
    /// Nothing that could match a host.
    Unusable,
}

impl SkipRangeEntry {
    /// Whether it names the machine itself: localhost, 127.0.0.0/8, `::1`.
    pub fn is_this_machine(&self) -> bool {
        match &self.kind {
            SkipRangeEntryKind::Network(network) => network.addr().is_loopback(),
            SkipRangeEntryKind::Address { ip, .. } => ip.is_loopback(),
            SkipRangeEntryKind::Domain { name, .. } => name == "localhost",
            SkipRangeEntryKind::All | SkipRangeEntryKind::Unusable => false,
        }
    }

    /// Whether any client reads it as meant, and it leaves something to the proxy.
    pub fn is_usable(&self) -> bool {
        !matches!(self.kind, SkipRangeEntryKind::All | SkipRangeEntryKind::Unusable)
    }
}

/// What a domain stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DomainScope {
    /// The name and everything below: no mark.
    DomainAndSubdomains,
    /// Only what is below: a leading dot, or `*.`.
    SubdomainsOnly,
}

impl DomainScope {
    /// What stands before the name.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::DomainAndSubdomains => "",
            Self::SubdomainsOnly => ".",
        }
    }
}

impl SkipRange {
    /// Reads a value; [`SkipRange::find_problems`] names whatever is wrong with it. What is beyond the length of any
    /// variable that a program can be started with is left out.
    pub fn parse(value: &str) -> Self {
        let value = match value.char_indices().find(|(at, c)| at + c.len_utf8() > MAX_VALUE_BYTES) {
            Some((at, _)) => value[..at].rsplit_once(',').map_or("", |(whole, _)| whole),
            None => value,
        };
        // a URL is no entry, but people write them, and entries are shown; nothing with an `@` matches any host
        let entries = value.split(',');
        let entries =
            entries.map(|text| mark_user_info(text, "[hidden]@").unwrap_or_else(|| text.to_owned()));
        let value = entries.collect::<Vec<_>>().join(",");
        let texts = value.split(',').map(str::trim).filter(|text| !text.is_empty());
        let entries =
            texts.map(|text| SkipRangeEntry { text: text.to_owned(), kind: parse_entry(text) }).collect();
        Self { value, entries }
    }

    /// As it was typed, but for the user info of URLs.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// In the order of the value; empty ones are left out.
    pub fn entries(&self) -> &[SkipRangeEntry] {
        &self.entries
    }

    /// What is wrong with it by its looks, in the order of the value.
    pub fn find_problems(&self) -> Vec<SkipRangeProblem> {
        problem::find_problems(self)
    }

    /// The value as it was probably meant, in a form that as many clients as possible read alike.
    pub fn corrected_value(&self) -> String {
        problem::correct_value(self)
    }
}

/// In bytes: Linux starts no program with a longer variable or argument (execve(2), `MAX_ARG_STRLEN`).
const MAX_VALUE_BYTES: usize = 128 * 1024;

fn parse_entry(text: &str) -> SkipRangeEntryKind {
    let lower = text.to_ascii_lowercase();
    if lower == "*" {
        return SkipRangeEntryKind::All;
    }
    if let Some(network) = parse_network(&lower) {
        return SkipRangeEntryKind::Network(network);
    }
    let HostPort { host, port } = split_port(&lower);
    match host.parse() {
        Ok(ip) => SkipRangeEntryKind::Address { ip, port },
        Err(_) => parse_domain(host, port),
    }
}

/// CIDR notation (RFC 4632, RFC 4291 2.3). The crate's own parser takes `010.0.0.0/8`, which Go and curl do not.
pub(super) fn parse_network(text: &str) -> Option<IpNet> {
    let (address, bits) = text.split_once('/')?;
    let bits = bits.parse().ok().filter(|_| !bits.starts_with('+'))?;
    IpNet::new(address.parse().ok()?, bits).ok()
}

/// An IPv6 address needs brackets to have a port; in brackets without a port no client but .NET and urllib takes it.
fn split_port(text: &str) -> HostPort<'_> {
    let parsed = HostPort::parse(text).filter(|parsed| parsed.port.is_some());
    parsed.unwrap_or(HostPort { host: text, port: None })
}

fn parse_domain(text: &str, port: Option<u16>) -> SkipRangeEntryKind {
    let below = text.strip_prefix("*.").or_else(|| text.strip_prefix('.'));
    let name = below.unwrap_or(text);
    if !is_host_name(name) {
        return SkipRangeEntryKind::Unusable;
    }
    let covers = if below.is_some() { DomainScope::SubdomainsOnly } else { DomainScope::DomainAndSubdomains };
    SkipRangeEntryKind::Domain { name: name.to_owned(), scope: covers, port }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn domain_entry(name: &str, covers: DomainScope, port: Option<u16>) -> SkipRangeEntryKind {
        SkipRangeEntryKind::Domain { name: name.into(), scope: covers, port }
    }

    #[test]
    fn entries_are_parsed_as_go_parses_them() {
        let ip = |text: &str, port| SkipRangeEntryKind::Address { ip: text.parse().unwrap(), port };
        let table = [
            ("*", SkipRangeEntryKind::All),
            ("10.0.0.0/8", SkipRangeEntryKind::Network("10.0.0.0/8".parse().unwrap())),
            ("fd00::/8", SkipRangeEntryKind::Network("fd00::/8".parse().unwrap())),
            ("10.0.0.1", ip("10.0.0.1", None)),
            ("10.0.0.1:6443", ip("10.0.0.1", Some(6443))),
            ("::1", ip("::1", None)),
            ("[::1]:6443", ip("::1", Some(6443))),
            ("Example.COM", domain_entry("example.com", DomainScope::DomainAndSubdomains, None)),
            (".svc", domain_entry("svc", DomainScope::SubdomainsOnly, None)),
            ("*.svc", domain_entry("svc", DomainScope::SubdomainsOnly, None)),
            ("example.com:8084", domain_entry("example.com", DomainScope::DomainAndSubdomains, Some(8084))),
            (".example.com:8084", domain_entry("example.com", DomainScope::SubdomainsOnly, Some(8084))),
            ("example.com.", domain_entry("example.com.", DomainScope::DomainAndSubdomains, None)),
            ("[::1]", SkipRangeEntryKind::Unusable),
            ("10.*", SkipRangeEntryKind::Unusable),
            ("10.96.", SkipRangeEntryKind::Unusable),
            ("10.0.0.0/33", SkipRangeEntryKind::Unusable),
            ("10.0/16", SkipRangeEntryKind::Unusable),
            ("a.*.com", SkipRangeEntryKind::Unusable),
            ("https://example.com", SkipRangeEntryKind::Unusable),
            ("a.com b.com", SkipRangeEntryKind::Unusable),
            ("example.com:https", SkipRangeEntryKind::Unusable),
            ("m\u{fc}nchen.example", SkipRangeEntryKind::Unusable),
            (".", SkipRangeEntryKind::Unusable),
        ];
        for (text, kind) in table {
            assert_eq!(super::parse_entry(text), kind, "{text}");
        }
    }

    #[test]
    fn networks_are_parsed_as_the_agents_parse_them() {
        let table = [
            ("10.1.2.3/8", Some(("10.255.255.255", "11.0.0.0"))),
            ("10.96.0.0/12", Some(("10.111.255.255", "10.112.0.0"))),
            ("0.0.0.0/0", Some(("203.0.113.9", "::1"))),
            ("10.0.0.1/32", Some(("10.0.0.1", "10.0.0.2"))),
            ("fd00::/8", Some(("fdff::1", "fe00::1"))),
            ("::/0", Some(("fe80::1", "10.0.0.1"))),
            ("::1/128", Some(("::1", "::2"))),
            ("10.0.0.0", None),
            ("10.0/8", None),
            ("10.0.0.0/33", None),
            ("::/129", None),
            ("10.0.0.0/+8", None),
            ("10.0.0.0/", None),
            ("x/8", None),
            ("010.0.0.0/8", None),
        ];
        for (text, addresses) in table {
            let holds = parse_network(text).zip(addresses).map(|(network, (inside, outside))| {
                (network.contains(&address(inside)), network.contains(&address(outside)))
            });
            assert_eq!(holds, addresses.map(|_| (true, false)), "{text}");
            assert_eq!(parse_network(text).is_some(), addresses.is_some(), "{text}");
        }
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn empty_entries_are_left_out() {
        let range = SkipRange::parse(" a.example , ,,10.0.0.1,");
        assert_eq!(
            range.entries().iter().map(|e| e.text.as_str()).collect::<Vec<_>>(),
            ["a.example", "10.0.0.1"]
        );
        assert!(SkipRange::parse("").entries().is_empty());
    }

    #[test]
    fn the_user_info_of_a_url_is_redacted() {
        let range = SkipRange::parse("a.example, https://user:secret@b.example/,user:secret@c.example");
        assert_eq!(range.value(), "a.example, https://[hidden]@b.example/,[hidden]@c.example");
        assert!(!format!("{range:?}").contains("secret"));
        assert_eq!(range.corrected_value(), "a.example,b.example,c.example");
    }
}
