//! Endpoints whose name holds something that only the user knows.

use super::prelude::*;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "value_missing", group_checks, describe_finding };

fn group_checks<'a>(view: &VantageFacts<'a>) -> Vec<CheckGroup<'a>> {
    let lacks_value = |c: &Check| c.unverified == Some(UnverifiedKind::ValueMissing);
    CheckGroup::from_checks("", view.checks_where(lacks_value))
}

fn describe_finding(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> FindingText {
    let notes = unique_in_order(group.checks.iter().filter_map(|c| c.note.as_deref()));
    let is_required = group.checks.iter().any(|c| scene.is_required(c));
    let patterns = unique_in_order(group.checks.iter().map(|c| look::pattern_or_host(c)));
    FindingText {
        summary: format!(
            "{} could not be checked, for a value is missing that only you know.",
            format_count(patterns.len(), "endpoint")
        ),
        subject: list_some(&patterns, 3),
        explanation: format!("Not checked: {} ({}).", list_some(&patterns, 5), notes.join("; ")),
        remedy: "Give the values and run again.".into(),
        commands: vec![format!("arcprobe check -l REGION{}", list_settings(&notes)).into()],
        severity: Some(if is_required { Severity::Warning } else { Severity::Info }),
        ..FindingText::default()
    }
}

/// The flags that the notes ask for, each once.
fn list_settings(notes: &[&str]) -> String {
    let asked = notes.iter().filter_map(|note| note.split_once("--set ")?.1.split(' ').next());
    let asked = unique_in_order(asked);
    let named = if asked.is_empty() { vec!["NAME=VALUE"] } else { asked };
    format!(" --set {}", named.join(" --set "))
}
