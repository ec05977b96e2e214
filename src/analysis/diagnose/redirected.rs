//! Requests are sent on to a host that has nothing to do with the service.

use super::prelude::*;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "redirected", group_checks, describe_finding };

fn group_checks<'a>(view: &VantageFacts<'a>) -> Vec<CheckGroup<'a>> {
    CheckGroup::by_key(view.unexplained_with(&[Cause::HttpRedirected]), redirect_host)
}

fn redirect_host(check: &Check) -> String {
    let location = look::http_detail(check).and_then(|h| h.headers.get("location"));
    let host = location.and_then(|l| l.split_once("://")).map(|(_, rest)| rest.split(['/', '?', '#']).next());
    host.flatten().filter(|h| !h.is_empty()).unwrap_or("a foreign host").to_owned()
}

fn describe_finding(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> FindingText {
    FindingText {
        summary: format!("Requests to {} are sent on to {}.", describe_hosts(group), group.key),
        subject: group.key.clone(),
        explanation: format!(
            "From {} the answer for {} is a redirection to {}, as captive portals and log-on pages of proxies send it.",
            describe_vantages(group, scene),
            list_some(&group.hosts(), 5),
            group.key
        ),
        remedy: "Log this machine on to the network, or exempt it and these hosts from the portal; agents cannot log on."
            .into(),
        commands: commands::firewall_rules_then_verify(group, scene, commands::curl_command),
        ..FindingText::default()
    }
}
