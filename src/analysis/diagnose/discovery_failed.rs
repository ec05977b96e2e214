//! Whoever knows the hosts below a wildcard could not be asked, or gave an answer that is of no use.

use super::group::Group;
use super::phrase::{count, list};
use super::scene::{Scene, View};
use super::{Diagnosis, Words, commands, look};
use crate::model::evidence::{Cause, Inquiry, InquiryOutcome, Phase};
use crate::model::finding::{Confidence, Severity};
use crate::model::report::{Check, CheckVerdict};

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "discovery_failed", groups, words };

fn groups<'a>(view: &View<'a>) -> Vec<Group<'a>> {
    told(view).map(|inquiry| Group { key: key(inquiry), checks: affected(view, inquiry) }).collect()
}

/// The discoveries with a failure of their own. One that was cut short is part of a run that was.
pub(super) fn told<'a>(view: &View<'a>) -> impl Iterator<Item = &'a Inquiry> {
    let has_failed = |inquiry: &Inquiry| inquiry.cause.is_some() || !inquiry.refused.is_empty();
    let here = view.context.discoveries.iter().filter(|inquiry| inquiry.vantage == view.id);
    here.filter(move |inquiry| has_failed(inquiry)).filter(|inquiry| !is_part_of_more(view, inquiry))
}

/// Where nothing is met and the way out fails for others alike, one finding on the way out explains this too.
fn is_part_of_more(view: &View<'_>, inquiry: &Inquiry) -> bool {
    let Some(cause) = inquiry.cause else { return false };
    // an inspection is told as one for all hosts that it hits, and what mends it is not to open anything
    let is_inspected =
        |c: &Check| c.host.as_deref() == Some(host(inquiry)) && c.cause == Some(Cause::TlsIntercepted);
    if cause == Cause::TlsIntercepted && view.all.iter().any(|c| is_inspected(c)) {
        return true;
    }
    let alike = view.hosts_with(|c| c.cause == Some(cause));
    let is_wide = matches!(inquiry.phase, Some(Phase::Resolve | Phase::Connect | Phase::Proxy));
    let is_the_resolver = matches!(cause, Cause::DnsTimeout | Cause::DnsUnreachable);
    let least = if is_the_resolver { 1 } else { 2 };
    is_wide && alike >= least && !view.all.iter().any(|c| look::is_met(c))
}

fn key(inquiry: &Inquiry) -> String {
    let word = inquiry.cause.map_or("outside", Cause::word);
    format!("{} {} {word}", inquiry.endpoint, inquiry.asked)
}

/// What is left open; where nothing is, what was probed instead. Unmet checks have findings of their own.
fn affected<'a>(view: &View<'a>, inquiry: &Inquiry) -> Vec<&'a Check> {
    let of = |verdict| {
        let checks = view.all.iter().copied();
        let fits = |c: &&Check| c.requirement == inquiry.endpoint && c.verdict == verdict;
        checks.filter(fits).collect::<Vec<_>>()
    };
    let open = of(CheckVerdict::Unverified);
    if open.is_empty() { of(CheckVerdict::Met) } else { open }
}

fn words(group: &Group<'_>, scene: &Scene<'_>) -> Words {
    let known = scene.context.discoveries.iter().find(|inquiry| key(inquiry) == group.key);
    let Some(inquiry) = known else { return nothing(group) };
    Words {
        summary: summary(inquiry),
        subject: inquiry.asked.clone(),
        explanation: format!("{} {}", seen(inquiry), instead(inquiry, scene)),
        consequence: consequence(group, inquiry),
        remedy: remedy(inquiry).to_owned(),
        commands: commands::allow(group, scene).into_iter().chain([curl(inquiry)]).collect(),
        confidence: Confidence::High,
        severity: Some(severity(group, inquiry, scene)),
    }
}

fn summary(inquiry: &Inquiry) -> String {
    let (host, pattern) = (host(inquiry), &inquiry.pattern);
    match (inquiry.outcome, inquiry.cause) {
        (InquiryOutcome::Found, _) => {
            format!("{host} names {} outside {pattern}.", count(inquiry.refused.len(), "host", "hosts"))
        }
        (InquiryOutcome::Refused, _) => format!("{host} names no host below {pattern}."),
        (InquiryOutcome::Failed, cause) => {
            let why = cause.filter(|c| *c != Cause::Unknown).map_or("its answer cannot be used", Cause::text);
            format!("The hosts below {pattern} could not be found: at {host}, {why}.")
        }
    }
}

fn seen(inquiry: &Inquiry) -> String {
    let asked = format!("GET https://{}", inquiry.asked);
    match &inquiry.raw {
        Some(raw) => format!("Asked was {asked}: {}.", raw.trim_end_matches('.')),
        None => format!("Asked was {asked}; outside lie {}.", list(&inquiry.refused, 3)),
    }
}

fn instead(inquiry: &Inquiry, scene: &Scene<'_>) -> &'static str {
    let views = scene.views.iter().filter(|view| view.id == inquiry.vantage);
    let mut checks = views.flat_map(|view| &view.all).filter(|c| c.requirement == inquiry.endpoint);
    match inquiry.outcome {
        InquiryOutcome::Found => "Nothing was sent to these; the others were probed.",
        _ if checks.any(|c| c.verdict != CheckVerdict::Unverified) => {
            "The hosts that the rules know were probed instead."
        }
        _ => "Nothing below the wildcard was probed.",
    }
}

fn consequence(group: &Group<'_>, inquiry: &Inquiry) -> Option<String> {
    let is_open = group.checks.iter().any(|c| c.verdict == CheckVerdict::Unverified);
    (!is_open || inquiry.outcome == InquiryOutcome::Found)
        .then(|| "What was probed may not be all that the cluster is going to use.".to_owned())
}

fn remedy(inquiry: &Inquiry) -> &'static str {
    match inquiry.outcome {
        InquiryOutcome::Failed => {
            "Mend the way to the service that was asked, then run again; until then allow the wildcard as a whole."
        }
        _ => "Look who gave this answer; if it was the service itself, allow what it names too.",
    }
}

/// Where something required is left open because of what stands in the way of the agents too, it is as grave.
fn severity(group: &Group<'_>, inquiry: &Inquiry, scene: &Scene<'_>) -> Severity {
    let is_open = |c: &Check| c.verdict == CheckVerdict::Unverified && scene.is_required(c);
    let asked = |c: &Check| c.host.as_deref() == Some(host(inquiry)) && scene.is_blocking(c);
    match inquiry.outcome {
        InquiryOutcome::Found => Severity::Info,
        _ if group.checks.iter().any(|c| is_open(c)) && scene.any_seen(group, asked) => Severity::Blocking,
        _ => Severity::Warning,
    }
}

fn host(inquiry: &Inquiry) -> &str {
    inquiry.asked.split(['/', ':']).next().unwrap_or_default()
}

fn curl(inquiry: &Inquiry) -> String {
    format!("curl -v 'https://{}'", inquiry.asked.replace('\'', "%27"))
}

/// A report in which the discovery was taken out after it was written.
fn nothing(group: &Group<'_>) -> Words {
    Words {
        summary: "A discovery failed.".to_owned(),
        subject: group.key.clone(),
        explanation: String::new(),
        consequence: None,
        remedy: String::new(),
        commands: Vec::new(),
        confidence: Confidence::Low,
        severity: Some(Severity::Warning),
    }
}
