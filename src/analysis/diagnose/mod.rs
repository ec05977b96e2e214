//! Checks with their verdicts -> few findings with causes and remedies. Pure.
//!
//! The diagnoses below are asked in order. Each takes the unmet checks that it explains out of those that are still open,
//! the wide causes (a dead resolver or proxy, no way out) first, so that one cause is one finding and every unmet check is explained
//! exactly once. What nobody explains falls to `endpoint_unmet`. Decisions are made per vantage, since each has a resolver
//! and a way out of its own; groups with the same key are then told as one finding.

mod address_blocked;
mod answer_unproven;
mod blocked_by_filter;
mod captive_portal;
mod certificate_bad;
mod clients_may_distrust;
mod clock_wrong;
mod cluster_dns;
mod commands;
mod cut_off;
mod direct_attempts;
mod discovery_failed;
mod dns_catch_all;
mod dns_ipv6_failing;
mod dns_sinkholed;
mod dns_transport_blocked;
mod egress_blocked;
mod endpoint_unmet;
mod failing_suffix;
mod greeting_failing;
mod group;
mod hosts_file_entry;
mod http_failing;
mod ip_family_failing;
mod ipv6_unroutable;
mod large_hello_dropped;
mod left_open;
mod machine_settings;
mod name_blocked;
mod networks_overlap;
mod no_route;
mod observed;
mod packet_loss;
mod path_mtu;
mod port_blocked;
mod prelude;
mod private_answers;
mod private_record_missing;
mod probe_disagrees;
mod proxy_bypassed;
mod proxy_cert_unfit;
mod proxy_denied;
mod proxy_down;
mod proxy_failing;
mod proxy_limits;
mod proxy_login;
mod proxy_loopback;
mod proxy_port_denied;
mod proxy_upstream;
mod public_answers;
mod redirected;
mod region_unlisted;
mod resolver_failing;
mod resolver_partly_dead;
mod resolver_silent;
mod resolver_unreachable;
mod run_facts;
mod run_incomplete;
mod search_domain;
mod service_failing;
mod skip_range_differs;
mod skip_range_incomplete;
mod skip_range_malformed;
mod sni_filtered;
mod some_addresses_fail;
mod stands_in;
mod system_proxy_unread;
mod tls13_filtered;
mod tls_inspection;
mod tls_inspection_forbidden;
mod tls_inspection_trusted;
mod tls_refused;
mod value_missing;
mod vantage_comparison;
mod vantage_unavailable;
mod via_proxy;
mod websocket_blocked;
mod wildcard_unverified;
mod wording;

use std::cmp::Reverse;

use crate::analysis::diagnose::run_facts::{RunFacts, VantageFacts};
use crate::model::command::Instruction;
use crate::model::evidence::{CertificateFileFlaw, CertificateSummary, Discovery};
use crate::model::finding::{Confidence, Finding, Remedy, Severity};
use crate::model::report::{Advice, Check, Vantage};
use crate::model::rules::Cloud;
use crate::model::system_proxy::SystemProxy;
use crate::proxy::{SkipRange, Sourced};
use group::CheckGroup;

/// What else is known of a run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Context<'a> {
    /// From where was looked, with the resolvers found there.
    pub vantages: &'a [Vantage],
    /// What was asked for the hosts below wildcards.
    pub discoveries: &'a [Discovery],
    /// Ended by the user before all was measured.
    pub interrupted: bool,
    /// Ended by `--deadline` before all was measured.
    pub deadline_passed: bool,
    /// What goes around the proxy; `None` where there is no proxy or nothing goes around it.
    pub skip_range: Option<&'a Sourced<SkipRange>>,
    /// What `--proxy-cert` holds; empty where it was not given.
    pub proxy_cert: &'a [CertificateSummary],
    /// What is wrong with the form of that file.
    pub proxy_cert_flaws: &'a [CertificateFileFlaw],
    /// What is known of the cluster's networks, and what is wrong with the skip range.
    pub advice: Option<&'a Advice>,
    /// The cloud.
    pub cloud: Option<Cloud>,
    /// The region, where the rules do not list it.
    pub unlisted_region: Option<UnlistedRegion<'a>>,
    /// The proxies in the settings of this machine; empty where flags or variables name one.
    pub system_proxies: &'a [SystemProxy],
    /// When the run began.
    pub now: Option<jiff::Timestamp>,
}

/// A region that the rules do not list.
#[derive(Clone, Copy, Debug, Default)]
pub struct UnlistedRegion<'a> {
    /// Its name.
    pub name: &'a str,
    /// The date of the rules.
    pub date: &'a str,
}

/// One thing that can be wrong: which checks show it, and how it is told.
struct Diagnosis {
    /// Names the page of `arcprobe explain`.
    id: &'static str,
    /// Picks checks of one vantage; unmet ones only from `view.open`, each at most once.
    group_checks: for<'a> fn(&VantageFacts<'a>) -> Vec<CheckGroup<'a>>,
    /// Tells what is wrong with them.
    describe_finding: fn(&CheckGroup<'_>, &RunFacts<'_>) -> FindingText,
}

/// The part of a finding that each diagnosis writes itself; what most have alike is the default.
#[derive(Default)]
struct FindingText {
    /// One sentence: what is wrong.
    summary: String,
    /// What it is about.
    subject: String,
    /// What was seen; what direct cross-checks showed and the counts of what it explains are added.
    explanation: String,
    /// Whom it hits; built from what the rules say about the checks when `None`.
    consequence: Option<String>,
    /// Who has to change what.
    remedy: String,
    /// Ready to paste.
    commands: Vec<Instruction>,
    /// How sure it is.
    confidence: Confidence,
    /// Follows from the checks when `None`: blocking if a required one is unmet, else a warning.
    severity: Option<Severity>,
}

/// In the order in which they are asked.
const DIAGNOSES: &[Diagnosis] = &[
    vantage_unavailable::UNREACHABLE,
    vantage_unavailable::CREDENTIALS,
    vantage_unavailable::PERMISSIONS,
    vantage_unavailable::REFUSED,
    vantage_unavailable::UNSCHEDULABLE,
    vantage_unavailable::NO_IMAGE,
    vantage_unavailable::NO_AGENT,
    vantage_unavailable::NOT_STARTED,
    vantage_unavailable::LOG_INCOMPLETE,
    search_domain::WILDCARD,
    proxy_bypassed::DIAGNOSIS,
    dns_transport_blocked::DIAGNOSIS,
    cluster_dns::UPSTREAM,
    cluster_dns::DOWN,
    resolver_silent::DIAGNOSIS,
    resolver_unreachable::DIAGNOSIS,
    resolver_failing::DIAGNOSIS,
    resolver_partly_dead::DIAGNOSIS,
    dns_ipv6_failing::DIAGNOSIS,
    search_domain::FAILING,
    proxy_loopback::DIAGNOSIS,
    cut_off::DIAGNOSIS,
    proxy_down::DIAGNOSIS,
    proxy_login::DIAGNOSIS,
    proxy_limits::DIAGNOSIS,
    proxy_port_denied::DIAGNOSIS,
    proxy_denied::DIAGNOSIS,
    proxy_upstream::DIAGNOSIS,
    proxy_failing::DIAGNOSIS,
    private_record_missing::DIAGNOSIS,
    name_blocked::DIAGNOSIS,
    hosts_file_entry::DIAGNOSIS,
    dns_catch_all::DIAGNOSIS,
    dns_sinkholed::DIAGNOSIS,
    private_answers::DIAGNOSIS,
    public_answers::DIAGNOSIS,
    ip_family_failing::DIAGNOSIS,
    no_route::DIAGNOSIS,
    egress_blocked::DIAGNOSIS,
    port_blocked::DIAGNOSIS,
    address_blocked::DIAGNOSIS,
    clock_wrong::DIAGNOSIS,
    tls_inspection_forbidden::DIAGNOSIS,
    tls_inspection::DIAGNOSIS,
    tls_inspection_trusted::DIAGNOSIS,
    clients_may_distrust::DIAGNOSIS,
    path_mtu::DIAGNOSIS,
    large_hello_dropped::DIAGNOSIS,
    tls13_filtered::DIAGNOSIS,
    sni_filtered::DIAGNOSIS,
    certificate_bad::DIAGNOSIS,
    captive_portal::DIAGNOSIS,
    tls_refused::DIAGNOSIS,
    blocked_by_filter::DIAGNOSIS,
    redirected::DIAGNOSIS,
    websocket_blocked::DIAGNOSIS,
    greeting_failing::DIAGNOSIS,
    http_failing::DIAGNOSIS,
    endpoint_unmet::DIAGNOSIS,
    some_addresses_fail::DIAGNOSIS,
    packet_loss::DIAGNOSIS,
    discovery_failed::DIAGNOSIS,
    answer_unproven::DIAGNOSIS,
    service_failing::DIAGNOSIS,
    probe_disagrees::DIAGNOSIS,
    run_incomplete::DIAGNOSIS,
    region_unlisted::DIAGNOSIS,
    wildcard_unverified::DIAGNOSIS,
    value_missing::DIAGNOSIS,
    proxy_cert_unfit::DIAGNOSIS,
    skip_range_incomplete::DIAGNOSIS,
    networks_overlap::DIAGNOSIS,
    skip_range_malformed::DIAGNOSIS,
    skip_range_differs::DIAGNOSIS,
    ipv6_unroutable::DIAGNOSIS,
    system_proxy_unread::DIAGNOSIS,
    stands_in::DIAGNOSIS,
];

/// Every id that a finding of this module can have.
pub const FINDING_IDS: &[&str] = &{
    let mut ids = [""; DIAGNOSES.len()];
    let mut at = 0;
    while at < ids.len() {
        ids[at] = DIAGNOSES[at].id;
        at += 1;
    }
    ids
};

/// What the checks of a run mean, the most severe first. Every unmet check is in the evidence of exactly one finding that is
/// not `info`.
pub fn diagnose_run(checks: &[Check], context: &Context<'_>) -> Vec<Finding> {
    let mut scene = RunFacts::new(checks, context);
    let mut findings = Vec::new();
    for diagnosis in DIAGNOSES {
        let groups = group::merge_by_key(scene.by_vantage.iter().flat_map(diagnosis.group_checks));
        findings.extend(groups.iter().map(|group| build_finding(diagnosis, group, &scene)));
        scene.mark_explained(&groups);
    }
    findings.sort_by_key(|f| Reverse(f.severity));
    findings
}

fn build_finding(diagnosis: &Diagnosis, group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> Finding {
    let words = (diagnosis.describe_finding)(group, scene);
    let left_open = left_open::checks_left_open(group, scene);
    let explanation = [
        words.explanation,
        left_open::describe_left_open(&left_open),
        direct_attempts::describe_direct_attempts(group),
        vantage_comparison::describe_other_vantages(group, scene),
        wording::describe_coverage(group, scene),
    ];
    let explanation: Vec<_> = explanation.into_iter().filter(|part| !part.is_empty()).collect();
    Finding {
        id: diagnosis.id.to_owned(),
        severity: words.severity.unwrap_or_else(|| scene.group_severity(group)),
        confidence: words.confidence,
        summary: words.summary,
        subject: words.subject,
        evidence: group.checks.iter().chain(&left_open).map(|c| c.planned.id.clone()).collect(),
        explanation: explanation.join(" "),
        consequence: words.consequence.unwrap_or_else(|| wording::describe_consequence(group, scene)),
        remedy: Remedy { text: words.remedy, commands: words.commands },
        docs: doc_links(diagnosis.id, group),
        accepted: None,
    }
}

fn doc_links(id: &str, group: &CheckGroup<'_>) -> Vec<String> {
    let causes = group.causes();
    let words = causes.iter().map(|c| c.word()).filter(|word| *word != id); // some pages serve both
    std::iter::once(id).chain(words).map(|word| format!("arcprobe explain {word}")).collect()
}
