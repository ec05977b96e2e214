//! An entry of the hosts file sends a name to an address that does not work.

use super::prelude::*;
use crate::model::evidence::{LookupSource, Phase, TrustStore};

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "hosts_file_entry", group_checks, describe_finding };

/// Where no connection opens to any other address either, the entry is not to blame.
fn group_checks<'a>(view: &VantageFacts<'a>) -> Vec<CheckGroup<'a>> {
    let is_other = |c: &Check| !is_pinned(c) && !by_proxy::is_proxied(c);
    let others = view.checks_where(is_other);
    let has_egress = others.is_empty() || others.iter().any(|c| look::has_connected(c));
    let is_wrong = |c: &Check| is_pinned(c) && !is_service(c);
    let checks = view.unexplained_where(|c| is_wrong(c) && (has_egress || leads_nowhere(c)));
    CheckGroup::from_checks(view.id, checks)
}

fn is_pinned(check: &Check) -> bool {
    look::lookup_detail(check).is_some_and(|l| l.source == LookupSource::HostsFile)
}

fn leads_nowhere(check: &Check) -> bool {
    check.cause == Some(Cause::DnsSinkhole)
}

/// Whether the address is the service's, which then failed for another reason.
fn is_service(check: &Check) -> bool {
    let is_public = look::tls_detail(check).is_some_and(|tls| tls.trusted_by == Some(TrustStore::Public));
    is_public && check.phase > Some(Phase::Tls)
}

fn describe_finding(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> FindingText {
    let entries: Vec<_> = group.checks.iter().filter_map(|c| describe_entry(c)).collect();
    let entries = unique_in_order(entries.iter().map(String::as_str));
    FindingText {
        summary: format!(
            "The hosts file of {} sends {} to an address that does not work.",
            describe_vantages(group, scene),
            describe_hosts(group)
        ),
        subject: describe_hosts(group),
        explanation: format!(
            "Programs read the hosts file before they ask DNS. {}. {}.",
            capitalize(&list_some(&entries, 5)),
            capitalize(&list_causes(group, 3))
        ),
        remedy: "Remove these lines from the hosts file (/etc/hosts; on Windows \
                 C:\\Windows\\System32\\drivers\\etc\\hosts; in a pod: hostAliases), or correct the addresses. Without an \
                 entry DNS is asked."
            .into(),
        commands: remove_then_verify(group),
        confidence: if group.checks.iter().all(|c| leads_nowhere(c)) {
            Confidence::High
        } else {
            Confidence::Medium
        },
        ..FindingText::default()
    }
}

fn describe_entry(check: &Check) -> Option<String> {
    let lookup = look::lookup_detail(check)?;
    let line = lookup.hosts_line.map(|line| format!("line {line}: ")).unwrap_or_default();
    Some(format!("{line}{} {}", lookup.addresses.first()?, lookup.name))
}

fn remove_then_verify(group: &CheckGroup<'_>) -> Vec<Instruction> {
    let remove = commands::line_per_host(group, |check| {
        Instruction::Text(format!(
            "remove from the hosts file: {}",
            describe_entry(check).unwrap_or_default()
        ))
    });
    let verify = group.first_check().map(|c| format!("getent hosts {}", look::host_or_pattern(c)).into());
    remove.into_iter().chain(verify).collect()
}
