//! Pods get no addresses: the cluster's own DNS is down, or it is up and cannot ask others.

use super::prelude::*;
use super::resolver_silent::describe_missing_names;
use super::vantage_comparison::checks_by_vantage;
use super::wording::format_dns_server;
use crate::model::evidence::ClusterNameLookup;

pub(super) const UPSTREAM: Diagnosis = Diagnosis {
    id: "cluster_dns_upstream",
    group_checks: group_upstream,
    describe_finding: describe_upstream,
};
pub(super) const DOWN: Diagnosis =
    Diagnosis { id: "cluster_dns_down", group_checks: group_down, describe_finding: describe_down };

const CAUSES: &[Cause] = &[
    Cause::DnsTimeout,
    Cause::DnsUnreachable,
    Cause::DnsServfail,
    Cause::DnsRefused,
    Cause::DnsNxdomain,
    Cause::DnsNoData,
];

/// A name of the cluster resolves, none of the others does.
fn group_upstream<'a>(view: &VantageFacts<'a>) -> Vec<CheckGroup<'a>> {
    group_if_inside(view, |inside| inside.cause.is_none())
}

/// Not even a name of the cluster resolves.
fn group_down<'a>(view: &VantageFacts<'a>) -> Vec<CheckGroup<'a>> {
    group_if_inside(view, |inside| inside.cause.is_some())
}

fn group_if_inside<'a>(
    view: &VantageFacts<'a>,
    holds: impl Fn(&ClusterNameLookup) -> bool,
) -> Vec<CheckGroup<'a>> {
    let inside = view.vantage.and_then(|v| v.facts.inside_name.as_ref());
    let any_outside = view.checks.iter().any(|c| look::has_resolved(c));
    if any_outside || !inside.is_some_and(holds) {
        return Vec::new();
    }
    CheckGroup::from_checks("cluster dns", view.unexplained_with(CAUSES))
}

fn describe_upstream(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> FindingText {
    FindingText {
        summary: "The cluster's DNS knows its own names, but no names of the internet.".into(),
        subject: list_dns_servers(group, scene),
        explanation: explain(group, scene, |name, at| format!("{name} resolves at {at}, names outside do not")),
        remedy: "Mend the forward line of CoreDNS: it names a server that CoreDNS cannot reach or that does not know these \
                 names. By default it is the resolv.conf of the node that CoreDNS runs on; CoreDNS also needs egress to \
                 that server on UDP and TCP port 53."
            .into(),
        commands: vec![
            "kubectl -n kube-system get configmap coredns -o yaml".into(),
            "kubectl -n kube-system logs -l k8s-app=kube-dns --tail=20".into(),
        ],
        ..FindingText::default()
    }
}

fn describe_down(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> FindingText {
    FindingText {
        summary: "The cluster's DNS does not work: not even a name of the cluster resolves.".into(),
        subject: list_dns_servers(group, scene),
        explanation: explain(group, scene, |name, at| {
            format!("neither {name} nor any name outside resolves at {at}")
        }),
        remedy: "Look whether CoreDNS runs and whether pods reach it: its Service, kube-proxy on the node, and network \
                 policies that deny port 53."
            .into(),
        commands: vec![
            "kubectl -n kube-system get pods,endpoints -l k8s-app=kube-dns -o wide".into(),
            "kubectl -n kube-system logs -l k8s-app=kube-dns --tail=20".into(),
            "kubectl get networkpolicy -A".into(),
        ],
        ..FindingText::default()
    }
}

/// What resolves, given the name inside and the servers, with why not and who else fares better.
fn explain(group: &CheckGroup<'_>, scene: &RunFacts<'_>, what: fn(String, String) -> String) -> String {
    format!(
        "From the pod network {} ({}). {}{}",
        what(cluster_name(group, scene), list_dns_servers(group, scene)),
        list_causes(group, 3),
        describe_missing_names(group),
        describe_elsewhere(group, scene)
    )
}

fn cluster_name(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> String {
    let inside = scene.vantages_of(group).into_iter().find_map(|v| v.facts.inside_name.as_ref());
    inside.map_or_else(|| "the cluster's own name".to_owned(), |inside| inside.name.clone())
}

fn list_dns_servers(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> String {
    let servers = scene.vantages_of(group).into_iter().flat_map(|v| &v.facts.resolvers);
    let servers: Vec<_> = servers.map(|&s| format_dns_server(s)).collect();
    if servers.is_empty() { "the cluster's DNS server".into() } else { list_some(&servers, 3) }
}

/// Who does resolve names: then it is not the names.
fn describe_elsewhere(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> String {
    let own = group.vantage_ids();
    let Some(view) = scene.by_vantage.iter().find(|v| own.contains(&v.id)) else { return String::new() };
    let resolves = |(v, checks): &(&Vantage, Vec<&Check>)| {
        !own.contains(&v.id.as_str()) && checks.iter().any(|c| look::has_resolved(c))
    };
    let places: Vec<_> = checks_by_vantage(view)
        .into_iter()
        .filter(resolves)
        .map(|(v, _)| describe_vantage(v, scene.context))
        .collect();
    if places.is_empty() {
        String::new()
    } else {
        format!(" Names do resolve from {}.", list_some(&places, 3))
    }
}
