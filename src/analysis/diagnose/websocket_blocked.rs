//! HTTPS works, but no WebSocket comes about.

use super::prelude::*;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "websocket_blocked", group_checks, describe_finding };

const CAUSES: &[Cause] =
    &[Cause::WsRefused, Cause::WsUpgradeStripped, Cause::WsTimeout, Cause::WsClosed, Cause::WsProtocol];

fn group_checks<'a>(view: &VantageFacts<'a>) -> Vec<CheckGroup<'a>> {
    CheckGroup::by_cause(view.unexplained_with(CAUSES))
}

fn describe_finding(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> FindingText {
    let cause = group.first_cause();
    FindingText {
        summary: format!("No WebSocket to {} comes about: {}.", describe_hosts(group), cause.text()),
        subject: describe_hosts(group),
        explanation: format!(
            "From {} TLS is established and the upgrade fails. Hosts: {}.",
            describe_vantages(group, scene),
            list_some(&group.hosts(), 5)
        ),
        remedy: "Allow WebSockets (the Upgrade header, long-lived connections) to these hosts in the proxy or firewall, \
                 and exempt them from inspection if it cannot handle them."
            .into(),
        commands: commands::line_per_host(group, |c| {
            Instruction::Text(format!("allow WebSocket (wss) to {}:{}", look::pattern_or_host(c), c.planned.port))
        })
            .into_iter()
            .chain(group.first_check().map(|c| upgrade_command(c).into()))
            .collect(),
        ..FindingText::default()
    }
}

/// The key is the sample of RFC 6455 1.3.
fn upgrade_command(check: &Check) -> String {
    format!(
        "curl -v --http1.1 -H 'Connection: Upgrade' -H 'Upgrade: websocket' -H 'Sec-WebSocket-Version: 13' \
         -H 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' https://{}:{}/",
        look::host_or_pattern(check),
        check.planned.port
    )
}
