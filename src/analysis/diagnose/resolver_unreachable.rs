//! Nothing listens at the DNS server's address, or no route leads there.

use super::prelude::*;
use super::resolver_silent::{describe_missing_names, describe_servers, dig_commands};

pub(super) const DIAGNOSIS: Diagnosis =
    Diagnosis { id: "resolver_unreachable", group_checks, describe_finding };

fn group_checks<'a>(view: &VantageFacts<'a>) -> Vec<CheckGroup<'a>> {
    let checks = view.unexplained_with(&[Cause::DnsUnreachable]);
    CheckGroup::from_checks(describe_servers(view, &checks), checks)
}

fn describe_finding(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> FindingText {
    FindingText {
        summary: format!("No DNS server can be reached from {}.", describe_vantages(group, scene)),
        subject: group.key.clone(),
        explanation: format!(
            "The address {} refuses questions or has no route to it. {} What lies behind the names was not looked at.",
            group.key,
            describe_missing_names(group)
        ),
        remedy: "Start the DNS server, or name one that runs in resolv.conf (in a cluster: look whether the CoreDNS \
                 pods are ready and where they forward to)."
            .into(),
        commands: dig_commands(group),
        ..FindingText::default()
    }
}
