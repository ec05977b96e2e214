//! The same thing seen from several vantages.

use super::group::{CheckGroup, unique_in_order};
use super::observed as look;
use super::run_facts::{RunFacts, VantageFacts};
use super::wording::{describe_vantage, list_some};
use crate::analysis::verdict::attempts::has_reached;
use crate::model::evidence::{Phase, Purpose};
use crate::model::report::{Check, CheckVerdict, Vantage};
use crate::model::vantage::VantageKind;

/// Whether packets got to the endpoint or to the proxy on the way: DNS and TLS may have failed anyway.
pub(super) fn has_egress(check: &Check) -> bool {
    let is_own = |purpose| matches!(purpose, Purpose::Probe | Purpose::Retry);
    let own = check.attempts.iter().filter(|a| is_own(a.purpose));
    own.into_iter().any(|a| has_reached(a, Phase::Connect) || has_reached(a, Phase::Proxy))
        || check.verdict == CheckVerdict::Met
}

/// Whether it was tried to send packets.
pub(super) fn has_tried_egress(check: &Check) -> bool {
    let has = |phase| check.attempts.iter().any(|a| a.step(phase).is_some());
    has(Phase::Connect) || has(Phase::Proxy)
}

/// From nowhere got anything out, of at least two hosts that were tried.
pub(super) fn has_no_egress(checks: &[&Check]) -> bool {
    let tried: Vec<_> = checks.iter().copied().filter(|c| has_tried_egress(c)).collect();
    let hosts = unique_in_order(tried.iter().map(|c| look::host_or_pattern(c)));
    hosts.len() >= 2 && !tried.iter().any(|c| has_egress(c))
}

/// The checks of each vantage of a run, with what is known of it.
pub(super) fn checks_by_vantage<'a>(view: &VantageFacts<'a>) -> Vec<(&'a Vantage, Vec<&'a Check>)> {
    let checks = |v: &Vantage| view.run_checks.iter().filter(|c| c.planned.vantage == v.id).collect();
    view.context.vantages.iter().map(|v| (v, checks(v))).collect()
}

/// Whether something got out from a vantage.
pub(super) fn has_any_egress(checks: &[&Check]) -> bool {
    checks.iter().any(|c| has_egress(c))
}

/// One sentence on how the hosts of a finding fare from other vantages; empty where nobody else tried them.
pub(super) fn describe_other_vantages(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> String {
    let own = group.vantage_ids();
    let failed: Vec<_> =
        group.unmet_checks().filter_map(|c| Some((c.planned.host.as_deref()?, c.planned.port))).collect();
    let mut met: Vec<String> = Vec::new();
    for view in scene.by_vantage.iter().filter(|v| !own.contains(&v.id)) {
        let same =
            |c: &&&Check| c.planned.host.as_deref().is_some_and(|h| failed.contains(&(h, c.planned.port)));
        let same: Vec<_> = view.checks.iter().filter(same).collect();
        let is_met = !same.is_empty() && same.iter().all(|c| look::is_met(c));
        if let Some(vantage) = view.vantage.filter(|_| is_met) {
            met.push(describe_vantage(vantage, scene.context));
        }
    }
    if met.is_empty() { String::new() } else { format!("From {} the same works.", list_some(&met, 3)) }
}

/// Whether a vantage is inside the cluster.
pub(super) fn is_in_cluster(vantage: &Vantage) -> bool {
    vantage.kind != VantageKind::Workstation
}
