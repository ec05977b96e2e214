//! A service other than HTTP (git, SSH) opens the connection and does not say its first words.

use super::group::Group;
use super::phrase::{self, list};
use super::scene::{Scene, View};
use super::{Diagnosis, Words, commands, look};
use crate::model::evidence::Phase;
use crate::model::finding::Confidence;
use crate::model::report::Check;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "greeting_failing", groups, words };

fn groups<'a>(view: &View<'a>) -> Vec<Group<'a>> {
    let checks = view.open.iter().copied().filter(|c| c.phase == Some(Phase::Greeting)).collect();
    Group::by(checks, |c| c.protocol.word().to_owned())
}

fn words(group: &Group<'_>, scene: &Scene<'_>) -> Words {
    let protocol = &group.key;
    Words {
        summary: format!("No greeting comes from the {protocol} service at {}.", phrase::hosts(group)),
        subject: phrase::hosts(group),
        explanation: format!(
            "From {} the connection opens, but what {protocol} begins with does not come: {}.",
            phrase::places(group, scene),
            list(&group.hosts(), 5)
        ),
        consequence: None,
        remedy: format!(
            "Allow {protocol} itself in the firewall, not only its port, or use repositories by HTTPS: a firewall that \
             recognises protocols, or a proxy in between, holds it back."
        ),
        commands: commands::allow_and(group, scene, greet),
        confidence: Confidence::Medium,
        severity: None,
    }
}

fn greet(check: &Check) -> String {
    format!("nc -v -w 5 {} {}", look::host(check), check.port)
}
