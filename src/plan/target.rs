//! Which hosts stand for an endpoint, and what is said where none is known.

use super::Discovered;
use crate::model::plan::{Unverified, UnverifiedKind};
use crate::model::rules::{CallerVantage, DiscoveryMethod, Endpoint, HostName, HostPattern, PLACEHOLDERS};
use crate::model::scope::Scope;
use crate::rules::expand::{FilledTemplate, fill_template, wildcard_for_template};

/// One host of an endpoint, or the lack of one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct CheckTarget {
    pub(super) host: Option<String>,
    /// Where the host came from, unless the rules name it outright.
    pub(super) pattern: Option<String>,
    pub(super) unverified: Option<Unverified>,
}

/// At least one for every endpoint, unless its hosts are still asked for: what cannot be checked is listed as unverified,
/// never left out.
pub(super) fn resolve_targets(
    endpoint: &Endpoint,
    scope: &Scope,
    known: Option<&Discovered>,
) -> Vec<CheckTarget> {
    let filled = fill_template(endpoint.host.as_str(), scope);
    if endpoint.vantages.iter().all(|caller| *caller == CallerVantage::Cloud) {
        return vec![azure_only_target(&filled)];
    }
    if let Some(unverified) = find_missing_value(endpoint, scope) {
        return vec![CheckTarget {
            host: None,
            pattern: Some(filled.firewall_pattern()),
            unverified: Some(unverified),
        }];
    }
    let one = filled.complete().filter(|_| !endpoint.host.is_wildcard());
    match (known, one) {
        (Some(Discovered::Pending), _) => Vec::new(),
        (Some(Discovered::Found(hosts)), _) if !hosts.is_empty() => {
            discovered_targets(endpoint, scope, hosts, one)
        }
        (_, Some(host)) => vec![CheckTarget { host: Some(host.to_owned()), pattern: None, unverified: None }],
        (_, None) => sample_targets(endpoint, scope, &filled.firewall_pattern(), known),
    }
}

/// The hosts that a discovery gave. A name that the rules have too needs no wildcard in a firewall.
fn discovered_targets(
    endpoint: &Endpoint,
    scope: &Scope,
    hosts: &[HostName],
    expected: Option<&str>,
) -> Vec<CheckTarget> {
    let wildcard = wildcard_for_template(endpoint.host.as_str(), scope);
    let target = |host: &HostName| CheckTarget {
        host: Some(host.to_string()),
        pattern: (expected != Some(host.as_str())).then(|| wildcard.clone()),
        unverified: None,
    };
    hosts.iter().map(target).collect()
}

/// The samples that fit the region; the wildcard itself where there is none, and where the real hosts were not found.
fn sample_targets(
    endpoint: &Endpoint,
    scope: &Scope,
    pattern: &str,
    known: Option<&Discovered>,
) -> Vec<CheckTarget> {
    let target = |host: Option<&HostName>, unverified| CheckTarget {
        host: host.map(ToString::to_string),
        pattern: Some(pattern.to_owned()),
        unverified,
    };
    let samples = endpoint.samples.iter().filter(|sample| pattern_covers(pattern, sample));
    let mut targets: Vec<_> = samples.map(|sample| target(Some(sample), None)).collect();
    match known {
        Some(Discovered::Failed(why)) => {
            targets.push(target(None, Some(discovery_failed(endpoint, scope, pattern, why))));
        }
        None | Some(Discovered::Found(_)) if targets.is_empty() => {
            targets.push(target(None, Some(no_known_host(endpoint, scope, pattern))));
        }
        _ => {}
    }
    targets
}

fn pattern_covers(pattern: &str, sample: &HostName) -> bool {
    pattern.parse::<HostPattern>().is_ok_and(|pattern| pattern.covers(sample.as_str()))
}

fn azure_only_target(filled: &FilledTemplate) -> CheckTarget {
    let text = "Azure calls it, not the cluster, so it cannot be checked from here".to_owned();
    CheckTarget {
        host: filled.complete().map(str::to_owned),
        pattern: filled.complete().is_none().then(|| filled.firewall_pattern()),
        unverified: Some(Unverified { kind: UnverifiedKind::CalledFromAzure, text }),
    }
}

/// A value that only the user knows, missing in the host, or anything at all in the path: there is no wildcard for a path.
pub(super) fn find_missing_value(endpoint: &Endpoint, scope: &Scope) -> Option<Unverified> {
    let (host, path) =
        (fill_template(endpoint.host.as_str(), scope), fill_template(endpoint.request.path.as_str(), scope));
    let name = host.missing_value().or_else(|| path.missing.first().map(String::as_str))?;
    let about = PLACEHOLDERS.iter().find(|(known, _)| *known == name).map_or("", |(_, about)| about);
    let text = format!("pass --set {name}=NAME ({about})");
    Some(Unverified { kind: UnverifiedKind::ValueMissing, text })
}

fn no_known_host(endpoint: &Endpoint, scope: &Scope, pattern: &str) -> Unverified {
    let missing = fill_template(endpoint.host.as_str(), scope).missing;
    let way = match (endpoint.discovery, missing.first()) {
        (Some(discovery), _) => describe_discovery(discovery),
        (None, Some(name)) if name == "his_code" => describe_discovery(DiscoveryMethod::HisRegion),
        (None, _) => {
            let text = format!("no host below {pattern} is known, and no way to find one is documented");
            return Unverified { kind: UnverifiedKind::WildcardUnknown, text };
        }
    };
    let what = describe_missing(endpoint, scope, pattern);
    Unverified { kind: UnverifiedKind::NotDiscovered, text: format!("{what}; {way}") }
}

fn discovery_failed(endpoint: &Endpoint, scope: &Scope, pattern: &str, why: &str) -> Unverified {
    let what = describe_missing(endpoint, scope, pattern);
    Unverified { kind: UnverifiedKind::NotDiscovered, text: format!("{what}; {why}") }
}

fn describe_missing(endpoint: &Endpoint, scope: &Scope, pattern: &str) -> String {
    match fill_template(endpoint.host.as_str(), scope).missing.first() {
        Some(name) if name == "his_code" => format!("the short code of {} is not known", scope.region.name),
        Some(name) => format!("the {name} of {} is not known", scope.region.name),
        None if !endpoint.samples.is_empty() => {
            format!("which hosts below {pattern} are in use is not known")
        }
        None => format!("no host below {pattern} is known beforehand"),
    }
}

fn describe_discovery(discovery: DiscoveryMethod) -> &'static str {
    match discovery {
        DiscoveryMethod::NotificationAllowList => {
            "the notification service's allow list would name the hosts"
        }
        DiscoveryMethod::HisRegion => "the global identity endpoint would name the regional one",
        DiscoveryMethod::RegistryRedirect => "a redirect of the registry would name its data host",
    }
}
