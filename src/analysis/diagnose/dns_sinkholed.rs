//! The DNS server answers with an address that leads nowhere: a filter's way to say no.

use super::prelude::*;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "dns_sinkholed", group_checks, describe_finding };

fn group_checks<'a>(view: &VantageFacts<'a>) -> Vec<CheckGroup<'a>> {
    CheckGroup::by_key(view.unexplained_with(&[Cause::DnsSinkhole]), sinkhole_address)
}

fn sinkhole_address(check: &Check) -> String {
    let first = look::lookup_detail(check).and_then(|l| l.addresses.first());
    first.map_or_else(|| "an address that leads nowhere".into(), ToString::to_string)
}

fn describe_finding(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> FindingText {
    FindingText {
        summary: format!("A DNS filter answers {} instead of the real address.", group.key),
        subject: describe_hosts(group),
        explanation: format!(
            "From {} the answer for {} is {}, which no service of Azure has.",
            describe_vantages(group, scene),
            list_some(&group.hosts(), 5),
            group.key
        ),
        remedy: "Take the names off the block list of the DNS filter, and look for them in the hosts file."
            .into(),
        commands: commands::settings_then_verify(group, "allow in the DNS filter", commands::dig_command_for),
        ..FindingText::default()
    }
}
