//! Which of several claims counts. None is lost: what contradicts is kept and told.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

use super::{Claim, ClaimBasis};
use crate::model::finding::Confidence;
use crate::model::networks::Role;

/// For each role and family the claims of the best source count; what lies outside of what is in use never does. Each claim
/// stands once, however many nodes make it.
pub(super) fn resolve_claims(mut claims: Vec<Claim>, cluster_ips: &[IpAddr]) -> Vec<Claim> {
    claims.sort_by_key(|c| (c.role, !c.network.addr().is_ipv4(), std::cmp::Reverse(c.confidence)));
    let mut seen = HashSet::new();
    claims.retain(|c| seen.insert((c.role, c.network, c.source.clone())));
    let mut counts: HashMap<_, usize> = HashMap::new();
    claims.retain(|c| {
        let count = counts.entry((c.role, c.network.addr().is_ipv4())).or_default();
        *count += 1;
        *count <= MAX_CLAIMS
    });
    for role in [Role::Services, Role::Pods] {
        for is_v4 in [true, false] {
            resolve_family(&mut claims, role, is_v4, if role == Role::Services { cluster_ips } else { &[] });
        }
    }
    claims
}

fn resolve_family(claims: &mut [Claim], role: Role, is_v4: bool, in_use: &[IpAddr]) {
    let in_use: Vec<_> = in_use.iter().filter(|a| a.is_ipv4() == is_v4).collect();
    let mut best: Option<(String, Confidence)> = None;
    let mut counting = Vec::new();
    let is_one = |c: &Claim| c.role == role && c.network.addr().is_ipv4() == is_v4;
    // several networks of one source are judged together: a cluster can have several ranges
    let mut sources: Vec<_> = claims.iter().filter(|c| is_one(c)).map(|c| c.source.clone()).collect();
    let mut seen = HashSet::new();
    sources.retain(|source| seen.insert(source.clone()));
    for source in sources {
        let of_source = || claims.iter().filter(|c| is_one(c) && c.source == source);
        let networks: Vec<_> = of_source().map(|c| c.network).collect();
        let is_hint = of_source().any(|c| c.basis == ClaimBasis::Usual);
        let holds = |net: &ipnet::IpNet| in_use.iter().all(|a| net.contains(*a));
        let outside =
            if is_hint { None } else { in_use.iter().find(|a| !networks.iter().any(|n| n.contains(**a))) };
        for claim in claims.iter_mut().filter(|c| is_one(c) && c.source == source) {
            if let Some(address) = outside {
                claim.note = Some(format!("does not count: the Service address {address} lies outside"));
            } else if is_hint && (in_use.is_empty() || !holds(&claim.network)) {
                claim.note = Some(if in_use.is_empty() {
                    "does not count: nothing in use confirms it".into()
                } else {
                    "does not count: Services lie outside".into()
                });
            } else if best.as_ref().is_none_or(|(name, _)| *name == source) {
                best = Some((source.clone(), claim.confidence));
                claim.counts = true;
                counting.push(claim.network);
            } else if claim.confidence > Confidence::Low && !counting.contains(&claim.network) {
                claim.note = Some("contradicts the claim that counts".into());
            }
        }
    }
}

/// Of a role and family, the best first. Clusters have a handful; objects and files may hold any number.
const MAX_CLAIMS: usize = 100;
