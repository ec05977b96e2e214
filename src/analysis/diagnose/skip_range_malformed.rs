//! Entries of the skip range that do not do what they were written for.

use super::prelude::*;
use crate::proxy::{SkipRange, SkipRangeProblem};

pub(super) const DIAGNOSIS: Diagnosis =
    Diagnosis { id: "skip_range_malformed", group_checks, describe_finding };

fn group_checks<'a>(view: &VantageFacts<'a>) -> Vec<CheckGroup<'a>> {
    CheckGroup::about_run(!relevant_problems(view.context).is_empty())
}

/// What changes nothing is not worth a warning.
fn relevant_problems(context: &Context<'_>) -> Vec<SkipRangeProblem> {
    let all = context.skip_range.map(|given| given.value.find_problems()).unwrap_or_default();
    all.into_iter().filter(|problem| !problem.kind.is_harmless()).collect()
}

fn describe_finding(_: &CheckGroup<'_>, scene: &RunFacts<'_>) -> FindingText {
    let problems = relevant_problems(scene.context);
    let origin =
        scene.context.skip_range.map_or("the skip range".to_owned(), |given| given.origin.to_string());
    let described: Vec<_> = problems.iter().map(ToString::to_string).collect();
    FindingText {
        summary: format!("{} in {origin} will not be read as meant.", describe_entries(&problems)),
        subject: origin,
        explanation: format!("By its looks: {}.", described.join("; ")),
        consequence: Some(
            "Where an entry matches nothing, the agents send to the proxy what should go around it; the API server or \
             a registry inside cannot be reached that way."
                .into(),
        ),
        remedy: "Write these entries anew, in the form that all clients read alike.".into(),
        commands: scene.context.skip_range.and_then(|given| corrected_flag(&given.value)).into_iter().collect(),
        severity: Some(Severity::Warning),
        ..FindingText::default()
    }
}

fn describe_entries(problems: &[SkipRangeProblem]) -> String {
    match problems {
        [one] => format!("The entry \"{}\"", one.entry),
        many => {
            let names: Vec<_> = many.iter().map(|p| format!("\"{}\"", p.entry)).collect();
            format!("{} entries ({})", many.len(), list_some(&names, 3))
        }
    }
}

/// Nothing to paste where what is left is no better.
fn corrected_flag(range: &SkipRange) -> Option<Instruction> {
    let corrected = range.corrected_value();
    let is_better = SkipRange::parse(&corrected).find_problems().iter().all(|p| p.kind.is_harmless());
    is_better.then(|| Instruction::Text(format!("--proxy-skip-range '{corrected}'")))
}
