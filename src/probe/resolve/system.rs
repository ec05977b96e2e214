//! What this machine is configured with: DNS servers and the search list.

use std::collections::HashSet;
use std::net::SocketAddr;

use hickory_resolver::config::{ResolverConfig, ResolverOpts};
use hickory_resolver::system_conf::read_system_conf;

use crate::model::evidence::DnsTransport;

/// The configuration of the system's resolver.
pub(crate) struct SystemResolverConfig {
    pub(crate) servers: Vec<SocketAddr>,
    pub(super) origin: &'static str,
    pub(crate) search: SearchList,
    /// What questions travel over first.
    pub(super) transport: DnsTransport,
}

impl SystemResolverConfig {
    /// Reads it; what cannot be read counts as empty.
    pub(super) fn read() -> Self {
        let from =
            if cfg!(any(windows, target_os = "macos")) { "system settings" } else { "/etc/resolv.conf" };
        let config = match read_system_conf() {
            Ok((config, options)) => Self::from_config(&config, &options, from),
            Err(_) => Self::without_servers(from),
        };
        Self { transport: read_transport(), ..config }
    }

    pub(crate) fn from_config(config: &ResolverConfig, options: &ResolverOpts, from: &'static str) -> Self {
        let mut seen = HashSet::new();
        let servers = config.name_servers.iter().map(|s| SocketAddr::new(s.ip, DNS_PORT));
        let servers: Vec<SocketAddr> = servers.filter(|s| seen.insert(*s)).collect();
        let domains = config.search.iter().map(|d| d.to_ascii().trim_end_matches('.').to_owned());
        let search =
            SearchList { domains: domains.filter(|d| !d.is_empty()).collect(), ndots: options.ndots };
        if servers.is_empty() {
            Self { search, ..Self::without_servers(from) }
        } else {
            Self { servers, origin: from, search, transport: DnsTransport::Udp }
        }
    }

    /// resolv.conf(5): without a nameserver line the local machine is asked.
    fn without_servers(from: &'static str) -> Self {
        if cfg!(target_os = "linux") {
            let local = SocketAddr::from(([127, 0, 0, 1], DNS_PORT));
            let from = "the default without a nameserver line";
            return Self { servers: vec![local], origin: from, ..Self::default() };
        }
        Self { origin: from, ..Self::default() }
    }
}

impl Default for SystemResolverConfig {
    fn default() -> Self {
        Self { servers: Vec::new(), origin: "", search: SearchList::default(), transport: DnsTransport::Udp }
    }
}

fn read_transport() -> DnsTransport {
    let file = if cfg!(unix) { std::fs::read_to_string("/etc/resolv.conf").ok() } else { None };
    parse_transport(&file.unwrap_or_default())
}

/// resolv.conf(5): `options use-vc` puts every question into TCP; Go has more spellings of it.
fn parse_transport(text: &str) -> DnsTransport {
    let options = text.lines().filter_map(|line| line.trim().strip_prefix("options"));
    let is_tcp = |word: &str| matches!(word, "use-vc" | "usevc" | "tcp");
    if options.flat_map(str::split_whitespace).any(is_tcp) { DnsTransport::Tcp } else { DnsTransport::Udp }
}

/// The domains that are tried behind a short name.
#[derive(Clone, Debug, Default)]
pub(crate) struct SearchList {
    domains: Vec<String>,
    /// Names with at least this many dots are tried as they are first.
    ndots: usize,
}

impl SearchList {
    /// The fully qualified names that programs try before a name itself: none for a name that ends with a dot or has enough
    /// of them.
    pub(crate) fn names_before(&self, host: &str) -> Vec<String> {
        let names = self.candidate_names(host);
        names.into_iter().take_while(|name| name != host).collect()
    }

    /// The fully qualified names to try, in order.
    pub(crate) fn candidate_names(&self, host: &str) -> Vec<String> {
        if host.ends_with('.') || host.parse::<std::net::IpAddr>().is_ok() {
            return vec![host.to_owned()];
        }
        let mut names: Vec<String> =
            self.domains.iter().take(MAX_SEARCH_DOMAINS).map(|d| format!("{host}.{d}")).collect();
        let as_it_is = if host.matches('.').count() >= self.ndots { 0 } else { names.len() };
        names.insert(as_it_is, host.to_owned());
        names
    }
}

const DNS_PORT: u16 = 53;

/// As in the C library since 2.26, where older ones had 6; more only cost time.
const MAX_SEARCH_DOMAINS: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tcp_is_used_where_the_system_says_so() {
        let table = [
            ("nameserver 10.0.0.1\n", DnsTransport::Udp),
            ("nameserver 10.0.0.1\noptions ndots:5 use-vc\n", DnsTransport::Tcp),
            ("# options use-vc\noptions edns0\n", DnsTransport::Udp),
        ];
        for (text, expected) in table {
            assert_eq!(parse_transport(text), expected, "{text}");
        }
    }

    #[test]
    fn search_lists_are_applied_by_ndots() {
        let list = SearchList { domains: vec!["corp.example".into(), "example".into()], ndots: 1 };
        assert_eq!(list.candidate_names("proxy"), ["proxy.corp.example", "proxy.example", "proxy"]);
        assert_eq!(
            list.candidate_names("proxy.dmz"),
            ["proxy.dmz", "proxy.dmz.corp.example", "proxy.dmz.example"]
        );
        assert_eq!(list.candidate_names("proxy."), ["proxy."]);
        assert_eq!(list.candidate_names("10.1.2.3"), ["10.1.2.3"]);
        assert_eq!(list.names_before("mcr.microsoft.com"), [""; 0]);
        let pod = SearchList { ndots: 5, ..list };
        assert_eq!(
            pod.names_before("mcr.microsoft.com"),
            ["mcr.microsoft.com.corp.example", "mcr.microsoft.com.example"]
        );
        assert_eq!(pod.names_before("mcr.microsoft.com."), [""; 0]);
    }
}
