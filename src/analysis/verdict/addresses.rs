//! Whether a name led to the kind of address that the rules expect.

use std::net::IpAddr;

use super::attempts::probe_attempts;
use crate::model::evidence::{
    AddressScope, Attempt, Cause, Detail, LookupSource, Purpose, ResolveDetail, TrustStore,
};
use crate::model::plan::{PlannedCheck, ProbeSpec, RouteKind};
use crate::model::rules::{AddressClass, PrivateLink};

/// What is wrong with the answer of the lookup.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct WrongClass {
    /// The word.
    pub(super) cause: Cause,
    /// Whether the check is unmet for it even where the service answers.
    pub(super) fatal: bool,
}

/// Compares the addresses that a lookup gave with those that the rules expect. Only where *all* of them are of the other
/// class: a mixed answer still holds the right one. Not where a proxy does the lookup, and not where the user diverted the
/// connection or gave an address.
pub(super) fn wrong_class(
    planned: &PlannedCheck,
    spec: &ProbeSpec,
    attempts: &[Attempt],
) -> Option<WrongClass> {
    if planned.route.kind == RouteKind::Proxy || is_diverted(attempts) {
        return None;
    }
    let answer = resolved_addresses(attempts);
    let all = |reach| !answer.is_empty() && answer.iter().all(|&a| AddressScope::classify(a) == reach);
    match spec.addresses {
        AddressClass::Public if all(AddressScope::Private) => Some(WrongClass {
            cause: Cause::DnsPrivateAnswer,
            fatal: spec.private_link == PrivateLink::Private && !is_public_service(attempts),
        }),
        AddressClass::Private if all(AddressScope::Public) => {
            Some(WrongClass { cause: Cause::DnsPublicAnswer, fatal: true })
        }
        _ => None,
    }
}

/// Whether the service itself answered over its public chain, as behind a transparent proxy or a zero-trust client. A
/// private endpoint does so too, but serves the clusters of its own scope and refuses all others; the alias tells it.
fn is_public_service(attempts: &[Attempt]) -> bool {
    let mut lookups = attempts.iter().filter(|a| a.purpose == Purpose::Lookup).filter_map(Attempt::lookup);
    let is_public = |a: &Attempt| {
        a.failed_step().is_none() && a.tls().is_some_and(|tls| tls.trusted_by == Some(TrustStore::Public))
    };
    !lookups.any(ResolveDetail::has_private_link_alias) && probe_attempts(attempts).any(is_public)
}

/// The addresses of the lookup; that of a direct second look is not the check's own.
pub(super) fn resolved_addresses(attempts: &[Attempt]) -> &[IpAddr] {
    let mut lookups = attempts.iter().filter(|a| a.purpose == Purpose::Lookup);
    lookups.find_map(Attempt::lookup).map_or(&[], |lookup| &lookup.addresses)
}

fn is_diverted(attempts: &[Attempt]) -> bool {
    attempts.iter().flat_map(|a| &a.steps).any(|step| match &step.detail {
        Detail::Resolve(d) => matches!(d.source, LookupSource::ConnectTo | LookupSource::Literal),
        Detail::Connect(d) => d.connect_to.is_some(),
        _ => false,
    })
}
