//! The certificate that is presented cannot be accepted.

use super::prelude::*;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "certificate_bad", group_checks, describe_finding };

const CAUSES: &[Cause] = &[
    Cause::TlsExpired,
    Cause::TlsNotYetValid,
    Cause::TlsNameMismatch,
    Cause::TlsUnknownIssuer,
    Cause::TlsSelfSigned,
    Cause::TlsIncompleteChain,
];

fn group_checks<'a>(view: &VantageFacts<'a>) -> Vec<CheckGroup<'a>> {
    CheckGroup::by_cause(view.unexplained_with(CAUSES))
}

fn describe_finding(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> FindingText {
    let cause = group.first_cause();
    FindingText {
        summary: format!(
            "The certificate of {} cannot be accepted: {}.",
            describe_hosts(group),
            cause.text()
        ),
        subject: describe_hosts(group),
        explanation: format!(
            "From {}: {}.{}",
            describe_vantages(group, scene),
            list_some(&group.hosts(), 5),
            describe_certificate(group)
        ),
        remedy: remedy_for_cause(cause).into(),
        commands: group.checks.iter().take(3).map(|c| commands::openssl_command(c).into()).collect(),
        confidence: Confidence::Medium,
        ..FindingText::default()
    }
}

fn describe_certificate(group: &CheckGroup<'_>) -> String {
    let Some(leaf) = group.first_check().and_then(look::tls_detail).and_then(|t| t.chain.first()) else {
        return String::new();
    };
    let until = leaf.not_after.as_deref().unwrap_or("an unknown date");
    format!(" Presented: \"{}\", issued by \"{}\", valid until {until}.", leaf.subject, leaf.issuer)
}

fn remedy_for_cause(cause: Cause) -> &'static str {
    match cause {
        Cause::TlsExpired | Cause::TlsNotYetValid => {
            "Compare this machine's clock first. If it is right, renew the certificate of the host; for a host of \
             Azure, find out who answers in its place."
        }
        Cause::TlsNameMismatch => {
            "Find out who answers: a wrong address in DNS or in the hosts file, a captive portal, or a proxy."
        }
        Cause::TlsIncompleteChain => {
            "Configure the server to send its intermediate certificate along with its own."
        }
        _ => {
            "If the host is yours, pass its CA with --proxy-cert, and make sure that the server sends its intermediate \
             certificate. For a host of Azure, find out who answers in its place: its real certificate comes from a \
             public CA."
        }
    }
}
