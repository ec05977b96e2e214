//! A proxy that works for some checks drops out for others.

use super::group::Group;
use super::phrase::{self, list, places};
use super::scene::{Scene, View};
use super::{Diagnosis, Words, by_proxy, commands, proxy_down};
use crate::model::evidence::Cause;
use crate::model::finding::Confidence;
use crate::model::report::Check;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "proxy_failing", groups, words };

/// What `proxy_down` leaves: the proxy answered to something else.
fn groups<'a>(view: &View<'a>) -> Vec<Group<'a>> {
    let groups = by_proxy::groups(view, proxy_down::CAUSES);
    let cause = |c: &Check| c.cause.unwrap_or(Cause::Unknown);
    groups.into_iter().flat_map(|g| Group::by(g.checks, |c| format!("{} {}", g.key, cause(c)))).collect()
}

fn words(group: &Group<'_>, scene: &Scene<'_>) -> Words {
    let cause = by_proxy::commonest(group);
    Words {
        summary: format!(
            "By way of {} {} cannot be reached: {}.",
            by_proxy::of(group),
            phrase::hosts(group),
            cause.text()
        ),
        subject: by_proxy::of(group).to_owned(),
        explanation: format!(
            "From {} the proxy answers other requests, so that it is up. Hosts: {}.{}{}",
            places(group, scene),
            list(&group.hosts(), 5),
            how(cause),
            group.first().and_then(|c| c.note.as_deref()).map(|n| format!(" Seen: {n}.")).unwrap_or_default()
        ),
        consequence: None,
        remedy: remedy(cause).into(),
        commands: commands::allow_and(group, scene, commands::curl),
        confidence: Confidence::Medium,
        severity: None,
    }
}

fn how(cause: Cause) -> &'static str {
    match cause {
        Cause::ProxyClosed => " Some proxies forbid destinations by hanging up.",
        Cause::ProxyTimeout => {
            " It may wait in vain for the destination or for its own DNS; an overloaded proxy looks the same."
        }
        Cause::ProxyDns | Cause::ProxyRefused | Cause::ProxyUnreachable | Cause::ProxyTls => {
            " A sick member of a group of proxies behind one name looks like this, and so does too high a load."
        }
        _ => "",
    }
}

fn remedy(cause: Cause) -> &'static str {
    match cause {
        Cause::ProxyClosed | Cause::ProxyProtocol => {
            "Look into the log of the proxy for these hosts, and allow CONNECT to them. If the same check is met in another \
             run, look at the proxy's limits on connections instead."
        }
        _ => {
            "Run again: if the same hosts fail, let the proxy itself reach them (its DNS, the firewall behind it); if others \
             do, look at the proxy's load and at each member of its group."
        }
    }
}
