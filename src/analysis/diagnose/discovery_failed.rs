//! Whoever knows the hosts below a wildcard could not be asked, or gave an answer that is of no use.

use super::group::GroupSubject;
use super::left_open::{asked_authority, is_asked_in_vain};
use super::prelude::*;
use crate::model::command::Command;
use crate::model::evidence::{Discovery, DiscoveryOutcome, MANIFEST_TYPES, Phase};

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
fn failed_discoveries<'a>(view: &VantageFacts<'a>) -> impl Iterator<Item = &'a Discovery> {
    let here = view.context.discoveries.iter().filter(|inquiry| inquiry.vantage == view.id);
    here.filter(|inquiry| has_failed(inquiry)).filter(|inquiry| !is_explained_elsewhere(view, inquiry))
}

fn has_failed(inquiry: &Discovery) -> bool {
    inquiry.cause.is_some() || !inquiry.refused.is_empty()
}

/// What explains why the host that was asked cannot be used explains the discovery too. So does a cause that stops
/// everything, where nothing is met.
fn is_explained_elsewhere(view: &VantageFacts<'_>, inquiry: &Discovery) -> bool {
    let Some(cause) = inquiry.cause else { return false };
    if view.checks.iter().any(|c| is_asked_in_vain(c, inquiry)) {
        return true;
    }
    let alike = view.count_hosts_with(|c| c.cause == Some(cause));
    let is_wide = matches!(inquiry.phase, Some(Phase::Resolve | Phase::Connect | Phase::Proxy));
    let is_the_resolver = matches!(cause, Cause::DnsTimeout | Cause::DnsUnreachable);
    let least = if is_the_resolver { 1 } else { 2 };
    is_wide && alike >= least && !view.checks.iter().any(|c| look::is_met(c))
}

/// Whether a check is open since a host was asked for its hosts in vain; a finding on that host or on the answer reports it.
pub(super) fn is_reported(view: &VantageFacts<'_>, check: &Check) -> bool {
    let is_asked_for = |inquiry: &&Discovery| inquiry.endpoint == check.planned.endpoint;
    check.unverified == Some(UnverifiedKind::NotDiscovered)
        && (failed_discoveries(view).any(|inquiry| is_asked_for(&inquiry))
            || view.context.discoveries.iter().filter(is_asked_for).any(|inquiry| {
                inquiry.cause.is_some() && view.checks.iter().any(|c| is_asked_in_vain(c, inquiry))
            }))
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
            .chain([Instruction::Run(curl_discovery_command(inquiry, scene))])
            .collect(),
        severity: Some(judge_severity(inquiry)),
        ..FindingText::default()
    }
}

fn summarize_discovery(inquiry: &Discovery) -> String {
    let (host, pattern) = (asked_authority(inquiry).host, &inquiry.pattern);
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

fn judge_severity(inquiry: &Discovery) -> Severity {
    match inquiry.outcome {
        DiscoveryOutcome::Found => Severity::Info,
        _ => Severity::Warning,
    }
}

/// Asks the same, through the same proxy.
fn curl_discovery_command(inquiry: &Discovery, scene: &RunFacts<'_>) -> Command {
    let url = format!("https://{}", inquiry.asked);
    let accept = format!("Accept: {}", MANIFEST_TYPES.join(", "));
    let mut words = vec!["curl", "-v"];
    words.extend(proxy_of(inquiry, scene).into_iter().flat_map(|proxy| ["--proxy", proxy]));
    if inquiry.asked.contains("/manifests/") {
        words.extend(["-H", &accept]);
    }
    words.push(&url);
    Command::of(&words)
}

/// The proxy on the way to the host that was asked.
fn proxy_of<'a>(inquiry: &Discovery, scene: &RunFacts<'a>) -> Option<&'a str> {
    let mut views = scene.by_vantage.iter().filter(|view| inquiry.vantage == view.id);
    let mut checks = views.next()?.checks.iter().copied();
    let asked = checks.find(|check| check.planned.host.as_deref() == Some(asked_authority(inquiry).host))?;
    by_proxy::proxy_of(asked)
}
