//! Which hosts stand for an endpoint, and what is said where none is known.

use super::ask::Known;
use crate::model::plan::{Unverified, UnverifiedKind};
use crate::model::rules::{CallerVantage, Discovery, Endpoint, HostName, HostPattern, PLACEHOLDERS};
use crate::model::scope::Scope;
use crate::rules::expand::{Filled, fill, wildcard};

/// One host of an endpoint, or the lack of one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Target {
    pub(super) host: Option<String>,
    /// Where the host came from, unless the rules name it outright.
    pub(super) pattern: Option<String>,
    pub(super) unverified: Option<Unverified>,
}

/// At least one for every endpoint, unless its hosts are still asked for: what cannot be checked is listed as unverified,
/// never left out.
pub(super) fn targets(endpoint: &Endpoint, scope: &Scope, known: Option<&Known>) -> Vec<Target> {
    let filled = fill(endpoint.host.as_str(), scope);
    if endpoint.vantages.iter().all(|caller| *caller == CallerVantage::Cloud) {
        return vec![called_from_azure(&filled)];
    }
    if let Some(unverified) = value_missing(endpoint, scope) {
        return vec![Target { host: None, pattern: Some(filled.pattern()), unverified: Some(unverified) }];
    }
    let one = filled.complete().filter(|_| !endpoint.host.is_wildcard());
    match (known, one) {
        (Some(Known::Pending), _) => Vec::new(),
        (Some(Known::Found(hosts)), _) if !hosts.is_empty() => found(endpoint, scope, hosts, one),
        (_, Some(host)) => vec![Target { host: Some(host.to_owned()), pattern: None, unverified: None }],
        (_, None) => below(endpoint, scope, &filled.pattern(), known),
    }
}

/// The hosts that a discovery gave. A name that the rules have too needs no wildcard in a firewall.
fn found(endpoint: &Endpoint, scope: &Scope, hosts: &[HostName], expected: Option<&str>) -> Vec<Target> {
    let wildcard = wildcard(endpoint.host.as_str(), scope);
    let target = |host: &HostName| Target {
        host: Some(host.to_string()),
        pattern: (expected != Some(host.as_str())).then(|| wildcard.clone()),
        unverified: None,
    };
    hosts.iter().map(target).collect()
}

/// The samples that fit the region; the wildcard itself where there is none, and where the real hosts were not found.
fn below(endpoint: &Endpoint, scope: &Scope, pattern: &str, known: Option<&Known>) -> Vec<Target> {
    let target = |host: Option<&HostName>, unverified| Target {
        host: host.map(ToString::to_string),
        pattern: Some(pattern.to_owned()),
        unverified,
    };
    let samples = endpoint.samples.iter().filter(|sample| covers(pattern, sample));
    let mut targets: Vec<_> = samples.map(|sample| target(Some(sample), None)).collect();
    match known {
        Some(Known::Failed(why)) => {
            targets.push(target(None, Some(not_found(endpoint, scope, pattern, why))));
        }
        None | Some(Known::Found(_)) if targets.is_empty() => {
            targets.push(target(None, Some(unknown_host(endpoint, scope, pattern))));
        }
        _ => {}
    }
    targets
}

fn covers(pattern: &str, sample: &HostName) -> bool {
    pattern.parse::<HostPattern>().is_ok_and(|pattern| pattern.covers(sample.as_str()))
}

fn called_from_azure(filled: &Filled) -> Target {
    let text = "Azure calls it, not the cluster, so it cannot be checked from here".to_owned();
    Target {
        host: filled.complete().map(str::to_owned),
        pattern: filled.complete().is_none().then(|| filled.pattern()),
        unverified: Some(Unverified { kind: UnverifiedKind::CalledFromAzure, text }),
    }
}

/// A value that only the user knows, missing in the host, or anything at all in the path: there is no wildcard for a path.
pub(super) fn value_missing(endpoint: &Endpoint, scope: &Scope) -> Option<Unverified> {
    let (host, path) = (fill(endpoint.host.as_str(), scope), fill(endpoint.request.path.as_str(), scope));
    let name = host.missing_value().or_else(|| path.missing.first().map(String::as_str))?;
    let about = PLACEHOLDERS.iter().find(|(known, _)| *known == name).map_or("", |(_, about)| about);
    let text = format!("pass --set {name}=NAME ({about})");
    Some(Unverified { kind: UnverifiedKind::ValueMissing, text })
}

fn unknown_host(endpoint: &Endpoint, scope: &Scope, pattern: &str) -> Unverified {
    let missing = fill(endpoint.host.as_str(), scope).missing;
    let way = match (endpoint.discovery, missing.first()) {
        (Some(discovery), _) => found_by(discovery),
        (None, Some(name)) if name == "his_code" => found_by(Discovery::HisRegion),
        (None, _) => {
            let text = format!("no host below {pattern} is known, and no way to find one is documented");
            return Unverified { kind: UnverifiedKind::WildcardUnknown, text };
        }
    };
    let what = what_is_missing(endpoint, scope, pattern);
    Unverified { kind: UnverifiedKind::NotDiscovered, text: format!("{what}; {way}") }
}

fn not_found(endpoint: &Endpoint, scope: &Scope, pattern: &str, why: &str) -> Unverified {
    let what = what_is_missing(endpoint, scope, pattern);
    Unverified { kind: UnverifiedKind::NotDiscovered, text: format!("{what}; {why}") }
}

fn what_is_missing(endpoint: &Endpoint, scope: &Scope, pattern: &str) -> String {
    match fill(endpoint.host.as_str(), scope).missing.first() {
        Some(name) if name == "his_code" => format!("the short code of {} is not known", scope.region.name),
        Some(name) => format!("the {name} of {} is not known", scope.region.name),
        None if !endpoint.samples.is_empty() => {
            format!("which hosts below {pattern} are in use is not known")
        }
        None => format!("no host below {pattern} is known beforehand"),
    }
}

fn found_by(discovery: Discovery) -> &'static str {
    match discovery {
        Discovery::NotificationAllowList => "the notification service's allow list would name the hosts",
        Discovery::HisRegion => "the global identity endpoint would name the regional one",
        Discovery::RegistryRedirect => "a redirect of the registry would name its data host",
    }
}
