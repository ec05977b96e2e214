//! What to read out of checks that go through a proxy. They have no connection step of their own: their attempts begin
//! with the proxy.

use std::collections::BTreeMap;

use super::group::CheckGroup;
use super::observed as look;
use super::run_facts::{RunFacts, VantageFacts};
use crate::analysis::verdict::attempts::{decisive_failure, has_reached, probe_attempts};
use crate::model::evidence::{Cause, Phase, ProxyDetail};
use crate::model::host_port::HostPort;
use crate::model::plan::RouteKind;
use crate::model::report::Check;

/// Causes that a living proxy gives for an answer.
const REFUSALS: &[Cause] = &[Cause::ProxyAuthRequired, Cause::ProxyDenied, Cause::ProxyUpstream];

/// The proxy that a check goes through, as `scheme://host:port`.
pub(super) fn proxy_of(check: &Check) -> Option<&str> {
    check.planned.route.proxy.as_deref().filter(|_| check.planned.route.kind == RouteKind::Proxy)
}

/// Whether a check goes through any proxy.
pub(super) fn is_proxied(check: &Check) -> bool {
    proxy_of(check).is_some()
}

/// The proxy of a group, all of whose checks go through the same one.
pub(super) fn group_proxy<'a>(group: &CheckGroup<'a>) -> &'a str {
    group.first_check().and_then(proxy_of).unwrap_or("the proxy")
}

/// The open checks with one of these causes, one group for each proxy, with the proxy as its key.
pub(super) fn group_by_proxy<'a>(view: &VantageFacts<'a>, causes: &[Cause]) -> Vec<CheckGroup<'a>> {
    let mut checks = view.unexplained_with(causes);
    checks.retain(|c| is_proxied(c));
    CheckGroup::by_key(checks, |c| proxy_of(c).unwrap_or_default().to_owned())
}

/// All checks of a view that go through this proxy.
pub(super) fn checks_via<'v, 'a>(
    view: &'v VantageFacts<'a>,
    label: &'v str,
) -> impl Iterator<Item = &'a Check> + 'v {
    view.checks.iter().copied().filter(move |c| proxy_of(c) == Some(label))
}

/// Whether the proxy let a check through. Reaching it is not enough where a plain request follows and no tunnel.
pub(super) fn has_passed(check: &Check) -> bool {
    let is_stopped = check.cause.is_some_and(|c| c.phase() == Some(Phase::Proxy));
    is_proxied(check)
        && !is_stopped
        && (look::is_met(check) || probe_attempts(&check.attempts).any(|a| has_reached(a, Phase::Proxy)))
}

/// Whether the proxy of a group lets other checks through.
pub(super) fn passes_others(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> bool {
    scene.has_any_check(group, |c| proxy_of(c) == Some(group_proxy(group)) && has_passed(c))
}

/// Whether the proxy answered as proxies do, be it with a refusal.
pub(super) fn has_answered(check: &Check) -> bool {
    has_passed(check) || is_proxied(check) && check.cause.is_some_and(|c| REFUSALS.contains(&c))
}

/// What was measured at the proxy in the attempt that tells most.
pub(super) fn proxy_detail(check: &Check) -> Option<&ProxyDetail> {
    decisive_failure(&check.attempts)?.0.proxy()
}

/// A code that Squid gives with its error pages, such as `ERR_DNS_FAIL`.
pub(super) fn squid_error(check: &Check) -> Option<&str> {
    proxy_detail(check)?.headers.get("x-squid-error")?.split_whitespace().next()
}

/// The statuses that the proxy answered with, each once.
pub(super) fn proxy_statuses(group: &CheckGroup<'_>) -> Vec<u16> {
    let mut statuses: Vec<_> = group.checks.iter().filter_map(|c| proxy_detail(c)?.status).collect();
    statuses.sort_unstable();
    statuses.dedup();
    statuses
}

/// The proxy with its product, where its answers betray that: `http://proxy:3128 (Squid)`.
pub(super) fn describe_proxy(group: &CheckGroup<'_>) -> String {
    let label = group_proxy(group);
    match group.checks.iter().find_map(|c| proxy_product(c)) {
        Some(product) => format!("{label} ({product})"),
        None => label.to_owned(),
    }
}

fn proxy_product(check: &Check) -> Option<&str> {
    let detail = proxy_detail(check)?;
    let header = || ["proxy-agent", "server", "via"].iter().find_map(|name| detail.headers.get(*name));
    detail.appliance.as_deref().or_else(|| header().map(String::as_str))
}

/// The cause that most checks of a group have.
pub(super) fn most_common_cause(group: &CheckGroup<'_>) -> Cause {
    let mut counts: BTreeMap<Cause, usize> = BTreeMap::new();
    for cause in group.checks.iter().filter_map(|c| c.cause) {
        *counts.entry(cause).or_default() += 1;
    }
    counts.into_iter().max_by_key(|&(_, count)| count).map_or(Cause::Unknown, |(cause, _)| cause)
}

/// Host and port of a proxy.
pub(super) fn proxy_address(label: &str) -> HostPort<'_> {
    let authority = label.split_once("://").map_or(label, |(_, authority)| authority);
    HostPort::parse(authority).unwrap_or(HostPort { host: authority, port: None })
}
