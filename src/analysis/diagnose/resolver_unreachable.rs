//! Nothing listens at the DNS server's address, or no route leads there.

use super::group::Group;
use super::phrase::places;
use super::resolver_silent::{commands, missing, servers};
use super::scene::{Scene, View};
use super::{Diagnosis, Words};
use crate::model::evidence::Cause;
use crate::model::finding::Confidence;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "resolver_unreachable", groups, words };

fn groups<'a>(view: &View<'a>) -> Vec<Group<'a>> {
    let checks = view.open_with(&[Cause::DnsUnreachable]);
    Group::one(servers(view, &checks), checks)
}

fn words(group: &Group<'_>, scene: &Scene<'_>) -> Words {
    Words {
        summary: format!("No DNS server can be reached from {}.", places(group, scene)),
        subject: group.key.clone(),
        explanation: format!(
            "The address {} refuses questions or has no route to it. {} What lies behind the names was not looked at.",
            group.key,
            missing(group)
        ),
        consequence: None,
        remedy: "Start the DNS server, or name one that runs in resolv.conf (in a cluster: look whether the CoreDNS \
                 pods are ready and where they forward to)."
            .into(),
        commands: commands(group),
        confidence: Confidence::High,
        severity: None,
    }
}
