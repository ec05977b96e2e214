//! What this machine is configured with: DNS servers and the search list.

use std::collections::HashSet;
use std::net::SocketAddr;

use hickory_resolver::config::{ResolverConfig, ResolverOpts};
use hickory_resolver::system_conf::read_system_conf;

/// The configuration of the system's resolver.
pub(crate) struct SystemResolverConfig {
    pub(crate) servers: Vec<SocketAddr>,
    pub(super) origin: &'static str,
    pub(crate) search: SearchList,
}

impl SystemResolverConfig {
    /// Reads it; what cannot be read counts as empty.
    pub(super) fn read() -> Self {
        let from =
            if cfg!(any(windows, target_os = "macos")) { "system settings" } else { "/etc/resolv.conf" };
        match read_system_conf() {
            Ok((config, options)) => Self::from_config(&config, &options, from),
            Err(_) => Self::without_servers(from),
        }
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
            Self { servers, origin: from, search }
        }
    }

    /// resolv.conf(5): without a nameserver line the local machine is asked.
    fn without_servers(from: &'static str) -> Self {
        if cfg!(target_os = "linux") {
            let local = SocketAddr::from(([127, 0, 0, 1], DNS_PORT));
            let from = "the default without a nameserver line";
            return Self { servers: vec![local], origin: from, search: SearchList::default() };
        }
        Self { servers: Vec::new(), origin: from, search: SearchList::default() }
    }
}

/// The domains that are tried behind a short name.
#[derive(Clone, Debug, Default)]
pub(crate) struct SearchList {
    domains: Vec<String>,
    /// Names with at least this many dots are tried as they are first.
    ndots: usize,
}

impl SearchList {
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
    fn search_lists_are_applied_by_ndots() {
        let list = SearchList { domains: vec!["corp.example".into(), "example".into()], ndots: 1 };
        assert_eq!(list.candidate_names("proxy"), ["proxy.corp.example", "proxy.example", "proxy"]);
        assert_eq!(
            list.candidate_names("proxy.dmz"),
            ["proxy.dmz", "proxy.dmz.corp.example", "proxy.dmz.example"]
        );
        assert_eq!(list.candidate_names("proxy."), ["proxy."]);
        assert_eq!(list.candidate_names("10.1.2.3"), ["10.1.2.3"]);
    }
}
