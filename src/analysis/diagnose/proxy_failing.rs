//! A proxy that works for some checks drops out for others.

use super::prelude::*;
use super::proxy_down;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "proxy_failing", group_checks, describe_finding };

/// What `proxy_down` leaves: the proxy answered to something else.
fn group_checks<'a>(view: &VantageFacts<'a>) -> Vec<CheckGroup<'a>> {
    let groups = by_proxy::group_by_proxy(view, proxy_down::CAUSES);
    let cause = |c: &Check| c.cause.unwrap_or(Cause::Unknown);
    groups
        .into_iter()
        .flat_map(|g| CheckGroup::by_key(g.checks, |c| format!("{} {}", g.key, cause(c))))
        .collect()
}

fn describe_finding(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> FindingText {
    let cause = by_proxy::most_common_cause(group);
    FindingText {
        summary: format!(
            "Through {} {} cannot be reached: {}.",
            by_proxy::group_proxy(group),
            describe_hosts(group),
            cause.text()
        ),
        subject: by_proxy::group_proxy(group).to_owned(),
        explanation: format!(
            "From {} the proxy answers other requests, so that it is up. Hosts: {}.{}{}",
            describe_vantages(group, scene),
            list_some(&group.hosts(), 5),
            hint_for_cause(cause),
            describe_note(group)
        ),
        remedy: remedy_for_cause(cause).into(),
        commands: commands::firewall_rules_then_verify(group, scene, commands::curl_command),
        confidence: Confidence::Medium,
        ..FindingText::default()
    }
}

fn hint_for_cause(cause: Cause) -> &'static str {
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

fn remedy_for_cause(cause: Cause) -> &'static str {
    match cause {
        Cause::ProxyClosed | Cause::ProxyProtocol => {
            "Look into the log of the proxy for these hosts, and allow requests to them. If the same check is met in another \
             run, look at the proxy's limits on connections instead."
        }
        _ => {
            "Run again: if the same hosts fail, let the proxy itself reach them (its DNS, the firewall behind it); if others \
             do, look at the proxy's load and at each member of its group."
        }
    }
}
