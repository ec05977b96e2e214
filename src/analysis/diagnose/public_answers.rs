//! Names lead to public addresses although the cluster is to use a private link.

use super::group::{Group, distinct};
use super::look;
use super::phrase::{self, list, noun};
use super::private_answers::answers;
use super::scene::{Scene, View};
use super::{Diagnosis, Words, commands};
use crate::model::evidence::Cause;
use crate::model::finding::Confidence;
use crate::model::report::Check;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "public_answers", groups, words };

fn groups<'a>(view: &View<'a>) -> Vec<Group<'a>> {
    Group::one("", view.open_with(&[Cause::DnsPublicAnswer]))
}

fn words(group: &Group<'_>, scene: &Scene<'_>) -> Words {
    Words {
        summary: "Names that a private link should carry resolve to public addresses.".into(),
        subject: phrase::hosts(group),
        explanation: format!(
            "From {}: {}. {}",
            phrase::places(group, scene),
            list(&answers(group), 4),
            why(group)
        ),
        consequence: None,
        remedy: format!(
            "Create or link the private {} {} (mind the label before the suffix, such as dp), with a record for the \
             region, in the network whose resolver the cluster's DNS forwards to.",
            noun(zones(group).len(), "zone", "zones"),
            list(&zones(group), 4)
        ),
        commands: group.checks.iter().take(3).map(|c| commands::dig_for(c)).collect(),
        confidence: Confidence::High,
        severity: None,
    }
}

/// Azure's public DNS sends a name with a private endpoint by way of its `privatelink` zone: that alias tells whether the
/// endpoint exists.
fn why(group: &Group<'_>) -> String {
    let chain = |c: &&Check| {
        let names = &look::lookup(c)?.cnames;
        let is_linked = names.iter().any(|name| name.contains("privatelink."));
        is_linked.then(|| format!("{} -> {}", look::host(c), names.join(" -> ")))
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
fn zones(group: &Group<'_>) -> Vec<String> {
    let suffixes = distinct(group.hosts().into_iter().filter_map(|host| Some(host.split_once('.')?.1)));
    suffixes.into_iter().map(|suffix| format!("privatelink.{suffix}")).collect()
}
