//! Pods get no addresses: the cluster's own DNS is down, or it is up and cannot ask others.

use super::compare::vantages;
use super::group::Group;
use super::look;
use super::phrase::{list, place_of, server};
use super::resolver_silent::missing;
use super::scene::{Scene, View};
use super::{Diagnosis, Words};
use crate::model::evidence::{Cause, InsideName};
use crate::model::finding::Confidence;
use crate::model::report::{Check, Vantage};

pub(super) const UPSTREAM: Diagnosis =
    Diagnosis { id: "cluster_dns_upstream", groups: upstream, words: upstream_words };
pub(super) const DOWN: Diagnosis = Diagnosis { id: "cluster_dns_down", groups: down, words: down_words };

const CAUSES: &[Cause] = &[
    Cause::DnsTimeout,
    Cause::DnsUnreachable,
    Cause::DnsServfail,
    Cause::DnsRefused,
    Cause::DnsNxdomain,
    Cause::DnsNoData,
];

/// A name of the cluster resolves, none of the others does.
fn upstream<'a>(view: &View<'a>) -> Vec<Group<'a>> {
    groups(view, |inside| inside.cause.is_none())
}

/// Not even a name of the cluster resolves.
fn down<'a>(view: &View<'a>) -> Vec<Group<'a>> {
    groups(view, |inside| inside.cause.is_some())
}

fn groups<'a>(view: &View<'a>, holds: impl Fn(&InsideName) -> bool) -> Vec<Group<'a>> {
    let inside = view.vantage.and_then(|v| v.facts.inside_name.as_ref());
    let any_outside = view.all.iter().any(|c| look::was_resolved(c));
    if any_outside || !inside.is_some_and(holds) {
        return Vec::new();
    }
    Group::one("cluster dns", view.open_with(CAUSES))
}

fn upstream_words(group: &Group<'_>, scene: &Scene<'_>) -> Words {
    Words {
        summary: "The cluster's DNS knows its own names, but no names of the internet.".into(),
        subject: servers(group, scene),
        explanation: format!(
            "From the pod network {} resolves at {}, names outside do not ({}). {}{}",
            inside_name(group, scene),
            servers(group, scene),
            causes(group),
            missing(group),
            elsewhere(group, scene)
        ),
        consequence: None,
        remedy: "Mend the forward line of CoreDNS: it names a server that CoreDNS cannot reach or that does not know these \
                 names. By default it is the resolv.conf of the node that CoreDNS runs on; CoreDNS also needs egress to \
                 that server on UDP and TCP port 53."
            .into(),
        commands: vec![
            "kubectl -n kube-system get configmap coredns -o yaml".into(),
            "kubectl -n kube-system logs -l k8s-app=kube-dns --tail=20".into(),
        ],
        confidence: Confidence::High,
        severity: None,
    }
}

fn down_words(group: &Group<'_>, scene: &Scene<'_>) -> Words {
    Words {
        summary: "The cluster's DNS does not work: not even a name of the cluster resolves.".into(),
        subject: servers(group, scene),
        explanation: format!(
            "From the pod network neither {} nor any name outside resolves at {} ({}). {}{}",
            inside_name(group, scene),
            servers(group, scene),
            causes(group),
            missing(group),
            elsewhere(group, scene)
        ),
        consequence: None,
        remedy: "Look whether CoreDNS runs and whether pods reach it: its Service, kube-proxy on the node, and network \
                 policies that deny port 53."
            .into(),
        commands: vec![
            "kubectl -n kube-system get pods,endpoints -l k8s-app=kube-dns -o wide".into(),
            "kubectl -n kube-system logs -l k8s-app=kube-dns --tail=20".into(),
            "kubectl get networkpolicy -A".into(),
        ],
        confidence: Confidence::High,
        severity: None,
    }
}

fn inside_name(group: &Group<'_>, scene: &Scene<'_>) -> String {
    let inside = scene.vantages_of(group).into_iter().find_map(|v| v.facts.inside_name.as_ref());
    inside.map_or_else(|| "the cluster's own name".to_owned(), |inside| inside.name.clone())
}

fn servers(group: &Group<'_>, scene: &Scene<'_>) -> String {
    let servers = scene.vantages_of(group).into_iter().flat_map(|v| &v.facts.resolvers);
    let servers: Vec<_> = servers.map(|&s| server(s)).collect();
    if servers.is_empty() { "the cluster's DNS server".into() } else { list(&servers, 3) }
}

fn causes(group: &Group<'_>) -> String {
    list(&group.causes().iter().map(|c| c.text()).collect::<Vec<_>>(), 3)
}

/// Who does resolve names: then it is not the names.
fn elsewhere(group: &Group<'_>, scene: &Scene<'_>) -> String {
    let own = group.vantages();
    let Some(view) = scene.views.iter().find(|v| own.contains(&v.id)) else { return String::new() };
    let resolves = |(v, checks): &(&Vantage, Vec<&Check>)| {
        !own.contains(&v.id.as_str()) && checks.iter().any(|c| look::was_resolved(c))
    };
    let places: Vec<_> =
        vantages(view).into_iter().filter(resolves).map(|(v, _)| place_of(v, scene.context)).collect();
    if places.is_empty() { String::new() } else { format!(" Names do resolve from {}.", list(&places, 3)) }
}
