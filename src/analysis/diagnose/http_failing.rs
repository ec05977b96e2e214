//! TLS works, but the HTTP answer is missing or not the service's.

use super::group::Group;
use super::phrase;
use super::scene::{Scene, View};
use super::{Diagnosis, Words, commands};
use crate::model::evidence::Cause;
use crate::model::finding::Confidence;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "http_failing", groups, words };

const CAUSES: &[Cause] = &[
    Cause::HttpTimeout,
    Cause::HttpReset,
    Cause::HttpClosed,
    Cause::HttpProtocol,
    Cause::HttpUnexpectedStatus,
];

fn groups<'a>(view: &View<'a>) -> Vec<Group<'a>> {
    Group::by(view.open_with(CAUSES), |c| c.cause.unwrap_or(Cause::Unknown).to_string())
}

fn words(group: &Group<'_>, scene: &Scene<'_>) -> Words {
    let cause = group.first().and_then(|c| c.cause).unwrap_or(Cause::Unknown);
    Words {
        summary: format!("No proper HTTP answer comes from {}: {}.", phrase::hosts(group), cause.text()),
        subject: phrase::hosts(group),
        explanation: phrase::seen_at(group, scene),
        consequence: None,
        remedy: remedy(cause).into(),
        commands: commands::allow_and(group, scene, commands::curl),
        confidence: if cause == Cause::HttpUnexpectedStatus { Confidence::Medium } else { Confidence::High },
        severity: None,
    }
}

fn remedy(cause: Cause) -> &'static str {
    match cause {
        Cause::HttpUnexpectedStatus => {
            "Look at the answer. A 403 or 5xx from a device on the way has to be mended there; an outage of the service \
             passes by itself (see the Azure status page)."
        }
        _ => {
            "Look for a device on the way that lets TLS be set up and holds back what follows: inspection, an idle limit, \
             a data-loss filter, or packets that are too large for the path."
        }
    }
}
