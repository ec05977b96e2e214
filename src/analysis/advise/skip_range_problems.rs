//! What is wrong with a skip range that was given, measured by what has to be in it.

use ipnet::IpNet;

use super::AdviceInput;
use crate::analysis::networks::cidr::merge_networks;
use crate::model::finding::Severity;
use crate::model::networks::Role;
use crate::model::report::{SkipEntry, SkipProblem, SkipProblemKind as Kind};
use crate::proxy::{Client, SkipRange, SkipRangeEntryKind, find_differences};

/// All that is wrong, the most severe first; nothing where no value was given and no proxy is in use.
pub(super) fn find_problems(known: &AdviceInput<'_>, wanted: &[SkipEntry]) -> Vec<SkipProblem> {
    let Some(given) = known.routes.skip_range_to_judge() else { return missing_skip_range(known) };
    let range = &given.value;
    let mut problems: Vec<_> = wanted.iter().filter_map(|entry| missing_entry(known, range, entry)).collect();
    problems.extend(harmful_entries(known, range));
    let malformed = range.find_problems().into_iter().map(|p| {
        let severity = if p.kind.is_harmless() { Severity::Info } else { Severity::Warning };
        problem(Kind::Malformed, severity, &p.entry, p.to_string())
    });
    problems.extend(malformed);
    problems.extend(differing_entries(known, range));
    problems.extend(redundant_entries(range));
    problems.sort_by_key(|p| std::cmp::Reverse(p.severity));
    problems
}

fn missing_skip_range(known: &AdviceInput<'_>) -> Vec<SkipProblem> {
    if !known.routes.uses_proxy() {
        return Vec::new();
    }
    let text =
        "no skip range is given: the agents send calls of the API server to the proxy and never get ready";
    vec![problem(Kind::NotGiven, Severity::Blocking, "", text.into())]
}

fn problem(kind: Kind, severity: Severity, entry: &str, text: String) -> SkipProblem {
    SkipProblem { kind, severity, entry: entry.to_owned(), text }
}

/// A wanted entry that the value does not stand for.
fn missing_entry(known: &AdviceInput<'_>, range: &SkipRange, wanted: &SkipEntry) -> Option<SkipProblem> {
    if let Ok(network) = wanted.value.parse::<IpNet>() {
        return missing_network(known, range, &network);
    }
    // a leading dot stands for what is below: any name there will do
    let host = match wanted.value.strip_prefix('.') {
        Some(suffix) => format!("x.{suffix}"),
        None => wanted.value.clone(),
    };
    if Client::Go.bypass_reason(range, &host, 443).is_some() {
        return None;
    }
    // the agents call the API server at an address of the service range; the vendor asks for no more than that range
    let text = format!("{} is missing ({})", wanted.value, wanted.why);
    Some(problem(Kind::Missing, Severity::Warning, &wanted.value, text))
}

fn missing_network(known: &AdviceInput<'_>, range: &SkipRange, wanted: &IpNet) -> Option<SkipProblem> {
    let given: Vec<(String, IpNet)> = network_entries(range);
    let all: Vec<_> = given.iter().map(|(_, net)| *net).collect();
    if range.entries().iter().any(|e| e.kind == SkipRangeEntryKind::All)
        || merge_networks(&all).iter().any(|net| net.contains(wanted))
    {
        return None;
    }
    let is_services = known.networks.effective_claims(Role::Services).any(|c| wanted.contains(&c.network));
    let (name, effect, severity) = if is_services && !is_of_first_family(known, wanted) {
        let effect = "calls of Services by addresses of this family go to the proxy; the agents call the API server at the other";
        ("the second service range", effect, Severity::Warning)
    } else if is_services {
        let effect =
            "the agents send calls of the API server and of each other to the proxy, which cannot reach them";
        ("the service range", effect, Severity::Blocking)
    } else {
        ("the pod range", "calls of pods by their addresses go to the proxy", Severity::Warning)
    };
    if let Some((entry, _)) = given.iter().find(|(_, net)| wanted.contains(net)) {
        let text = format!("{entry} is too narrow: {name} is {wanted}; outside of it {effect}");
        return Some(problem(Kind::TooNarrow, severity, entry, text));
    }
    let text = format!("{name} {wanted} is missing: {effect}");
    Some(problem(Kind::Missing, severity, &wanted.to_string(), text))
}

/// The API server has a Service address of one family only, the first of the cluster: that of the cluster's DNS, else IPv4.
fn is_of_first_family(known: &AdviceInput<'_>, network: &IpNet) -> bool {
    let is_v4 = network.addr().is_ipv4();
    let mut services = known.networks.effective_claims(Role::Services);
    let has_other = services.any(|claim| claim.network.addr().is_ipv4() != is_v4);
    let dns = known.networks.addresses_of(Role::ClusterDns).next();
    !has_other || dns.map_or(is_v4, |dns| dns.address.is_ipv4() == is_v4)
}

/// Entries that take endpoints around the proxy which only the proxy reaches.
pub(super) fn harmful_entries(known: &AdviceInput<'_>, range: &SkipRange) -> Vec<SkipProblem> {
    let mut problems: Vec<SkipProblem> = Vec::new();
    let is_private = |e: &super::AzureEndpoint| {
        e.is_private && known.connectivity == Some(crate::model::scope::Connectivity::PrivateLink)
    };
    for endpoint in known.endpoints.iter().filter(|e| !is_private(e)) {
        let host = endpoint.host.replace('*', "x");
        let Some(crate::proxy::Bypass::Entry(entry)) = Client::Go.bypass_reason(range, &host, endpoint.port)
        else {
            continue;
        };
        if !problems.iter().any(|p| p.entry == entry.text) {
            let text = format!(
                "{} takes {} around the proxy, which is the way out: the agents try it directly",
                entry.text, endpoint.host
            );
            problems.push(problem(Kind::Harmful, Severity::Blocking, &entry.text, text));
        }
    }
    problems
}

/// Endpoints that some clients reach around the proxy and others through it.
fn differing_entries(known: &AdviceInput<'_>, range: &SkipRange) -> Vec<SkipProblem> {
    let hosts = known.endpoints.iter().filter(|e| !e.host.contains('*')).map(|e| (e.host.as_str(), e.port));
    let differences = find_differences(range, hosts);
    let mut problems: Vec<SkipProblem> = Vec::new();
    for difference in differences {
        let entry = difference.deciding_entries().join(",");
        if !problems.iter().any(|known| known.entry == entry) {
            problems.push(problem(Kind::Differs, Severity::Warning, &entry, difference.to_string()));
        }
    }
    problems
}

/// Networks inside others of the same value.
fn redundant_entries(range: &SkipRange) -> Vec<SkipProblem> {
    let given = network_entries(range);
    let mut problems = Vec::new();
    for (at, (entry, net)) in given.iter().enumerate() {
        // of two that are the same the later one is not needed
        let holder =
            given.iter().enumerate().find(|(other, (_, n))| n.contains(net) && (n != net || *other < at));
        if let Some((_, (other, _))) = holder {
            let text = format!("{entry} is not needed: {other} holds it");
            problems.push(problem(Kind::Redundant, Severity::Info, entry, text));
        }
    }
    problems
}

fn network_entries(range: &SkipRange) -> Vec<(String, IpNet)> {
    let of = |entry: &crate::proxy::SkipRangeEntry| match entry.kind {
        SkipRangeEntryKind::Network(network) => Some((entry.text.clone(), network.trunc())),
        SkipRangeEntryKind::Address { ip, port: None } => Some((entry.text.clone(), IpNet::from(ip))),
        _ => None,
    };
    range.entries().iter().filter_map(of).collect()
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
