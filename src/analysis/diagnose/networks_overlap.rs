//! Networks of the cluster collide with each other, or with something that has to be called.

use super::group::Group;
use super::scene::{Scene, View};
use super::{Diagnosis, Words};
use crate::model::finding::{Confidence, Severity};
use crate::model::report::Overlap;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "networks_overlap", groups, words };

/// Each collision is a finding, and told once.
fn groups<'a>(view: &View<'a>) -> Vec<Group<'a>> {
    let overlaps = view.context.advice.map(|a| a.overlaps.as_slice()).unwrap_or_default();
    let telling = overlaps.iter().filter(|o| o.severity > Severity::Info);
    telling.map(|o| Group { key: o.text.clone(), checks: Vec::new() }).collect()
}

fn words(group: &Group<'_>, scene: &Scene<'_>) -> Words {
    let overlaps = scene.context.advice.map(|a| a.overlaps.as_slice()).unwrap_or_default();
    let overlap = overlaps.iter().find(|o| o.text == group.key);
    let (inner, outer) =
        overlap.map_or(("", ""), |o: &Overlap| (o.inner_network.as_str(), o.outer_network.as_str()));
    Words {
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
