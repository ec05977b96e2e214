//! Networks that collide, and what then goes where.

use std::collections::BTreeMap;

use ipnet::IpNet;

use super::AdviceInput;
use crate::analysis::networks::cidr::{format_network, has_overlap, single_address_network};
use crate::model::finding::Severity;
use crate::model::networks::Role;
use crate::model::report::Overlap;

/// Something with a place among the addresses.
struct LocatedNetwork {
    role: Role,
    network: IpNet,
    source: String,
}

/// Each pair that collides, the most severe first.
pub(super) fn find_overlaps(known: &AdviceInput<'_>) -> Vec<Overlap> {
    let networks = collect_networks(known);
    let mut overlaps = Vec::new();
    let mut counts: BTreeMap<Severity, usize> = BTreeMap::new();
    for outer in
        networks.iter().filter(|p| matches!(p.role, Role::Services | Role::Pods | Role::DockerBridge))
    {
        let meets = |p: &&LocatedNetwork| !std::ptr::eq(*p, outer) && has_overlap(&p.network, &outer.network);
        for inner in networks.iter().filter(meets) {
            if let Some((severity, text)) = judge_overlap(known, inner, outer) {
                let count = counts.entry(severity).or_default();
                *count += 1;
                if *count > MAX_PER_SEVERITY {
                    continue;
                }
                overlaps.push(Overlap {
                    inner: inner.role,
                    inner_network: inner.network.to_string(),
                    outer: outer.role,
                    outer_network: outer.network.to_string(),
                    severity,
                    text,
                });
            }
        }
    }
    overlaps.sort_by_key(|o| std::cmp::Reverse(o.severity));
    overlaps
}

fn collect_networks(known: &AdviceInput<'_>) -> Vec<LocatedNetwork> {
    let claims = known.networks.claims.iter().filter(|c| c.counts);
    let claims =
        claims.map(|c| LocatedNetwork { role: c.role, network: c.network, source: c.source.clone() });
    let places = known.networks.addresses.iter();
    let places = places.map(|p| LocatedNetwork {
        role: p.role,
        network: single_address_network(p.address),
        source: p.source.clone(),
    });
    let others = known.other_networks.iter();
    let others = others.map(|(role, network, source)| LocatedNetwork {
        role: *role,
        network: *network,
        source: source.clone(),
    });
    let docker = DOCKER_BRIDGE.parse().ok().map(|network| LocatedNetwork {
        role: Role::DockerBridge,
        network,
        source: "Docker's default".into(),
    });
    claims.chain(places).chain(others).chain(docker).collect()
}

/// `None` where the one belongs into the other.
fn judge_overlap(
    known: &AdviceInput<'_>,
    inner: &LocatedNetwork,
    outer: &LocatedNetwork,
) -> Option<(Severity, String)> {
    let (a, net) = (format_network(&inner.network), outer.network);
    let who = format!("{} {a} ({})", inner.role.describe(), inner.source);
    match (inner.role, outer.role) {
        // it belongs there; or the same pair is told the other way round
        (Role::ClusterDns, Role::Services | Role::Pods)
        | (Role::DockerBridge, _)
        | (Role::Services, Role::Pods)
        | (Role::Route | Role::Services | Role::Pods | Role::ClusterDns, Role::DockerBridge) => None,
        (Role::Pods, Role::Services) => Some((
            Severity::Blocking,
            format!(
                "the pod range {a} and the service range {net} overlap: a pod can have the address of a Service, and what is sent to it goes astray"
            ),
        )),
        // pods have addresses of the nodes' network there
        (_, Role::Pods) if known.networks.pods_are_routed => None,
        // a machine of the cluster has these routes itself
        (Role::Route, Role::Services | Role::Pods) => Some((
            Severity::Info,
            format!(
                "this machine has a route to {a} ({}), which meets {} {net}: right for a machine of the cluster, else it reaches somebody else there",
                inner.source,
                outer.role.describe()
            ),
        )),
        (role, Role::Services) => Some((
            overlap_severity(role),
            format!(
                "{who} lies in the service range {net}: pods and nodes that call it meet a Service, or nobody"
            ),
        )),
        (role, Role::Pods) => Some((
            overlap_severity(role),
            format!(
                "{who} lies in the pod range {net}: what pods and nodes send there stays inside the cluster"
            ),
        )),
        (_, Role::DockerBridge) => Some((
            Severity::Warning,
            format!(
                "{who} lies in {net}, where Docker puts its bridge: a machine with Docker on it sends that to its own containers"
            ),
        )),
        _ => None,
    }
}

/// Without these nothing works; a route of this machine or an address of Azure may never be called from there.
fn overlap_severity(role: Role) -> Severity {
    match role {
        Role::ApiServer | Role::Proxy | Role::Resolver | Role::PrivateEndpoint | Role::Nodes => {
            Severity::Blocking
        }
        _ => Severity::Warning,
    }
}

/// Of a severity: nodes and ranges may overlap many times over.
const MAX_PER_SEVERITY: usize = 5_000;

const DOCKER_BRIDGE: &str = "172.17.0.0/16";
