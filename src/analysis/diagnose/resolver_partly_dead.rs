//! One of several DNS servers is dead: names resolve, but ordinary programs stall at it first.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use super::group::Group;
use super::phrase::server;
use super::scene::{Scene, View};
use super::{Diagnosis, Words, commands, look};
use crate::model::evidence::Cause;
use crate::model::finding::Confidence;
use crate::model::report::{Check, CheckVerdict};

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "resolver_partly_dead", groups, words };

fn groups<'a>(view: &View<'a>) -> Vec<Group<'a>> {
    let (answering, mut dead) = servers(view);
    dead.retain(|server, _| !answering.contains(server));
    if answering.is_empty() {
        return Vec::new();
    }
    dead.into_keys().map(|server| group(view, server)).collect()
}

/// The servers that answered anything, and those that once left a question open.
fn servers(view: &View<'_>) -> (BTreeSet<SocketAddr>, BTreeMap<SocketAddr, Cause>) {
    let mut answering = BTreeSet::new();
    let mut dead = BTreeMap::new();
    for query in view.all.iter().flat_map(|c| look::queries(c)) {
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
fn group<'a>(view: &View<'a>, server: SocketAddr) -> Group<'a> {
    let asked_it = |c: &&Check| look::queries(c).iter().any(|q| q.server == server);
    let checks = view.all.iter().copied().filter(|c| c.verdict != CheckVerdict::Unmet).filter(asked_it);
    Group { key: server.to_string(), checks: checks.collect() }
}

fn words(group: &Group<'_>, _: &Scene<'_>) -> Words {
    let host = group.first().map_or("management.azure.com", look::host);
    let address = group.key.parse().ok();
    let server = address.map_or_else(|| group.key.clone(), server);
    Words {
        summary: format!("The DNS server {server} is dead; another one answers in its place."),
        explanation: format!("No question to {server} was answered, while another server in the list answered."),
        subject: server,
        consequence: Some(
            "Programs that ask the servers in turn wait for the dead one first: seconds are lost on each lookup, and \
             short time-outs in agents and image pulls fail now and then."
                .into(),
        ),
        remedy: "Mend that DNS server or take it out of resolv.conf (or out of the forward line of CoreDNS).".into(),
        commands: vec![commands::dig(address, host)],
        confidence: Confidence::High,
        severity: None,
    }
}
