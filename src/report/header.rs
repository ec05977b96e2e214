//! The facts that a report rests on.

use std::collections::HashMap;
use std::net::SocketAddr;

use super::crowds::together;
use super::screen::{Paint, Screen};
use super::tally::{plural, some_of};
use crate::model::plan::{Route, RouteKind};
use crate::model::report::{Check, Report, Vantage};
use crate::model::rules::Layer;
use crate::model::vantage::VantageKind;

/// How many routes and resolvers are named.
const NAMED: usize = 3;

/// So many vantages are told one by one.
const MOST_AGENTS: usize = 6;

/// Where the values begin.
const INDENT: usize = 12;

/// Draws one line for each kind of fact.
pub(super) fn draw(screen: &mut Screen, report: &Report, verbose: bool) {
    for (label, value) in facts(report, verbose) {
        screen.paragraph(&[(Paint::Dim, &format!("  {label:<10}"))], INDENT, Paint::Plain, &value);
    }
}

/// Each kind of fact with its name; with `all` also those that only tell runs apart.
pub(super) fn facts(report: &Report, all: bool) -> Vec<(&'static str, String)> {
    let run = &report.run;
    let scope = format!("{} {}, connectivity {}", run.cloud, run.region, run.connectivity.word());
    let cluster = run.cluster.iter().map(|c| ("cluster", format!("{}, {}", c.context, c.server)));
    let mut facts: Vec<_> = cluster.collect();
    facts.extend([
        ("cloud", scope),
        ("features", run.features.join(", ")),
        ("from", from(report)),
        ("resolver", resolvers(report)),
        ("route", routes(report)),
        ("rules", rules(report, all)),
    ]);
    if all {
        let delivered = |v: &Vantage| Some(("agent", format!("{}: {}", v.id, v.facts.delivery.as_ref()?)));
        let agents: Vec<_> = report.vantages.iter().filter_map(delivered).collect();
        let left = agents.len().saturating_sub(MOST_AGENTS);
        facts.extend(agents.into_iter().take(MOST_AGENTS));
        facts.extend((left > 0).then(|| ("agent", format!("{left} more, as in the JSON report"))));
        let tool = &report.tool;
        facts.push(("run", format!("{}, {} {}", run.started_at, tool.name, tool.version)));
    }
    for (_, value) in facts.iter_mut().filter(|(_, value)| value.is_empty()) {
        "unknown".clone_into(value);
    }
    facts
}

fn from(report: &Report) -> String {
    let one = |v: &Vantage| match (&v.node, &v.error) {
        (_, Some(error)) => format!("{} (not measured: {error})", v.id),
        (Some(node), None) if !v.id.contains(node.as_str()) => format!("{} on {node}", v.id),
        _ => v.id.clone(),
    };
    let names: Vec<String> = if report.vantages.len() > MOST_AGENTS {
        let (seen, unseen): (Vec<&Vantage>, Vec<_>) = report.vantages.iter().partition(|v| v.error.is_none());
        let ids: Vec<&str> = seen.iter().map(|v| v.id.as_str()).collect();
        let failed: Vec<String> = unseen.into_iter().map(one).collect();
        let failed = (!failed.is_empty()).then(|| some_of(&failed, NAMED));
        Some(together(&ids)).filter(|ids| !ids.is_empty()).into_iter().chain(failed).collect()
    } else {
        report.vantages.iter().map(one).collect()
    };
    let only_here = report.vantages.iter().all(|v| v.kind == VantageKind::Workstation);
    let caution = if only_here { " (pods and nodes may see another network)" } else { "" };
    format!("{}{caution}", names.join(", "))
}

/// Once if they are the same everywhere, else for each vantage.
fn resolvers(report: &Report) -> String {
    let known: Vec<&Vantage> = report.vantages.iter().filter(|v| !v.facts.resolvers.is_empty()).collect();
    let names = |v: &Vantage| some_of(&v.facts.resolvers.iter().map(server).collect::<Vec<_>>(), NAMED);
    match known[..] {
        [] => String::new(),
        [first, ..] if known.iter().all(|v| v.facts.resolvers == first.facts.resolvers) => {
            let origin = first.facts.resolvers_from.as_ref();
            names(first) + &origin.map_or(String::new(), |from| format!(" ({from})"))
        }
        _ => {
            let mut lists: Vec<(String, Vec<&str>)> = Vec::new();
            for vantage in known {
                let list = names(vantage);
                match lists.iter_mut().find(|(same, _)| *same == list) {
                    Some((_, ids)) => ids.push(&vantage.id),
                    None => lists.push((list, vec![&vantage.id])),
                }
            }
            let told = lists.iter().map(|(list, ids)| format!("{}: {list}", together(ids)));
            let mut told: Vec<String> = told.collect();
            if told.len() > MOST_AGENTS {
                let left = told.len() - MOST_AGENTS;
                told.truncate(MOST_AGENTS);
                told.push(format!("{left} more lists"));
            }
            told.join("; ")
        }
    }
}

fn server(address: &SocketAddr) -> String {
    if address.port() == 53 { address.ip().to_string() } else { address.to_string() }
}

/// Each way that checks go, the most used first.
fn routes(report: &Report) -> String {
    let mut ways: Vec<(&Route, usize)> = Vec::new();
    let mut places = HashMap::new();
    for Check { route, .. } in &report.checks {
        let place = *places.entry((route.kind, &route.proxy, &route.reason)).or_insert(ways.len());
        match ways.get_mut(place) {
            Some((_, count)) => *count += 1,
            None => ways.push((route, 1)),
        }
    }
    ways.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    if let [(route, _)] = ways[..] {
        return way(route);
    }
    let name = |(route, count): &(&Route, usize)| format!("{}: {}", way(route), plural(*count, "check"));
    let mut shown: Vec<String> = ways.iter().take(NAMED).map(name).collect();
    if ways.len() > NAMED {
        shown.push(format!("{} more", ways.len() - NAMED));
    }
    shown.join("; ")
}

fn way(route: &Route) -> String {
    let by = match (route.kind, &route.proxy) {
        (RouteKind::Direct, _) => "direct",
        (RouteKind::Proxy, Some(proxy)) => proxy.as_str(),
        (RouteKind::Proxy, None) => "proxy",
    };
    if route.reason.is_empty() { by.to_owned() } else { format!("{by} ({})", route.reason) }
}

fn rules(report: &Report, verbose: bool) -> String {
    let digest = |l: &Layer| if verbose { format!(" (sha256 {})", l.sha256) } else { String::new() };
    let layers = report.rules.iter().map(|l| format!("{} {}{}", l.name, l.revision, digest(l)));
    layers.collect::<Vec<_>>().join(", ")
}
