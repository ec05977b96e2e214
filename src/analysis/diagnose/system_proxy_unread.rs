//! The settings of this machine name a proxy that programs on a command line do not read.

use super::egress_blocked::has_no_egress;
use super::machine_settings::{describe_readers, describe_settings, list_pac_proxies};
use super::prelude::*;
use crate::model::system_proxy::SystemProxy;
use crate::model::vantage::VantageKind;

pub(super) const DIAGNOSIS: Diagnosis =
    Diagnosis { id: "system_proxy_unread", group_checks, describe_finding };

/// Where nothing gets out, the finding on that says it.
fn group_checks<'a>(view: &VantageFacts<'a>) -> Vec<CheckGroup<'a>> {
    let is_here = view.vantage.is_some_and(|vantage| vantage.kind == VantageKind::Workstation);
    CheckGroup::about_run(is_here && !view.context.system_proxies.is_empty() && !has_no_egress(view))
}

fn describe_finding(_: &CheckGroup<'_>, scene: &RunFacts<'_>) -> FindingText {
    let found = scene.context.system_proxies;
    FindingText {
        summary: describe_settings(found),
        subject: found.first().map(SystemProxy::address).unwrap_or_default().to_owned(),
        explanation: describe_readers(found),
        consequence: Some("None where everything passes without that proxy.".into()),
        remedy: "If that proxy is the egress path, set HTTPS_PROXY, HTTP_PROXY and NO_PROXY for az, kubectl and helm, and run \
                 the check again with it. Otherwise nothing has to be done."
            .into(),
        commands: check_commands(found),
        confidence: Confidence::Medium,
        severity: Some(Severity::Info),
    }
}

/// What to set, and how to check with it.
fn check_commands(found: &[SystemProxy]) -> Vec<Instruction> {
    let proxy = found.iter().find_map(|one| one.proxy.as_deref());
    let with = |proxy: &str| {
        [
            format!("export HTTPS_PROXY={proxy} HTTP_PROXY={proxy}"),
            format!("arcprobe check -l REGION --proxy-https {proxy}"),
        ]
    };
    let commands = proxy.map(with).into_iter().flatten().map(|line| line.as_str().into());
    list_pac_proxies(found).into_iter().chain(commands).collect()
}
