//! The skip range sends hosts around the proxy in a network where only the proxy gets out.

use super::prelude::*;
use crate::model::evidence::Phase;
use crate::model::host_port::HostPort;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "proxy_bypassed", group_checks, describe_finding };

/// Only where the proxy works and no direct way does: otherwise the hosts have a fault of their own.
fn group_checks<'a>(view: &VantageFacts<'a>) -> Vec<CheckGroup<'a>> {
    let proxy_works = view.checks.iter().any(|c| by_proxy::has_passed(c));
    if !proxy_works || view.checks.iter().any(|c| !by_proxy::is_proxied(c) && look::has_connected(c)) {
        return Vec::new();
    }
    let is_stopped = |c: &Check| matches!(c.phase, Some(Phase::Resolve | Phase::Connect));
    let checks = view.unexplained_where(|c| c.planned.route.is_exempt() && is_stopped(c));
    CheckGroup::by_key(checks, |check| check.planned.route.reason.clone())
}

fn describe_finding(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> FindingText {
    let vantages = group.vantage_ids();
    let views = scene.by_vantage.iter().filter(|view| vantages.contains(&view.id));
    let mut passed = views.flat_map(|view| &view.checks).filter(|c| by_proxy::has_passed(c));
    let proxy = passed.find_map(|c| by_proxy::proxy_of(c)).unwrap_or("the proxy");
    FindingText {
        summary: format!(
            "The skip range sends {} around the proxy, and only the proxy has an egress path.",
            describe_hosts(group)
        ),
        subject: describe_hosts(group),
        explanation: format!(
            "{} {}. From {} no direct connection opened to anything ({}), while {proxy} lets other hosts through. Called \
             directly: {}.",
            pluralize(group.hosts().len(), "The host is", "These hosts are"),
            group.key,
            describe_vantages(group, scene),
            list_causes(group, 3),
            list_some(&group.hosts(), 5)
        ),
        remedy: "Remove the entry from the skip range (--proxy-skip-range, NO_PROXY), so that these hosts are reached \
                 through the proxy. Keep it only if this network is to resolve and reach them directly."
            .into(),
        commands: reach_through_proxy(group, proxy),
        ..FindingText::default()
    }
}

fn reach_through_proxy(group: &CheckGroup<'_>, proxy: &str) -> Vec<Instruction> {
    let command = |c: &Check| {
        let scheme = if c.planned.protocol.uses_tls() { "https" } else { "http" };
        let host = HostPort::new(look::host_or_pattern(c), c.planned.port).without_port(443).without_port(80);
        format!("curl -v --noproxy '' --proxy {proxy} {scheme}://{host}/")
    };
    group.first_check().map(|c| command(c).into()).into_iter().collect()
}
