//! The facts that a report rests on.

use std::net::SocketAddr;

use super::group::group_by_key;
use super::index::group_label;
use super::screen::{Paint, Screen};
use crate::model::ids::VantageId;
use crate::model::plan::{Route, RouteKind};
use crate::model::report::{Machine, Report, SourceAddress, Vantage};
use crate::model::rules::Layer;
use crate::model::vantage::VantageKind;
use crate::model::wording::{format_count, list_some};

/// How many routes and resolvers are named.
const MAX_NAMED: usize = 3;

/// So many vantages are told one by one.
const MAX_VANTAGES: usize = 6;

/// Where the values begin.
const INDENT: usize = 12;

/// Draws one line for each kind of fact.
pub(super) fn draw_facts(screen: &mut Screen, report: &Report, verbose: bool) {
    for (label, value) in list_facts(report, verbose) {
        screen.paragraph(&[(Paint::Dim, &format!("  {label:<10}"))], INDENT, Paint::Plain, &value);
    }
}

/// Each kind of fact with its name; with `all` also those that only tell runs apart.
pub(super) fn list_facts(report: &Report, all: bool) -> Vec<(&'static str, String)> {
    let run = &report.run;
    let scope = format!("{} {}, connectivity {}", run.cloud, run.region, run.connectivity.as_str());
    let cluster = run.cluster.iter().map(|c| ("cluster", format!("{}, {}", c.context, c.server)));
    let mut facts: Vec<_> = cluster.collect();
    facts.extend([
        ("cloud", scope),
        ("features", run.features.join(", ")),
        ("from", describe_vantages(report)),
        ("resolver", describe_resolvers(report)),
        ("route", describe_routes(report)),
        ("run", describe_run(report)),
    ]);
    if all {
        let delivered = |v: &Vantage| Some(("agent", format!("{}: {}", v.id, v.facts.delivery.as_ref()?)));
        let agents: Vec<_> = report.vantages.iter().filter_map(delivered).collect();
        let left = agents.len().saturating_sub(MAX_VANTAGES);
        facts.extend(agents.into_iter().take(MAX_VANTAGES));
        facts.extend((left > 0).then(|| ("agent", format!("{left} more, as in the JSON report"))));
        facts.push(("rules", describe_rules(report, true)));
    }
    for (_, value) in facts.iter_mut().filter(|(_, value)| value.is_empty()) {
        "unknown".clone_into(value);
    }
    facts
}

/// When, from which machine and by what: the logs of firewalls and proxies are searched by these.
pub(super) fn describe_run(report: &Report) -> String {
    let Report { run, tool, .. } = report;
    let machine = run.machine.as_ref().map(describe_machine).unwrap_or_default();
    let (when, rules) = (format_timestamp(&run.started_at), describe_rules(report, false));
    format!("{when}{machine}, {} {}, rules {rules}", tool.name, tool.version)
}

fn describe_machine(machine: &Machine) -> String {
    let alike = machine.addresses.iter().all(|one| one.address == machine.addresses[0].address);
    let describe = |source: &SourceAddress| match &source.proxy {
        Some(proxy) => format!("{} to {proxy}", source.address),
        None => format!("{} directly", source.address),
    };
    let addresses = match &machine.addresses[..] {
        [] => String::new(),
        [first, ..] if alike => format!(" ({})", first.address),
        all => format!(" ({})", list_some(&all.iter().map(describe).collect::<Vec<_>>(), MAX_NAMED)),
    };
    format!(" from {}{addresses}", machine.name.as_deref().unwrap_or("this machine"))
}

/// To the minute, as people write it.
pub(super) fn format_timestamp(time: &str) -> String {
    match time.parse::<jiff::Timestamp>() {
        Ok(time) => time.strftime("%Y-%m-%d %H:%M UTC").to_string(),
        Err(_) => time.to_owned(),
    }
}

fn describe_vantages(report: &Report) -> String {
    let describe = |v: &Vantage| match (&v.node, &v.error) {
        (_, Some(error)) => format!("{} (not measured: {error})", v.id),
        (Some(node), None) if !v.id.contains(node.as_str()) => format!("{} on {node}", v.id),
        _ => v.id.to_string(),
    };
    let names: Vec<String> = if report.vantages.len() > MAX_VANTAGES {
        let (seen, unseen): (Vec<&Vantage>, Vec<_>) = report.vantages.iter().partition(|v| v.error.is_none());
        let ids: Vec<&VantageId> = seen.iter().map(|v| &v.id).collect();
        let failed: Vec<String> = unseen.into_iter().map(describe).collect();
        let failed = (!failed.is_empty()).then(|| list_some(&failed, MAX_NAMED));
        Some(group_label(&ids)).filter(|ids| !ids.is_empty()).into_iter().chain(failed).collect()
    } else {
        report.vantages.iter().map(describe).collect()
    };
    let only_here = report.vantages.iter().all(|v| v.kind == VantageKind::Workstation);
    let caution = if only_here { " (pods and nodes may see another network)" } else { "" };
    format!("{}{caution}", names.join(", "))
}

/// Once if they are the same everywhere, else for each vantage.
fn describe_resolvers(report: &Report) -> String {
    let known: Vec<&Vantage> = report.vantages.iter().filter(|v| !v.facts.resolvers.is_empty()).collect();
    let names =
        |v: &Vantage| list_some(&v.facts.resolvers.iter().map(format_server).collect::<Vec<_>>(), MAX_NAMED);
    match known[..] {
        [] => String::new(),
        [first, ..] if known.iter().all(|v| v.facts.resolvers == first.facts.resolvers) => {
            let origin = first.facts.resolvers_from.as_ref();
            names(first) + &origin.map_or(String::new(), |from| format!(" ({from})"))
        }
        _ => {
            let lists = group_by_key(known, |vantage| names(vantage));
            let label = |alike: &[&Vantage]| {
                group_label(&alike.iter().map(|vantage| &vantage.id).collect::<Vec<_>>())
            };
            let texts = lists.iter().map(|(list, alike)| format!("{}: {list}", label(alike)));
            let mut texts: Vec<String> = texts.collect();
            if texts.len() > MAX_VANTAGES {
                let left = texts.len() - MAX_VANTAGES;
                texts.truncate(MAX_VANTAGES);
                texts.push(format!("{left} more lists"));
            }
            texts.join("; ")
        }
    }
}

fn format_server(address: &SocketAddr) -> String {
    if address.port() == 53 { address.ip().to_string() } else { address.to_string() }
}

/// Each way that checks go, the most used first.
fn describe_routes(report: &Report) -> String {
    let routes = report.checks.iter().map(|check| &check.planned.route);
    let routes = group_by_key(routes, |route| (route.kind, &route.proxy, &route.reason));
    let mut routes: Vec<(&Route, usize)> = routes.values().map(|alike| (alike[0], alike.len())).collect();
    routes.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    if let [(route, _)] = routes[..] {
        return describe_route(route);
    }
    let name = |(route, count): &(&Route, usize)| {
        format!("{}: {}", describe_route(route), format_count(*count, "check"))
    };
    let mut shown: Vec<String> = routes.iter().take(MAX_NAMED).map(name).collect();
    if routes.len() > MAX_NAMED {
        shown.push(format!("{} more", routes.len() - MAX_NAMED));
    }
    shown.join("; ")
}

fn describe_route(route: &Route) -> String {
    let by = match (route.kind, &route.proxy) {
        (RouteKind::Direct, _) => "direct",
        (RouteKind::Proxy, Some(proxy)) => proxy.as_str(),
        (RouteKind::Proxy, None) => "proxy",
    };
    if route.reason.is_empty() { by.to_owned() } else { format!("{by} ({})", route.reason) }
}

fn describe_rules(report: &Report, verbose: bool) -> String {
    let digest = |l: &Layer| if verbose { format!(" (sha256 {})", l.sha256) } else { String::new() };
    let layers = report.rules.iter().map(|l| format!("{} {}{}", l.name, l.revision, digest(l)));
    layers.collect::<Vec<_>>().join(", ")
}
