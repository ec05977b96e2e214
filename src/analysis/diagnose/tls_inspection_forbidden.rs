//! An inspection whose authority is given, at endpoints that do not work through any.

use super::prelude::*;
use super::tls_inspection::{exemption_commands, presented_ca};
use crate::model::evidence::TrustStore;

pub(super) const DIAGNOSIS: Diagnosis =
    Diagnosis { id: "tls_inspection_forbidden", group_checks, describe_finding };

fn group_checks<'a>(view: &VantageFacts<'a>) -> Vec<CheckGroup<'a>> {
    let mut checks = view.unexplained_with(&[Cause::TlsIntercepted]);
    checks.retain(|c| look::tls_detail(c).is_some_and(|t| t.trusted_by == Some(TrustStore::Given)));
    CheckGroup::by_key(checks, presented_ca)
}

fn describe_finding(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> FindingText {
    FindingText {
        summary: format!("TLS to {} is inspected, which the callers do not accept.", describe_hosts(group)),
        subject: group.key.clone(),
        explanation: format!(
            "From {} the chain of {} ends in \"{}\". It was given with --proxy-cert, which is not enough here: the \
             callers pin the service's own certificate or bring their own trust store.",
            describe_vantages(group, scene),
            list_some(&group.hosts(), 5),
            group.key
        ),
        remedy: "Exempt these hosts from TLS inspection.".into(),
        commands: exemption_commands(group, scene),
        ..FindingText::default()
    }
}
