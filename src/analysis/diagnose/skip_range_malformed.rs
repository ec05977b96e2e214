//! Entries of the skip range that do not do what they were written for.

use super::group::Group;
use super::phrase::{count, list};
use super::scene::{Scene, View};
use super::{Context, Diagnosis, Words};
use crate::model::finding::{Confidence, Severity};
use crate::proxy::{Problem, SkipRange};

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "skip_range_malformed", groups, words };

fn groups<'a>(view: &View<'a>) -> Vec<Group<'a>> {
    if problems(view.context).is_empty() {
        return Vec::new();
    }
    vec![Group { key: String::new(), checks: Vec::new() }]
}

/// What changes nothing is not worth a warning.
fn problems(context: &Context<'_>) -> Vec<Problem> {
    let all = context.skip_range.map(|given| given.value.problems()).unwrap_or_default();
    all.into_iter().filter(|problem| !problem.kind.is_harmless()).collect()
}

fn words(_: &Group<'_>, scene: &Scene<'_>) -> Words {
    let problems = problems(scene.context);
    let origin = scene.context.skip_range.map_or("the skip range", |given| given.origin.as_str());
    let told: Vec<_> = problems.iter().map(ToString::to_string).collect();
    Words {
        summary: format!("{} in {origin} will not be read as meant.", entries(&problems)),
        subject: origin.to_owned(),
        explanation: format!("By its looks: {}.", told.join("; ")),
        consequence: Some(
            "Where an entry matches nothing, the agents send to the proxy what should go around it; the API server or \
             a registry inside cannot be reached that way."
                .into(),
        ),
        remedy: "Write these entries anew, in the form that all clients read alike.".into(),
        commands: scene.context.skip_range.and_then(|given| mended(&given.value)).into_iter().collect(),
        confidence: Confidence::High,
        severity: Some(Severity::Warning),
    }
}

fn entries(problems: &[Problem]) -> String {
    match problems {
        [one] => format!("The entry \"{}\"", one.entry),
        many => {
            let names: Vec<_> = many.iter().map(|p| format!("\"{}\"", p.entry)).collect();
            format!("{} ({})", count(many.len(), "entry", "entries"), list(&names, 3))
        }
    }
}

/// Nothing to paste where what is left is no better.
fn mended(range: &SkipRange) -> Option<String> {
    let mended = range.mended();
    let is_better = SkipRange::parse(&mended).problems().iter().all(|p| p.kind.is_harmless());
    is_better.then(|| format!("--proxy-skip-range '{mended}'"))
}
