//! TCP opens, but TLS to some names breaks off while TLS to others works: a filter that reads the server name.

use super::prelude::*;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "sni_filtered", group_checks, describe_finding };

const CAUSES: &[Cause] = &[Cause::TlsTimeout, Cause::TlsReset, Cause::TlsClosed];

fn group_checks<'a>(view: &VantageFacts<'a>) -> Vec<CheckGroup<'a>> {
    if view.checks.iter().any(|c| look::has_established_tls(c)) {
        CheckGroup::from_checks("", view.unexplained_with(CAUSES))
    } else {
        Vec::new()
    }
}

fn describe_finding(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> FindingText {
    FindingText {
        summary: format!("A filter that reads the server name cuts off TLS to {}.", describe_hosts(group)),
        subject: describe_hosts(group),
        explanation: format!(
            "From {} the connection opens, then: {}. It happens to {}, while TLS to other names works.",
            describe_vantages(group, scene),
            list_causes(group, 3),
            list_some(&group.hosts(), 5)
        ),
        remedy: "Allow these names in the firewall's application or URL rules: opening the addresses is not enough \
                 where the server name of the TLS handshake is looked at."
            .into(),
        commands: commands::firewall_rules_then_verify(group, scene, commands::openssl_command),
        confidence: Confidence::Medium,
        ..FindingText::default()
    }
}
