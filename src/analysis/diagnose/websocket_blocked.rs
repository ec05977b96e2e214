//! HTTPS works, but no WebSocket comes about.

use super::group::CheckGroup;
use super::run_facts::{RunFacts, VantageFacts};
use super::wording::{self as phrase, list_some};
use super::{Diagnosis, FindingText, commands, observed as look};
use crate::model::command::Instruction;
use crate::model::evidence::Cause;
use crate::model::finding::Confidence;
use crate::model::report::Check;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "websocket_blocked", group_checks, describe_finding };

const CAUSES: &[Cause] =
    &[Cause::WsRefused, Cause::WsUpgradeStripped, Cause::WsTimeout, Cause::WsClosed, Cause::WsProtocol];

fn group_checks<'a>(view: &VantageFacts<'a>) -> Vec<CheckGroup<'a>> {
    CheckGroup::by_key(view.unexplained_with(CAUSES), |c| c.cause.unwrap_or(Cause::Unknown).to_string())
}

fn describe_finding(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> FindingText {
    let cause = group.first_check().and_then(|c| c.cause).unwrap_or(Cause::Unknown);
    FindingText {
        summary: format!("No WebSocket to {} comes about: {}.", phrase::describe_hosts(group), cause.text()),
        subject: phrase::describe_hosts(group),
        explanation: format!(
            "From {} TLS is established and the upgrade fails. Hosts: {}.",
            phrase::describe_vantages(group, scene),
            list_some(&group.hosts(), 5)
        ),
        consequence: None,
        remedy: "Allow WebSockets (the Upgrade header, long-lived connections) to these hosts in the proxy or firewall, \
                 and exempt them from inspection if it cannot handle them."
            .into(),
        commands: commands::line_per_host(group, |c| {
            Instruction::Text(format!("allow WebSocket (wss) to {}:{}", look::pattern_or_host(c), c.planned.port))
        })
            .into_iter()
            .chain(group.first_check().map(|c| upgrade_command(c).into()))
            .collect(),
        confidence: Confidence::High,
        severity: None,
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
