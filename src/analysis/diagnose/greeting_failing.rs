//! A service other than HTTP (git, SSH) opens the connection and does not say its first words.

use super::prelude::*;
use crate::model::evidence::Phase;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "greeting_failing", group_checks, describe_finding };

fn group_checks<'a>(view: &VantageFacts<'a>) -> Vec<CheckGroup<'a>> {
    let checks = view.unexplained_where(|c| c.phase == Some(Phase::Greeting));
    CheckGroup::by_key(checks, |c| c.planned.protocol.as_str().to_owned())
}

fn describe_finding(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> FindingText {
    let protocol = &group.key;
    FindingText {
        summary: format!("No greeting comes from the {protocol} service at {}.", describe_hosts(group)),
        subject: describe_hosts(group),
        explanation: format!(
            "From {} {protocol} does not begin as it should: {}.{}",
            describe_vantages(group, scene),
            list_some(&group.hosts(), 5),
            describe_note(group)
        ),
        remedy: format!(
            "Allow {protocol} itself in the firewall, not only its port, or use repositories by HTTPS: a firewall that \
             recognises protocols, or a proxy in between, holds it back."
        ),
        commands: commands::firewall_rules_then_verify(group, scene, greeting_command),
        confidence: Confidence::Medium,
        ..FindingText::default()
    }
}

fn greeting_command(check: &Check) -> String {
    format!("nc -v -w 5 {} {}", look::host_or_pattern(check), check.planned.port)
}
