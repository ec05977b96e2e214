//! An ordinary client gets through where the probe does not: a finding about this program.

use super::group::Group;
use super::phrase::{self, count, list};
use super::scene::{Scene, View};
use super::{Diagnosis, Words, commands, look};
use crate::analysis::verdict::attempts::{contradiction, most_telling, probes};
use crate::model::evidence::{Attempt, Cause, Detail, Phase, Step, printable};
use crate::model::finding::{Confidence, Severity};
use crate::model::plan::UnverifiedKind;
use crate::model::report::Check;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "probe_disagrees", groups, words };

fn groups<'a>(view: &View<'a>) -> Vec<Group<'a>> {
    let is_contradicted = |c: &&Check| c.unverified == Some(UnverifiedKind::Contradicted);
    Group::one("", view.all.iter().copied().filter(is_contradicted).collect())
}

fn words(group: &Group<'_>, scene: &Scene<'_>) -> Words {
    let hosts = group.hosts().len();
    Words {
        summary: format!(
            "The probes of {} failed, but an ordinary HTTP client got through: the fault may be in arcprobe.",
            count(hosts, "endpoint", "endpoints")
        ),
        subject: phrase::hosts(group),
        explanation: format!(
            "Checked from {}: {}.{}",
            phrase::places(group, scene),
            list(&group.hosts(), 5),
            group.first().map(traces).unwrap_or_default()
        ),
        consequence: Some(
            "These endpoints are not known to be blocked; their checks are unverified. A device that treats the two clients \
             differently has the same effect, and then the Arc agents may be affected too."
                .into(),
        ),
        remedy: format!(
            "Report it at {}/issues with report.json, which holds both traces and no credentials. Verify the endpoints by hand \
             until then.",
            env!("CARGO_PKG_REPOSITORY")
        ),
        commands: group
            .first()
            .map(commands::curl)
            .into_iter()
            .chain(["arcprobe check -l REGION --save report.json".into()])
            .collect(),
        confidence: Confidence::Medium,
        severity: Some(Severity::Warning),
    }
}

/// What the probe and the client saw of a check, one after the other.
fn traces(check: &Check) -> String {
    let host = look::host(check);
    let probe = most_telling(&check.attempts).map(|(attempt, step)| failure(attempt, step));
    let client = contradiction(&check.attempts).map(answer);
    let (Some(probe), Some(client)) = (probe, client) else { return String::new() };
    let again = if probes(&check.attempts).count() > 1 { "; the probe, repeated, failed again" } else { "" };
    format!(" {host}: the probe failed with {probe}; the client got {client}{again}.")
}

/// `tls_reset at 20.0.0.1:443 (Connection reset by peer)`.
fn failure(attempt: &Attempt, step: &Step) -> String {
    let place = attempt.address.map(|a| format!(" at {a}")).unwrap_or_default();
    let raw = step.raw.as_deref().map(|raw| format!(" ({})", printable(raw, RAW))).unwrap_or_default();
    format!("{}{place}{raw}", step.cause.unwrap_or(Cause::Unknown))
}

/// `200 to GET / from 20.0.0.1:443`.
fn answer(attempt: &Attempt) -> String {
    let place = attempt.address.map(|a| format!(" from {a}")).unwrap_or_default();
    match attempt.step(Phase::Http).map(|step| &step.detail) {
        Some(Detail::Http(http)) => {
            let status = http.status.map_or_else(|| "an answer".to_owned(), |status| status.to_string());
            format!("{status} to {}{place}", http.request)
        }
        _ => format!("an answer{place}"),
    }
}

/// Characters of a raw text.
const RAW: usize = 120;
