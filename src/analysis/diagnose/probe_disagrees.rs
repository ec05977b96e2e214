//! An ordinary client gets through where the probe does not: a finding about this program.

use super::prelude::*;
use crate::analysis::verdict::attempts::{contradiction, decisive_failure, probe_attempts};
use crate::model::evidence::{Attempt, Step, sanitize};

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "probe_disagrees", group_checks, describe_finding };

fn group_checks<'a>(view: &VantageFacts<'a>) -> Vec<CheckGroup<'a>> {
    let is_contradicted = |c: &Check| c.unverified == Some(UnverifiedKind::Contradicted);
    CheckGroup::from_checks("", view.checks_where(is_contradicted))
}

fn describe_finding(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> FindingText {
    let hosts = group.hosts().len();
    FindingText {
        summary: format!(
            "The probes of {} failed, but an ordinary HTTP client got through: the fault may be in arcprobe.",
            format_count(hosts, "endpoint")
        ),
        subject: describe_hosts(group),
        explanation: format!(
            "Checked from {}: {}.{}",
            describe_vantages(group, scene),
            list_some(&group.hosts(), 5),
            group.first_check().map(traces).unwrap_or_default()
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
            .first_check()
            .map(|c| commands::curl_command(c).into())
            .into_iter()
            .chain(["arcprobe check -l REGION --save report.json".into()])
            .collect(),
        confidence: Confidence::Medium,
        severity: Some(Severity::Warning),
    }
}

/// What the probe and the client saw of a check, one after the other.
fn traces(check: &Check) -> String {
    let host = look::host_or_pattern(check);
    let probe = decisive_failure(&check.attempts).map(|(attempt, step)| failure(attempt, step));
    let client = contradiction(&check.attempts).map(answer);
    let (Some(probe), Some(client)) = (probe, client) else { return String::new() };
    let again =
        if probe_attempts(&check.attempts).count() > 1 { "; the probe, repeated, failed again" } else { "" };
    format!(" {host}: the probe failed with {probe}; the client got {client}{again}.")
}

/// `tls_reset at 20.0.0.1:443 (Connection reset by peer)`.
fn failure(attempt: &Attempt, step: &Step) -> String {
    let place = attempt.address.map(|a| format!(" at {a}")).unwrap_or_default();
    let raw = step.raw.as_deref().map(|raw| format!(" ({})", sanitize(raw, RAW))).unwrap_or_default();
    format!("{}{place}{raw}", step.cause.unwrap_or(Cause::Unknown))
}

/// `200 to GET / from 20.0.0.1:443`.
fn answer(attempt: &Attempt) -> String {
    let place = attempt.address.map(|a| format!(" from {a}")).unwrap_or_default();
    match attempt.http() {
        Some(http) => {
            let status = http.status.map_or_else(|| "an answer".to_owned(), |status| status.to_string());
            format!("{status} to {}{place}", http.request)
        }
        None => format!("an answer{place}"),
    }
}

/// Characters of a raw text.
const RAW: usize = 120;
