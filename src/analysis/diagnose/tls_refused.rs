//! TCP opens, but no TLS handshake comes about.

use super::prelude::*;

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
    CheckGroup::by_cause(view.unexplained_with(CAUSES))
}

fn describe_finding(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> FindingText {
    let cause = group.first_cause();
    FindingText {
        summary: format!("No TLS with {}: {}.", describe_hosts(group), cause.text()),
        subject: describe_hosts(group),
        explanation: format!(
            "From {} the connection opens, then the handshake fails. Hosts: {}.{}",
            describe_vantages(group, scene),
            list_some(&group.hosts(), 5),
            describe_note(group)
        ),
        remedy: remedy_for_cause(cause).into(),
        commands: commands::firewall_rules_then_verify(group, scene, commands::openssl_command),
        confidence: Confidence::Medium,
        ..FindingText::default()
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
