//! The skip range does not fit the cluster's own networks.

use super::prelude::*;
use crate::model::report::{SkipProblem, SkipProblemKind};

pub(super) const DIAGNOSIS: Diagnosis =
    Diagnosis { id: "skip_range_incomplete", group_checks, describe_finding };

/// About the run: one finding, however many vantages there are.
fn group_checks<'a>(view: &VantageFacts<'a>) -> Vec<CheckGroup<'a>> {
    CheckGroup::about_run(!relevant_problems(view.context).is_empty())
}

/// What is malformed has a finding of its own.
fn relevant_problems<'a>(context: &Context<'a>) -> Vec<&'a SkipProblem> {
    let all =
        context.advice.and_then(|a| a.skip_range.as_ref()).map(|s| s.problems.as_slice()).unwrap_or_default();
    let tells = |p: &&SkipProblem| p.severity > Severity::Info && p.kind != SkipProblemKind::Malformed;
    all.iter().filter(tells).collect()
}

fn describe_finding(_: &CheckGroup<'_>, scene: &RunFacts<'_>) -> FindingText {
    let problems = relevant_problems(scene.context);
    let advice = scene.context.advice.and_then(|a| a.skip_range.as_ref());
    let origin = advice.and_then(|s| s.given_by.clone()).unwrap_or_else(|| "the proxy settings".into());
    let value = advice.map(|s| s.value.clone()).unwrap_or_default();
    let texts: Vec<_> = problems.iter().map(|p| p.text.as_str()).collect();
    FindingText {
        summary: format!("The skip range of {origin} does not fit the networks of this cluster."),
        subject: origin,
        explanation: format!("Compared with what the cluster says: {}.", list_some(&texts, 4)),
        consequence: Some(
            "The agents send to the proxy what has to stay in the cluster, or try directly what only the proxy reaches: \
             they run and never get ready, and the cluster stays in Connecting."
                .into(),
        ),
        remedy: "Give the value below, and the same to a cluster that is connected already.".into(),
        commands: vec![Instruction::Text(format!("--proxy-skip-range '{value}'")), "arcprobe advise -l REGION --proxy-https URL".into()],
        severity: Some(problems.iter().map(|p| p.severity).max().unwrap_or(Severity::Warning)),
        ..FindingText::default()
    }
}
