//! What no other diagnosis explains, told by phase and cause.

use super::group::Group;
use super::phrase;
use super::scene::{Scene, View};
use super::{Diagnosis, Words, by_proxy, commands};
use crate::model::evidence::Cause;
use crate::model::finding::Confidence;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "endpoint_unmet", groups, words };

/// What fails at a proxy belongs together per proxy, too.
fn groups<'a>(view: &View<'a>) -> Vec<Group<'a>> {
    Group::by(view.open.clone(), |c| {
        format!("{:?} {:?} {}", c.phase, c.cause, by_proxy::proxy(c).unwrap_or_default())
    })
}

fn words(group: &Group<'_>, scene: &Scene<'_>) -> Words {
    let cause = group.first().and_then(|c| c.cause).unwrap_or(Cause::Unknown);
    let by_way_of =
        group.first().and_then(by_proxy::proxy).map(|p| format!(" by way of {p}")).unwrap_or_default();
    Words {
        summary: format!("{} cannot be used{by_way_of}: {}.", phrase::hosts(group), cause.text()),
        subject: phrase::hosts(group),
        explanation: phrase::seen_at(group, scene),
        consequence: None,
        remedy: "Look at the failing step of these checks, and allow the endpoints on whatever device stands there."
            .into(),
        commands: commands::allow_and(group, scene, commands::curl),
        confidence: Confidence::Low,
        severity: None,
    }
}
