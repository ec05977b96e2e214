//! How each client reads a skip range.
//!
//! None of them looks a name up: an entry that is a network or an address exempts only URLs with an address in them. That is
//! why nothing here takes the address that a host resolves to. Sources, read 2026-11:
//!
//! - Go: golang.org/x/net/http/httpproxy, `Config.NoProxy` and `ProxyFunc`. Networks, addresses, names with what is below
//!   them, ports, `*` anywhere; this machine is always exempt. `*.` is taken like a leading dot.
//! - Python requests: psf/requests `utils.should_bypass_proxies`, 2.34. IPv4 networks of 1 to 32 bits, else the end of the
//!   name at a dot, else what urllib says. Older releases compare ends of names without the dot (psf/requests#4795).
//! - Python urllib: Python 3, `urllib.request.proxy_bypass_environment`. The end of what stands in the URL at a dot, leading
//!   dots ignored; a port only where the URL has one; `*` alone; no networks.
//! - .NET: dotnet/runtime `HttpEnvironmentProxy`; learn.microsoft.com, `HttpClient.DefaultProxy`. A name stands for itself
//!   only, with a leading dot for what is below and for itself too (the page denies the latter, the source does it); no `*`,
//!   no ports. Networks only after dotnet/runtime#131397 (merged 2026-07), too late for what agents are built with.
//! - curl: curl.se, `CURLOPT_NOPROXY`. Networks since 7.86, the end of the name at a dot, leading dots ignored; `*` alone;
//!   no ports. Since curl/curl#13789 (2024) a blank without a comma ends the list. IPv6 was compared as text before
//!   curl/curl#19828 (2025-12); here it is as documented.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

use super::skip_range::{DomainScope, SkipRange, SkipRangeEntry, SkipRangeEntryKind, parse_network};
use crate::model::host_port::HostPort;

/// A kind of program that takes part in connecting a cluster.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Client {
    /// The agents, helm, kubectl; containerd and CRI-O.
    Go,
    /// az and the Azure SDK for Python.
    PythonRequests,
    /// Python without requests.
    PythonUrllib,
    /// Programs on .NET.
    DotNet,
    /// curl and what is built on libcurl.
    Curl,
}

/// Why a client goes around the proxy.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Bypass<'a> {
    /// An entry says so.
    Entry(&'a SkipRangeEntry),
    /// The host is this machine, which Go never reaches through a proxy.
    ThisMachine,
}

impl Client {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Go, Self::PythonRequests, Self::PythonUrllib, Self::DotNet, Self::Curl];

    /// Why this client goes around the proxy to a host; `None` where it takes the proxy. `host` is a name, or an address
    /// without brackets. A port of 80 or 443 is taken as one that the URL does not write out.
    pub fn bypass_reason<'a>(self, range: &'a SkipRange, host: &str, port: u16) -> Option<Bypass<'a>> {
        let host = host.to_ascii_lowercase();
        let entry = match self {
            Self::Go if is_this_machine(&host) => return Some(Bypass::ThisMachine),
            Self::Go => match_go(range, &host, port),
            Self::PythonRequests => match_python_requests(range, &host, port),
            Self::PythonUrllib => match_python_urllib(range, &as_in_url(&host, port).to_string()),
            Self::DotNet => match_dot_net(range, &HostPort { host: &host, port: None }.to_string()),
            Self::Curl => match_curl(range, &host),
        };
        entry.map(Bypass::Entry)
    }
}

impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Go => "the agents (Go)",
            Self::PythonRequests => "az (Python requests)",
            Self::PythonUrllib => "Python urllib",
            Self::DotNet => ".NET programs",
            Self::Curl => "curl",
        })
    }
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn match_go<'a>(range: &'a SkipRange, host: &str, port: u16) -> Option<&'a SkipRangeEntry> {
    let address: Option<IpAddr> = host.parse().ok();
    let is_port = |wanted: Option<u16>| wanted.is_none_or(|p| p == port);
    range.entries().iter().find(|entry| match &entry.kind {
        SkipRangeEntryKind::All => true,
        SkipRangeEntryKind::Network(network) => address.is_some_and(|a| network.contains(&a)),
        SkipRangeEntryKind::Address { ip, port } => address == Some(*ip) && is_port(*port),
        SkipRangeEntryKind::Domain { name, scope: covers, port } => {
            let is_same = *covers == DomainScope::DomainAndSubdomains && host == name;
            address.is_none() && (is_same || is_subdomain(host, name)) && is_port(*port)
        }
        SkipRangeEntryKind::Unusable => false,
    })
}

/// IPv6 is text here, and without brackets.
fn match_python_requests<'a>(range: &'a SkipRange, host: &str, port: u16) -> Option<&'a SkipRangeEntry> {
    let address = host.parse::<Ipv4Addr>().ok();
    let with_port = match as_in_url(host, port).port {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    };
    let matches = |entry: &&SkipRangeEntry| {
        let text = entry.text.to_ascii_lowercase().replace(' ', "");
        match address {
            Some(ip) => {
                text == host
                    || parse_network(&text).is_some_and(|n| n.prefix_len() > 0 && n.contains(&IpAddr::V4(ip)))
            }
            None => matches_python_suffix(host, &text) || matches_python_suffix(&with_port, &text),
        }
    };
    range.entries().iter().find(matches).or_else(|| match_python_urllib(range, host))
}

/// The authority is the part of the URL with the host and, if written out, the port.
fn match_python_urllib<'a>(range: &'a SkipRange, authority: &str) -> Option<&'a SkipRangeEntry> {
    if range.value() == "*" {
        return range.entries().first();
    }
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => authority,
    };
    let matches = |entry: &&SkipRangeEntry| {
        let text = entry.text.to_ascii_lowercase();
        matches_python_suffix(host, &text) || matches_python_suffix(authority, &text)
    };
    range.entries().iter().find(matches)
}

fn match_dot_net<'a>(range: &'a SkipRange, host: &str) -> Option<&'a SkipRangeEntry> {
    let matches = |entry: &&SkipRangeEntry| {
        let text = entry.text.to_ascii_lowercase();
        match text.strip_prefix('.') {
            Some(name) => host == name || host.ends_with(&text),
            None => host == text,
        }
    };
    range.entries().iter().find(matches)
}

fn match_curl<'a>(range: &'a SkipRange, host: &str) -> Option<&'a SkipRangeEntry> {
    if range.value() == "*" {
        return range.entries().first();
    }
    let address: Option<IpAddr> = host.parse().ok();
    let host = host.strip_suffix('.').unwrap_or(host);
    for entry in range.entries() {
        let mut words = entry.text.split_ascii_whitespace();
        let word = words.next().unwrap_or_default().to_ascii_lowercase();
        if address.map_or_else(|| matches_curl_name(host, &word), |a| matches_curl_address(a, &word)) {
            return Some(entry);
        }
        if words.next().is_some() {
            return None;
        }
    }
    None
}

fn matches_curl_name(host: &str, word: &str) -> bool {
    let name = word.strip_suffix('.').unwrap_or(word);
    let name = name.strip_prefix('.').unwrap_or(name);
    host == name || is_subdomain(host, name)
}

/// No bits are all bits to curl, so `0.0.0.0/0` is the address 0.0.0.0 only.
fn matches_curl_address(address: IpAddr, word: &str) -> bool {
    match word.split_once('/') {
        Some((front, "0")) => front.parse() == Ok(address),
        Some(_) => parse_network(word).is_some_and(|network| network.contains(&address)),
        None => word.parse() == Ok(address),
    }
}

/// Python's way: any number of leading dots is ignored, and the name stands for itself and what is below.
fn matches_python_suffix(host: &str, entry: &str) -> bool {
    let name = entry.trim_start_matches('.');
    host == name || is_subdomain(host, name)
}

fn is_subdomain(host: &str, name: &str) -> bool {
    host.strip_suffix(name).is_some_and(|front| front.ends_with('.'))
}

/// The authority of a URL, which writes out only unusual ports.
fn as_in_url(host: &str, port: u16) -> HostPort<'_> {
    HostPort::new(host, port).without_port(80).without_port(443)
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
