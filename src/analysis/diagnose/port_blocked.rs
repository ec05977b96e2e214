//! A port other than 443 is closed on the way, while 443 is open.

use super::prelude::*;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "port_blocked", group_checks, describe_finding };

const CAUSES: &[Cause] = &[Cause::TcpTimeout, Cause::TcpRefused, Cause::TcpReset, Cause::TcpUnreachable];

fn group_checks<'a>(view: &VantageFacts<'a>) -> Vec<CheckGroup<'a>> {
    if !is_443_open(view) {
        return Vec::new();
    }
    let opens = |port| view.checks.iter().any(|c| c.planned.port == port && look::has_connected(c));
    let mut checks = view.unexplained_with(CAUSES);
    checks.retain(|c| c.planned.port != 443 && !opens(c.planned.port) && !is_host_closed(view, c));
    CheckGroup::by_key(checks, |c| c.planned.port.to_string())
}

/// Whether port 443 of the host is closed as well: then it is not about the port.
fn is_host_closed(view: &VantageFacts<'_>, check: &Check) -> bool {
    view.unexplained_with(CAUSES)
        .iter()
        .any(|c| c.planned.port == 443 && c.planned.host == check.planned.host)
}

/// Whether most connections to port 443 open.
fn is_443_open(view: &VantageFacts<'_>) -> bool {
    let tried = view.count_hosts_with(|c| c.planned.port == 443 && look::has_tried_connecting(c));
    let open = view.count_hosts_with(|c| c.planned.port == 443 && look::has_connected(c));
    open > 0 && open * 2 >= tried
}

fn describe_finding(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> FindingText {
    let port = &group.key;
    FindingText {
        summary: format!("Port {port} is closed on the way out, while port 443 is open."),
        subject: format!("TCP port {port}"),
        explanation: format!(
            "From {} no connection to port {port} opens ({}): {}. Connections to port 443 do.",
            describe_vantages(group, scene),
            list_causes(group, 3),
            list_some(&group.hosts(), 3)
        ),
        remedy: format!(
            "Open port {port} in the firewall for these hosts; a rule for HTTPS alone does not cover it."
        ),
        commands: commands::firewall_rules_then_verify(group, scene, connect_command),
        confidence: if group.hosts().len() > 1 { Confidence::High } else { Confidence::Medium },
        ..FindingText::default()
    }
}

fn connect_command(check: &Check) -> String {
    format!("nc -vz -w 5 {} {}", look::host_or_pattern(check), check.planned.port)
}
