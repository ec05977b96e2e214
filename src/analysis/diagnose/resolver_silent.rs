//! No DNS server answers: most or all names time out.

use std::collections::BTreeSet;

use super::group::Group;
use super::phrase::{list, places, server};
use super::scene::{Scene, View};
use super::{Diagnosis, Words, commands, look};
use crate::model::evidence::Cause;
use crate::model::finding::Confidence;
use crate::model::report::Check;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "resolver_silent", groups, words };

/// From this share of time-outs on it is the resolver and not the names.
const SHARE_PERCENT: usize = 80;

fn groups<'a>(view: &View<'a>) -> Vec<Group<'a>> {
    let silent = view.hosts_with(|c| c.cause == Some(Cause::DnsTimeout));
    let resolved = view.hosts_with(look::was_resolved);
    if silent * 100 < (silent + resolved) * SHARE_PERCENT {
        return Vec::new();
    }
    let checks = view.open_with(&[Cause::DnsTimeout]);
    Group::one(servers(view, &checks), checks)
}

/// The servers that were asked in vain, as the key: the same server is one finding from wherever it was asked.
pub(super) fn servers(view: &View<'_>, checks: &[&Check]) -> String {
    let asked: BTreeSet<_> = checks.iter().flat_map(|c| look::queries(c)).map(|q| q.server).collect();
    let known = view.vantage.map(|v| &v.facts.resolvers[..]).unwrap_or_default();
    let servers: Vec<_> = if asked.is_empty() { known.to_vec() } else { asked.into_iter().collect() };
    match servers[..] {
        [] => format!("the resolver of {}", view.id),
        _ => list(&servers.iter().copied().map(server).collect::<Vec<_>>(), 4),
    }
}

/// The names without an address. How many of them were asked for before that settled the others is a matter of time, and
/// would make two runs differ.
pub(super) fn missing(group: &Group<'_>) -> String {
    let hosts = group.hosts();
    let number = if hosts.len() > 1 { format!("{} names: ", hosts.len()) } else { String::new() };
    format!("No address for {number}{}.", list(&hosts, 3))
}

fn words(group: &Group<'_>, scene: &Scene<'_>) -> Words {
    Words {
        summary: format!("The DNS server of {} does not answer.", places(group, scene)),
        subject: group.key.clone(),
        explanation: format!(
            "Questions to {} time out. {} Without addresses no connection was tried, so that \
             firewalls and proxies behind it were not looked at.",
            group.key,
            missing(group)
        ),
        consequence: None,
        remedy: "Let UDP and TCP port 53 through to the DNS server, or use one that can be reached \
                 (in a cluster: the forward line of CoreDNS and the node's resolv.conf)."
            .into(),
        commands: commands(group),
        confidence: Confidence::High,
        severity: None,
    }
}

/// Asks for the first name again, by UDP and by TCP. Whether it was asked for before others settled it is a matter of time, so
/// that the server may be known from another check.
pub(super) fn commands(group: &Group<'_>) -> Vec<String> {
    let Some(first) = group.first() else { return Vec::new() };
    let server = group.checks.iter().find_map(|c| look::queries(c).first()).map(|query| query.server);
    let udp = commands::dig(server, look::host(first));
    vec![udp.clone(), format!("{udp} +tcp")]
}
