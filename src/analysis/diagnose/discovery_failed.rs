//! Whoever knows the hosts below a wildcard could not be asked, or gave an answer that is of no use.

use super::group::GroupSubject;
use super::prelude::*;
use crate::model::evidence::{Discovery, DiscoveryOutcome, Phase};

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "discovery_failed", group_checks, describe_finding };

fn group_checks<'a>(view: &VantageFacts<'a>) -> Vec<CheckGroup<'a>> {
    failed_discoveries(view)
        .map(|inquiry| CheckGroup {
            subject: GroupSubject::Discovery(inquiry),
            ..CheckGroup::new(discovery_key(inquiry), affected_checks(view, inquiry))
        })
        .collect()
}

/// The discoveries with a failure of their own. One that was cut short is part of a run that was.
pub(super) fn failed_discoveries<'a>(view: &VantageFacts<'a>) -> impl Iterator<Item = &'a Discovery> {
    let has_failed = |inquiry: &Discovery| inquiry.cause.is_some() || !inquiry.refused.is_empty();
    let here = view.context.discoveries.iter().filter(|inquiry| inquiry.vantage == view.id);
    here.filter(move |inquiry| has_failed(inquiry)).filter(|inquiry| !is_explained_elsewhere(view, inquiry))
}

/// Where nothing is met and the way out fails for others alike, one finding on the way out explains this too.
fn is_explained_elsewhere(view: &VantageFacts<'_>, inquiry: &Discovery) -> bool {
    let Some(cause) = inquiry.cause else { return false };
    // an inspection is told as one for all hosts that it hits, and what mends it is not to open anything
    let is_inspected = |c: &Check| {
        c.planned.host.as_deref() == Some(asked_host(inquiry)) && c.cause == Some(Cause::TlsIntercepted)
    };
    if cause == Cause::TlsIntercepted && view.checks.iter().any(|c| is_inspected(c)) {
        return true;
    }
    let alike = view.count_hosts_with(|c| c.cause == Some(cause));
    let is_wide = matches!(inquiry.phase, Some(Phase::Resolve | Phase::Connect | Phase::Proxy));
    let is_the_resolver = matches!(cause, Cause::DnsTimeout | Cause::DnsUnreachable);
    let least = if is_the_resolver { 1 } else { 2 };
    is_wide && alike >= least && !view.checks.iter().any(|c| look::is_met(c))
}

fn discovery_key(inquiry: &Discovery) -> String {
    let word = inquiry.cause.map_or("outside", Cause::word);
    format!("{} {} {word}", inquiry.endpoint, inquiry.asked)
}

/// What is left open; where nothing is, what was probed instead. Unmet checks have findings of their own.
fn affected_checks<'a>(view: &VantageFacts<'a>, inquiry: &Discovery) -> Vec<&'a Check> {
    let of = |verdict| {
        let checks = view.checks.iter().copied();
        let fits = |c: &&Check| c.planned.endpoint == inquiry.endpoint && c.verdict == verdict;
        checks.filter(fits).collect::<Vec<_>>()
    };
    let open = of(CheckVerdict::Unverified);
    if open.is_empty() { of(CheckVerdict::Met) } else { open }
}

fn describe_finding(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> FindingText {
    let GroupSubject::Discovery(inquiry) = group.subject else { unreachable!("each group is about one") };
    FindingText {
        summary: summarize_discovery(inquiry),
        subject: inquiry.asked.clone(),
        explanation: format!("{} {}", describe_answer(inquiry), describe_fallback(inquiry, scene)),
        consequence: describe_consequence(group, inquiry),
        remedy: remedy_for(inquiry).to_owned(),
        commands: commands::firewall_rules(group, scene)
            .into_iter()
            .chain([curl_discovery_command(inquiry).into()])
            .collect(),
        severity: Some(judge_severity(group, inquiry, scene)),
        ..FindingText::default()
    }
}

fn summarize_discovery(inquiry: &Discovery) -> String {
    let (host, pattern) = (asked_host(inquiry), &inquiry.pattern);
    match (inquiry.outcome, inquiry.cause) {
        (DiscoveryOutcome::Found, _) => {
            format!("{host} names {} outside {pattern}.", format_count(inquiry.refused.len(), "host"))
        }
        (DiscoveryOutcome::Refused, _) => format!("{host} names no host below {pattern}."),
        (DiscoveryOutcome::Failed, cause) => {
            let why = cause.filter(|c| *c != Cause::Unknown).map_or("its answer cannot be used", Cause::text);
            format!("The hosts below {pattern} could not be found: at {host}, {why}.")
        }
    }
}

fn describe_answer(inquiry: &Discovery) -> String {
    let asked = format!("GET https://{}", inquiry.asked);
    match &inquiry.raw {
        Some(raw) => format!("Asked was {asked}: {}.", raw.trim_end_matches('.')),
        None => format!("Asked was {asked}; outside lie {}.", list_some(&inquiry.refused, 3)),
    }
}

fn describe_fallback(inquiry: &Discovery, scene: &RunFacts<'_>) -> &'static str {
    let views = scene.by_vantage.iter().filter(|view| inquiry.vantage == view.id);
    let mut checks = views.flat_map(|view| &view.checks).filter(|c| c.planned.endpoint == inquiry.endpoint);
    match inquiry.outcome {
        DiscoveryOutcome::Found => "Nothing was sent to these; the others were probed.",
        _ if checks.any(|c| c.verdict != CheckVerdict::Unverified) => {
            "The hosts that the rules know were probed instead."
        }
        _ => "Nothing below the wildcard was probed.",
    }
}

fn describe_consequence(group: &CheckGroup<'_>, inquiry: &Discovery) -> Option<String> {
    let is_open = group.checks.iter().any(|c| c.verdict == CheckVerdict::Unverified);
    (!is_open || inquiry.outcome == DiscoveryOutcome::Found)
        .then(|| "What was probed may not be all that the cluster is going to use.".to_owned())
}

fn remedy_for(inquiry: &Discovery) -> &'static str {
    match inquiry.outcome {
        DiscoveryOutcome::Failed => {
            "Mend the way to the service that was asked, then run again; until then allow the wildcard as a whole."
        }
        _ => "Look who gave this answer; if it was the service itself, allow what it names too.",
    }
}

/// Where something required is left open because of what stands in the way of the agents too, it is as grave.
fn judge_severity(group: &CheckGroup<'_>, inquiry: &Discovery, scene: &RunFacts<'_>) -> Severity {
    let is_open = |c: &Check| c.verdict == CheckVerdict::Unverified && scene.is_required(c);
    let asked = |c: &Check| c.planned.host.as_deref() == Some(asked_host(inquiry)) && scene.is_blocking(c);
    match inquiry.outcome {
        DiscoveryOutcome::Found => Severity::Info,
        _ if group.checks.iter().any(|c| is_open(c)) && scene.has_any_check(group, asked) => {
            Severity::Blocking
        }
        _ => Severity::Warning,
    }
}

fn asked_host(inquiry: &Discovery) -> &str {
    inquiry.asked.split(['/', ':']).next().unwrap_or_default()
}

fn curl_discovery_command(inquiry: &Discovery) -> String {
    format!("curl -v 'https://{}'", inquiry.asked.replace('\'', "%27"))
}
