//! A filter answers with a page of its own.

use super::group::Group;
use super::phrase::{self, list};
use super::scene::{Scene, View};
use super::{Diagnosis, Words, commands, look};
use crate::model::evidence::Cause;
use crate::model::finding::Confidence;
use crate::model::report::Check;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "blocked_by_filter", groups, words };

fn groups<'a>(view: &View<'a>) -> Vec<Group<'a>> {
    Group::by(view.open_with(&[Cause::HttpBlockPage]), |c| {
        look::appliance(c).unwrap_or("a web filter").to_owned()
    })
}

fn words(group: &Group<'_>, scene: &Scene<'_>) -> Words {
    Words {
        summary: format!("The requests to {} are answered by {} itself.", phrase::hosts(group), group.key),
        subject: group.key.clone(),
        explanation: format!(
            "From {} the answer does not come from the service. Hosts: {}.{}",
            phrase::places(group, scene),
            list(&group.hosts(), 5),
            group.first().and_then(answer).unwrap_or_default()
        ),
        consequence: None,
        remedy: "Allow these hosts in the web filter, for machine accounts too: the agents cannot click through a page \
                 or log on to a portal."
            .into(),
        commands: commands::allow_and(group, scene, commands::curl),
        confidence: Confidence::High,
        severity: None,
    }
}

fn answer(check: &Check) -> Option<String> {
    let http = look::http(check)?;
    let from = ["server", "via"].iter().find_map(|name| http.headers.get(*name));
    let from = from.map(|f| format!(" from \"{f}\"")).unwrap_or_default();
    Some(format!(" Seen: status {}{from}.", http.status?))
}
