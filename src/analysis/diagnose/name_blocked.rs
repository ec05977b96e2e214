//! Some names get no address while others do: a DNS filter, a missing forwarder, or a name that does not exist.

use std::collections::HashSet;

use super::failing_suffix as suffix;
use super::prelude::*;
use super::wording::label_suffixes;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "name_blocked", group_checks, describe_finding };

const CAUSES: &[Cause] =
    &[Cause::DnsNxdomain, Cause::DnsNoData, Cause::DnsServfail, Cause::DnsRefused, Cause::DnsTimeout];

/// Filters and zones work on suffixes: names belong together when they share one below which nothing resolves, and fail in
/// the same way.
fn group_checks<'a>(view: &VantageFacts<'a>) -> Vec<CheckGroup<'a>> {
    let good: HashSet<_> = view
        .checks
        .iter()
        .filter(|c| look::has_resolved(c))
        .filter_map(|c| c.planned.host.as_deref())
        .flat_map(label_suffixes)
        .collect();
    CheckGroup::by_key(view.unexplained_with(CAUSES), |check| {
        let suffix = suffix::failing_suffix(look::host_or_pattern(check), &good);
        format!("{suffix} {}", check.cause.map_or("", |cause| cause.word()))
    })
}

/// What the DNS server does with the names, and what that means.
struct NameAnswer {
    /// The summary, before the names.
    summary: &'static str,
    remedy: &'static str,
    /// What is to be set for each name.
    setting: &'static str,
    confidence: Confidence,
}

fn describe_finding(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> FindingText {
    let subject = describe_hosts(group);
    let others =
        if scene.has_any_check(group, look::has_resolved) { ", while other names resolve" } else { "" };
    let answer = group.first_check().map_or(ABSENT, answer_of);
    FindingText {
        summary: format!("{} {subject}{others}.", answer.summary),
        explanation: format!(
            "From {}: {}. Names: {}.",
            describe_vantages(group, scene),
            list_causes(group, 3),
            list_some(&group.hosts(), 5)
        ),
        subject,
        remedy: answer.remedy.into(),
        commands: commands::settings_then_verify(group, answer.setting, commands::dig_command_for),
        confidence: judge_confidence(group, &answer),
        ..FindingText::default()
    }
}

fn answer_of(check: &Check) -> NameAnswer {
    match check.cause {
        Some(Cause::DnsServfail) => SERVFAIL,
        Some(Cause::DnsRefused) => REFUSED,
        Some(Cause::DnsTimeout) => SILENCE,
        Some(Cause::DnsNoData) => NO_ADDRESS,
        _ => ABSENT,
    }
}

/// A single name may be absent for everybody.
fn judge_confidence(group: &CheckGroup<'_>, answer: &NameAnswer) -> Confidence {
    if group.hosts().len() == 1 { Confidence::Medium } else { answer.confidence }
}

const ABSENT: NameAnswer = NameAnswer {
    summary: "No address is answered for",
    remedy: "Take the names off the block list of the DNS server, or forward their zone to one that knows it. If another \
             network has no such name either, the name does not exist for this region and nothing has to be opened.",
    setting: "resolve in DNS",
    confidence: Confidence::High,
};

const NO_ADDRESS: NameAnswer = NameAnswer {
    summary: "DNS knows the name but has no address for",
    remedy: "Ask the DNS team for an internal zone of this name that lacks the record, such as a half-built private zone, \
             and for a filter that removes addresses from answers.",
    ..ABSENT
};

const SERVFAIL: NameAnswer = NameAnswer {
    summary: "The DNS server fails (SERVFAIL) for",
    remedy: "Ask the DNS team why the lookup fails: a conditional forwarder whose server does not respond, name servers of \
             the zone that cannot be reached, or DNSSEC validation. If `dig +cd` gets an address, it is DNSSEC.",
    setting: "repair the lookup in DNS",
    confidence: Confidence::Medium,
};

const REFUSED: NameAnswer = NameAnswer {
    summary: "The DNS server refuses to look up",
    remedy: "Ask the DNS team for the rule that refuses: a response policy for these names, or an access list or view that \
             does not resolve them for this client. Use a DNS server that serves this network.",
    setting: "answer in DNS instead of REFUSED",
    confidence: Confidence::Medium,
};

const SILENCE: NameAnswer = NameAnswer {
    summary: "The DNS server does not respond for",
    remedy: "Ask the DNS team for the forwarder of this zone, which probably does not respond, and the security team for a \
             firewall that drops DNS questions for these names.",
    setting: "answer in DNS",
    confidence: Confidence::Medium,
};
