//! The proxy is a loopback address: right for this machine, and somebody else in each pod and on each node.

use super::prelude::*;
use super::vantage_comparison::is_in_cluster;
use crate::model::evidence::Phase;
use crate::proxy::ProxyUrl;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "proxy_loopback", group_checks, describe_finding };

/// What fails at it in the cluster, and what passed through it on this machine: nothing else shows that it is one.
fn group_checks<'a>(view: &VantageFacts<'a>) -> Vec<CheckGroup<'a>> {
    let is_local = |c: &Check| {
        let url = by_proxy::proxy_of(c).and_then(|label| ProxyUrl::parse(label).ok());
        url.is_some_and(|(url, _)| url.is_loopback())
    };
    let is_inside = view.vantage.is_some_and(is_in_cluster);
    let checks = if is_inside {
        view.unexplained_where(|c| c.phase == Some(Phase::Proxy) && is_local(c))
    } else {
        view.checks_where(|c| look::is_met(c) && is_local(c))
    };
    CheckGroup::by_key(checks, |c| by_proxy::proxy_of(c).unwrap_or_default().to_owned())
}

fn describe_finding(group: &CheckGroup<'_>, _: &RunFacts<'_>) -> FindingText {
    let label = by_proxy::group_proxy(group);
    let origin = group.first_check().map(|c| c.planned.route.reason.as_str()).unwrap_or_default();
    let (unmet, all) = (group.unmet_checks().count(), group.checks.len());
    let seen = match unmet {
        0 => format!("{} passed through it from this machine.", format_count(all, "check")),
        n => format!("{} failed at it inside the cluster.", format_count(n, "check")),
    };
    // what is typed is what the cluster is going to get; a variable stays on this machine
    let severity = if origin.starts_with("--") { Severity::Warning } else { Severity::Info };
    FindingText {
        summary: format!("The proxy {label} is a loopback address: pods and nodes cannot use it."),
        subject: label.to_owned(),
        explanation: format!(
            "{label} ({origin}) names the machine that uses it. In a pod it is the pod, on a node the node. {seen}"
        ),
        consequence: (unmet == 0).then(|| {
            "Agents that are given this address cannot connect to Azure, and the cluster stays in Connecting.".into()
        }),
        remedy: "Give the cluster a proxy at an address that pods and nodes reach: the one that the local proxy forwards \
                 to, or the local one listening on this machine's network address and allowed for their networks. Leave \
                 the proxy flags out if the cluster has direct access. az on this machine can keep the local proxy."
            .into(),
        commands: vec!["arcprobe check -l REGION --from pod,node --proxy-https http://PROXY:PORT".into()],
        severity: (unmet == 0).then_some(severity),
        ..FindingText::default()
    }
}
