//! Requests are redirected to a host that has nothing to do with the service, and that has no marks of a captive portal.

use super::prelude::*;
use crate::analysis::answerer;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "redirected", group_checks, describe_finding };

fn group_checks<'a>(view: &VantageFacts<'a>) -> Vec<CheckGroup<'a>> {
    CheckGroup::by_key(view.unexplained_with(&[Cause::HttpRedirected]), redirect_host)
}

fn redirect_host(check: &Check) -> String {
    let host = look::http_detail(check).and_then(answerer::redirect_host);
    host.unwrap_or("a foreign host").to_owned()
}

fn describe_finding(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> FindingText {
    FindingText {
        summary: format!("Requests to {} are redirected to {}.", describe_hosts(group), group.key),
        subject: group.key.clone(),
        explanation: format!(
            "From {} the answer for {} is a redirection to {}, outside of the domain of the service. Nothing shows a captive \
             portal. Likely causes: a log-on or warning page of a proxy or filter that inspects TLS, or a service that has \
             moved.",
            describe_vantages(group, scene),
            list_some(&group.hosts(), 5),
            group.first_check().and_then(location).unwrap_or(&group.key)
        ),
        remedy: format!(
            "Find out whose host {} is. If a proxy or filter sends there, exempt these hosts from its log-on and warning \
             pages: agents cannot log on. If the service itself does, nothing is blocked there.",
            group.key
        ),
        commands: commands::settings_then_verify(
            group,
            "exempt from log-on and warning pages",
            commands::curl_command,
        ),
        confidence: Confidence::Low,
        ..FindingText::default()
    }
}

fn location(check: &Check) -> Option<&str> {
    look::http_detail(check)?.headers.get("location").map(String::as_str)
}
