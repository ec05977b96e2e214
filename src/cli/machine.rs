//! This machine, as the logs of firewalls and proxies know it.

use std::net::SocketAddr;

use super::Environment;
use crate::analysis::conclude::VantageResult;
use crate::model::evidence::{Attempt, Detail};
use crate::model::report::{Machine, SourceAddress};
use crate::model::vantage::VantageKind;
use crate::probe::net::find_source_address;

/// Its name, and the address that each route begins at.
pub(super) fn describe_machine(results: &[VantageResult], environment: &Environment) -> Machine {
    let here = results.iter().find(|result| result.vantage.kind == VantageKind::Workstation);
    Machine { name: read_name(environment), addresses: here.map(list_source_addresses).unwrap_or_default() }
}

fn list_source_addresses(here: &VantageResult) -> Vec<SourceAddress> {
    let mut addresses: Vec<SourceAddress> = Vec::new();
    for (item, observation) in here.plan.items.iter().zip(&here.evidence.observations) {
        let proxy = &item.check.route.proxy;
        if addresses.iter().any(|known| known.proxy == *proxy) {
            continue;
        }
        let peer = observation.attempts.iter().find_map(find_peer);
        let address = peer.and_then(find_source_address);
        addresses.extend(address.map(|address| SourceAddress { proxy: proxy.clone(), address }));
    }
    if addresses.is_empty() {
        // no name was resolved: the way to the DNS server is the best that there is
        let address = here.vantage.facts.resolvers.iter().copied().find_map(find_source_address);
        addresses.extend(address.map(|address| SourceAddress { proxy: None, address }));
    }
    addresses
}

/// The address that packets went to.
fn find_peer(attempt: &Attempt) -> Option<SocketAddr> {
    let proxy = attempt.steps.iter().find_map(|step| match &step.detail {
        Detail::Proxy(proxy) => proxy.address,
        _ => None,
    });
    proxy.or(attempt.address)
}

#[cfg(unix)]
fn read_name(_: &Environment) -> Option<String> {
    let system = rustix::system::uname();
    system.nodename().to_str().ok().filter(|name| !name.is_empty()).map(str::to_owned)
}

#[cfg(windows)]
fn read_name(environment: &Environment) -> Option<String> {
    environment.get("COMPUTERNAME").cloned()
}
