//! Nothing gets out from some of the vantages while something does from others: what lies between them is the cause.

use super::prelude::*;
use super::vantage_comparison::{checks_by_vantage, has_any_egress, has_no_egress, is_in_cluster};
use crate::model::evidence::Phase;
use crate::model::vantage::VantageKind;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "cut_off", group_checks, describe_finding };

/// Decided with a look at all vantages, so that all that are cut off are one finding.
fn group_checks<'a>(view: &VantageFacts<'a>) -> Vec<CheckGroup<'a>> {
    let all = checks_by_vantage(view);
    let is_one = view.vantage.is_some_and(is_in_cluster) && has_no_egress(&view.checks);
    if !is_one || !all.iter().any(|(_, checks)| has_any_egress(checks)) {
        return Vec::new();
    }
    let on_the_way = |c: &Check| matches!(c.phase, Some(Phase::Connect | Phase::Proxy));
    CheckGroup::from_checks("inside", view.unexplained_where(on_the_way))
}

fn describe_finding(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> FindingText {
    let cut = scene.vantages_of(group);
    let open: Vec<_> =
        scene.by_vantage.iter().filter(|v| has_any_egress(&v.checks)).filter_map(|v| v.vantage).collect();
    let name = |vantages: &[&Vantage]| {
        list_some(&vantages.iter().map(|v| describe_vantage(v, scene.context)).collect::<Vec<_>>(), 3)
    };
    let (here, there) = (name(&cut), name(&open));
    let node = cut.iter().find_map(|vantage| vantage.node.as_deref());
    let CutOffAdvice { why, remedy, commands, by_firewall } = advice_for(&cut, &open);
    let rules = if by_firewall { commands::firewall_rules(group, scene) } else { Vec::new() };
    FindingText {
        summary: format!("Nothing gets out from {here}, while something does from {there}."),
        subject: here.clone(),
        explanation: format!("From {here} every connection fails ({}). {why}", list_causes(group, 3)),
        remedy: remedy.to_owned(),
        commands: commands
            .iter()
            .map(|c| commands::name_node(c, node))
            .chain(rules)
            .chain(
                group.first_check().map(|c| commands::name_node(&commands::curl_command_at_vantage(c), node)),
            )
            .collect(),
        ..FindingText::default()
    }
}

struct CutOffAdvice {
    why: &'static str,
    remedy: &'static str,
    commands: &'static [&'static str],
    /// Whether rules of the firewall can be the cause.
    by_firewall: bool,
}

/// By who is cut off, and who is not.
fn advice_for(cut: &[&Vantage], open: &[&Vantage]) -> CutOffAdvice {
    let has = |vantages: &[&Vantage], kind| vantages.iter().any(|v| v.kind == kind);
    let same_kind_open = cut.iter().any(|c| open.iter().any(|o| o.kind == c.kind));
    if same_kind_open {
        return CutOffAdvice {
            why: "The same kind of position on other nodes gets out: it is these nodes, not the cluster.",
            remedy: "Compare the nodes: their subnet, security group, routes, and host firewall.",
            commands: &["kubectl get nodes -o wide", "arcprobe check -l REGION --from pod,node --node NODE"],
            by_firewall: false,
        };
    }
    match (has(cut, VantageKind::Pod), has(cut, VantageKind::Node), has(open, VantageKind::Node)) {
        (true, false, true) => CutOffAdvice {
            why: "The node's own network gets out, so the firewall lets the node's address through: something inside the \
                  cluster holds pods back.",
            remedy: "Look for a NetworkPolicy (or a policy of Calico or Cilium) that denies egress, and whether the \
                     addresses of pods are translated to the node's on their way out (SNAT, ip-masq-agent) or allowed \
                     in the firewall themselves.",
            commands: &[
                "kubectl get networkpolicy -A",
                "kubectl get ciliumnetworkpolicies,globalnetworkpolicies -A",
            ],
            by_firewall: false,
        },
        (false, true, _) => CutOffAdvice {
            why: "Pods or this machine get out: the node's own network is held back, and image pulls fail with it.",
            remedy: "Look at the node's routes and host firewall, and whether the node's own address is allowed in the \
                     firewall. If pods go out through an egress gateway, nodes need a way of their own.",
            commands: &["arcprobe check -l REGION --from node --node NODE --node-proxy-https URL"],
            by_firewall: true,
        },
        _ => CutOffAdvice {
            why: "This machine gets out, the whole cluster does not: they are in different networks.",
            remedy: "Have the firewall opened for the nodes' subnet too, or pass the proxy that this machine uses: what is \
                     set in its environment does not reach the cluster.",
            commands: &[
                "arcprobe check -l REGION --from pod,node --proxy-https URL --proxy-skip-range RANGE",
            ],
            by_firewall: true,
        },
    }
}
