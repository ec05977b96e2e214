//! Wildcards without a known host: they have to be allowed on trust.

use super::group::{Group, distinct};
use super::phrase::{count, list, noun};
use super::scene::{Scene, View};
use super::{Diagnosis, Words, commands, discovery_failed, look};
use crate::model::finding::Confidence;
use crate::model::plan::UnverifiedKind;
use crate::model::report::Check;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "wildcard_unverified", groups, words };

fn groups<'a>(view: &View<'a>) -> Vec<Group<'a>> {
    let is_open = |c: &&Check| {
        matches!(c.unverified, Some(UnverifiedKind::WildcardUnknown | UnverifiedKind::NotDiscovered))
    };
    let told: Vec<_> = discovery_failed::told(view).map(|inquiry| inquiry.endpoint.as_str()).collect();
    let is_told = |c: &Check| {
        c.unverified == Some(UnverifiedKind::NotDiscovered) && told.contains(&c.requirement.as_str())
    };
    Group::one("", view.all.iter().copied().filter(is_open).filter(|c| !is_told(c)).collect())
}

fn words(group: &Group<'_>, scene: &Scene<'_>) -> Words {
    let patterns = distinct(group.checks.iter().map(|c| look::pattern(c)));
    let missed = group.checks.iter().filter(|c| c.unverified == Some(UnverifiedKind::NotDiscovered));
    let missed = match distinct(missed.map(|c| look::pattern(c))).len() {
        0 => String::new(),
        n => format!(" Services tell the hosts below {n} of them, but none told them in this run."),
    };
    Words {
        summary: format!(
            "{} could not be checked, for no host below is known; allow {} all the same.",
            count(patterns.len(), "wildcard", "wildcards"),
            noun(patterns.len(), "it", "them")
        ),
        subject: list(&patterns, 3),
        explanation: format!("Nothing was sent to {}.{missed}", list(&patterns, 5)),
        consequence: None,
        remedy: "See to it that the firewall has these wildcards; this program cannot tell.".into(),
        commands: commands::allow(group, scene)
            .into_iter()
            .chain(["arcprobe requirements -l REGION".into()])
            .collect(),
        confidence: Confidence::High,
        severity: None,
    }
}
