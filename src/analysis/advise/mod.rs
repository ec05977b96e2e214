//! What to pass to `az`, from what is known of the networks: the skip range with its reasons, what is wrong with a given one,
//! networks that collide, and the commands. Pure.

mod commands;
mod overlaps;
mod skip_range;

use std::net::IpAddr;
use std::path::Path;

use ipnet::IpNet;

use crate::analysis::networks::{Networks, cidr};
use crate::model::networks::{Role, UnreadSource};
use crate::model::report::{Advice, KnownNetwork, SkipEntry, SkipRangeAdvice};
use crate::model::rules::Cloud;
use crate::model::run_flags::RunFlag;
use crate::model::scope::Connectivity;
use crate::proxy::Routes;

pub use commands::{connect_command, connect_through_proxy, update_command};

/// What advice is made of.
#[derive(Clone, Copy, Debug)]
pub struct AdviceInput<'a> {
    /// The networks of the cluster.
    pub networks: &'a Networks,
    /// What could not be read of them.
    pub skipped: &'a [UnreadSource],
    /// The proxies that the agents have or are going to have, with what goes around them.
    pub routes: &'a Routes,
    /// How the cluster reaches Azure; `None` where nobody said.
    pub connectivity: Option<Connectivity>,
    /// The Azure region; `None` where nobody said.
    pub region: Option<&'a str>,
    /// The cloud; `None` where nobody said.
    pub cloud: Option<Cloud>,
    /// What is on for the cluster.
    pub features: &'a [String],
    /// What was typed; of it the cluster is named.
    pub flags: &'a [RunFlag],
    /// The endpoints of the rules, for what must not go around the proxy and what a private link carries.
    pub endpoints: &'a [AzureEndpoint],
    /// Addresses that are known from elsewhere: proxy, DNS servers, private endpoints, routes.
    pub other_networks: &'a [(Role, IpNet, String)],
    /// What the user wants in the skip range besides.
    pub additions: &'a [String],
    /// The file of the authority that the agents get (`--proxy-cert`).
    pub proxy_cert: Option<&'a Path>,
}

/// An endpoint of Azure, as far as the way to it matters.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AzureEndpoint {
    /// The host, or the wildcard.
    pub host: String,
    /// The TCP port.
    pub port: u16,
    /// Whether a private link carries it.
    pub is_private: bool,
}

/// What can be said where the cluster's networks were not read: the command only.
pub fn advise_without_networks(known: &AdviceInput<'_>) -> Advice {
    let value = join_values(&skip_range::build_entries(known));
    Advice {
        connect_command: Some(connect_command(known, &value)),
        proxy_problem: describe_loopback(known.routes),
        ..Advice::default()
    }
}

fn join_values(entries: &[SkipEntry]) -> String {
    entries.iter().map(|e| e.value.as_str()).collect::<Vec<_>>().join(",")
}

/// Everything that can be said.
pub fn build_advice(known: &AdviceInput<'_>) -> Advice {
    let entries = skip_range::build_entries(known);
    let value = join_values(&entries);
    let given = known.routes.skip_range_to_judge();
    Advice {
        proxy_problem: describe_loopback(known.routes),
        networks: list_networks(known),
        overlaps: overlaps::find_overlaps(known),
        connect_command: Some(connect_command(known, &value)),
        update_command: known.routes.uses_proxy().then(|| update_command(known, &value)),
        skip_range: Some(SkipRangeAdvice {
            problems: crate::analysis::advise::skip_range_problems::find_problems(known, &entries),
            given: given.map(|g| g.value.value().to_owned()),
            given_by: given.map(|g| g.origin.to_string()),
            value,
            entries,
        }),
        skipped: known.skipped.to_vec(),
    }
}

/// Says so where the proxy names the machine that uses it.
fn describe_loopback(routes: &Routes) -> Option<String> {
    let proxies = [routes.https(), routes.http()].into_iter().flatten();
    let local = proxies.into_iter().find(|proxy| proxy.value.is_loopback())?;
    Some(format!(
        "The proxy {} ({}) is a loopback address: in a pod it is the pod, on a node the node. Give the cluster an address \
         that pods and nodes reach in place of PROXY:PORT, or leave the proxy flags out if the cluster has direct access.",
        local.value, local.origin
    ))
}

fn list_networks(known: &AdviceInput<'_>) -> Vec<KnownNetwork> {
    let claims = known.networks.claims.iter().map(|c| KnownNetwork {
        role: c.role,
        network: c.network.to_string(),
        source: c.source.clone(),
        confidence: c.confidence,
        counts: c.counts,
        note: c.note.clone(),
    });
    let single = |role, address: IpAddr, source: &str| KnownNetwork {
        role,
        network: address.to_string(),
        source: source.to_owned(),
        confidence: crate::model::finding::Confidence::High,
        counts: true,
        note: None,
    };
    let places = known.networks.addresses.iter().map(|p| single(p.role, p.address, &p.source));
    let others = known.other_networks.iter().map(|(role, net, source)| KnownNetwork {
        network: cidr::format_network(net),
        ..single(*role, net.addr(), source)
    });
    claims.chain(places).chain(others).collect()
}

mod skip_range_problems;
#[cfg(test)]
#[path = "advise_tests.rs"]
mod tests;
