//! The region is not in the rules: hosts were made of its name, and nobody knows beforehand whether it exists.

use super::prelude::*;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "region_unlisted", group_checks, describe_finding };

fn group_checks<'a>(view: &VantageFacts<'a>) -> Vec<CheckGroup<'a>> {
    CheckGroup::about_run(view.context.unlisted_region.is_some())
}

fn describe_finding(_: &CheckGroup<'_>, scene: &RunFacts<'_>) -> FindingText {
    let UnlistedRegion { name, date } = scene.context.unlisted_region.unwrap_or_default();
    FindingText {
        summary: format!("The rules of {date} do not list the region {name}: it is newer, or misspelt."),
        subject: name.to_owned(),
        explanation: format!(
            "Hosts with a region in their name were made of \"{name}\"; the others come from Azure's answers."
        ),
        consequence: Some(
            "If the region does not exist, the failures of its hosts say nothing about the network.".into(),
        ),
        remedy:
            "Compare the name with what Azure lists. Newer rules, or a file of your own, list the region."
                .into(),
        commands: vec!["az account list-locations --query '[].name' -o tsv".into()],
        severity: Some(Severity::Warning),
        ..FindingText::default()
    }
}
