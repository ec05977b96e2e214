//! Large packets vanish on the path.

use super::prelude::*;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "path_mtu", group_checks, describe_finding };

fn group_checks<'a>(view: &VantageFacts<'a>) -> Vec<CheckGroup<'a>> {
    CheckGroup::from_checks("", view.unexplained_with(&[Cause::TlsPathMtu]))
}

fn describe_finding(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> FindingText {
    let proxy = group.first_check().and_then(by_proxy::proxy_of);
    let host = match proxy {
        Some(proxy) => by_proxy::proxy_address(proxy).host,
        None => group.first_check().map_or("management.azure.com", look::host_or_pattern),
    };
    FindingText {
        summary: "Large packets vanish on the way: TLS stalls unless segments are kept small.".into(),
        subject: describe_hosts(group),
        explanation: format!(
            "From {} the handshake with {} stalls, and goes through at once with segments of 536 bytes.{}{} A tunnel \
             (VPN, overlay network) on the path carries less than its interface says, and the messages that inform \
             the sender (ICMP \"fragmentation needed\") are filtered.",
            describe_vantages(group, scene),
            list_some(&group.hosts(), 5),
            describe_direction(group),
            proxy.map(|proxy| format!(" They are lost on the path to the proxy {proxy}.")).unwrap_or_default()
        ),
        remedy: "Lower the MTU of the interface or of the cluster's network plugin to what the tunnel carries, clamp \
                 the segment size at the gateway, or let ICMP type 3 code 4 (and ICMPv6 type 2) pass."
            .into(),
        commands: vec![
            format!("ping -M do -s 1472 {host}").into(),
            format!("tracepath -n {host}").into(),
            "iptables -t mangle -A FORWARD -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu".into(),
        ],
        ..FindingText::default()
    }
}

/// Which packets are lost: those of the answer, or those of a large ClientHello.
fn describe_direction(group: &CheckGroup<'_>) -> &'static str {
    match group.checks.iter().filter(|c| look::has_established_tls(c)).count() {
        0 => "",
        n if n == group.checks.len() => {
            " Lost are packets from here: a small ClientHello and the whole answer to it pass, one of 1.5 kB does not."
        }
        _ => {
            " To some of them packets from here are lost: a small ClientHello passes, one of 1.5 kB does not."
        }
    }
}
