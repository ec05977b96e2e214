//! What stays open since a host that is unmet, or whose service is failing, was asked in vain for the hosts below a wildcard.

use super::group::{CheckGroup, unique_in_order};
use super::observed as look;
use super::run_facts::RunFacts;
use super::wording::list_some;
use crate::model::evidence::Discovery;
use crate::model::host_port::HostPort;
use crate::model::plan::UnverifiedKind;
use crate::model::report::{Check, CheckVerdict};

/// The checks that are open since a host of this group was asked for theirs in vain.
pub(super) fn checks_left_open<'a>(group: &CheckGroup<'_>, scene: &RunFacts<'a>) -> Vec<&'a Check> {
    let is_explained = |inquiry: &&Discovery| {
        inquiry.cause.is_some() && group.checks.iter().any(|c| is_asked_in_vain(c, inquiry))
    };
    let explained = scene.context.discoveries.iter().filter(is_explained);
    explained.flat_map(|inquiry| undiscovered_checks(scene, inquiry)).collect()
}

fn undiscovered_checks<'a>(scene: &RunFacts<'a>, inquiry: &'a Discovery) -> impl Iterator<Item = &'a Check> {
    let checks = scene.by_vantage.iter().filter(|v| inquiry.vantage == v.id).flat_map(|v| &v.checks);
    checks.copied().filter(|c| {
        c.unverified == Some(UnverifiedKind::NotDiscovered) && c.planned.endpoint == inquiry.endpoint
    })
}

/// One sentence on the hosts that were not found since a host of this group could not be asked.
pub(super) fn describe_left_open(open: &[&Check]) -> String {
    let patterns = unique_in_order(open.iter().map(|c| look::pattern_or_host(c)));
    if patterns.is_empty() {
        return String::new();
    }
    format!("The hosts below {} are not known because of it.", list_some(&patterns, 3))
}

/// Whether a check shows that the host cannot be used that a discovery asked.
pub(super) fn is_asked_in_vain(check: &Check, inquiry: &Discovery) -> bool {
    let asked = asked_authority(inquiry);
    (check.verdict == CheckVerdict::Unmet || look::failing_status(check).is_some())
        && check.planned.vantage == inquiry.vantage
        && check.planned.host.as_deref() == Some(asked.host)
        && check.planned.port == asked.port.unwrap_or(443)
}

/// Whom a discovery asked.
pub(super) fn asked_authority(inquiry: &Discovery) -> HostPort<'_> {
    let authority = inquiry.asked.split('/').next().unwrap_or_default();
    HostPort::parse(authority).unwrap_or(HostPort { host: authority, port: None })
}
