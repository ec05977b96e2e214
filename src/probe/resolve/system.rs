//! What this machine is configured with: DNS servers and the search list.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::time::Duration;

use hickory_resolver::config::{ResolverConfig, ResolverOpts};
use hickory_resolver::system_conf::read_system_conf;

use crate::model::evidence::DnsTransport;

/// The configuration of the system's resolver.
#[derive(Default)]
pub(crate) struct SystemResolverConfig {
    pub(crate) servers: Vec<SocketAddr>,
    pub(super) origin: &'static str,
    pub(crate) search: SearchList,
    pub(super) options: QueryOptions,
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
        Self { options: QueryOptions::read(), ..config }
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
            Self { servers, origin: from, search, ..Self::default() }
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

/// How programs ask: the options of resolv.conf(5), as the C library and Go read them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct QueryOptions {
    /// What questions travel over first: `use-vc`, of which Go has more spellings.
    pub(super) transport: DnsTransport,
    /// Whether larger answers than 512 bytes may come over UDP: `edns0`. Neither glibc nor musl asks for them without it.
    pub(super) edns: bool,
    /// Whether the first server is not the first one for each name: `rotate`.
    pub(super) rotates: bool,
    /// For one server, with all questions to it: `timeout` times `attempts`, where one of them is set.
    pub(super) patience: Option<Duration>,
    /// How often a question is sent again at most.
    pub(super) resends: usize,
}

impl Default for QueryOptions {
    fn default() -> Self {
        Self {
            transport: DnsTransport::Udp,
            edns: false,
            rotates: false,
            patience: None,
            resends: usize::MAX,
        }
    }
}

impl QueryOptions {
    fn read() -> Self {
        let file = if cfg!(unix) { std::fs::read_to_string("/etc/resolv.conf").ok() } else { None };
        Self::parse(&file.unwrap_or_default())
    }

    fn parse(text: &str) -> Self {
        let lines = text.lines().filter_map(|line| line.trim().strip_prefix("options"));
        let words: Vec<&str> = lines.flat_map(str::split_whitespace).collect();
        let has = |options: &[&str]| words.iter().any(|word| options.contains(word));
        let number = |name: &str, most: u32| {
            let mut values =
                words.iter().filter_map(|word| word.strip_prefix(name)?.strip_prefix(':')?.parse().ok());
            values.next_back().map(|value: u32| value.clamp(1, most))
        };
        // as far as glibc goes (resolv.conf(5): "silently capped")
        let (timeout, attempts) = (number("timeout", 30), number("attempts", 5));
        let patience = timeout.unwrap_or(5) * attempts.unwrap_or(2);
        Self {
            transport: if has(&["use-vc", "usevc", "tcp"]) { DnsTransport::Tcp } else { DnsTransport::Udp },
            edns: has(&["edns0"]),
            rotates: has(&["rotate"]),
            patience: timeout.or(attempts).map(|_| Duration::from_secs(patience.into())),
            resends: attempts.map_or(usize::MAX, |n| usize::try_from(n - 1).unwrap_or(usize::MAX)),
        }
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
    fn options_are_read_as_programs_read_them() {
        let plain = QueryOptions::default();
        let waits = |seconds, resends| QueryOptions {
            patience: Some(Duration::from_secs(seconds)),
            resends,
            ..plain
        };
        let table = [
            ("nameserver 10.0.0.1\n", plain),
            (
                "nameserver 10.0.0.1\noptions ndots:5 use-vc\n",
                QueryOptions { transport: DnsTransport::Tcp, ..plain },
            ),
            ("# options use-vc\noptions edns0 trust-ad\n", QueryOptions { edns: true, ..plain }),
            ("options rotate\n", QueryOptions { rotates: true, ..plain }),
            ("options timeout:1 attempts:1\n", waits(1, 0)),
            ("options timeout:2\noptions timeout:3\n", waits(6, usize::MAX)),
            ("options attempts:3\n", waits(15, 2)),
            ("options timeout:0 attempts:999\n", waits(5, 4)),
            ("options timeout:x attempts\n", plain),
        ];
        for (text, expected) in table {
            assert_eq!(QueryOptions::parse(text), expected, "{text}");
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
