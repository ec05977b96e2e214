//! No connection at all opens, for want of a route.

use super::prelude::*;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "no_route", group_checks, describe_finding };

fn group_checks<'a>(view: &VantageFacts<'a>) -> Vec<CheckGroup<'a>> {
    if view.checks.iter().any(|c| look::has_connected(c)) {
        return Vec::new();
    }
    CheckGroup::from_checks(view.id, view.unexplained_with(&[Cause::TcpUnreachable]))
}

fn describe_finding(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> FindingText {
    let address = group.first_check().and_then(look::decisive_address).map(|a| a.ip().to_string());
    let address = address.unwrap_or_else(|| "20.0.0.1".into());
    let ipv6_only = group.checks.iter().filter_map(|c| look::decisive_address(c)).all(|a| a.is_ipv6());
    FindingText {
        summary: format!("{} has no route to the internet.", capitalize(&describe_vantages(group, scene))),
        subject: group.key.clone(),
        explanation: format!(
            "Names resolve, but for {} the system or a router says that no route leads to the address, and no \
             direct connection opened to anything. For example: {}.{}",
            format_count(group.hosts().len(), "host"),
            list_some(&group.hosts(), 3),
            if ipv6_only { " Only IPv6 addresses were answered." } else { "" }
        ),
        remedy: format!(
            "Give the machine a default route (gateway, NAT, route table of the subnet). {}",
            if scene.has_any_check(group, by_proxy::is_proxied) {
                "Or take these hosts off the list of those that go without the proxy (--proxy-skip-range, NO_PROXY)."
            } else {
                "Where a proxy is the only way out, run again with --proxy-https."
            }
        ),
        commands: vec![format!("ip route get {address}").into(), "ip route show default".into()],
        ..FindingText::default()
    }
}
