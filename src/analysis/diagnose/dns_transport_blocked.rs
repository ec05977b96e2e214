//! Port 53 of the DNS server is open in one protocol only: UDP without TCP, or TCP without UDP.

use super::prelude::*;
use super::resolver_silent::{describe_missing_names, describe_servers, dig_commands};

pub(super) const DIAGNOSIS: Diagnosis =
    Diagnosis { id: "dns_transport_blocked", group_checks, describe_finding };

const UDP: &str = "UDP";
const TCP: &str = "TCP";

fn group_checks<'a>(view: &VantageFacts<'a>) -> Vec<CheckGroup<'a>> {
    let silent = view.unexplained_with(&[Cause::DnsTimeout]);
    let udp_blocked = silent.iter().any(|c| look::dns_queries(c).iter().any(|q| q.answers_over_tcp));
    let mut truncated = view.unexplained_with(&[Cause::DnsTimeout, Cause::DnsUnreachable]);
    truncated.retain(|c| look::dns_queries(c).iter().any(|q| q.truncated));
    let by_udp = if udp_blocked && truncated.is_empty() { silent } else { Vec::new() };
    let mut groups = CheckGroup::from_checks(format!("{UDP} {}", describe_servers(view, &by_udp)), by_udp);
    groups
        .extend(CheckGroup::from_checks(format!("{TCP} {}", describe_servers(view, &truncated)), truncated));
    groups
}

fn describe_finding(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> FindingText {
    let (blocked, servers) = group.key.split_once(' ').unwrap_or((UDP, &group.key));
    let why = if blocked == TCP {
        "The server truncates large answers, and programs (glibc, Go) then ask again over TCP, where it does not answer."
    } else {
        "Over TCP the server answers, but programs (glibc, musl, Go, CoreDNS) ask over UDP and use TCP for large answers \
         only."
    };
    FindingText {
        summary: format!("DNS over {blocked} does not work from {}.", describe_vantages(group, scene)),
        subject: servers.to_owned(),
        explanation: format!("{why} Server: {servers}. {}", describe_missing_names(group)),
        remedy: format!(
            "Ask the firewall team to allow {blocked} port 53 to the DNS server {servers}, as is already the case for {}.",
            if blocked == TCP { UDP } else { TCP }
        ),
        commands: dig_commands(group),
        ..FindingText::default()
    }
}
