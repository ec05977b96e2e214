//! No connection at all opens, for want of a route.

use super::group::Group;
use super::phrase::{count, list, places};
use super::scene::{Scene, View};
use super::{Diagnosis, Words, by_proxy, look};
use crate::model::evidence::Cause;
use crate::model::finding::Confidence;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "no_route", groups, words };

fn groups<'a>(view: &View<'a>) -> Vec<Group<'a>> {
    if view.all.iter().any(|c| look::did_connect(c)) {
        return Vec::new();
    }
    Group::one(view.id, view.open_with(&[Cause::TcpUnreachable]))
}

fn words(group: &Group<'_>, scene: &Scene<'_>) -> Words {
    let address = group.first().and_then(look::address).map(|a| a.ip().to_string());
    let address = address.unwrap_or_else(|| "20.0.0.1".into());
    let ipv6_only = group.checks.iter().filter_map(|c| look::address(c)).all(|a| a.is_ipv6());
    Words {
        summary: format!("{} has no route to the internet.", capital(&places(group, scene))),
        subject: group.key.clone(),
        explanation: format!(
            "Names resolve, but for {} the system or a router says that no route leads to the address, and no \
             direct connection opened to anything. For example: {}.{}",
            count(group.hosts().len(), "host", "hosts"),
            list(&group.hosts(), 3),
            if ipv6_only { " Only IPv6 addresses were answered." } else { "" }
        ),
        consequence: None,
        remedy: format!(
            "Give the machine a default route (gateway, NAT, route table of the subnet). {}",
            if scene.any_seen(group, by_proxy::is_proxied) {
                "Or take these hosts off the list of those that go without the proxy (--proxy-skip-range, NO_PROXY)."
            } else {
                "Where a proxy is the only way out, run again with --proxy-https."
            }
        ),
        commands: vec![format!("ip route get {address}"), "ip route show default".into()],
        confidence: Confidence::High,
        severity: None,
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
