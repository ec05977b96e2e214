//! From the evidence of a run to its report: verdicts, findings, the answer. Pure.

use std::time::Duration;

use crate::analysis::diagnose::{self, Context, UnlistedRegion};
use crate::analysis::verdict;
use crate::model::command::CommandScope;
use crate::model::evidence::{CertificateFileFlaw, CertificateSummary, Discovery, Evidence};
use crate::model::finding::Finding;
use crate::model::plan::Plan;
use crate::model::report::PrerequisiteResults;
use crate::model::report::{Advice, ClusterRef, Machine, Report, RunInfo, Tool, Vantage};
use crate::model::rules::RuleSet;
use crate::model::run_flags::RunFlag;
use crate::model::scope::Scope;
use crate::model::vantage::VantageKind;
use crate::proxy::{SkipRange, Sourced};

/// What was seen from one vantage.
#[derive(Clone, Debug)]
pub struct VantageResult {
    /// The vantage, with what was found there.
    pub vantage: Vantage,
    /// What was to be done.
    pub plan: Plan,
    /// What was seen.
    pub evidence: Evidence,
    /// What goes around the proxy there.
    pub skip_range: Option<Sourced<SkipRange>>,
}

/// A run that is over.
#[derive(Clone, Copy, Debug)]
pub struct FinishedRun<'a> {
    /// The rules that were used.
    pub rules: &'a RuleSet,
    /// What they were fitted to.
    pub scope: &'a Scope,
    /// At least one.
    pub results: &'a [VantageResult],
    /// When it began.
    pub started_at: jiff::Timestamp,
    /// From start to end.
    pub took: Duration,
    /// Stopped by the user.
    pub interrupted: bool,
    /// What `--proxy-cert` holds.
    pub proxy_cert: &'a [CertificateSummary],
    /// What is wrong with the form of that file.
    pub proxy_cert_flaws: &'a [CertificateFileFlaw],
    /// The cluster that was looked from.
    pub cluster: Option<&'a ClusterRef>,
    /// What to pass to `az`, where the cluster's networks could be read.
    pub advice: Option<&'a Advice>,
    /// What was typed, for the commands that are printed.
    pub flags: &'a [RunFlag],
    /// The machine that it ran on.
    pub machine: Option<&'a Machine>,
}

/// Judges a run.
pub fn conclude_run(ran: &FinishedRun<'_>) -> Report {
    let vantages: Vec<_> = ran.results.iter().map(|s| s.vantage.clone()).collect();
    let checks: Vec<_> =
        ran.results.iter().flat_map(|s| verdict::judge_checks(&s.plan, &s.evidence)).collect();
    let discoveries: Vec<_> = ran.results.iter().flat_map(discoveries_of).collect();
    let interrupted = ran.interrupted || ran.results.iter().any(|s| s.evidence.interrupted);
    let deadline_passed = ran.results.iter().any(|s| s.evidence.deadline_passed);
    let context = Context {
        vantages: &vantages,
        discoveries: &discoveries,
        interrupted,
        deadline_passed,
        skip_range: effective_skip_range(ran.results),
        proxy_cert: ran.proxy_cert,
        proxy_cert_flaws: ran.proxy_cert_flaws,
        now: Some(ran.started_at),
        advice: ran.advice,
        cloud: Some(ran.scope.cloud),
        unlisted_region: unlisted_region(ran),
        system_proxies: ran.machine.map_or(&[], |machine| &machine.proxy_settings),
    };
    let mut findings = diagnose::diagnose_run(&checks, &context);
    fill_commands(&mut findings, &command_scope(ran));
    let verdict = verdict::judge_run(&checks, &findings, &vantages, interrupted || deadline_passed);
    Report {
        schema_version: 1,
        tool: Tool::this(),
        rules: ran.rules.layers.clone(),
        run: RunInfo {
            started_at: ran.started_at.to_string(),
            took: ran.took,
            cloud: ran.scope.cloud,
            region: ran.scope.region.name.to_string(),
            features: ran.scope.features.clone(),
            connectivity: ran.scope.connectivity,
            cluster: ran.cluster.cloned(),
            machine: ran.machine.cloned(),
            flags: ran.flags.to_vec(),
            interrupted,
            deadline_passed,
            proxy_cert: ran.proxy_cert.to_vec(),
            proxy_cert_flaws: ran.proxy_cert_flaws.to_vec(),
        },
        verdict,
        vantages,
        checks,
        discoveries,
        findings,
        prerequisites: Vec::new(),
        waivers: Vec::new(),
        advice: ran.advice.cloned().unwrap_or_default(),
    }
}

fn command_scope<'a>(ran: &FinishedRun<'a>) -> CommandScope<'a> {
    let connect = ran.advice.and_then(|advice| advice.connect_command.as_ref());
    CommandScope {
        region: Some(ran.scope.region.name.as_str()),
        flags: ran.flags,
        connect: connect.map_or(&[], |command| &command.flags),
        namespace: ran.cluster.and_then(|cluster| cluster.namespace.as_deref()),
        ..CommandScope::default()
    }
}

/// Puts into the commands of findings what is known of the run.
pub fn fill_commands(findings: &mut [Finding], scope: &CommandScope<'_>) {
    let commands = findings.iter_mut().flat_map(|finding| &mut finding.remedy.commands);
    commands.for_each(|command| command.fill(scope));
}

/// A report with what is needed besides the network: its findings come in, and the answer takes them into account.
pub fn with_prerequisites(mut report: Report, judged: PrerequisiteResults) -> Report {
    report.findings.extend(judged.findings);
    report.findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    report.prerequisites = judged.items;
    report.verdict = verdict::judge_report(&report);
    report
}

fn unlisted_region<'a>(ran: &FinishedRun<'a>) -> Option<UnlistedRegion<'a>> {
    let region = &ran.scope.region;
    let name = region.name.as_str();
    (!ran.rules.lists_region(region)).then(|| UnlistedRegion { name, date: ran.rules.date_of_regions() })
}

/// Agents know only the kind of their vantage.
fn discoveries_of(sighting: &VantageResult) -> impl Iterator<Item = Discovery> {
    let named = |inquiry: &Discovery| Discovery { vantage: sighting.vantage.id.clone(), ..inquiry.clone() };
    sighting.evidence.discoveries.iter().map(named)
}

/// The agents' own list where pods were looked from: it is the one that counts in the end.
fn effective_skip_range(sightings: &[VantageResult]) -> Option<&Sourced<SkipRange>> {
    let of = |kind| sightings.iter().find(|s| s.vantage.kind == kind).and_then(|s| s.skip_range.as_ref());
    of(VantageKind::Pod).or_else(|| of(VantageKind::Workstation)).or_else(|| of(VantageKind::Node))
}
