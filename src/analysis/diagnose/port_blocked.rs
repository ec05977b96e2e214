//! A port other than 443 is closed on the way, while 443 is open.

use super::group::Group;
use super::phrase::{list, places};
use super::scene::{Scene, View};
use super::{Diagnosis, Words, commands, look};
use crate::model::evidence::Cause;
use crate::model::finding::Confidence;
use crate::model::report::Check;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "port_blocked", groups, words };

const CAUSES: &[Cause] = &[Cause::TcpTimeout, Cause::TcpRefused, Cause::TcpReset, Cause::TcpUnreachable];

fn groups<'a>(view: &View<'a>) -> Vec<Group<'a>> {
    if !is_443_open(view) {
        return Vec::new();
    }
    let opens = |port| view.all.iter().any(|c| c.port == port && look::did_connect(c));
    let mut checks = view.open_with(CAUSES);
    checks.retain(|c| c.port != 443 && !opens(c.port));
    Group::by(checks, |c| c.port.to_string())
}

/// Whether most connections to port 443 open.
fn is_443_open(view: &View<'_>) -> bool {
    let tried = view.hosts_with(|c| c.port == 443 && look::was_connected_to(c));
    let open = view.hosts_with(|c| c.port == 443 && look::did_connect(c));
    open > 0 && open * 2 >= tried
}

fn words(group: &Group<'_>, scene: &Scene<'_>) -> Words {
    let port = &group.key;
    let causes: Vec<_> = group.causes().iter().map(|c| c.text()).collect();
    Words {
        summary: format!("Port {port} is closed on the way out, while port 443 is open."),
        subject: format!("TCP port {port}"),
        explanation: format!(
            "From {} no connection to port {port} opens ({}): {}. Connections to port 443 do.",
            places(group, scene),
            list(&causes, 3),
            list(&group.hosts(), 3)
        ),
        consequence: None,
        remedy: format!(
            "Open port {port} in the firewall for these hosts; a rule for HTTPS alone does not cover it."
        ),
        commands: commands::allow_and(group, scene, knock),
        confidence: if group.hosts().len() > 1 { Confidence::High } else { Confidence::Medium },
        severity: None,
    }
}

fn knock(check: &Check) -> String {
    format!("nc -vz -w 5 {} {}", look::host(check), check.port)
}
