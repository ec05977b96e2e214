//! Names resolve, but next to no connection opens: there is no direct way out.

use super::group::Group;
use super::phrase::{count, list, places};
use super::scene::{Scene, View};
use super::{Diagnosis, Words, by_proxy, commands, look};
use crate::model::evidence::{Cause, Phase};
use crate::model::finding::Confidence;
use crate::model::report::Check;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "egress_blocked", groups, words };

const CAUSES: &[Cause] = &[Cause::TcpTimeout, Cause::TcpRefused, Cause::TcpReset];
/// Fewer failures can be a matter of single endpoints.
const HOSTS: usize = 4;
/// A few ways out remain in most closed networks: a registry mirror, a time server.
const SHARE_PERCENT: usize = 80;

fn groups<'a>(view: &View<'a>) -> Vec<Group<'a>> {
    let failed = view.hosts_with(|c| {
        is_direct(c)
            && c.phase == Some(Phase::Connect)
            && c.cause.is_some_and(|cause| CAUSES.contains(&cause))
    });
    let tried = view.hosts_with(|c| is_direct(c) && look::was_connected_to(c));
    if failed < HOSTS || failed * 100 < tried * SHARE_PERCENT {
        return Vec::new();
    }
    let checks = view.open_with(CAUSES).into_iter().filter(|c| is_direct(c)).collect();
    Group::one(view.id, checks)
}

fn is_direct(check: &Check) -> bool {
    !by_proxy::is_proxied(check)
}

fn words(group: &Group<'_>, scene: &Scene<'_>) -> Words {
    let causes: Vec<_> = group.causes().iter().map(|c| c.text()).collect();
    let has_proxy = scene.any_seen(group, by_proxy::is_proxied);
    Words {
        summary: format!("There is no direct way out to Azure from {}.", places(group, scene)),
        subject: group.key.clone(),
        explanation: format!(
            "Names resolve, but connections to {} fail ({}), which is all or nearly all that was tried. {} For \
             example: {}.",
            count(group.hosts().len(), "host", "hosts"),
            list(&causes, 3),
            why(group, has_proxy),
            list(&group.hosts(), 3)
        ),
        consequence: None,
        remedy: remedy(has_proxy).into(),
        commands: proxy_commands()
            .into_iter()
            .filter(|_| !has_proxy)
            .chain(commands::allow_and(group, scene, commands::curl))
            .collect(),
        confidence: Confidence::High,
        severity: None,
    }
}

fn why(group: &Group<'_>, has_proxy: bool) -> String {
    let reason = group.first().map(|c| c.route.reason.as_str()).unwrap_or_default();
    if has_proxy {
        format!("A proxy is in use, but these hosts are called directly ({reason}).")
    } else {
        "Probably a proxy is mandatory in this network and none was given, or a firewall denies everything."
            .into()
    }
}

fn remedy(has_proxy: bool) -> &'static str {
    if has_proxy {
        "Take these hosts off the list of those that go without the proxy (--proxy-skip-range, NO_PROXY), or have the \
         firewall opened for them."
    } else {
        "Ask who runs the network whether a proxy is the way out. If so, run again with --proxy-https (or HTTPS_PROXY) and \
         pass the same proxy when connecting the cluster. If not, have the firewall opened."
    }
}

fn proxy_commands() -> [String; 3] {
    let proxy = "http://PROXY:PORT";
    [
        format!("export HTTPS_PROXY={proxy} HTTP_PROXY={proxy}"),
        format!("arcprobe check -l REGION --proxy-https {proxy}"),
        format!(
            "az connectedk8s connect ... --proxy-https {proxy} --proxy-http {proxy} --proxy-skip-range RANGE"
        ),
    ]
}
