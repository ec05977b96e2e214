//! Large packets vanish on the path.

use super::group::Group;
use super::phrase::{self, list};
use super::scene::{Scene, View};
use super::{Diagnosis, Words, look};
use crate::model::evidence::Cause;
use crate::model::finding::Confidence;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "path_mtu", groups, words };

fn groups<'a>(view: &View<'a>) -> Vec<Group<'a>> {
    Group::one("", view.open_with(&[Cause::TlsPathMtu]))
}

fn words(group: &Group<'_>, scene: &Scene<'_>) -> Words {
    let host = group.first().map_or("management.azure.com", look::host);
    Words {
        summary: "Large packets vanish on the way: TLS stalls unless segments are kept small.".into(),
        subject: phrase::hosts(group),
        explanation: format!(
            "From {} the handshake with {} stalls, and goes through at once with segments of 536 bytes. A tunnel \
             (VPN, overlay network) on the path carries less than its interface says, and the messages that would tell \
             the sender (ICMP \"fragmentation needed\") are filtered.",
            phrase::places(group, scene),
            list(&group.hosts(), 5)
        ),
        consequence: None,
        remedy: "Lower the MTU of the interface or of the cluster's network plugin to what the tunnel carries, clamp \
                 the segment size at the gateway, or let ICMP type 3 code 4 (and ICMPv6 type 2) pass."
            .into(),
        commands: vec![
            format!("ping -M do -s 1472 {host}"),
            format!("tracepath -n {host}"),
            "iptables -t mangle -A FORWARD -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu".into(),
        ],
        confidence: Confidence::High,
        severity: None,
    }
}
