//! TCP opens, but no TLS handshake comes about.

use super::group::CheckGroup;
use super::run_facts::{RunFacts, VantageFacts};
use super::wording::{self as phrase, list_some};
use super::{Diagnosis, FindingText, commands};
use crate::model::evidence::Cause;
use crate::model::finding::Confidence;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "tls_refused", group_checks, describe_finding };

const CAUSES: &[Cause] = &[
    Cause::TlsAlert,
    Cause::TlsVersion,
    Cause::TlsNotTls,
    Cause::TlsClosed,
    Cause::TlsReset,
    Cause::TlsTimeout,
];

fn group_checks<'a>(view: &VantageFacts<'a>) -> Vec<CheckGroup<'a>> {
    CheckGroup::by_key(view.unexplained_with(CAUSES), |c| c.cause.unwrap_or(Cause::Unknown).to_string())
}

fn describe_finding(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> FindingText {
    let cause = group.first_check().and_then(|c| c.cause).unwrap_or(Cause::Unknown);
    FindingText {
        summary: format!("No TLS with {}: {}.", phrase::describe_hosts(group), cause.text()),
        subject: phrase::describe_hosts(group),
        explanation: format!(
            "From {} the connection opens, then the handshake fails. Hosts: {}.{}",
            phrase::describe_vantages(group, scene),
            list_some(&group.hosts(), 5),
            group
                .first_check()
                .and_then(|c| c.note.as_deref())
                .map(|n| format!(" Seen: {n}."))
                .unwrap_or_default()
        ),
        consequence: None,
        remedy: remedy_for_cause(cause).into(),
        commands: commands::firewall_rules_then_verify(group, scene, commands::openssl_command),
        confidence: Confidence::Medium,
        severity: None,
    }
}

fn remedy_for_cause(cause: Cause) -> &'static str {
    match cause {
        Cause::TlsVersion => {
            "TLS 1.2 is the least that Azure and the agents speak: update the device that answers."
        }
        Cause::TlsNotTls => {
            "Something else answers on this port: a captive portal, a proxy that expects CONNECT, or a wrong port in a \
             diversion. Find out what, and let TLS pass through."
        }
        Cause::TlsAlert => {
            "Find out who sends the alert: a firewall or a proxy that denies the name, or forbids the ciphers offered. \
             Allow the hosts there."
        }
        _ => {
            "Look for a firewall or an inspecting device that lets TCP open but not TLS, and allow the hosts there."
        }
    }
}
