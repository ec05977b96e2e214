//! The value for `--proxy-skip-range`: minimal, ordered, complete, each entry with its reason.

use ipnet::IpNet;

use super::Known;
use crate::analysis::networks::Claim;
use crate::analysis::networks::cidr::{merged, single};
use crate::model::finding::Confidence;
use crate::model::networks::Role;
use crate::model::report::SkipEntry;
use crate::model::scope::Connectivity;

/// What has to go around the proxy, in the order in which it matters.
pub(super) fn entries(known: &Known<'_>) -> Vec<SkipEntry> {
    let mut entries = Entries::default();
    let networks = known.networks;
    entries.networks(
        networks.counting(Role::Services),
        "the agents call the API server, and each other, at addresses of Services",
    );
    let pods = networks.counting(Role::Pods).filter(|_| !networks.pods_are_routed);
    entries.networks(pods, "the API server and the agents call pods by their addresses");
    entries.networks(networks.counting(Role::Nodes), "nodes are called by their addresses");
    for place in networks.addresses(Role::ApiServer) {
        let why = "the API server itself: its clients are sent there where they use its own address";
        entries.address(&place.address.to_string(), why, &place.source);
    }
    for (name, source) in &networks.api_server_names {
        entries.name(name, "the API server by its name", source, Confidence::High);
    }
    let domain = networks.domain.trim_matches('.');
    let (built, source) = ("every cluster has it", networks.domain_source.as_str());
    entries.name(
        "kubernetes.default.svc",
        "the name by which pods know the API server",
        built,
        Confidence::High,
    );
    entries.name(".svc", "names of Services, as programs write them", built, Confidence::High);
    let sure = if source == "the usual domain" { Confidence::Medium } else { Confidence::High };
    entries.name(&format!(".svc.{domain}"), "full names of Services", source, sure);
    if known.connectivity == Some(Connectivity::PrivateLink) {
        for endpoint in known.endpoints.iter().filter(|e| e.is_private) {
            let why = "the private link carries it; by way of the proxy it would lead to the public address";
            entries.name(&suffix(&endpoint.host), why, "the rules", Confidence::High);
        }
    }
    for addition in known.additions {
        entries.name(addition, "you want it", "--add", Confidence::High);
    }
    entries.found
}

/// All hosts of a region and a service share what is behind the first label.
fn suffix(host: &str) -> String {
    host.split_once('.').map_or_else(|| host.to_owned(), |(_, rest)| format!(".{rest}"))
}

/// The least that a range must be is outgrown by the next Service; a usual size holds it for longer. Everything private that
/// goes around the proxy in vain is reached directly or not at all, as it would be without a proxy.
fn widened(claim: Claim) -> Claim {
    let usual = if claim.network.addr().is_ipv4() { USUAL_V4 } else { USUAL_V6 };
    let wider = IpNet::new(claim.network.addr(), usual).map(|net| net.trunc());
    match wider {
        Ok(network) if claim.confidence == Confidence::Low && claim.network.prefix_len() > usual => {
            let source = format!("{}; widened to /{usual}, a usual size: a guess", claim.source);
            Claim { network, source, ..claim }
        }
        _ => claim,
    }
}

/// Of service ranges, and of pod ranges of small clusters.
const USUAL_V4: u8 = 16;
const USUAL_V6: u8 = 108;

#[derive(Default)]
struct Entries {
    found: Vec<SkipEntry>,
    networks: Vec<IpNet>,
}

impl Entries {
    /// Networks as few as they can be; a claim gives its reason to the network that holds it.
    fn networks<'a>(&mut self, claims: impl Iterator<Item = &'a Claim>, why: &str) {
        let claims: Vec<_> = claims.cloned().map(widened).collect();
        let all: Vec<_> = claims.iter().map(|c| c.network).collect();
        for network in merged(&all) {
            if self.holds(&network) {
                continue;
            }
            let Some(claim) = claims.iter().find(|c| network.contains(&c.network)) else { continue };
            self.networks.push(network);
            self.push(&network.to_string(), why, &claim.source, claim.confidence);
        }
    }

    fn address(&mut self, text: &str, why: &str, source: &str) {
        let Ok(address) = text.parse() else { return };
        let network = single(address);
        if !self.holds(&network) {
            self.networks.push(network);
            self.push(text, why, source, Confidence::High);
        }
    }

    fn name(&mut self, name: &str, why: &str, source: &str, confidence: Confidence) {
        if !self.found.iter().any(|e| e.value == name) {
            self.push(name, why, source, confidence);
        }
    }

    fn holds(&self, network: &IpNet) -> bool {
        self.networks.iter().any(|known| known.contains(network))
    }

    fn push(&mut self, value: &str, why: &str, source: &str, confidence: Confidence) {
        self.found.push(SkipEntry {
            value: value.to_owned(),
            why: why.to_owned(),
            source: source.to_owned(),
            confidence,
        });
    }
}
