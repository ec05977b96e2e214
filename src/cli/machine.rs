//! This machine, as the logs of firewalls and proxies know it.

use std::net::IpAddr;

use super::Environment;
use crate::analysis::conclude::VantageResult;
use crate::model::evidence::{Attempt, Detail, Purpose};
use crate::model::report::{Machine, SourceAddress};
use crate::model::system_proxy::SystemProxy;
use crate::model::vantage::VantageKind;
use crate::probe::net::find_source_address;

/// Its name, and the address that each route begins at.
pub(super) fn describe_machine(
    results: &[VantageResult],
    environment: &Environment,
    proxy_settings: Vec<SystemProxy>,
) -> Machine {
    let here = results.iter().find(|result| result.vantage.kind == VantageKind::Workstation);
    let addresses = here.map(list_source_addresses).unwrap_or_default();
    Machine { name: read_name(environment), addresses, proxy_settings }
}

fn list_source_addresses(here: &VantageResult) -> Vec<SourceAddress> {
    let mut addresses: Vec<SourceAddress> = Vec::new();
    for (item, observation) in here.plan.items.iter().zip(&here.evidence.observations) {
        let proxy = &item.check.route.proxy;
        if addresses.iter().any(|known| known.proxy == *proxy) {
            continue;
        }
        let address = find_recorded(&observation.attempts).or_else(|| ask_system(&observation.attempts));
        addresses.extend(address.map(|address| SourceAddress { proxy: proxy.clone(), address }));
    }
    if addresses.is_empty() {
        // no name was resolved: the way to the DNS server is the best that there is
        let address = here.vantage.facts.resolvers.iter().copied().find_map(find_source_address);
        addresses.extend(address.map(|address| SourceAddress { proxy: None, address }));
    }
    addresses
}

/// The address that a connection over the route of the check was made from.
fn find_recorded(attempts: &[Attempt]) -> Option<IpAddr> {
    let local = over_route(attempts).flat_map(|attempt| &attempt.steps).find_map(|step| match &step.detail {
        Detail::Proxy(proxy) => proxy.local,
        Detail::Connect(connect) => connect.local,
        _ => None,
    });
    Some(local?.ip())
}

/// Where nothing connected: the address that the system would choose for the same destination.
fn ask_system(attempts: &[Attempt]) -> Option<IpAddr> {
    let peer = |attempt: &Attempt| attempt.proxy().and_then(|proxy| proxy.address).or(attempt.address);
    over_route(attempts).find_map(peer).and_then(find_source_address)
}

/// Cross-checks go around the proxy.
fn over_route(attempts: &[Attempt]) -> impl Iterator<Item = &Attempt> {
    attempts.iter().filter(|attempt| attempt.purpose != Purpose::Direct)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(purpose: &str, step: &str) -> Attempt {
        let step = format!(r#"{{"phase":{step},"outcome":"reached","started_ms":0,"took_ms":1}}"#);
        let text = format!(r#"{{"purpose":"{purpose}","address":"127.0.0.1:443","steps":[{step}]}}"#);
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn the_recorded_address_counts_before_the_one_that_the_system_would_choose() {
        let connect = r#""connect","detail":{"local":"10.1.2.3:50000"}"#;
        let silent = r#""connect","detail":{"local":null}"#;
        let proxy = r#""proxy","detail":{"proxy":"http://p:1","local":"192.0.2.7:50000"}"#;
        let table: [(&[Attempt], Option<&str>); 4] = [
            (&[attempt("probe", silent), attempt("probe", connect)], Some("10.1.2.3")),
            (&[attempt("direct", connect), attempt("probe", proxy)], Some("192.0.2.7")),
            (&[attempt("direct", connect), attempt("probe", silent)], None),
            (&[], None),
        ];
        for (attempts, expected) in table {
            assert_eq!(find_recorded(attempts), expected.map(|text| text.parse().unwrap()), "{attempts:?}");
        }
        assert_eq!(ask_system(&[attempt("direct", connect)]), None);
        assert_eq!(ask_system(&[attempt("probe", silent)]), "127.0.0.1".parse().ok());
    }
}
