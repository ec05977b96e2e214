//! Networks of the cluster collide with each other, or with something that has to be called.

use super::group::CheckGroup;
use super::run_facts::{RunFacts, VantageFacts};
use super::{Diagnosis, FindingText};
use crate::model::finding::{Confidence, Severity};
use crate::model::report::Overlap;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "networks_overlap", group_checks, describe_finding };

/// Each collision is a finding, and told once.
fn group_checks<'a>(view: &VantageFacts<'a>) -> Vec<CheckGroup<'a>> {
    let overlaps = view.context.advice.map(|a| a.overlaps.as_slice()).unwrap_or_default();
    let telling = overlaps.iter().filter(|o| o.severity > Severity::Info);
    telling.map(|o| CheckGroup { key: o.text.clone(), checks: Vec::new() }).collect()
}

fn describe_finding(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> FindingText {
    let overlaps = scene.context.advice.map(|a| a.overlaps.as_slice()).unwrap_or_default();
    let overlap = overlaps.iter().find(|o| o.text == group.key);
    let (inner, outer) =
        overlap.map_or(("", ""), |o: &Overlap| (o.inner_network.as_str(), o.outer_network.as_str()));
    FindingText {
        summary: format!("Addresses collide: {inner} lies in {outer}."),
        subject: inner.to_owned(),
        explanation: format!("From the cluster's own objects: {}.", group.key),
        consequence: Some(
            "What is sent to such an address ends inside the cluster or on the node; whoever answers there is not who was meant.".into(),
        ),
        remedy: "Move one of the two: a proxy or DNS server gets another address quickly, service and pod ranges of a cluster \
                 that exists hardly ever. For a new cluster choose ranges that nothing else uses."
            .into(),
        commands: vec!["arcprobe advise".into(), "arcprobe advise --plan --avoid 10.0.0.0/8,192.168.0.0/16".into()],
        confidence: Confidence::Medium,
        severity: overlap.map(|o| o.severity),
    }
}
