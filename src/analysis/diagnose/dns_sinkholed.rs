//! The DNS server answers with an address that leads nowhere: a filter's way to say no.

use super::group::Group;
use super::phrase::{self, list};
use super::scene::{Scene, View};
use super::{Diagnosis, Words, commands, look};
use crate::model::evidence::Cause;
use crate::model::finding::Confidence;
use crate::model::report::Check;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "dns_sinkholed", groups, words };

fn groups<'a>(view: &View<'a>) -> Vec<Group<'a>> {
    Group::by(view.open_with(&[Cause::DnsSinkhole]), answer)
}

fn answer(check: &Check) -> String {
    let first = look::lookup(check).and_then(|l| l.addresses.first());
    first.map_or_else(|| "an address that leads nowhere".into(), ToString::to_string)
}

fn words(group: &Group<'_>, scene: &Scene<'_>) -> Words {
    Words {
        summary: format!("A DNS filter answers {} instead of the real address.", group.key),
        subject: phrase::hosts(group),
        explanation: format!(
            "From {} the answer for {} is {}, which no service of Azure has.",
            phrase::places(group, scene),
            list(&group.hosts(), 5),
            group.key
        ),
        consequence: None,
        remedy: "Take the names off the block list of the DNS filter, and look for them in the hosts file."
            .into(),
        commands: commands::each(group, |c| format!("allow in the DNS filter: {}", look::pattern(c)))
            .into_iter()
            .chain(group.first().map(commands::dig_for))
            .collect(),
        confidence: Confidence::High,
        severity: None,
    }
}
