//! The DNS server answers for IPv4 and fails for IPv6, which delays or breaks lookups of programs that ask for both.

use super::prelude::*;
use crate::model::evidence::{DnsQuery, DnsRecordType};

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "dns_ipv6_failing", group_checks, describe_finding };

/// A single name can be slow.
const MIN_NAMES: usize = 3;

/// Only where no question for IPv6 is answered: then it is the server, or what lies before it, and not the names.
fn group_checks<'a>(view: &VantageFacts<'a>) -> Vec<CheckGroup<'a>> {
    let asked = view.checks_where(|c| ipv6_queries(c).next().is_some());
    let answers = |c: &Check| ipv6_queries(c).any(|q| !is_failure(q));
    if asked.iter().any(|c| answers(c)) {
        return Vec::new();
    }
    let hit = view.checks_where(|c| look::has_resolved(c) && ipv6_queries(c).any(is_failure));
    let groups = CheckGroup::from_checks(view.id, hit.into_iter().filter(|c| look::is_met(c)).collect());
    groups.into_iter().filter(|group| group.hosts().len() >= MIN_NAMES).collect()
}

fn ipv6_queries(check: &Check) -> impl Iterator<Item = &DnsQuery> {
    look::dns_queries(check).iter().filter(|q| q.kind == DnsRecordType::Aaaa)
}

/// NXDOMAIN counts, too: it says that the name does not exist, though it has an IPv4 address.
fn is_failure(query: &DnsQuery) -> bool {
    query.cause.is_some_and(|cause| cause != Cause::DnsNoData)
}

fn describe_finding(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> FindingText {
    let queries = group.checks.iter().flat_map(|c| ipv6_queries(c));
    let causes: Vec<_> = queries.filter_map(|q| q.cause).map(Cause::text).collect();
    let causes = list_some(&unique_in_order(causes), 3);
    let host = group.first_check().map_or("management.azure.com", look::host_or_pattern);
    let server = group.first_check().and_then(|c| ipv6_queries(c).next()).map(|q| q.server);
    FindingText {
        summary: format!(
            "DNS answers no question for IPv6 addresses from {}, while IPv4 addresses are answered.",
            describe_vantages(group, scene)
        ),
        subject: "IPv6 addresses in DNS".into(),
        explanation: format!(
            "For {} the question for IPv4 addresses (A) is answered, and the one for IPv6 addresses (AAAA) is not: {causes}. \
             A server without IPv6 addresses has to answer that there are none.",
            format_count(group.hosts().len(), "name")
        ),
        consequence: Some(
            "Programs ask for both. glibc and Go wait 5 seconds and more where AAAA stays silent; musl, the C library of \
             Alpine images, fails the whole lookup on SERVFAIL, REFUSED, NXDOMAIN or silence."
                .into(),
        ),
        remedy: "Ask the DNS team to let AAAA questions be answered: remove the filter or template that drops or rejects \
                 them, and look into the forwarder (in CoreDNS: the template plugin answers them with NOERROR)."
            .into(),
        commands: vec![format!("{} AAAA", commands::dig_command(server, host)).into()],
        severity: Some(Severity::Warning),
        confidence: Confidence::Medium,
    }
}
