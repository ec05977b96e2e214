//! The proxy takes requests, but does not get to the destinations itself (502, 503, 504).

use super::group::Group;
use super::phrase::{self, list, places};
use super::scene::{Scene, View};
use super::{Diagnosis, Words, by_proxy, commands, look};
use crate::model::evidence::Cause;
use crate::model::finding::Confidence;
use crate::model::report::Check;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "proxy_upstream", groups, words };

/// One for each proxy and reason.
fn groups<'a>(view: &View<'a>) -> Vec<Group<'a>> {
    let groups = by_proxy::groups(view, &[Cause::ProxyUpstream]);
    groups
        .into_iter()
        .flat_map(|g| Group::by(g.checks, |c| format!("{} {:?}", g.key, Reason::of(c))))
        .collect()
}

fn words(group: &Group<'_>, scene: &Scene<'_>) -> Words {
    let reason = group.first().map_or(Reason::Unsaid, Reason::of);
    let statuses: Vec<_> = by_proxy::statuses(group).iter().map(ToString::to_string).collect();
    Words {
        summary: format!(
            "The proxy {} cannot reach {}: {}.",
            by_proxy::of(group),
            phrase::hosts(group),
            reason.text()
        ),
        subject: by_proxy::of(group).to_owned(),
        explanation: format!(
            "From {} the proxy {} takes CONNECT and answers{}{}. Hosts: {}.",
            places(group, scene),
            by_proxy::name(group),
            if statuses.is_empty() { " with an error".into() } else { format!(" {}", list(&statuses, 3)) },
            group.first().and_then(by_proxy::squid_error).map(|e| format!(" ({e})")).unwrap_or_default(),
            list(&group.hosts(), 5)
        ),
        consequence: None,
        remedy: reason.remedy().into(),
        commands: group.first().map(|c| reason.commands(c)).unwrap_or_default(),
        confidence: if reason == Reason::Unsaid { Confidence::Medium } else { Confidence::High },
        severity: None,
    }
}

/// What keeps the proxy from the destination, as far as it says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Reason {
    Dns,
    Connection,
    Parent,
    Tls,
    Silence,
    Unsaid,
}

impl Reason {
    /// By Squid's codes, else by the status.
    fn of(check: &Check) -> Self {
        match by_proxy::squid_error(check) {
            Some("ERR_DNS_FAIL") => Self::Dns,
            Some("ERR_CONNECT_FAIL" | "ERR_SOCKET_FAILURE") => Self::Connection,
            Some("ERR_CANNOT_FORWARD" | "ERR_FORWARDING_DENIED") => Self::Parent,
            Some("ERR_SECURE_CONNECT_FAIL") => Self::Tls,
            Some("ERR_READ_TIMEOUT" | "ERR_LIFETIME_EXP") => Self::Silence,
            _ if by_proxy::detail(check).and_then(|d| d.status) == Some(504) => Self::Silence,
            _ => Self::Unsaid,
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::Dns => "its own DNS does not resolve the name",
            Self::Connection => "its own connections there fail",
            Self::Parent => "it finds no way on, such as a parent proxy",
            Self::Tls => "its own TLS there fails",
            Self::Silence => "nothing answers it in time",
            Self::Unsaid => "it does not say why",
        }
    }

    fn remedy(self) -> &'static str {
        match self {
            Self::Dns => {
                "Mend the DNS of the proxy: its resolver, or the forwarder for these names. The resolver of this network does \
                 not matter to it."
            }
            Self::Connection | Self::Silence => {
                "Open the firewall behind the proxy for connections from the proxy to these hosts and ports."
            }
            Self::Parent => {
                "Mend the way from this proxy to the one behind it (cache_peer and never_direct in Squid)."
            }
            Self::Tls => {
                "Give the proxy the authorities that it needs to check these servers, or take the hosts out of inspection."
            }
            Self::Unsaid => {
                "Ask who runs the proxy for its log at this time: its DNS, the firewall behind it, or a parent proxy."
            }
        }
    }

    /// To be run on the proxy, then by way of it.
    fn commands(self, check: &Check) -> Vec<String> {
        let host = look::host(check);
        let on_proxy = match self {
            Self::Dns => format!("dig {host}    # on the proxy"),
            _ => format!("nc -vz -w 5 {host} {}    # on the proxy", check.port),
        };
        vec![on_proxy, commands::curl(check)]
    }
}
