//! The DNS server answers with an address that leads nowhere: a filter's way to say no.

use super::group::CheckGroup;
use super::run_facts::{RunFacts, VantageFacts};
use super::wording::{self as phrase, list_some};
use super::{Diagnosis, FindingText, commands, observed as look};
use crate::model::evidence::Cause;
use crate::model::finding::Confidence;
use crate::model::report::Check;

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
        subject: phrase::describe_hosts(group),
        explanation: format!(
            "From {} the answer for {} is {}, which no service of Azure has.",
            phrase::describe_vantages(group, scene),
            list_some(&group.hosts(), 5),
            group.key
        ),
        consequence: None,
        remedy: "Take the names off the block list of the DNS filter, and look for them in the hosts file."
            .into(),
        commands: commands::setting_per_host(group, "allow in the DNS filter")
            .into_iter()
            .chain(group.first_check().map(|c| commands::dig_command_for(c).into()))
            .collect(),
        confidence: Confidence::High,
        severity: None,
    }
}
