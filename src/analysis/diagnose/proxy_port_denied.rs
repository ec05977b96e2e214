//! A proxy opens tunnels to port 443, but not to another port.

use super::prelude::*;
use crate::model::rules::Protocol;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "proxy_port_denied", group_checks, describe_finding };

/// A refusal in words, by hanging up, or by a firewall behind the proxy that knows 443 only.
const CAUSES: &[Cause] = &[Cause::ProxyDenied, Cause::ProxyUpstream, Cause::ProxyClosed, Cause::ProxyTimeout];

fn group_checks<'a>(view: &VantageFacts<'a>) -> Vec<CheckGroup<'a>> {
    let mut groups = by_proxy::group_by_proxy(view, CAUSES);
    for group in &mut groups {
        let label = group.key.clone();
        let is_443_open = allows_443(view, &label);
        group.checks.retain(|c| is_443_open && is_about_the_port(view, &label, c));
    }
    groups.into_iter().flat_map(group_by_port).collect()
}

fn group_by_port(group: CheckGroup<'_>) -> Vec<CheckGroup<'_>> {
    let label = group.key;
    CheckGroup::by_key(group.checks, |c| format!("{label} {}", c.planned.port))
}

/// Whether most tunnels to port 443 open.
fn allows_443(view: &VantageFacts<'_>, label: &str) -> bool {
    let asked =
        || by_proxy::checks_via(view, label).filter(|c| c.planned.port == 443 && !c.attempts.is_empty());
    let granted = asked().filter(|c| by_proxy::has_passed(c)).count();
    granted > 0 && granted * 2 >= asked().count()
}

/// Not where the port opens for another host, and not where the host is refused on port 443, too. Plain requests need no
/// tunnel.
fn is_about_the_port(view: &VantageFacts<'_>, label: &str, check: &Check) -> bool {
    let others = || by_proxy::checks_via(view, label);
    let is_open = others().any(|c| c.planned.port == check.planned.port && by_proxy::has_passed(c));
    let same_host = others().filter(|c| c.planned.port == 443 && c.planned.host == check.planned.host);
    let is_host_refused = same_host.into_iter().any(|c| c.cause.is_some_and(|cause| CAUSES.contains(&cause)));
    check.planned.port != 443 && check.planned.protocol != Protocol::Http && !is_open && !is_host_refused
}

fn describe_finding(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> FindingText {
    let port = group.first_check().map_or(0, |c| c.planned.port);
    let is_denied = group.checks.iter().all(|c| c.cause == Some(Cause::ProxyDenied));
    FindingText {
        summary: format!(
            "The proxy {} opens no tunnel to port {port}, while 443 works.",
            by_proxy::group_proxy(group)
        ),
        subject: format!("CONNECT to port {port}"),
        explanation: format!(
            "From {} CONNECT to port {port} fails through {} ({}): {}. {}",
            describe_vantages(group, scene),
            by_proxy::describe_proxy(group),
            list_causes(group, 3),
            list_some(&group.hosts(), 3),
            if is_denied {
                "Many proxies allow CONNECT to port 443 only."
            } else {
                "Many proxies, and firewalls behind them, know port 443 only."
            }
        ),
        remedy: format!(
            "Allow CONNECT to port {port} of these hosts in the proxy (Squid: add the port to the acl SSL_ports), and let \
             the proxy itself out to that port."
        ),
        commands: commands::firewall_rules(group, scene)
            .into_iter()
            .chain(std::iter::once(Instruction::Text(format!("acl SSL_ports port {port}"))))
            .chain(group.first_check().map(|c| commands::tunnel_command(c).into()))
            .collect(),
        confidence: if is_denied { Confidence::High } else { Confidence::Medium },
        ..FindingText::default()
    }
}
