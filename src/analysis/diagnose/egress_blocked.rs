//! Names resolve, but next to no connection opens: there is no direct way out.

use super::machine_settings::{describe_readers, describe_settings, list_pac_proxies};
use super::prelude::*;
use crate::analysis::advise::connect_through_proxy;
use crate::model::evidence::Phase;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "egress_blocked", group_checks, describe_finding };

const CAUSES: &[Cause] = &[Cause::TcpTimeout, Cause::TcpRefused, Cause::TcpReset];
/// Fewer failures can be a matter of single endpoints.
const MIN_FAILED_HOSTS: usize = 4;
/// A few ways out remain in most closed networks: a registry mirror, a time server.
const MIN_FAILED_PERCENT: usize = 80;

fn group_checks<'a>(view: &VantageFacts<'a>) -> Vec<CheckGroup<'a>> {
    if !has_no_egress(view) {
        return Vec::new();
    }
    let checks = view.unexplained_with(CAUSES).into_iter().filter(|c| is_direct(c)).collect();
    CheckGroup::from_checks(view.id, checks)
}

/// Whether next to no connection opens.
pub(super) fn has_no_egress(view: &VantageFacts<'_>) -> bool {
    let failed = view.count_hosts_with(|c| {
        is_direct(c)
            && c.phase == Some(Phase::Connect)
            && c.cause.is_some_and(|cause| CAUSES.contains(&cause))
    });
    let tried = view.count_hosts_with(|c| is_direct(c) && look::has_tried_connecting(c));
    failed >= MIN_FAILED_HOSTS && failed * 100 >= tried * MIN_FAILED_PERCENT
}

fn is_direct(check: &Check) -> bool {
    !by_proxy::is_proxied(check)
}

fn describe_finding(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> FindingText {
    let has_proxy = scene.has_any_check(group, by_proxy::is_proxied);
    FindingText {
        summary: format!("There is no direct way out to Azure from {}.", describe_vantages(group, scene)),
        subject: group.key.clone(),
        explanation: format!(
            "Names resolve, but connections to {} fail ({}), which is all or nearly all that was tried. {} For \
             example: {}.",
            format_count(group.hosts().len(), "host"),
            list_causes(group, 3),
            explain_direct_route(group, has_proxy, scene),
            list_some(&group.hosts(), 3)
        ),
        remedy: remedy_for(has_proxy).into(),
        commands: proxy_commands(scene)
            .into_iter()
            .filter(|_| !has_proxy)
            .chain(commands::firewall_rules_then_verify(group, scene, commands::curl_command))
            .collect(),
        ..FindingText::default()
    }
}

fn explain_direct_route(group: &CheckGroup<'_>, has_proxy: bool, scene: &RunFacts<'_>) -> String {
    let reason = group.first_check().map(|c| c.planned.route.reason.as_str()).unwrap_or_default();
    if has_proxy {
        format!("A proxy is in use, but these hosts are called directly ({reason}).")
    } else if !scene.context.system_proxies.is_empty() {
        let found = scene.context.system_proxies;
        format!("{} Probably that is mandatory: {}", describe_settings(found), describe_readers(found))
    } else {
        "Probably a proxy is mandatory in this network and none was given, or a firewall denies everything."
            .into()
    }
}

fn remedy_for(has_proxy: bool) -> &'static str {
    if has_proxy {
        "Take these hosts off the list of those that go without the proxy (--proxy-skip-range, NO_PROXY), or have the \
         firewall opened for them."
    } else {
        "Ask who runs the network whether a proxy is the way out. If so, run again with --proxy-https (or HTTPS_PROXY) and \
         pass the same proxy when connecting the cluster. If not, have the firewall opened."
    }
}

/// With the proxy of the machine's settings, where they name one.
fn proxy_commands(scene: &RunFacts<'_>) -> Vec<Instruction> {
    let named = scene.context.system_proxies.iter().find_map(|one| one.proxy.as_deref());
    let proxy = named.unwrap_or("http://PROXY:PORT");
    let check_again = [
        format!("export HTTPS_PROXY={proxy} HTTP_PROXY={proxy}"),
        format!("arcprobe check -l REGION --proxy-https {proxy}"),
    ];
    let connect = connect_through_proxy(scene.context.advice, scene.context.cloud, proxy);
    let commands = check_again.into_iter().map(Instruction::from).chain(connect);
    list_pac_proxies(scene.context.system_proxies).into_iter().chain(commands).collect()
}
