//! The networks of a cluster: service and pod ranges, node addresses, the ways to the API server. Pure: from objects of the
//! Kubernetes API, however they were got, to claims with their sources, and to the best of them.
//!
//! Sources and the order of their proof: Kubernetes documentation and release notes, and what other tools found out about
//! clusters whose ranges no object names.

mod addresses;
pub mod cidr;
mod pods;
mod services;
mod snapshot;

use std::net::IpAddr;

use ipnet::IpNet;

use crate::model::finding::Confidence;
use crate::model::networks::Role;

pub use services::{DRY_RUN_V4, DRY_RUN_V6, ranges_in_refusal};
pub use snapshot::{DeclaredNetworks, Snapshot};

/// What one source says of one network.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Claim {
    /// What the network is.
    pub role: Role,
    /// The network.
    pub network: IpNet,
    /// Where this is known from.
    pub source: String,
    /// What it rests on.
    pub basis: ClaimBasis,
    /// How sure it is: `high` where the cluster itself works with it, `medium` where it was so at installation or is the
    /// distribution's habit, `low` where it is the least that it must be.
    pub confidence: Confidence,
    /// Whether it is the one that counts among the claims on this role and family.
    pub counts: bool,
    /// Why it does not count, or what else is to be said.
    pub note: Option<String>,
}

/// What a claim rests on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ClaimBasis {
    /// Something of the cluster says so, or the user.
    Stated,
    /// Most clusters of the distribution have it.
    Usual,
}

impl Claim {
    fn new(role: Role, network: IpNet, source: impl Into<String>, confidence: Confidence) -> Self {
        let network = network.trunc();
        let basis = ClaimBasis::Stated;
        Self { role, network, source: source.into(), basis, confidence, counts: false, note: None }
    }

    fn with_note(self, note: impl Into<String>) -> Self {
        Self { note: Some(note.into()), ..self }
    }
}

/// All that is known of a cluster's networks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Networks {
    /// Service and pod ranges, all that any source says, the best first for each role and family.
    pub claims: Vec<Claim>,
    /// Single addresses and what they are.
    pub addresses: Vec<KnownAddress>,
    /// Names of the API server outside of the cluster.
    pub api_server_names: Vec<(String, &'static str)>,
    /// Such as `cluster.local`.
    pub domain: String,
    /// Where that is known from.
    pub domain_source: String,
    /// How sure that is.
    pub domain_confidence: Confidence,
    /// Whether pods have addresses of the network around the nodes, so that there is no range of their own.
    pub pods_are_routed: bool,
}

/// An address and what it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KnownAddress {
    /// What is there.
    pub role: Role,
    /// The address.
    pub address: IpAddr,
    /// Where this is known from.
    pub source: String,
}

impl Networks {
    /// What the snapshot tells.
    pub fn from_snapshot(snapshot: &Snapshot) -> Self {
        let places = addresses::collect_addresses(snapshot);
        let mut claims = services::service_claims(snapshot);
        claims.extend(pods::pod_claims(snapshot));
        let nodes = snapshot.declared.nodes.iter();
        claims.extend(
            nodes.map(|n| Claim {
                counts: true,
                ..Claim::new(Role::Nodes, *n, "--node-cidr", Confidence::High)
            }),
        );
        let cluster_ips: Vec<IpAddr> = snapshot.cluster_ips();
        let (domain, domain_source, domain_confidence) = addresses::cluster_domain(snapshot);
        Self {
            claims: crate::analysis::networks::resolve::resolve_claims(claims, &cluster_ips),
            addresses: places,
            api_server_names: addresses::api_server_names(snapshot),
            domain,
            domain_source,
            domain_confidence,
            pods_are_routed: pods::are_pods_routed(snapshot),
        }
    }

    /// The claims that count on a role: one, or one for each family, or several where a cluster has several ranges.
    pub fn effective_claims(&self, role: Role) -> impl Iterator<Item = &Claim> {
        self.claims.iter().filter(move |claim| claim.role == role && claim.counts)
    }

    /// The addresses of a role.
    pub fn addresses_of(&self, role: Role) -> impl Iterator<Item = &KnownAddress> {
        self.addresses.iter().filter(move |place| place.role == role)
    }
}

mod resolve;
#[cfg(test)]
#[path = "distributions_tests.rs"]
mod tests;
