//! Networks of the cluster collide with each other, or with something that has to be called.

use super::group::GroupSubject;
use super::prelude::*;
use crate::model::report::Overlap;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "networks_overlap", group_checks, describe_finding };

/// Each collision is one finding.
fn group_checks<'a>(view: &VantageFacts<'a>) -> Vec<CheckGroup<'a>> {
    let overlaps = view.context.advice.map(|a| a.overlaps.as_slice()).unwrap_or_default();
    let telling = overlaps.iter().filter(|o| o.severity > Severity::Info);
    let group = |overlap: &'a Overlap| CheckGroup {
        subject: GroupSubject::Overlap(overlap),
        ..CheckGroup::new(&overlap.text, Vec::new())
    };
    telling.map(group).collect()
}

fn describe_finding(group: &CheckGroup<'_>, _: &RunFacts<'_>) -> FindingText {
    let GroupSubject::Overlap(overlap) = group.subject else { unreachable!("each group is about one") };
    FindingText {
        summary: format!("Addresses collide: {} lies in {}.", overlap.inner_network, overlap.outer_network),
        subject: overlap.inner_network.clone(),
        explanation: format!("From the cluster's own objects: {}.", overlap.text),
        consequence: Some(
            "What is sent to such an address ends inside the cluster or on the node; whoever answers there is not who was meant.".into(),
        ),
        remedy: "Move one of the two: a proxy or DNS server gets another address quickly, service and pod ranges of a cluster \
                 that exists hardly ever. For a new cluster choose ranges that nothing else uses."
            .into(),
        commands: vec!["arcprobe advise".into(), "arcprobe advise --plan --avoid 10.0.0.0/8,192.168.0.0/16".into()],
        confidence: Confidence::Medium,
        severity: Some(overlap.severity),
    }
}
