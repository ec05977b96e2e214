//! The value for `--proxy-skip-range`: minimal, ordered, complete, each entry with its reason.

use ipnet::IpNet;

use super::AdviceInput;
use crate::analysis::networks::Claim;
use crate::analysis::networks::cidr::{merge_networks, single_address_network};
use crate::model::finding::Confidence;
use crate::model::networks::Role;
use crate::model::report::SkipEntry;
use crate::model::scope::Connectivity;

/// What has to go around the proxy, in the order in which it matters.
pub(super) fn build_entries(known: &AdviceInput<'_>) -> Vec<SkipEntry> {
    let mut entries = EntryCollector::default();
    let networks = known.networks;
    entries.add_networks(
        networks.effective_claims(Role::Services),
        "the agents call the API server, and each other, at addresses of Services",
    );
    let pods = networks.effective_claims(Role::Pods).filter(|_| !networks.pods_are_routed);
    entries.add_networks(pods, "the API server and the agents call pods by their addresses");
    entries.add_networks(networks.effective_claims(Role::Nodes), "nodes are called by their addresses");
    for place in networks.addresses_of(Role::ApiServer) {
        let why = "the API server itself: its clients are sent there where they use its own address";
        entries.add_address(&place.address.to_string(), why, &place.source);
    }
    for (name, source) in &networks.api_server_names {
        entries.add_name(name, "the API server by its name", source, Confidence::High);
    }
    let domain = networks.domain.trim_matches('.');
    let (built, source) = ("every cluster has it", networks.domain_source.as_str());
    entries.add_name(
        "kubernetes.default.svc",
        "the name by which pods know the API server",
        built,
        Confidence::High,
    );
    entries.add_name(".svc", "names of Services, as programs write them", built, Confidence::High);
    let full_names = format!(".svc.{domain}");
    entries.add_name(&full_names, "full names of Services", source, networks.domain_confidence);
    if known.connectivity == Some(Connectivity::PrivateLink) {
        for endpoint in known.endpoints.iter().filter(|e| e.is_private) {
            let why = "the private link carries it; through the proxy it would lead to the public address";
            entries.add_name(&parent_suffix(&endpoint.host), why, "the rules", Confidence::High);
        }
    }
    for addition in known.additions {
        entries.add_name(addition, "you want it", "--add", Confidence::High);
    }
    entries.entries
}

/// All hosts of a region and a service share what is behind the first label.
fn parent_suffix(host: &str) -> String {
    host.split_once('.').map_or_else(|| host.to_owned(), |(_, rest)| format!(".{rest}"))
}

/// The least that a range must be is outgrown by the next Service; a usual size holds it for longer. Everything private that
/// goes around the proxy in vain is reached directly or not at all, as it would be without a proxy.
fn widen_claim(claim: Claim) -> Claim {
    let usual = if claim.network.addr().is_ipv4() { USUAL_PREFIX_V4 } else { USUAL_PREFIX_V6 };
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
const USUAL_PREFIX_V4: u8 = 16;
const USUAL_PREFIX_V6: u8 = 108;

#[derive(Default)]
struct EntryCollector {
    entries: Vec<SkipEntry>,
    networks: Vec<IpNet>,
}

impl EntryCollector {
    /// Networks as few as they can be; a claim gives its reason to the network that holds it.
    fn add_networks<'a>(&mut self, claims: impl Iterator<Item = &'a Claim>, why: &str) {
        let claims: Vec<_> = claims.cloned().map(widen_claim).collect();
        let all: Vec<_> = claims.iter().map(|c| c.network).collect();
        for network in merge_networks(&all) {
            if self.covers_network(&network) {
                continue;
            }
            let Some(claim) = claims.iter().find(|c| network.contains(&c.network)) else { continue };
            self.networks.push(network);
            self.add_entry(&network.to_string(), why, &claim.source, claim.confidence);
        }
    }

    fn add_address(&mut self, text: &str, why: &str, source: &str) {
        let Ok(address) = text.parse() else { return };
        let network = single_address_network(address);
        if !self.covers_network(&network) {
            self.networks.push(network);
            self.add_entry(text, why, source, Confidence::High);
        }
    }

    fn add_name(&mut self, name: &str, why: &str, source: &str, confidence: Confidence) {
        if !self.entries.iter().any(|e| e.value == name) {
            self.add_entry(name, why, source, confidence);
        }
    }

    fn covers_network(&self, network: &IpNet) -> bool {
        self.networks.iter().any(|known| known.contains(network))
    }

    fn add_entry(&mut self, value: &str, why: &str, source: &str, confidence: Confidence) {
        self.entries.push(SkipEntry {
            value: value.to_owned(),
            why: why.to_owned(),
            source: source.to_owned(),
            confidence,
        });
    }
}
