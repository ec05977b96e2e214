//! The skip range does not fit the cluster's own networks.

use super::group::Group;
use super::phrase::list;
use super::scene::{Scene, View};
use super::{Context, Diagnosis, Words};
use crate::model::finding::{Confidence, Severity};
use crate::model::report::{SkipProblem, SkipProblemKind};

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "skip_range_incomplete", groups, words };

/// About the run: one finding, however many vantages there are.
fn groups<'a>(view: &View<'a>) -> Vec<Group<'a>> {
    if problems(view.context).is_empty() {
        return Vec::new();
    }
    vec![Group { key: String::new(), checks: Vec::new() }]
}

/// What is malformed has a finding of its own.
fn problems<'a>(context: &Context<'a>) -> Vec<&'a SkipProblem> {
    let all =
        context.advice.and_then(|a| a.skip_range.as_ref()).map(|s| s.problems.as_slice()).unwrap_or_default();
    let tells = |p: &&SkipProblem| p.severity > Severity::Info && p.kind != SkipProblemKind::Malformed;
    all.iter().filter(tells).collect()
}

fn words(_: &Group<'_>, scene: &Scene<'_>) -> Words {
    let problems = problems(scene.context);
    let advice = scene.context.advice.and_then(|a| a.skip_range.as_ref());
    let origin = advice.and_then(|s| s.given_by.clone()).unwrap_or_else(|| "the proxy settings".into());
    let value = advice.map(|s| s.value.clone()).unwrap_or_default();
    let texts: Vec<_> = problems.iter().map(|p| p.text.as_str()).collect();
    Words {
        summary: format!("The skip range of {origin} does not fit the networks of this cluster."),
        subject: origin,
        explanation: format!("Compared with what the cluster says: {}.", list(&texts, 4)),
        consequence: Some(
            "The agents send to the proxy what has to stay in the cluster, or try directly what only the proxy reaches: \
             they run and never get ready, and the cluster stays in Connecting."
                .into(),
        ),
        remedy: "Give the value below, and the same to a cluster that is connected already.".into(),
        commands: vec![format!("--proxy-skip-range '{value}'"), "arcprobe advise -l REGION --proxy-https URL".into()],
        confidence: Confidence::High,
        severity: Some(problems.iter().map(|p| p.severity).max().unwrap_or(Severity::Warning)),
    }
}
