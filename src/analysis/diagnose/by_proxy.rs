//! What to read out of checks that go by way of a proxy. They have no connection step of their own: their attempts begin
//! with the proxy.

use std::collections::BTreeMap;

use super::group::Group;
use super::look;
use super::scene::{Scene, View};
use crate::analysis::verdict::attempts::{most_telling, probes, reached};
use crate::model::evidence::{Cause, Detail, Phase, ProxyDetail};
use crate::model::plan::RouteKind;
use crate::model::report::Check;

/// Causes that a living proxy gives for an answer.
const REFUSALS: &[Cause] = &[Cause::ProxyAuthRequired, Cause::ProxyDenied, Cause::ProxyUpstream];

/// The proxy that a check goes through, as `scheme://host:port`.
pub(super) fn proxy(check: &Check) -> Option<&str> {
    check.route.proxy.as_deref().filter(|_| check.route.kind == RouteKind::Proxy)
}

/// Whether a check goes through any proxy.
pub(super) fn is_proxied(check: &Check) -> bool {
    proxy(check).is_some()
}

/// The proxy of a group, all of whose checks go through the same one.
pub(super) fn of<'a>(group: &Group<'a>) -> &'a str {
    group.first().and_then(proxy).unwrap_or("the proxy")
}

/// The open checks with one of these causes, one group for each proxy, with the proxy as its key.
pub(super) fn groups<'a>(view: &View<'a>, causes: &[Cause]) -> Vec<Group<'a>> {
    let mut checks = view.open_with(causes);
    checks.retain(|c| is_proxied(c));
    Group::by(checks, |c| proxy(c).unwrap_or_default().to_owned())
}

/// All checks of a view that go through this proxy.
pub(super) fn all<'v, 'a>(view: &'v View<'a>, label: &'v str) -> impl Iterator<Item = &'a Check> + 'v {
    view.all.iter().copied().filter(move |c| proxy(c) == Some(label))
}

/// Whether the proxy let a check through. Reaching it is not enough where a plain request follows and no tunnel.
pub(super) fn passed(check: &Check) -> bool {
    let is_stopped = check.cause.is_some_and(|c| c.phase() == Some(Phase::Proxy));
    is_proxied(check)
        && !is_stopped
        && (look::is_met(check) || probes(&check.attempts).any(|a| reached(a, Phase::Proxy)))
}

/// Whether the proxy of a group lets other checks through.
pub(super) fn passes_others(group: &Group<'_>, scene: &Scene<'_>) -> bool {
    scene.any_seen(group, |c| proxy(c) == Some(of(group)) && passed(c))
}

/// Whether the proxy answered as proxies do, be it with a refusal.
pub(super) fn answered(check: &Check) -> bool {
    passed(check) || is_proxied(check) && check.cause.is_some_and(|c| REFUSALS.contains(&c))
}

/// What was measured at the proxy in the attempt that tells most.
pub(super) fn detail(check: &Check) -> Option<&ProxyDetail> {
    match &most_telling(&check.attempts)?.0.step(Phase::Proxy)?.detail {
        Detail::Proxy(detail) => Some(detail),
        _ => None,
    }
}

/// A code that Squid gives with its error pages, such as `ERR_DNS_FAIL`.
pub(super) fn squid_error(check: &Check) -> Option<&str> {
    detail(check)?.headers.get("x-squid-error")?.split_whitespace().next()
}

/// The statuses that the proxy answered with, each once.
pub(super) fn statuses(group: &Group<'_>) -> Vec<u16> {
    let mut statuses: Vec<_> = group.checks.iter().filter_map(|c| detail(c)?.status).collect();
    statuses.sort_unstable();
    statuses.dedup();
    statuses
}

/// The proxy with its product, where its answers betray that: `http://proxy:3128 (Squid)`.
pub(super) fn name(group: &Group<'_>) -> String {
    let label = of(group);
    match group.checks.iter().find_map(|c| product(c)) {
        Some(product) => format!("{label} ({product})"),
        None => label.to_owned(),
    }
}

fn product(check: &Check) -> Option<&str> {
    let detail = detail(check)?;
    let header = || ["proxy-agent", "server", "via"].iter().find_map(|name| detail.headers.get(*name));
    detail.appliance.as_deref().or_else(|| header().map(String::as_str))
}

/// The cause that most checks of a group have.
pub(super) fn commonest(group: &Group<'_>) -> Cause {
    let mut counts: BTreeMap<Cause, usize> = BTreeMap::new();
    for cause in group.checks.iter().filter_map(|c| c.cause) {
        *counts.entry(cause).or_default() += 1;
    }
    counts.into_iter().max_by_key(|&(_, count)| count).map_or(Cause::Unknown, |(cause, _)| cause)
}

/// Scheme, host (without brackets) and port of a proxy.
pub(super) fn parts(label: &str) -> (&str, &str, &str) {
    let (scheme, rest) = label.split_once("://").unwrap_or(("http", label));
    let (host, port) = rest.rsplit_once(':').unwrap_or((rest, "PORT"));
    (scheme, host.trim_matches(['[', ']']), port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_has_three_parts() {
        let table = [
            ("http://proxy.corp:3128", ("http", "proxy.corp", "3128")),
            ("https://[fd00::1]:8443", ("https", "fd00::1", "8443")),
            ("proxy", ("http", "proxy", "PORT")),
        ];
        for (label, expected) in table {
            assert_eq!(parts(label), expected);
        }
    }
}
