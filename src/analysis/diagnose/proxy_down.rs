//! Nothing gets through a proxy, since it cannot be found or reached or is none.

use super::group::Group;
use super::phrase::{count, list, places};
use super::scene::{Scene, View};
use super::{Diagnosis, Words, by_proxy, commands};
use crate::model::evidence::Cause;
use crate::model::finding::Confidence;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "proxy_down", groups, words };

/// Failures of the proxy itself, before it answers as a proxy.
pub(super) const CAUSES: &[Cause] = &[
    Cause::ProxyDns,
    Cause::ProxyRefused,
    Cause::ProxyTimeout,
    Cause::ProxyUnreachable,
    Cause::ProxyTls,
    Cause::ProxyProtocol,
    Cause::ProxyClosed,
];

/// One for each proxy from which no answer came. From elsewhere it may be down for another reason, which is told apart.
fn groups<'a>(view: &View<'a>) -> Vec<Group<'a>> {
    let mut groups = by_proxy::groups(view, CAUSES);
    groups.retain(|g| !by_proxy::all(view, &g.key).any(by_proxy::answered));
    for group in &mut groups {
        group.key = format!("{} {}", group.key, by_proxy::commonest(group));
    }
    groups
}

fn words(group: &Group<'_>, scene: &Scene<'_>) -> Words {
    let (label, fault) = (by_proxy::of(group), Fault::of(group));
    Words {
        summary: format!("{}.", fault.summary(label)),
        subject: label.to_owned(),
        explanation: format!(
            "From {} nothing gets through it, so that {}. {}",
            places(group, scene),
            count(group.unmet().count(), "check fails", "checks fail"),
            seen(group)
        ),
        consequence: None,
        remedy: fault.remedy().into(),
        commands: fault
            .command(label)
            .into_iter()
            .chain(group.first().map(commands::curl))
            .chain(fault.try_instead(group))
            .collect(),
        confidence: fault.confidence(group),
        severity: None,
    }
}

/// An example of each way in which checks fail.
fn seen(group: &Group<'_>) -> String {
    let example = |cause| group.checks.iter().find(|c| c.cause == Some(cause))?.note.as_deref();
    format!("Seen: {}.", list(&group.causes().into_iter().filter_map(example).collect::<Vec<_>>(), 3))
}

/// What is wrong with a proxy, as far as it matters for the remedy.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    Name,
    Refuses,
    Drops,
    Hangs,
    NoRoute,
    PlainHttp,
    Certificate,
    NoProxy,
    Closes,
}

impl Fault {
    fn of(group: &Group<'_>) -> Self {
        let details = || group.checks.iter().filter_map(|c| by_proxy::detail(c));
        match by_proxy::commonest(group) {
            Cause::ProxyDns => Self::Name,
            Cause::ProxyRefused => Self::Refuses,
            Cause::ProxyTimeout if details().any(|d| d.address.is_some()) => Self::Hangs,
            Cause::ProxyTimeout => Self::Drops,
            Cause::ProxyUnreachable => Self::NoRoute,
            Cause::ProxyTls if details().any(|d| d.tls_cause == Some(Cause::TlsNotTls)) => Self::PlainHttp,
            Cause::ProxyTls => Self::Certificate,
            Cause::ProxyProtocol => Self::NoProxy,
            _ => Self::Closes,
        }
    }

    fn summary(self, label: &str) -> String {
        match self {
            Self::Name => format!("The proxy {label} cannot be found: its name does not resolve"),
            Self::Refuses => format!("Nothing listens at the port of the proxy {label}"),
            Self::Drops => format!("The proxy {label} does not answer: packets to it are dropped"),
            Self::Hangs => format!("The proxy {label} takes connections, but never answers CONNECT"),
            Self::NoRoute => format!("No route leads to the proxy {label}"),
            Self::PlainHttp => {
                let (_, host, port) = by_proxy::parts(label);
                format!("The proxy {host}:{port} speaks plain HTTP, but is given as https://")
            }
            Self::Certificate => format!("TLS to the proxy {label} itself fails"),
            Self::NoProxy => format!("What answers at {label} is not a proxy"),
            Self::Closes => format!("The proxy {label} closes every connection without an answer"),
        }
    }

    fn remedy(self) -> &'static str {
        match self {
            Self::Name => {
                "Give the proxy by its full name or by its address, or have the DNS server answer its name: cluster DNS \
                 often does not know internal zones that a workstation knows."
            }
            Self::Refuses => {
                "Correct host and port in the proxy's URL, or start the proxy. If others can use it, have it listen for \
                 (and its firewall accept) these networks, too."
            }
            Self::Drops => {
                "Open the proxy's port for the networks of nodes and pods, or correct its address."
            }
            Self::Hangs => {
                "Ask who runs the proxy what it waits for: its DNS, its log-on service, or a firewall behind it that drops \
                 its connections. Where SOCKS or TLS is expected on that port, the URL is wrong."
            }
            Self::NoRoute => {
                "Add the route to the proxy. Look whether its address lies inside the pod or service network: packets then \
                 never leave the cluster."
            }
            Self::PlainHttp => {
                "Give the proxy as http://, for --proxy-https as well: the scheme says how the proxy is spoken to, not what \
                 is called through it."
            }
            Self::Certificate => {
                "Give the authority of the proxy's certificate with --proxy-cert and name the proxy as the certificate \
                 does, or use its port for plain HTTP."
            }
            Self::NoProxy => {
                "Ask for the host and port of the explicit HTTP proxy: the address of a web server, a PAC file or a SOCKS \
                 proxy does not do. If the proxy speaks TLS, give it as https://."
            }
            Self::Closes => {
                "Ask who runs the proxy whether it accepts these source networks and this port is for HTTP CONNECT; one \
                 that speaks TLS is given as https://."
            }
        }
    }

    /// Looks at the proxy without using it.
    fn command(self, label: &str) -> Option<String> {
        let (_, host, port) = by_proxy::parts(label);
        match self {
            Self::Name => Some(format!("dig {host}")),
            Self::NoRoute => Some(format!("ip route get {host}")),
            Self::Certificate | Self::Closes => {
                Some(format!("openssl s_client -connect {host}:{port} </dev/null"))
            }
            Self::Refuses | Self::Drops => Some(format!("nc -vz -w 5 {host} {port}")),
            Self::Hangs | Self::PlainHttp | Self::NoProxy => None,
        }
    }

    /// The same run with the URL that is probably right.
    fn try_instead(self, group: &Group<'_>) -> Option<String> {
        let (_, host, port) = by_proxy::parts(by_proxy::of(group));
        (self == Self::PlainHttp).then(|| format!("arcprobe check --proxy-https http://{host}:{port}"))
    }

    /// A single destination can be hung up on for its own sake.
    fn confidence(self, group: &Group<'_>) -> Confidence {
        if matches!(self, Self::Closes | Self::Hangs) && group.hosts().len() == 1 {
            Confidence::Medium
        } else {
            Confidence::High
        }
    }
}
