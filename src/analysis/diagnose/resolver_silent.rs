//! No DNS server answers: most or all names time out.

use std::collections::BTreeSet;

use super::prelude::*;
use super::wording::format_dns_server;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "resolver_silent", group_checks, describe_finding };

/// From this share of time-outs on it is the resolver and not the names.
const MIN_TIMEOUT_PERCENT: usize = 80;

fn group_checks<'a>(view: &VantageFacts<'a>) -> Vec<CheckGroup<'a>> {
    let silent = view.count_hosts_with(|c| c.cause == Some(Cause::DnsTimeout));
    let resolved = view.count_hosts_with(look::has_resolved);
    if silent * 100 < (silent + resolved) * MIN_TIMEOUT_PERCENT {
        return Vec::new();
    }
    let checks = view.unexplained_with(&[Cause::DnsTimeout]);
    CheckGroup::from_checks(describe_servers(view, &checks), checks)
}

/// The servers that were asked in vain, as the key: the same server is one finding from wherever it was asked.
pub(super) fn describe_servers(view: &VantageFacts<'_>, checks: &[&Check]) -> String {
    let asked: BTreeSet<_> = checks.iter().flat_map(|c| look::dns_queries(c)).map(|q| q.server).collect();
    let known = view.vantage.map(|v| &v.facts.resolvers[..]).unwrap_or_default();
    let servers: Vec<_> = if asked.is_empty() { known.to_vec() } else { asked.into_iter().collect() };
    match servers[..] {
        [] => format!("the resolver of {}", view.id),
        _ => list_some(&servers.iter().copied().map(format_dns_server).collect::<Vec<_>>(), 4),
    }
}

/// The names without an address. How many of them were asked for before that settled the others is a matter of time, and
/// would make two runs differ.
pub(super) fn describe_missing_names(group: &CheckGroup<'_>) -> String {
    let hosts = group.hosts();
    let number = if hosts.len() > 1 { format!("{} names: ", hosts.len()) } else { String::new() };
    format!("No address for {number}{}.", list_some(&hosts, 3))
}

fn describe_finding(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> FindingText {
    FindingText {
        summary: format!("The DNS server of {} does not answer.", describe_vantages(group, scene)),
        subject: group.key.clone(),
        explanation: format!(
            "Questions to {} time out. {} Without addresses no connection was tried, so that \
             firewalls and proxies behind it were not looked at.",
            group.key,
            describe_missing_names(group)
        ),
        remedy: "Let UDP and TCP port 53 through to the DNS server, or use one that can be reached \
                 (in a cluster: the forward line of CoreDNS and the node's resolv.conf)."
            .into(),
        commands: dig_commands(group),
        ..FindingText::default()
    }
}

/// Asks for the first name again, by UDP and by TCP. Whether it was asked for before others settled it is a matter of time, so
/// that the server may be known from another check.
pub(super) fn dig_commands(group: &CheckGroup<'_>) -> Vec<Instruction> {
    let Some(first) = group.first_check() else { return Vec::new() };
    let server = group.checks.iter().find_map(|c| look::dns_queries(c).first()).map(|query| query.server);
    let udp = commands::dig_command(server, look::host_or_pattern(first));
    vec![udp.as_str().into(), format!("{udp} +tcp").into()]
}
