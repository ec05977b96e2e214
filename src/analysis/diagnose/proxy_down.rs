//! Nothing gets through a proxy, since it cannot be found or reached or is none.

use super::prelude::*;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "proxy_down", group_checks, describe_finding };

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
fn group_checks<'a>(view: &VantageFacts<'a>) -> Vec<CheckGroup<'a>> {
    let mut groups = by_proxy::group_by_proxy(view, CAUSES);
    groups.retain(|g| !by_proxy::checks_via(view, &g.key).any(by_proxy::has_answered));
    for group in &mut groups {
        group.key = format!("{} {}", group.key, by_proxy::most_common_cause(group));
    }
    groups
}

fn describe_finding(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> FindingText {
    let (label, fault) = (by_proxy::group_proxy(group), ProxyFault::from_group(group));
    FindingText {
        summary: format!("{}.", fault.summary(label)),
        subject: label.to_owned(),
        explanation: format!(
            "From {} nothing gets through it, so that {} {}. {}",
            describe_vantages(group, scene),
            format_count(group.unmet_checks().count(), "check"),
            pluralize(group.unmet_checks().count(), "fails", "fail"),
            describe_examples(group)
        ),
        remedy: fault.remedy().into(),
        commands: fault
            .command(label)
            .into_iter()
            .chain(group.first_check().map(commands::curl_command))
            .chain(fault.retry_command(group))
            .map(Instruction::from)
            .collect(),
        confidence: fault.confidence(group),
        ..FindingText::default()
    }
}

/// An example of each way in which checks fail.
fn describe_examples(group: &CheckGroup<'_>) -> String {
    let example = |cause| group.checks.iter().find(|c| c.cause == Some(cause))?.note.as_deref();
    format!("Seen: {}.", list_some(&group.causes().into_iter().filter_map(example).collect::<Vec<_>>(), 3))
}

/// What is wrong with a proxy, as far as it matters for the remedy.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ProxyFault {
    NameUnresolved,
    Refused,
    Dropped,
    NoReply,
    NoRoute,
    PlainHttp,
    Certificate,
    NotAProxy,
    ClosesConnection,
}

impl ProxyFault {
    fn from_group(group: &CheckGroup<'_>) -> Self {
        let details = || group.checks.iter().filter_map(|c| by_proxy::proxy_detail(c));
        match by_proxy::most_common_cause(group) {
            Cause::ProxyDns => Self::NameUnresolved,
            Cause::ProxyRefused => Self::Refused,
            Cause::ProxyTimeout if details().any(|d| d.address.is_some()) => Self::NoReply,
            Cause::ProxyTimeout => Self::Dropped,
            Cause::ProxyUnreachable => Self::NoRoute,
            Cause::ProxyTls if details().any(|d| d.tls_cause == Some(Cause::TlsNotTls)) => Self::PlainHttp,
            Cause::ProxyTls => Self::Certificate,
            Cause::ProxyProtocol => Self::NotAProxy,
            _ => Self::ClosesConnection,
        }
    }

    fn summary(self, label: &str) -> String {
        match self {
            Self::NameUnresolved => format!("The proxy {label} cannot be found: its name does not resolve"),
            Self::Refused => format!("Nothing listens at the port of the proxy {label}"),
            Self::Dropped => format!("The proxy {label} does not answer: packets to it are dropped"),
            Self::NoReply => format!("The proxy {label} takes connections, but never answers CONNECT"),
            Self::NoRoute => format!("No route leads to the proxy {label}"),
            Self::PlainHttp => {
                let address = by_proxy::proxy_address(label);
                format!("The proxy {address} speaks plain HTTP, but is given as https://")
            }
            Self::Certificate => format!("TLS to the proxy {label} itself fails"),
            Self::NotAProxy => format!("What answers at {label} is not a proxy"),
            Self::ClosesConnection => format!("The proxy {label} closes every connection without an answer"),
        }
    }

    fn remedy(self) -> &'static str {
        match self {
            Self::NameUnresolved => {
                "Give the proxy by its full name or by its address, or have the DNS server answer its name: cluster DNS \
                 often does not know internal zones that a workstation knows."
            }
            Self::Refused => {
                "Correct host and port in the proxy's URL, or start the proxy. If others can use it, have it listen for \
                 (and its firewall accept) these networks, too."
            }
            Self::Dropped => {
                "Open the proxy's port for the networks of nodes and pods, or correct its address."
            }
            Self::NoReply => {
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
            Self::NotAProxy => {
                "Ask for the host and port of the explicit HTTP proxy: the address of a web server, a PAC file or a SOCKS \
                 proxy does not do. If the proxy speaks TLS, give it as https://."
            }
            Self::ClosesConnection => {
                "Ask who runs the proxy whether it accepts these source networks and this port is for HTTP CONNECT; one \
                 that speaks TLS is given as https://."
            }
        }
    }

    /// Looks at the proxy without using it.
    fn command(self, label: &str) -> Option<String> {
        let address = by_proxy::proxy_address(label);
        let host = address.host;
        match self {
            Self::NameUnresolved => Some(format!("dig {host}")),
            Self::NoRoute => Some(format!("ip route get {host}")),
            Self::Certificate | Self::ClosesConnection => {
                Some(format!("openssl s_client -connect {address} </dev/null"))
            }
            Self::Refused | Self::Dropped => {
                Some(format!("nc -vz -w 5 {host} {}", address.port.unwrap_or_default()))
            }
            Self::NoReply | Self::PlainHttp | Self::NotAProxy => None,
        }
    }

    /// The same run with the URL that is probably right.
    fn retry_command(self, group: &CheckGroup<'_>) -> Option<String> {
        let address = by_proxy::proxy_address(by_proxy::group_proxy(group));
        (self == Self::PlainHttp).then(|| format!("arcprobe check --proxy-https http://{address}"))
    }

    /// A single destination can be hung up on for its own sake.
    fn confidence(self, group: &CheckGroup<'_>) -> Confidence {
        if matches!(self, Self::ClosesConnection | Self::NoReply) && group.hosts().len() == 1 {
            Confidence::Medium
        } else {
            Confidence::High
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_keep_the_brackets_of_an_ipv6_proxy() {
        let label = "https://[fd00::1]:3128";
        assert!(ProxyFault::PlainHttp.summary(label).starts_with("The proxy [fd00::1]:3128 speaks"));
        let table = [
            (ProxyFault::Certificate, "openssl s_client -connect [fd00::1]:3128 </dev/null"),
            (ProxyFault::Refused, "nc -vz -w 5 fd00::1 3128"),
            (ProxyFault::NoRoute, "ip route get fd00::1"),
        ];
        for (fault, command) in table {
            assert_eq!(fault.command(label).as_deref(), Some(command));
        }
    }
}
