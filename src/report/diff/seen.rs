//! Who answers now, and at which addresses.

use std::collections::BTreeSet;
use std::net::IpAddr;

use serde::Serialize;

use super::Pair;
use crate::model::evidence::{Detail, Phase, TrustStore};
use crate::model::report::Check;
use crate::report::grid::attempts;

/// The authority that a certificate's chain ends in is another one.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Authority {
    /// The id of the check.
    pub id: String,
    /// The name that was asked for.
    pub host: String,
    /// As presented before.
    pub before: Issuer,
    /// As presented now.
    pub now: Issuer,
}

/// An authority and who trusts it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[expect(missing_docs, reason = "the words speak for themselves")]
pub struct Issuer {
    pub name: String,
    pub trusted_by: Option<TrustStore>,
}

/// A name that leads to no address that it led to before. Services with many addresses answer with some of them, so that one
/// in common is enough to be the same.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Addresses {
    /// The id of the check.
    pub id: String,
    /// The name that was asked for.
    pub host: String,
    /// All addresses of before.
    pub before: Vec<IpAddr>,
    /// All addresses of now.
    pub now: Vec<IpAddr>,
}

pub(super) fn authorities(pairs: &[Pair<'_>]) -> Vec<Authority> {
    let changed = pairs.iter().filter_map(|pair| {
        let (before, now) = (issuer(pair.before)?, issuer(pair.now)?);
        let host = pair.now.host.clone().unwrap_or_default();
        (before != now).then(|| Authority { id: pair.now.id.clone(), host, before, now })
    });
    changed.collect()
}

fn issuer(check: &Check) -> Option<Issuer> {
    let steps = attempts(check).filter_map(|attempt| attempt.step(Phase::Tls));
    let details = steps.filter_map(|step| match &step.detail {
        Detail::Tls(tls) => Some(tls),
        _ => None,
    });
    let tls = details.into_iter().find(|tls| !tls.chain.is_empty())?;
    let name = tls.authority.clone().or_else(|| tls.chain.last().map(|last| last.issuer.clone()))?;
    Some(Issuer { name, trusted_by: tls.trusted_by })
}

pub(super) fn addresses(pairs: &[Pair<'_>]) -> Vec<Addresses> {
    let changed = pairs.iter().filter_map(|pair| {
        let (before, now) = (resolved(pair.before), resolved(pair.now));
        let is_other = !before.is_empty() && !now.is_empty() && before.is_disjoint(&now);
        let (before, now) = (before.into_iter().collect(), now.into_iter().collect());
        let host = pair.now.host.clone().unwrap_or_default();
        is_other.then(|| Addresses { id: pair.now.id.clone(), host, before, now })
    });
    changed.collect()
}

fn resolved(check: &Check) -> BTreeSet<IpAddr> {
    let steps = attempts(check).filter_map(|attempt| attempt.step(Phase::Resolve));
    let details = steps.filter_map(|step| match &step.detail {
        Detail::Resolve(lookup) => Some(lookup),
        _ => None,
    });
    details.flat_map(|lookup| lookup.addresses.iter().copied()).collect()
}
