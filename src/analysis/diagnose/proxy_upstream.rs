//! The proxy takes requests, but does not get to the destinations itself: it says so (500, 502, 503, 504), or opens a
//! tunnel through which nothing comes.

use super::prelude::*;
use crate::model::evidence::Purpose;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "proxy_upstream", group_checks, describe_finding };

/// One for each proxy and reason.
fn group_checks<'a>(view: &VantageFacts<'a>) -> Vec<CheckGroup<'a>> {
    let mut groups = by_proxy::group_by_proxy(view, &[&[Cause::ProxyUpstream], look::CUT_OFF].concat());
    for group in &mut groups {
        group.checks.retain(|c| !is_explained_by_look(c));
    }
    groups
        .into_iter()
        .flat_map(|g| {
            CheckGroup::by_key(g.checks, |c| format!("{} {:?}", g.key, UpstreamFailure::from_check(c)))
        })
        .collect()
}

/// A tunnel to the same place that is alive with another version of TLS or another server name is not the proxy's path out.
fn is_explained_by_look(check: &Check) -> bool {
    [Purpose::OlderVersion, Purpose::OtherName]
        .iter()
        .any(|&purpose| look::is_look_answered(check, purpose) == Some(true))
}

fn describe_finding(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> FindingText {
    let reason = group.first_check().map_or(UpstreamFailure::Unstated, UpstreamFailure::from_check);
    FindingText {
        summary: format!(
            "The proxy {} cannot reach {}: {}.",
            by_proxy::group_proxy(group),
            describe_hosts(group),
            reason.describe()
        ),
        subject: by_proxy::group_proxy(group).to_owned(),
        explanation: format!(
            "From {} the proxy {} takes CONNECT and {}. Hosts: {}.",
            describe_vantages(group, scene),
            by_proxy::describe_proxy(group),
            describe_answer(group, reason),
            list_some(&group.hosts(), 5)
        ),
        remedy: reason.remedy().into(),
        commands: group.first_check().map(|c| reason.commands(c)).unwrap_or_default(),
        confidence: reason.confidence(),
        ..FindingText::default()
    }
}

fn describe_answer(group: &CheckGroup<'_>, reason: UpstreamFailure) -> String {
    if reason == UpstreamFailure::DeadTunnel {
        return format!("opens the tunnel, then: {}", list_causes(group, 3));
    }
    let statuses: Vec<_> = by_proxy::proxy_statuses(group).iter().map(ToString::to_string).collect();
    let error = group.first_check().and_then(by_proxy::squid_error);
    let error = error.map(|e| format!(" ({e})")).unwrap_or_default();
    match statuses[..] {
        [] => format!("answers with an error{error}"),
        _ => format!("answers {}{error}", list_some(&statuses, 3)),
    }
}

/// What keeps the proxy from the destination, as far as it says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum UpstreamFailure {
    Dns,
    Connection,
    /// No address, or else no parent proxy.
    NoAddress,
    /// No parent proxy, or else no address.
    NoParent,
    ForwardingDenied,
    Tls,
    Timeout,
    DeadTunnel,
    Unstated,
}

impl UpstreamFailure {
    /// By Squid's codes, else by the status.
    fn from_check(check: &Check) -> Self {
        let status = by_proxy::proxy_detail(check).and_then(|d| d.status);
        if check.cause.is_some_and(|cause| look::CUT_OFF.contains(&cause)) {
            return Self::DeadTunnel;
        }
        match by_proxy::squid_error(check) {
            Some("ERR_DNS_FAIL") => Self::Dns,
            // Squid 5 and 6 say so for CONNECT to a name without an address (tunnel.cc, noteDestinationsEnd)
            Some("ERR_CANNOT_FORWARD") if status == Some(500) => Self::NoAddress,
            Some("ERR_CANNOT_FORWARD") => Self::NoParent,
            Some("ERR_CONNECT_FAIL" | "ERR_SOCKET_FAILURE") => Self::Connection,
            Some("ERR_FORWARDING_DENIED") => Self::ForwardingDenied,
            Some("ERR_SECURE_CONNECT_FAIL") => Self::Tls,
            Some("ERR_READ_TIMEOUT" | "ERR_LIFETIME_EXP") => Self::Timeout,
            _ if status == Some(504) => Self::Timeout,
            _ => Self::Unstated,
        }
    }

    fn describe(self) -> &'static str {
        match self {
            Self::Dns => "its own DNS does not resolve the name",
            Self::Connection => "its own connections there fail",
            Self::NoAddress => "it has no address for the name, or no parent proxy to send it to",
            Self::NoParent => "it has no parent proxy to send it to, or no address for the name",
            Self::ForwardingDenied => "it may not forward it, and finds no parent proxy that does",
            Self::Tls => "its own TLS there fails",
            Self::Timeout => "nothing answers it in time",
            Self::DeadTunnel => "it opens tunnels, and nothing comes through them",
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
            Self::NoAddress => {
                "Look the name up on the proxy: its resolver, or the forwarder for these names, has most likely no address \
                 for it. If it does, fix the path from this proxy to its parent (cache_peer and never_direct in Squid)."
            }
            Self::NoParent | Self::ForwardingDenied => {
                "Fix the path from this proxy to its parent (cache_peer and never_direct in Squid). If it has none, look \
                 the name up on the proxy: its resolver may have no address for it."
            }
            Self::Tls => {
                "Give the proxy the authorities that it needs to check these servers, or take the hosts out of inspection."
            }
            Self::DeadTunnel => {
                "Let the proxy itself reach these hosts and ports. A firewall behind it, a parent proxy, or a filter of its \
                 own that reads server names holds back what it forwards; its log at this time says which."
            }
            Self::Unstated => {
                "Ask who runs the proxy for its log at this time: its DNS, the firewall behind it, or a parent proxy."
            }
        }
    }

    fn confidence(self) -> Confidence {
        match self {
            Self::Unstated | Self::DeadTunnel | Self::NoAddress | Self::NoParent => Confidence::Medium,
            _ => Confidence::High,
        }
    }

    /// To be run on the proxy, then through it.
    fn commands(self, check: &Check) -> Vec<Instruction> {
        let host = look::host_or_pattern(check);
        let on_proxy = match self {
            Self::Dns | Self::NoAddress => format!("dig {host} # on the proxy"),
            _ => format!("nc -vz -w 5 {host} {} # on the proxy", check.planned.port),
        };
        vec![on_proxy.into(), commands::curl_command(check).into()]
    }
}
