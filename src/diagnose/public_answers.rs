//! Names lead to public addresses although the cluster is to use a private link.

use super::group::Group;
use super::phrase::{self, list};
use super::private_answers::answers;
use super::scene::{Scene, View};
use super::{Diagnosis, Words, commands};
use crate::evidence::Cause;
use crate::finding::Confidence;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "public_answers", groups, words };

fn groups<'a>(view: &View<'a>) -> Vec<Group<'a>> {
    Group::one("", view.open_with(&[Cause::DnsPublicAnswer]))
}

fn words(group: &Group<'_>, scene: &Scene<'_>) -> Words {
    Words {
        summary: "Names that a private link should carry resolve to public addresses.".into(),
        subject: phrase::hosts(group),
        explanation: format!(
            "From {}: {}. The private zone is not linked to the network whose DNS is asked, the conditional forwarder \
             is missing, the record is, or the zone has a wrong name.",
            phrase::places(group, scene),
            list(&answers(group), 4)
        ),
        consequence: None,
        remedy: "Link the zones privatelink.his.arc.azure.com, privatelink.guestconfiguration.azure.com and \
                 privatelink.dp.kubernetesconfiguration.azure.com (mind the dp) to the network whose resolver the \
                 cluster's DNS forwards to, and look for the record of the region in them."
            .into(),
        commands: group.checks.iter().take(3).map(|c| commands::dig_for(c)).collect(),
        confidence: Confidence::High,
        severity: None,
    }
}
