//! What no other diagnosis explains, told by phase and cause.

use super::prelude::*;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "endpoint_unmet", group_checks, describe_finding };

/// What fails at a proxy belongs together per proxy, too.
fn group_checks<'a>(view: &VantageFacts<'a>) -> Vec<CheckGroup<'a>> {
    CheckGroup::by_key(view.unexplained.clone(), |c| {
        format!("{:?} {:?} {}", c.phase, c.cause, by_proxy::proxy_of(c).unwrap_or_default())
    })
}

fn describe_finding(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> FindingText {
    let cause = group.first_cause();
    let through =
        group.first_check().and_then(by_proxy::proxy_of).map(|p| format!(" through {p}")).unwrap_or_default();
    FindingText {
        summary: format!("{} cannot be used{through}: {}.", describe_hosts(group), cause.text()),
        subject: describe_hosts(group),
        explanation: describe_observation(group, scene),
        remedy: "Look at the failing step of these checks, and allow the endpoints on whatever device stands there."
            .into(),
        commands: commands::firewall_rules_then_verify(group, scene, commands::curl_command),
        confidence: Confidence::Low,
        ..FindingText::default()
    }
}
