//! The same thing seen from several vantages.

use super::group::{Group, distinct};
use super::look;
use super::phrase::{list, place_of};
use super::scene::{Scene, View};
use crate::analysis::verdict::attempts::reached;
use crate::model::evidence::{Phase, Purpose};
use crate::model::report::{Check, CheckVerdict, Vantage};
use crate::model::vantage::VantageKind;

/// Whether packets got to the endpoint or to the proxy on the way: DNS and TLS may have failed all the same.
pub(super) fn got_out(check: &Check) -> bool {
    let is_own = |purpose| matches!(purpose, Purpose::Probe | Purpose::Retry);
    let own = check.attempts.iter().filter(|a| is_own(a.purpose));
    own.into_iter().any(|a| reached(a, Phase::Connect) || reached(a, Phase::Proxy))
        || check.verdict == CheckVerdict::Met
}

/// Whether it was tried to send packets.
pub(super) fn tried(check: &Check) -> bool {
    let has = |phase| check.attempts.iter().any(|a| a.step(phase).is_some());
    has(Phase::Connect) || has(Phase::Proxy)
}

/// From nowhere got anything out, of at least two hosts that were tried.
pub(super) fn is_cut_off(checks: &[&Check]) -> bool {
    let tried: Vec<_> = checks.iter().copied().filter(|c| tried(c)).collect();
    let hosts = distinct(tried.iter().map(|c| look::host(c)));
    hosts.len() >= 2 && !tried.iter().any(|c| got_out(c))
}

/// The checks of each vantage of a run, with what is known of it.
pub(super) fn vantages<'a>(view: &View<'a>) -> Vec<(&'a Vantage, Vec<&'a Check>)> {
    let checks = |v: &Vantage| view.everywhere.iter().filter(|c| c.vantage == v.id).collect();
    view.context.vantages.iter().map(|v| (v, checks(v))).collect()
}

/// Whether something got out from a vantage.
pub(super) fn is_open(checks: &[&Check]) -> bool {
    checks.iter().any(|c| got_out(c))
}

/// One sentence on how the hosts of a finding fare from other vantages; empty where nobody else tried them.
pub(super) fn told(group: &Group<'_>, scene: &Scene<'_>) -> String {
    let own = group.vantages();
    let failed: Vec<_> = group.unmet().filter_map(|c| Some((c.host.as_deref()?, c.port))).collect();
    let mut met: Vec<String> = Vec::new();
    for view in scene.views.iter().filter(|v| !own.contains(&v.id)) {
        let same = |c: &&&Check| c.host.as_deref().is_some_and(|h| failed.contains(&(h, c.port)));
        let same: Vec<_> = view.all.iter().filter(same).collect();
        let is_met = !same.is_empty() && same.iter().all(|c| look::is_met(c));
        if let Some(vantage) = view.vantage.filter(|_| is_met) {
            met.push(place_of(vantage, scene.context));
        }
    }
    if met.is_empty() { String::new() } else { format!("From {} the same works.", list(&met, 3)) }
}

/// Whether a vantage is inside the cluster.
pub(super) fn is_inside(vantage: &Vantage) -> bool {
    vantage.kind != VantageKind::Workstation
}
