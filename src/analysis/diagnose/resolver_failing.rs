//! The DNS server answers, but has an address for no name at all.

use super::group::Group;
use super::phrase::{list, places};
use super::resolver_silent::{commands, missing, servers};
use super::scene::{Scene, View};
use super::{Diagnosis, Words, look};
use crate::model::evidence::Cause;
use crate::model::finding::Confidence;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "resolver_failing", groups, words };

/// Answers that blame the resolver itself.
const BROKEN: &[Cause] = &[Cause::DnsServfail, Cause::DnsRefused];
/// Answers that one name alone can deserve.
const EMPTY: &[Cause] = &[Cause::DnsNxdomain, Cause::DnsNoData];
/// So many names that ought to exist do not all fail by themselves.
const NAMES: usize = 3;

fn groups<'a>(view: &View<'a>) -> Vec<Group<'a>> {
    if view.hosts_with(look::was_resolved) > 0 {
        return Vec::new();
    }
    let empty = view.hosts_with(|c| c.cause.is_some_and(|cause| EMPTY.contains(&cause)));
    let mut checks = view.open_with(BROKEN);
    if !checks.is_empty() || empty >= NAMES {
        checks = view.open_with(&[BROKEN, EMPTY].concat());
    }
    Group::one(servers(view, &checks), checks)
}

fn words(group: &Group<'_>, scene: &Scene<'_>) -> Words {
    let answers: Vec<_> = group.causes().iter().map(|c| c.text()).collect();
    Words {
        summary: format!("The DNS server of {} resolves none of the names.", places(group, scene)),
        subject: group.key.clone(),
        explanation: format!(
            "{} answers, but with no address: {}. {}",
            group.key,
            list(&answers, 4),
            missing(group)
        ),
        consequence: None,
        remedy: "Mend the DNS server: it cannot ask further (no forwarder, or a blocked one), does not serve this \
                 client, or knows internal names only. Where outside names are left to a proxy on purpose, run again \
                 with --proxy-https."
            .into(),
        commands: commands(group).into_iter().take(1).collect(), // it does answer, so TCP adds nothing
        confidence: if group.hosts().len() >= NAMES { Confidence::High } else { Confidence::Medium },
        severity: None,
    }
}
