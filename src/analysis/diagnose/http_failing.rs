//! TLS works, but the HTTP answer is missing or not the service's.

use super::prelude::*;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "http_failing", group_checks, describe_finding };

const CAUSES: &[Cause] = &[
    Cause::HttpTimeout,
    Cause::HttpReset,
    Cause::HttpClosed,
    Cause::HttpProtocol,
    Cause::HttpUnexpectedStatus,
];

fn group_checks<'a>(view: &VantageFacts<'a>) -> Vec<CheckGroup<'a>> {
    CheckGroup::by_cause(view.unexplained_with(CAUSES))
}

fn describe_finding(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> FindingText {
    let cause = group.first_cause();
    FindingText {
        summary: format!("No proper HTTP answer comes from {}: {}.", describe_hosts(group), cause.text()),
        subject: describe_hosts(group),
        explanation: describe_observation(group, scene),
        remedy: remedy_for_cause(cause).into(),
        commands: commands::firewall_rules_then_verify(group, scene, commands::curl_command),
        confidence: if cause == Cause::HttpUnexpectedStatus { Confidence::Medium } else { Confidence::High },
        ..FindingText::default()
    }
}

fn remedy_for_cause(cause: Cause) -> &'static str {
    match cause {
        Cause::HttpUnexpectedStatus => {
            "Look at the answer. A 403 or 5xx from a device on the way has to be mended there; an outage of the service \
             passes by itself (see the Azure status page)."
        }
        _ => {
            "Look for a device on the way that lets TLS be set up and holds back what follows: inspection, an idle limit, \
             a data-loss filter, or packets that are too large for the path."
        }
    }
}
