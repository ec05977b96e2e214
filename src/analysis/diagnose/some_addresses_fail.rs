//! An endpoint answers at one of its addresses and not at another.

use super::ip_family_failing::{self, Family};
use super::prelude::*;

pub(super) const DIAGNOSIS: Diagnosis =
    Diagnosis { id: "some_addresses_fail", group_checks, describe_finding };

fn group_checks<'a>(view: &VantageFacts<'a>) -> Vec<CheckGroup<'a>> {
    let is_patchy = |c: &Check| look::is_met(c) && !list_failures(c).is_empty();
    CheckGroup::from_checks("", view.checks_where(is_patchy))
}

/// IPv6 without a route and a family that fails as a whole are findings of their own.
fn list_failures(check: &Check) -> Vec<String> {
    look::failed_addresses(check)
        .into_iter()
        .filter(|(address, cause)| !(address.is_ipv6() && *cause == Cause::TcpUnreachable))
        .filter(|(address, _)| ip_family_failing::failed_family(check) != Some(Family::of(*address)))
        .map(|(address, cause)| format!("{} at {address} ({cause})", look::host_or_pattern(check)))
        .collect()
}

fn describe_finding(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> FindingText {
    let failures: Vec<_> = group.checks.iter().flat_map(|c| list_failures(c)).collect();
    FindingText {
        summary: format!(
            "{} {} at some of the addresses only.",
            format_count(group.hosts().len(), "endpoint"),
            pluralize(group.hosts().len(), "answers", "answer")
        ),
        subject: describe_hosts(group),
        explanation: format!("Seen from {}: {}.", describe_vantages(group, scene), list_some(&failures, 4)),
        consequence: Some(
            "Connections succeed or fail by chance, or only after a delay: agents reconnect now and then, image pulls \
             have to be repeated."
                .into(),
        ),
        remedy: "Write firewall rules for names or service tags and not for single addresses; the addresses of a service \
                 change, and all of them have to be open."
            .into(),
        commands: group.checks.iter().filter_map(|c| address_command(c)).take(3).map(Instruction::from).collect(),
        confidence: Confidence::Medium,
        ..FindingText::default()
    }
}

fn address_command(check: &Check) -> Option<String> {
    if by_proxy::is_proxied(check) {
        return Some(commands::curl_command(check)); // the address is one of the proxy's
    }
    let (address, _) = look::failed_addresses(check).into_iter().next()?;
    let (host, port) = (look::host_or_pattern(check), check.planned.port);
    let ip = if address.is_ipv6() { format!("[{}]", address.ip()) } else { address.ip().to_string() };
    Some(if check.planned.protocol.uses_tls() {
        format!("curl -v --resolve {host}:{port}:{ip} https://{host}:{port}/")
    } else {
        format!("nc -vz -w 5 {} {port}", address.ip())
    })
}
