//! The search list gets in the way of complete names: programs try `management.azure.com.corp.example` first.

use super::prelude::*;
use crate::model::evidence::SearchedName;

pub(super) const WILDCARD: Diagnosis = Diagnosis {
    id: "search_domain_wildcard",
    group_checks: group_wildcards,
    describe_finding: describe_wildcard,
};
pub(super) const FAILING: Diagnosis = Diagnosis {
    id: "search_domain_failing",
    group_checks: group_failures,
    describe_finding: describe_failure,
};

/// A domain that has an address for every name takes the place of the services.
fn group_wildcards<'a>(view: &VantageFacts<'a>) -> Vec<CheckGroup<'a>> {
    let has_answer = |c: &Check| answered_name(c).is_some() && (look::is_met(c) || c.cause.is_some());
    CheckGroup::by_key(view.checks_where(has_answer), |c| domain_of(c, answered_name(c)))
}

/// A domain whose names cannot be looked up. What fails at the name itself is another matter.
fn group_failures<'a>(view: &VantageFacts<'a>) -> Vec<CheckGroup<'a>> {
    let met =
        view.checks_where(|c| look::is_met(c) && failed_name(c).is_some() && answered_name(c).is_none());
    let groups = CheckGroup::by_key(met, |c| domain_of(c, failed_name(c)));
    groups.into_iter().filter(|group| group.hosts().len() >= MIN_NAMES).collect()
}

/// A single answer can be lost.
const MIN_NAMES: usize = 3;

fn searched_names(check: &Check) -> &[SearchedName] {
    look::lookup_detail(check).map_or(&[], |lookup| &lookup.searched)
}

fn answered_name(check: &Check) -> Option<&SearchedName> {
    searched_names(check).iter().find(|s| !s.addresses.is_empty())
}

fn failed_name(check: &Check) -> Option<&SearchedName> {
    searched_names(check).iter().find(|s| s.cause.is_some())
}

fn domain_of(check: &Check, searched: Option<&SearchedName>) -> String {
    let name = searched.map(|s| s.name.as_str()).unwrap_or_default();
    let host = check.planned.host.as_deref().unwrap_or_default();
    name.strip_prefix(host).map_or(name, |rest| rest.trim_start_matches('.')).to_owned()
}

fn describe_wildcard(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> FindingText {
    let pair = |c: &&Check| {
        let searched = answered_name(c)?;
        Some(format!("{} is {}", searched.name, searched.addresses.first()?))
    };
    let examples: Vec<_> = group.checks.iter().filter_map(pair).collect();
    FindingText {
        summary: format!(
            "The search domain {} answers for names of public services from {}.",
            group.key,
            describe_vantages(group, scene)
        ),
        subject: group.key.clone(),
        explanation: format!(
            "Names with fewer dots than ndots in resolv.conf (5 in pods) get the search domains first, and DNS has a wildcard \
             record there: {}. Programs connect to that address instead of the service.",
            list_some(&examples, 3)
        ),
        remedy: format!(
            "Remove the wildcard record below {}, or remove that domain from the search list: on nodes from resolv.conf \
             (DHCP), for the kubelet with --resolv-conf. A pod can set ndots to 1 in its dnsConfig.",
            group.key
        ),
        commands: verify_commands(group, answered_name),
        ..FindingText::default()
    }
}

fn describe_failure(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> FindingText {
    let causes: Vec<_> = group.checks.iter().filter_map(|c| failed_name(c)?.cause).map(Cause::text).collect();
    FindingText {
        summary: format!(
            "Names in the search domain {} cannot be looked up from {}.",
            group.key,
            describe_vantages(group, scene)
        ),
        subject: group.key.clone(),
        explanation: format!(
            "Names with fewer dots than ndots in resolv.conf (5 in pods) get the search domains first. For {} that fails: {}.",
            format_count(group.hosts().len(), "name"),
            list_some(&unique_in_order(causes), 3)
        ),
        consequence: Some(
            "musl, the C library of Alpine images, fails the whole lookup. glibc and Go go on to the name itself, after \
             seconds where the answer stays away."
                .into(),
        ),
        remedy: format!(
            "Ask the DNS team why {} cannot be looked up (NXDOMAIN is the right answer for unknown names), or remove that \
             domain from the search list.",
            group.key
        ),
        commands: verify_commands(group, failed_name),
        severity: Some(Severity::Warning),
        confidence: Confidence::Medium,
    }
}

fn verify_commands(group: &CheckGroup<'_>, name: fn(&Check) -> Option<&SearchedName>) -> Vec<Instruction> {
    let server = group.checks.iter().find_map(|c| look::dns_queries(c).first()).map(|q| q.server);
    let first = group.first_check().and_then(name);
    first.map(|searched| commands::dig_command(server, &searched.name).into()).into_iter().collect()
}
