//! Something answered where TLS does not prove who, and no mark of the service shows it either.

use super::prelude::*;
use super::tls_inspection::exemption_commands;
use crate::model::report::Proof;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "answer_unproven", group_checks, describe_finding };

fn group_checks<'a>(view: &VantageFacts<'a>) -> Vec<CheckGroup<'a>> {
    let unproven = view.checks_where(|c| c.unverified == Some(UnverifiedKind::Unproven));
    let likely = view.checks_where(|c| c.proof == Some(Proof::Form));
    let groups = CheckGroup::from_checks(UNPROVEN, unproven).into_iter();
    groups.chain(CheckGroup::from_checks("likely", likely)).collect()
}

fn describe_finding(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> FindingText {
    let is_unproven = group.key == UNPROVEN;
    let is_inspected = group.checks.iter().any(|c| c.planned.protocol.uses_tls());
    let hosts = describe_hosts(group);
    FindingText {
        summary: if is_unproven {
            format!("Something answered for {hosts}, but nothing shows that it was the service.")
        } else {
            format!("The answers of {hosts} fit the service, but nothing in them proves that it sent them.")
        },
        subject: hosts,
        explanation: describe_observation(group, scene),
        consequence: Some(if is_unproven {
            "The checks are unverified. If a proxy, a web filter or a portal answered, the agents get its page instead of data."
                .into()
        } else {
            "The checks passed on status and form alone. A proxy that answers in the same form would look the same.".into()
        }),
        remedy: if is_inspected {
            "Exempt these hosts from TLS inspection, or read the answer by hand from the same machine: it has to be that of the \
             service."
                .into()
        } else {
            "Read the answer by hand from the same machine: it has to be that of the service. Over plain HTTP nothing else shows \
             who sent it."
                .into()
        },
        commands: group
            .first_check()
            .map(|c| commands::curl_command(c).into())
            .into_iter()
            .chain(is_inspected.then(|| exemption_commands(group, scene)).into_iter().flatten())
            .collect(),
        confidence: Confidence::Medium,
        severity: Some(Severity::Warning),
    }
}

/// The key of the checks without a verdict.
const UNPROVEN: &str = "unproven";
