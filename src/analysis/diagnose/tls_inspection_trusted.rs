//! Connections that work through an inspection whose authority was given.

use super::prelude::*;
use super::tls_inspection::{describe_forbidden, exemption_commands};

pub(super) const DIAGNOSIS: Diagnosis =
    Diagnosis { id: "tls_inspection_trusted", group_checks, describe_finding };

/// The verdict is asked and not the chain: only it knew whether the rules expect a public one at this endpoint.
fn group_checks<'a>(view: &VantageFacts<'a>) -> Vec<CheckGroup<'a>> {
    let inspected = view.checks_where(|c| c.inspected_by.is_some());
    CheckGroup::by_key(inspected, |c| c.inspected_by.clone().unwrap_or_default())
}

fn describe_finding(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> FindingText {
    FindingText {
        summary: format!("TLS is inspected by \"{}\", which --proxy-cert makes trusted.", group.key),
        subject: group.key.clone(),
        explanation: format!(
            "From {} the certificates of {} lead to the given authority and to no public one. The rules allow it there.",
            describe_vantages(group, scene),
            list_some(&group.hosts(), 5)
        ),
        consequence: Some(
            "Works as long as the agents get the same authority. Container runtimes on the nodes need it as well, or \
             image pulls fail with \"certificate signed by unknown authority\"."
                .into(),
        ),
        remedy: format!(
            "Pass the same file to `az connectedk8s connect --proxy-cert` and install it on every node, or exempt the hosts \
             from inspection.{}",
            describe_forbidden(scene)
        ),
        commands: exemption_commands(group, scene),
        ..FindingText::default()
    }
}
