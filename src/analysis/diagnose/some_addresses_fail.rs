//! An endpoint answers at one of its addresses and not at another.

use super::group::Group;
use super::phrase::{self, count, list};
use super::scene::{Scene, View};
use super::{Diagnosis, Words, by_proxy, commands, look};
use crate::model::evidence::Cause;
use crate::model::finding::Confidence;
use crate::model::report::Check;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "some_addresses_fail", groups, words };

fn groups<'a>(view: &View<'a>) -> Vec<Group<'a>> {
    let is_patchy = |c: &&Check| look::is_met(c) && !failures(c).is_empty();
    Group::one("", view.all.iter().copied().filter(is_patchy).collect())
}

/// IPv6 without a route is a property of this machine's network and told apart.
fn failures(check: &Check) -> Vec<String> {
    look::failed_addresses(check)
        .into_iter()
        .filter(|(address, cause)| !(address.is_ipv6() && *cause == Cause::TcpUnreachable))
        .map(|(address, cause)| format!("{} at {address} ({cause})", look::host(check)))
        .collect()
}

fn words(group: &Group<'_>, scene: &Scene<'_>) -> Words {
    let failures: Vec<_> = group.checks.iter().flat_map(|c| failures(c)).collect();
    Words {
        summary: format!(
            "{} at some of the addresses only.",
            count(group.hosts().len(), "endpoint answers", "endpoints answer")
        ),
        subject: phrase::hosts(group),
        explanation: format!("Seen from {}: {}.", phrase::places(group, scene), list(&failures, 4)),
        consequence: Some(
            "Connections succeed or fail by chance, or only after a delay: agents reconnect now and then, image pulls \
             have to be repeated."
                .into(),
        ),
        remedy: "Write firewall rules for names or service tags and not for single addresses; the addresses of a service \
                 change, and all of them have to be open."
            .into(),
        commands: group.checks.iter().filter_map(|c| by_address(c)).take(3).collect(),
        confidence: Confidence::Medium,
        severity: None,
    }
}

fn by_address(check: &Check) -> Option<String> {
    if by_proxy::is_proxied(check) {
        return Some(commands::curl(check)); // the address is one of the proxy's
    }
    let (address, _) = look::failed_addresses(check).into_iter().next()?;
    let (host, port) = (look::host(check), check.port);
    let ip = if address.is_ipv6() { format!("[{}]", address.ip()) } else { address.ip().to_string() };
    Some(if check.protocol.uses_tls() {
        format!("curl -v --resolve {host}:{port}:{ip} https://{host}:{port}/")
    } else {
        format!("nc -vz -w 5 {} {port}", address.ip())
    })
}
