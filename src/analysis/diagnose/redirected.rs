//! Requests are sent on to a host that has nothing to do with the service.

use super::group::Group;
use super::phrase::{self, list};
use super::scene::{Scene, View};
use super::{Diagnosis, Words, commands, look};
use crate::model::evidence::Cause;
use crate::model::finding::Confidence;
use crate::model::report::Check;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "redirected", groups, words };

fn groups<'a>(view: &View<'a>) -> Vec<Group<'a>> {
    Group::by(view.open_with(&[Cause::HttpRedirected]), destination)
}

fn destination(check: &Check) -> String {
    let location = look::http(check).and_then(|h| h.headers.get("location"));
    let host = location.and_then(|l| l.split_once("://")).map(|(_, rest)| rest.split(['/', '?', '#']).next());
    host.flatten().filter(|h| !h.is_empty()).unwrap_or("a foreign host").to_owned()
}

fn words(group: &Group<'_>, scene: &Scene<'_>) -> Words {
    Words {
        summary: format!("Requests to {} are sent on to {}.", phrase::hosts(group), group.key),
        subject: group.key.clone(),
        explanation: format!(
            "From {} the answer for {} is a redirection to {}, as captive portals and log-on pages of proxies send it.",
            phrase::places(group, scene),
            list(&group.hosts(), 5),
            group.key
        ),
        consequence: None,
        remedy: "Log this machine on to the network, or exempt it and these hosts from the portal; agents cannot log on."
            .into(),
        commands: commands::allow_and(group, scene, commands::curl),
        confidence: Confidence::High,
        severity: None,
    }
}
