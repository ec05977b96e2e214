//! One of several DNS servers is dead: names resolve, but ordinary programs stall at it first.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use super::prelude::*;
use super::wording::format_dns_server;

pub(super) const DIAGNOSIS: Diagnosis =
    Diagnosis { id: "resolver_partly_dead", group_checks, describe_finding };

fn group_checks<'a>(view: &VantageFacts<'a>) -> Vec<CheckGroup<'a>> {
    let (answering, mut dead) = classify_servers(view);
    dead.retain(|server, _| !answering.contains(server));
    if answering.is_empty() {
        return Vec::new();
    }
    dead.into_keys().map(|server| group_for_server(view, server)).collect()
}

/// The servers that answered anything, and those that once left a question open.
fn classify_servers(view: &VantageFacts<'_>) -> (BTreeSet<SocketAddr>, BTreeMap<SocketAddr, Cause>) {
    let mut answering = BTreeSet::new();
    let mut dead = BTreeMap::new();
    for query in view.checks.iter().flat_map(|c| look::dns_queries(c)) {
        match query.cause {
            Some(cause @ (Cause::DnsTimeout | Cause::DnsUnreachable)) => {
                dead.insert(query.server, cause);
            }
            _ => {
                answering.insert(query.server);
            }
        }
    }
    (answering, dead)
}

/// Unmet checks are left out: what they fail at is another matter.
fn group_for_server<'a>(view: &VantageFacts<'a>, server: SocketAddr) -> CheckGroup<'a> {
    let asked_it = |c: &Check| look::dns_queries(c).iter().any(|q| q.server == server);
    let checks = view.checks_where(|c| c.verdict != CheckVerdict::Unmet && asked_it(c));
    CheckGroup::new(server.to_string(), checks)
}

fn describe_finding(group: &CheckGroup<'_>, _: &RunFacts<'_>) -> FindingText {
    let host = group.first_check().map_or("management.azure.com", look::host_or_pattern);
    let address = group.key.parse().ok();
    let server = address.map_or_else(|| group.key.clone(), format_dns_server);
    FindingText {
        summary: format!("The DNS server {server} does not respond; another server of the list answers."),
        explanation: format!("No question to {server} was answered in time, while another server answered."),
        subject: server,
        consequence: Some(
            "Programs that ask the servers in turn (glibc, Go) wait 5 seconds for it, or the timeout in resolv.conf: seconds are lost on each lookup, and \
             short time-outs in agents and image pulls fail now and then."
                .into(),
        ),
        remedy: "Repair that DNS server, or remove it from resolv.conf (in a cluster: from the forward line of CoreDNS).".into(),
        commands: vec![commands::dig_command(address, host).into()],
        ..FindingText::default()
    }
}
