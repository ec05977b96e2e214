//! Part of the run did not take place.

use super::prelude::*;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "run_incomplete", group_checks, describe_finding };

fn group_checks<'a>(view: &VantageFacts<'a>) -> Vec<CheckGroup<'a>> {
    let was_left = |c: &Check| matches!(c.unverified, Some(UnverifiedKind::NotRun | UnverifiedKind::Broken));
    let checks = view.checks_where(was_left);
    let is_cut = view.context.interrupted || view.context.deadline_passed;
    if checks.is_empty() && !is_cut { Vec::new() } else { vec![CheckGroup::new("", checks)] }
}

fn describe_finding(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> FindingText {
    let reasons = list_reasons(group, scene);
    FindingText {
        summary: format!("The run is incomplete: {}.", list_some(&reasons, 2)),
        subject: "this run".into(),
        explanation: match group.checks.len() {
            0 => format!("What happened: {}.", reasons.join("; ")),
            n => {
                format!("{} did not get a verdict, for {}.", format_count(n, "check"), reasons.join("; "))
            }
        },
        consequence: Some("What was not looked at may be closed; nothing can be said of it.".into()),
        remedy: "Mend what is named above and run again, with more time if a deadline was set.".into(),
        commands: vec!["arcprobe check -l REGION --deadline 5m".into()],
        severity: Some(Severity::Warning),
        ..FindingText::default()
    }
}

fn list_reasons(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> Vec<String> {
    let context = scene.context;
    let broken = group.checks.iter().filter(|c| c.unverified == Some(UnverifiedKind::Broken)).count();
    let mut reasons: Vec<_> = Vec::new();
    reasons.extend(context.interrupted.then(|| "it was interrupted".to_owned()));
    reasons.extend(context.deadline_passed.then(|| "its deadline passed".to_owned()));
    reasons.extend((broken > 0).then(|| format!("{} broke down", format_count(broken, "probe"))));
    if reasons.is_empty() {
        reasons.push("some checks were not reached".into());
    }
    reasons
}
