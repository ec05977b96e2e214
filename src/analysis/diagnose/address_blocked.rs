//! Connections to some endpoints do not open, while others do.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;

use super::prelude::*;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "address_blocked", group_checks, describe_finding };

const CAUSES: &[Cause] = &[Cause::TcpTimeout, Cause::TcpRefused, Cause::TcpReset, Cause::TcpUnreachable];

/// Several names at one address fail for the address; the others are told together by how they fail.
fn group_checks<'a>(view: &VantageFacts<'a>) -> Vec<CheckGroup<'a>> {
    let checks = view.unexplained_with(CAUSES);
    let mut names: HashMap<IpAddr, BTreeSet<&str>> = HashMap::new();
    for check in &checks {
        if let Some(address) = look::decisive_address(check) {
            names.entry(address.ip()).or_default().insert(look::host_or_pattern(check));
        }
    }
    let shared = |c: &Check| look::decisive_address(c).map(|a| a.ip()).filter(|ip| names[ip].len() > 1);
    CheckGroup::by_key(checks, |c| {
        let cause = c.cause.unwrap_or(Cause::Unknown);
        shared(c).map_or_else(|| cause.to_string(), |ip| format!("{cause} {ip}"))
    })
}

fn describe_finding(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> FindingText {
    let subject = match shared_address(group) {
        Some(address) => address.to_string(),
        None => describe_hosts(group),
    };
    let cause = group.first_cause();
    FindingText {
        summary: format!("Connections to {subject} do not open: {}.", cause.text()),
        explanation: format!(
            "From {} to {}{}.{}",
            describe_vantages(group, scene),
            list_some(&group.hosts(), 5),
            if scene.has_any_check(group, look::has_connected) {
                ", while connections to other endpoints open"
            } else {
                ""
            },
            hint_for_cause(cause)
        ),
        subject,
        remedy: "Allow these endpoints in the firewall, by name where it can: the addresses change.".into(),
        commands: commands::firewall_rules_then_verify(group, scene, commands::curl_command),
        confidence: if cause == Cause::TcpTimeout { Confidence::High } else { Confidence::Medium },
        ..FindingText::default()
    }
}

/// The address that several names lead to.
fn shared_address(group: &CheckGroup<'_>) -> Option<IpAddr> {
    let mut addresses = group.checks.iter().map(|c| look::decisive_address(c).map(|a| a.ip()));
    let first = addresses.next().flatten()?;
    (group.hosts().len() > 1 && addresses.all(|other| other == Some(first))).then_some(first)
}

/// What the way of failing says about who refuses.
fn hint_for_cause(cause: Cause) -> &'static str {
    match cause {
        Cause::TcpTimeout => " A firewall that drops packets looks like this.",
        Cause::TcpRefused | Cause::TcpReset => {
            " A firewall that rejects looks like this; so does an address where no service runs (any more)."
        }
        Cause::TcpUnreachable => " A router or firewall on the way says that it will not or cannot go there.",
        _ => "",
    }
}
