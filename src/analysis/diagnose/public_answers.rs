//! Names lead to public addresses although the cluster is to use a private link.

use super::prelude::*;
use super::private_answers::list_answers;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "public_answers", group_checks, describe_finding };

fn group_checks<'a>(view: &VantageFacts<'a>) -> Vec<CheckGroup<'a>> {
    CheckGroup::from_checks("", view.unexplained_with(&[Cause::DnsPublicAnswer]))
}

fn describe_finding(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> FindingText {
    FindingText {
        summary: "Names that a private link should carry resolve to public addresses.".into(),
        subject: describe_hosts(group),
        explanation: format!(
            "From {}: {}. {}",
            describe_vantages(group, scene),
            list_some(&list_answers(group), 4),
            explain_alias_chain(group)
        ),
        remedy: format!(
            "Create or link the private {} {} (mind the label before the suffix, such as dp), with a record for the \
             region, in the network whose resolver the cluster's DNS forwards to.",
            pluralize(private_zones(group).len(), "zone", "zones"),
            list_some(&private_zones(group), 4)
        ),
        commands: group.checks.iter().take(3).map(|c| commands::dig_command_for(c).into()).collect(),
        ..FindingText::default()
    }
}

/// Azure's public DNS sends a name with a private endpoint through its `privatelink` zone: that alias tells whether the
/// endpoint exists.
fn explain_alias_chain(group: &CheckGroup<'_>) -> String {
    let chain = |c: &&Check| {
        let lookup = look::lookup_detail(c)?;
        let names = || format!("{} -> {}", look::host_or_pattern(c), lookup.cnames.join(" -> "));
        lookup.has_private_link_alias().then(names)
    };
    match group.checks.iter().find_map(chain) {
        Some(chain) => format!(
            "The chain is {chain}: a private endpoint exists, but the DNS that is asked does not know the private zone. It \
             is not linked to that network, or a conditional forwarder is missing."
        ),
        None => "The chain has no privatelink name: there is no private endpoint for this name yet, or the zone has a \
                 wrong name."
            .into(),
    }
}

/// The zone of a name is its suffix below `privatelink`: without the first label, which is the region's.
fn private_zones(group: &CheckGroup<'_>) -> Vec<String> {
    let suffixes =
        unique_in_order(group.hosts().into_iter().filter_map(|host| Some(host.split_once('.')?.1)));
    suffixes.into_iter().map(|suffix| format!("privatelink.{suffix}")).collect()
}
