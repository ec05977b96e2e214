//! The alias of a name leads into a private zone, and the zone has no record for it.

use super::prelude::*;
use crate::model::evidence::ResolveDetail;

pub(super) const DIAGNOSIS: Diagnosis =
    Diagnosis { id: "private_record_missing", group_checks, describe_finding };

fn group_checks<'a>(view: &VantageFacts<'a>) -> Vec<CheckGroup<'a>> {
    let mut checks = view.unexplained_with(&[Cause::DnsNxdomain, Cause::DnsNoData]);
    checks.retain(|c| private_alias(c).is_some());
    CheckGroup::by_key(checks, |check| private_zone(check).to_owned())
}

fn private_alias(check: &Check) -> Option<&str> {
    look::lookup_detail(check).and_then(ResolveDetail::private_link_alias)
}

/// The zone begins at its label `privatelink`; what stands before it is the record.
fn private_zone(check: &Check) -> &str {
    let alias = private_alias(check).unwrap_or_default();
    alias.find("privatelink.").map_or(alias, |at| &alias[at..])
}

fn describe_finding(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> FindingText {
    let aliases: Vec<_> = group.checks.iter().filter_map(|c| describe_alias(c)).collect();
    let aliases = unique_in_order(aliases.iter().map(String::as_str));
    FindingText {
        summary: format!("The private DNS zone {} has no record for {}.", group.key, describe_hosts(group)),
        subject: describe_hosts(group),
        explanation: format!(
            "From {} the public alias is {}, and the DNS server answers for that zone itself: {}. An outsider gets a \
             public address for the same name.",
            describe_vantages(group, scene),
            list_some(&aliases, 3),
            list_causes(group, 2)
        ),
        remedy: format!(
            "Ask the owner of the private DNS zone {} to add the record of the private endpoint. Where this cluster is not \
             to use a private link, unlink the zone from this network, or let the link fall back to the public answer \
             (resolution policy NxDomainRedirect).",
            group.key
        ),
        commands: commands::settings_then_verify(group, "resolve in DNS", commands::dig_command_for),
        ..FindingText::default()
    }
}

fn describe_alias(check: &Check) -> Option<String> {
    Some(format!("{} -> {}", look::host_or_pattern(check), private_alias(check)?))
}
