//! Endpoints whose name holds something that only the user knows.

use super::group::{Group, distinct};
use super::phrase::{count, list};
use super::scene::{Scene, View};
use super::{Diagnosis, Words, look};
use crate::model::finding::{Confidence, Severity};
use crate::model::plan::UnverifiedKind;
use crate::model::report::Check;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "value_missing", groups, words };

fn groups<'a>(view: &View<'a>) -> Vec<Group<'a>> {
    let lacks_value = |c: &&Check| c.unverified == Some(UnverifiedKind::ValueMissing);
    Group::one("", view.all.iter().copied().filter(lacks_value).collect())
}

fn words(group: &Group<'_>, scene: &Scene<'_>) -> Words {
    let notes = distinct(group.checks.iter().filter_map(|c| c.note.as_deref()));
    let is_required = group.checks.iter().any(|c| scene.is_required(c));
    let patterns = distinct(group.checks.iter().map(|c| look::pattern(c)));
    Words {
        summary: format!(
            "{} could not be checked, for a value is missing that only you know.",
            count(patterns.len(), "endpoint", "endpoints")
        ),
        subject: list(&patterns, 3),
        explanation: format!("Not checked: {} ({}).", list(&patterns, 5), notes.join("; ")),
        consequence: None,
        remedy: "Give the values and run again.".into(),
        commands: vec!["arcprobe check -l REGION --set NAME=VALUE".into()],
        confidence: Confidence::High,
        severity: Some(if is_required { Severity::Warning } else { Severity::Info }),
    }
}
