//! The proxy takes requests, but does not get to the destinations itself (502, 503, 504).

use super::prelude::*;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "proxy_upstream", group_checks, describe_finding };

/// One for each proxy and reason.
fn group_checks<'a>(view: &VantageFacts<'a>) -> Vec<CheckGroup<'a>> {
    let groups = by_proxy::group_by_proxy(view, &[Cause::ProxyUpstream]);
    groups
        .into_iter()
        .flat_map(|g| {
            CheckGroup::by_key(g.checks, |c| format!("{} {:?}", g.key, UpstreamFailure::from_check(c)))
        })
        .collect()
}

fn describe_finding(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> FindingText {
    let reason = group.first_check().map_or(UpstreamFailure::Unstated, UpstreamFailure::from_check);
    let statuses: Vec<_> = by_proxy::proxy_statuses(group).iter().map(ToString::to_string).collect();
    FindingText {
        summary: format!(
            "The proxy {} cannot reach {}: {}.",
            by_proxy::group_proxy(group),
            describe_hosts(group),
            reason.describe()
        ),
        subject: by_proxy::group_proxy(group).to_owned(),
        explanation: format!(
            "From {} the proxy {} takes CONNECT and answers{}{}. Hosts: {}.",
            describe_vantages(group, scene),
            by_proxy::describe_proxy(group),
            if statuses.is_empty() {
                " with an error".into()
            } else {
                format!(" {}", list_some(&statuses, 3))
            },
            group
                .first_check()
                .and_then(by_proxy::squid_error)
                .map(|e| format!(" ({e})"))
                .unwrap_or_default(),
            list_some(&group.hosts(), 5)
        ),
        remedy: reason.remedy().into(),
        commands: group.first_check().map(|c| reason.commands(c)).unwrap_or_default(),
        confidence: if reason == UpstreamFailure::Unstated { Confidence::Medium } else { Confidence::High },
        ..FindingText::default()
    }
}

/// What keeps the proxy from the destination, as far as it says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum UpstreamFailure {
    Dns,
    Connection,
    Parent,
    Tls,
    Timeout,
    Unstated,
}

impl UpstreamFailure {
    /// By Squid's codes, else by the status.
    fn from_check(check: &Check) -> Self {
        match by_proxy::squid_error(check) {
            Some("ERR_DNS_FAIL") => Self::Dns,
            Some("ERR_CONNECT_FAIL" | "ERR_SOCKET_FAILURE") => Self::Connection,
            Some("ERR_CANNOT_FORWARD" | "ERR_FORWARDING_DENIED") => Self::Parent,
            Some("ERR_SECURE_CONNECT_FAIL") => Self::Tls,
            Some("ERR_READ_TIMEOUT" | "ERR_LIFETIME_EXP") => Self::Timeout,
            _ if by_proxy::proxy_detail(check).and_then(|d| d.status) == Some(504) => Self::Timeout,
            _ => Self::Unstated,
        }
    }

    fn describe(self) -> &'static str {
        match self {
            Self::Dns => "its own DNS does not resolve the name",
            Self::Connection => "its own connections there fail",
            Self::Parent => "it finds no way on, such as a parent proxy",
            Self::Tls => "its own TLS there fails",
            Self::Timeout => "nothing answers it in time",
            Self::Unstated => "it does not say why",
        }
    }

    fn remedy(self) -> &'static str {
        match self {
            Self::Dns => {
                "Mend the DNS of the proxy: its resolver, or the forwarder for these names. The resolver of this network does \
                 not matter to it."
            }
            Self::Connection | Self::Timeout => {
                "Open the firewall behind the proxy for connections from the proxy to these hosts and ports."
            }
            Self::Parent => {
                "Mend the way from this proxy to the one behind it (cache_peer and never_direct in Squid)."
            }
            Self::Tls => {
                "Give the proxy the authorities that it needs to check these servers, or take the hosts out of inspection."
            }
            Self::Unstated => {
                "Ask who runs the proxy for its log at this time: its DNS, the firewall behind it, or a parent proxy."
            }
        }
    }

    /// To be run on the proxy, then by way of it.
    fn commands(self, check: &Check) -> Vec<Instruction> {
        let host = look::host_or_pattern(check);
        let on_proxy = match self {
            Self::Dns => format!("dig {host} # on the proxy"),
            _ => format!("nc -vz -w 5 {host} {} # on the proxy", check.planned.port),
        };
        vec![on_proxy.into(), commands::curl_command(check).into()]
    }
}
