//! Who answers now, and at which addresses.

use std::collections::BTreeSet;
use std::net::IpAddr;

use serde::Serialize;

use super::CheckPair;
use crate::model::evidence::{Detail, Phase, TrustStore};
use crate::model::report::Check;
use crate::report::grid::deciding_attempts;

/// The authority that a certificate's chain ends in is another one.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct CaChange {
    /// The id of the check.
    pub id: String,
    /// The name that was asked for.
    pub host: String,
    /// As presented before.
    pub before: CaIdentity,
    /// As presented now.
    pub now: CaIdentity,
}

/// An authority and who trusts it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[expect(missing_docs, reason = "the words speak for themselves")]
pub struct CaIdentity {
    pub name: String,
    pub trusted_by: Option<TrustStore>,
}

/// A name that leads to no address that it led to before. Services with many addresses answer with some of them, so that one
/// in common is enough to be the same.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct AddressChange {
    /// The id of the check.
    pub id: String,
    /// The name that was asked for.
    pub host: String,
    /// All addresses of before.
    pub before: Vec<IpAddr>,
    /// All addresses of now.
    pub now: Vec<IpAddr>,
}

pub(super) fn compare_cas(pairs: &[CheckPair<'_>]) -> Vec<CaChange> {
    let changed = pairs.iter().filter_map(|pair| {
        let (before, now) = (find_issuer(pair.before)?, find_issuer(pair.now)?);
        let host = pair.now.planned.host.clone().unwrap_or_default();
        (before != now).then(|| CaChange { id: pair.now.planned.id.to_string(), host, before, now })
    });
    changed.collect()
}

fn find_issuer(check: &Check) -> Option<CaIdentity> {
    let steps = deciding_attempts(check).filter_map(|attempt| attempt.step(Phase::Tls));
    let details = steps.filter_map(|step| match &step.detail {
        Detail::Tls(tls) => Some(tls),
        _ => None,
    });
    let tls = details.into_iter().find(|tls| !tls.chain.is_empty())?;
    let name = tls.authority.clone().or_else(|| tls.chain.last().map(|last| last.issuer.clone()))?;
    Some(CaIdentity { name, trusted_by: tls.trusted_by })
}

pub(super) fn compare_addresses(pairs: &[CheckPair<'_>]) -> Vec<AddressChange> {
    let changed = pairs.iter().filter_map(|pair| {
        let (before, now) = (resolved_addresses(pair.before), resolved_addresses(pair.now));
        let is_other = !before.is_empty() && !now.is_empty() && before.is_disjoint(&now);
        let (before, now) = (before.into_iter().collect(), now.into_iter().collect());
        let host = pair.now.planned.host.clone().unwrap_or_default();
        is_other.then(|| AddressChange { id: pair.now.planned.id.to_string(), host, before, now })
    });
    changed.collect()
}

fn resolved_addresses(check: &Check) -> BTreeSet<IpAddr> {
    let steps = deciding_attempts(check).filter_map(|attempt| attempt.step(Phase::Resolve));
    let details = steps.filter_map(|step| match &step.detail {
        Detail::Resolve(lookup) => Some(lookup),
        _ => None,
    });
    details.flat_map(|lookup| lookup.addresses.iter().copied()).collect()
}
