//! A middlebox drops the first message of TLS once it needs more than one packet.

use super::prelude::*;

pub(super) const DIAGNOSIS: Diagnosis =
    Diagnosis { id: "large_hello_dropped", group_checks, describe_finding };

fn group_checks<'a>(view: &VantageFacts<'a>) -> Vec<CheckGroup<'a>> {
    CheckGroup::from_checks("", view.unexplained_with(&[Cause::TlsLargeHello]))
}

fn describe_finding(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> FindingText {
    FindingText {
        summary: "A middlebox drops TLS connections whose first message needs more than one packet.".into(),
        subject: describe_hosts(group),
        explanation: format!(
            "From {} a small ClientHello to {} is answered, one of 1.5 kB is not. The runtimes of the agents send the \
             large one, since it holds a post-quantum key share; older tools send the small one and see no fault.",
            describe_vantages(group, scene),
            list_some(&group.hosts(), 5)
        ),
        remedy: "Update the firewall or inspection device so that it puts a ClientHello together from several packets, \
                 or exempt these hosts from its inspection."
            .into(),
        commands: commands::settings_then_verify(group, "exempt from TLS inspection", large_hello_command),
        ..FindingText::default()
    }
}

/// Needs OpenSSL 3.5, the first with this group.
fn large_hello_command(check: &Check) -> String {
    format!("{} # OpenSSL 3.5: add -groups X25519MLKEM768 and compare", commands::openssl_command(check))
}
