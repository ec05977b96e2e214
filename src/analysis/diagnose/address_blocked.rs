//! Connections to some endpoints do not open, while others do.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;

use super::group::Group;
use super::phrase::{self, list};
use super::scene::{Scene, View};
use super::{Diagnosis, Words, commands, look};
use crate::model::evidence::Cause;
use crate::model::finding::Confidence;
use crate::model::report::Check;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "address_blocked", groups, words };

const CAUSES: &[Cause] = &[Cause::TcpTimeout, Cause::TcpRefused, Cause::TcpReset, Cause::TcpUnreachable];

/// Several names at one address fail for the address; the others are told together by how they fail.
fn groups<'a>(view: &View<'a>) -> Vec<Group<'a>> {
    let checks = view.open_with(CAUSES);
    let mut names: HashMap<IpAddr, BTreeSet<&str>> = HashMap::new();
    for check in &checks {
        if let Some(address) = look::address(check) {
            names.entry(address.ip()).or_default().insert(look::host(check));
        }
    }
    let shared = |c: &Check| look::address(c).map(|a| a.ip()).filter(|ip| names[ip].len() > 1);
    Group::by(checks, |c| {
        let cause = c.cause.unwrap_or(Cause::Unknown);
        shared(c).map_or_else(|| cause.to_string(), |ip| format!("{cause} {ip}"))
    })
}

fn words(group: &Group<'_>, scene: &Scene<'_>) -> Words {
    let address = group.key.split_once(' ').map(|(_, address)| address.to_owned());
    let subject = address.unwrap_or_else(|| phrase::hosts(group));
    let cause = group.first().and_then(|c| c.cause).unwrap_or(Cause::Unknown);
    Words {
        summary: format!("Connections to {subject} do not open: {}.", cause.text()),
        explanation: format!(
            "From {} to {}{}.{}",
            phrase::places(group, scene),
            list(&group.hosts(), 5),
            if scene.any_seen(group, look::did_connect) {
                ", while connections to other endpoints open"
            } else {
                ""
            },
            how(cause)
        ),
        subject,
        consequence: None,
        remedy: "Allow these endpoints in the firewall, by name where it can: the addresses change.".into(),
        commands: commands::allow_and(group, scene, commands::curl),
        confidence: if cause == Cause::TcpTimeout { Confidence::High } else { Confidence::Medium },
        severity: None,
    }
}

/// What the way of failing says about who refuses.
fn how(cause: Cause) -> &'static str {
    match cause {
        Cause::TcpTimeout => " A firewall that drops packets looks like this.",
        Cause::TcpRefused | Cause::TcpReset => {
            " A firewall that rejects looks like this; so does an address where no service runs (any more)."
        }
        Cause::TcpUnreachable => " A router or firewall on the way says that it will not or cannot go there.",
        _ => "",
    }
}
