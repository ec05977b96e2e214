//! Part of the run did not take place.

use super::group::Group;
use super::phrase::{count, list};
use super::scene::{Scene, View};
use super::{Diagnosis, Words};
use crate::model::finding::{Confidence, Severity};
use crate::model::plan::UnverifiedKind;
use crate::model::report::Check;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "run_incomplete", groups, words };

fn groups<'a>(view: &View<'a>) -> Vec<Group<'a>> {
    let was_left = |c: &&Check| matches!(c.unverified, Some(UnverifiedKind::NotRun | UnverifiedKind::Broken));
    let checks: Vec<_> = view.all.iter().copied().filter(was_left).collect();
    let is_cut = view.context.interrupted || view.context.deadline_passed;
    if checks.is_empty() && !is_cut { Vec::new() } else { vec![Group { key: String::new(), checks }] }
}

fn words(group: &Group<'_>, scene: &Scene<'_>) -> Words {
    let reasons = reasons(group, scene);
    Words {
        summary: format!("The run is incomplete: {}.", list(&reasons, 2)),
        subject: "this run".into(),
        explanation: match group.checks.len() {
            0 => format!("What happened: {}.", reasons.join("; ")),
            n => {
                format!("{} did not get a verdict, for {}.", count(n, "check", "checks"), reasons.join("; "))
            }
        },
        consequence: Some("What was not looked at may be closed; nothing can be said of it.".into()),
        remedy: "Mend what is named above and run again, with more time if a deadline was set.".into(),
        commands: vec!["arcprobe check -l REGION --deadline 5m".into()],
        confidence: Confidence::High,
        severity: Some(Severity::Warning),
    }
}

fn reasons(group: &Group<'_>, scene: &Scene<'_>) -> Vec<String> {
    let context = scene.context;
    let broken = group.checks.iter().filter(|c| c.unverified == Some(UnverifiedKind::Broken)).count();
    let mut reasons: Vec<_> = Vec::new();
    reasons.extend(context.interrupted.then(|| "it was interrupted".to_owned()));
    reasons.extend(context.deadline_passed.then(|| "its deadline passed".to_owned()));
    reasons.extend((broken > 0).then(|| format!("{} broke down", count(broken, "probe", "probes"))));
    if reasons.is_empty() {
        reasons.push("some checks were not reached".into());
    }
    reasons
}
