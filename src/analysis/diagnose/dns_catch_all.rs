//! Unrelated names get the same address: a captive portal, a wildcard record or a block page in DNS.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::prelude::*;
use crate::analysis::answerer::base_domain;
use crate::model::evidence::{AddressScope, LookupSource};
use crate::model::host_port::HostPort;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "dns_catch_all", group_checks, describe_finding };

/// So many domains do not share an address by chance.
const MIN_DOMAINS: usize = 3;
/// The same where every name that resolved has it.
const MIN_DOMAINS_OF_ALL: usize = 2;

fn group_checks<'a>(view: &VantageFacts<'a>) -> Vec<CheckGroup<'a>> {
    let resolved = view.checks_where(|c| catch_all_address(c).is_some() || look::has_resolved(c));
    let mut by_address: BTreeMap<IpAddr, Vec<&'a Check>> = BTreeMap::new();
    for check in &resolved {
        if let Some(address) = catch_all_address(check) {
            by_address.entry(address).or_default().push(check);
        }
    }
    let is_catch_all = |checks: &[&Check]| {
        let domains =
            checks.iter().map(|c| base_domain(look::host_or_pattern(c))).collect::<BTreeSet<_>>().len();
        let min = if checks.len() == resolved.len() { MIN_DOMAINS_OF_ALL } else { MIN_DOMAINS };
        domains >= min && !checks.iter().any(|c| look::is_met(c))
    };
    let groups = by_address.into_iter().filter(|(_, checks)| is_catch_all(checks));
    groups
        .flat_map(|(address, _)| {
            let checks = view.unexplained_where(|c| catch_all_address(c) == Some(address));
            CheckGroup::from_checks(address.to_string(), checks)
        })
        .collect()
}

/// The only address (of its family) that DNS answered for the name of a direct check.
fn catch_all_address(check: &Check) -> Option<IpAddr> {
    let lookup = look::lookup_detail(check).filter(|l| l.source == LookupSource::Dns)?;
    let mut v4 = lookup.addresses.iter().filter(|a| a.is_ipv4());
    let address = *v4.next().or(lookup.addresses.first())?;
    let is_single = v4.next().is_none() && AddressScope::classify(address) != AddressScope::Nowhere;
    (is_single && !by_proxy::is_proxied(check)).then_some(address)
}

fn describe_finding(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> FindingText {
    let page = format!("http://{}", HostPort { host: &group.key, port: None });
    FindingText {
        summary: format!("DNS answers {} for {} of unrelated services.", group.key, {
            format_count(group.hosts().len(), "name")
        }),
        subject: group.key.clone(),
        explanation: format!(
            "From {} the names {} have the same address, and none of the services answers there ({}). Either a captive \
             portal wants a log-on, or DNS has a wildcard record or a filter that sends names to a page of its own.",
            describe_vantages(group, scene),
            list_some(&group.hosts(), 4),
            list_causes(group, 3)
        ),
        remedy: format!(
            "Open {page} in a browser to see whose page it is. If it is a log-on page, log this machine on. Otherwise \
             ask the DNS team to remove the wildcard record, or the filter for these names."
        ),
        commands: group
            .first_check()
            .into_iter()
            .flat_map(|c| [commands::dig_command_for(c).into(), format!("curl -v {page}/").into()])
            .collect(),
        ..FindingText::default()
    }
}
