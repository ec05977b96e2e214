//! Somebody re-signs the connections, and the agents are not told to trust it.

use super::prelude::*;
use crate::model::evidence::{TlsDetail, TrustStore, UNNAMED_CA};

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "tls_inspection", group_checks, describe_finding };

fn group_checks<'a>(view: &VantageFacts<'a>) -> Vec<CheckGroup<'a>> {
    CheckGroup::by_key(view.unexplained_with(&[Cause::TlsIntercepted]), presented_ca)
}

/// The CA that a chain ends in, as far as it was presented.
pub(super) fn presented_ca(check: &Check) -> String {
    look::tls_detail(check).map_or(UNNAMED_CA, TlsDetail::presented_ca).to_owned()
}

fn describe_finding(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> FindingText {
    let first = group.first_check();
    let product =
        first.and_then(look::appliance_name).map(|a| format!(" It looks like {a}.")).unwrap_or_default();
    let is_trusted_here =
        first.and_then(look::tls_detail).is_some_and(|t| t.trusted_by == Some(TrustStore::System));
    let trust =
        if is_trusted_here { " This machine trusts it; agents and container runtimes do not." } else { "" };
    FindingText {
        summary: format!("TLS is inspected: \"{}\" re-signs the connections.", group.key),
        subject: group.key.clone(),
        explanation: format!(
            "From {} the certificates of {} were issued by \"{}\" instead of the service's own, public authority.{trust}{product}",
            describe_vantages(group, scene),
            list_some(&group.hosts(), 5),
            group.key
        ),
        remedy: "Best: exempt these hosts from TLS inspection. Else give the authority to the agents with --proxy-cert, \
                 and install it on every node too: images are pulled by the container runtime, which --proxy-cert does \
                 not reach."
            .into(),
        commands: exemption_commands(group).into_iter().chain(proxy_cert_commands()).collect(),
        ..FindingText::default()
    }
}

/// What to exempt, and how to look at the chain.
pub(super) fn exemption_commands(group: &CheckGroup<'_>) -> Vec<Instruction> {
    commands::settings_then_verify(group, "exempt from TLS inspection", commands::openssl_command)
}

fn proxy_cert_commands() -> [Instruction; 3] {
    [
        "arcprobe check -l REGION --save-ca CA.pem".into(),
        "arcprobe check -l REGION --proxy-cert CA.pem".into(),
        "az connectedk8s connect ... --proxy-cert CA.pem".into(),
    ]
}
