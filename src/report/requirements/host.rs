//! Hosts that can stand in a configuration, and which of them say the same twice.

use std::collections::HashSet;
use std::fmt;

use crate::model::evidence::sanitize;
use crate::model::rules::{HostName, HostPattern};
use crate::report::sanitize::LONGEST_DESCRIPTION;

/// A host, or what stands for several. Names and suffixes are checked and in lower case, so that a configuration can take
/// them as they are, whoever wrote the rules or the report.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Host {
    /// One name, or an IPv4 address.
    Name(String),
    /// All names below a suffix, which is without its `*.`.
    Wildcard(String),
    /// Nothing but a placeholder such as `{git_host}`, for which only the user has a value.
    Placeholder(String),
}

impl Host {
    /// A name or a wildcard such as `*.example.com`.
    ///
    /// # Errors
    ///
    /// It is neither; the reason, fit to be shown.
    pub fn parse(text: &str) -> Result<Self, String> {
        let bad = |why: String| sanitize(&why, LONGEST_DESCRIPTION);
        let lower = text.to_ascii_lowercase();
        match lower.strip_prefix("*.") {
            Some(suffix) => {
                lower.parse::<HostPattern>().map_err(bad)?;
                suffix.parse::<HostName>().map_err(bad)?;
                Ok(Self::Wildcard(suffix.to_owned()))
            }
            None => lower.parse::<HostName>().map(|_| Self::Name(lower)).map_err(bad),
        }
    }

    /// What can be written into a configuration; `None` for a placeholder.
    pub fn as_configurable(&self) -> Option<&Self> {
        (!matches!(self, Self::Placeholder(_))).then_some(self)
    }

    /// Without the `*.` of a wildcard.
    fn name(&self) -> &str {
        match self {
            Self::Name(name) | Self::Wildcard(name) | Self::Placeholder(name) => name,
        }
    }

    /// Whether it is an address, which filters by name do not take.
    pub fn is_address(&self) -> bool {
        matches!(self, Self::Name(name) if name.parse::<std::net::Ipv4Addr>().is_ok())
    }
}

/// As in a list: a wildcard with its `*.`.
impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let star = if matches!(self, Self::Wildcard(_)) { "*." } else { "" };
        write!(f, "{star}{}", self.name())
    }
}

/// The suffixes of a list, to tell which other entries they hold already.
#[derive(Debug, Default)]
pub(super) struct WildcardSet<'a> {
    suffixes: HashSet<&'a str>,
}

impl<'a> WildcardSet<'a> {
    pub(super) fn new(hosts: impl IntoIterator<Item = &'a Host>) -> Self {
        let suffix = |host: &'a Host| match host {
            Host::Wildcard(suffix) => Some(suffix.as_str()),
            Host::Name(_) | Host::Placeholder(_) => None,
        };
        Self { suffixes: hosts.into_iter().filter_map(suffix).collect() }
    }

    /// Whether a wildcard of the list holds the host; it does not hold itself.
    pub(super) fn covers(&self, host: &Host) -> bool {
        parent_domains(host).any(|parent| self.suffixes.contains(parent))
    }

    /// The same for clients to whom `.example.com` also means `example.com`.
    pub(super) fn covers_with_apex(&self, host: &Host) -> bool {
        match host {
            Host::Name(_) => self.covering_suffixes(host).next().is_some(),
            Host::Wildcard(_) | Host::Placeholder(_) => self.covers(host),
        }
    }

    /// The suffixes that hold the host, or are the host, to those clients.
    pub(super) fn covering_suffixes(&self, host: &Host) -> impl Iterator<Item = &'a str> {
        let names = [host.name()].into_iter().chain(parent_domains(host));
        names.filter_map(|name| self.suffixes.get(name).copied())
    }
}

fn parent_domains(host: &Host) -> impl Iterator<Item = &str> {
    let name = host.name();
    name.match_indices('.').map(|(at, _)| &name[at + 1..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(text: &str) -> Host {
        Host::parse(text).unwrap()
    }

    #[test]
    fn names_and_wildcards_come_back_in_lower_case() {
        for (text, shown) in [("A.example.COM", "a.example.com"), ("*.Example.com", "*.example.com")] {
            assert_eq!(host(text).to_string(), shown);
        }
        assert!(host("10.1.2.3").is_address() && !host("10.example.com").is_address());
        assert_eq!(Host::Placeholder("{git_host}".into()).as_configurable(), None);
    }

    #[test]
    fn anything_else_is_rejected() {
        let bad = [
            "",
            "*",
            "*.",
            "*.com",
            "a b",
            "a\nhttp_access allow all",
            "a.example.com # x",
            "*.{vault}.example.com",
            "{git_host}",
            "a.*.example.com",
            "\"a\"",
            "a;b",
            "[concat('a')]",
            "-a.example.com",
            "https://a.example.com",
            "ä.example.com",
        ];
        for text in bad {
            let why = Host::parse(text).unwrap_err();
            assert!(!why.is_empty() && !why.contains(char::is_control), "{text:?}: {why:?}");
        }
        assert!(Host::parse(&"a".repeat(9999)).unwrap_err().len() < 300);
    }

    #[test]
    fn a_wildcard_covers_the_names_below_it() {
        let all =
            ["*.example.com", "*.b.example.com", "example.com", "a.b.example.com", "other.test"].map(host);
        let cover = WildcardSet::new(&all);
        let covered: Vec<_> = all.iter().filter(|h| cover.covers(h)).map(ToString::to_string).collect();
        assert_eq!(covered, ["*.b.example.com", "a.b.example.com"]);
        assert!(
            cover.covers_with_apex(&host("example.com")) && !cover.covers_with_apex(&host("xexample.com"))
        );
    }
}
