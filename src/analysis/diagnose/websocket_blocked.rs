//! HTTPS works, but no WebSocket comes about.

use super::group::Group;
use super::phrase::{self, list};
use super::scene::{Scene, View};
use super::{Diagnosis, Words, commands, look};
use crate::model::evidence::Cause;
use crate::model::finding::Confidence;
use crate::model::report::Check;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "websocket_blocked", groups, words };

const CAUSES: &[Cause] =
    &[Cause::WsRefused, Cause::WsUpgradeStripped, Cause::WsTimeout, Cause::WsClosed, Cause::WsProtocol];

fn groups<'a>(view: &View<'a>) -> Vec<Group<'a>> {
    Group::by(view.open_with(CAUSES), |c| c.cause.unwrap_or(Cause::Unknown).to_string())
}

fn words(group: &Group<'_>, scene: &Scene<'_>) -> Words {
    let cause = group.first().and_then(|c| c.cause).unwrap_or(Cause::Unknown);
    Words {
        summary: format!("No WebSocket to {} comes about: {}.", phrase::hosts(group), cause.text()),
        subject: phrase::hosts(group),
        explanation: format!(
            "From {} TLS is established and the upgrade fails. Hosts: {}.",
            phrase::places(group, scene),
            list(&group.hosts(), 5)
        ),
        consequence: None,
        remedy: "Allow WebSockets (the Upgrade header, long-lived connections) to these hosts in the proxy or firewall, \
                 and exempt them from inspection if it cannot handle them."
            .into(),
        commands: commands::each(group, |c| format!("allow WebSocket (wss) to {}:{}", look::pattern(c), c.port))
            .into_iter()
            .chain(group.first().map(upgrade))
            .collect(),
        confidence: Confidence::High,
        severity: None,
    }
}

/// The key is the sample of RFC 6455 1.3.
fn upgrade(check: &Check) -> String {
    format!(
        "curl -v --http1.1 -H 'Connection: Upgrade' -H 'Upgrade: websocket' -H 'Sec-WebSocket-Version: 13' \
         -H 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' https://{}:{}/",
        look::host(check),
        check.port
    )
}
