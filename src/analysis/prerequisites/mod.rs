//! What a cluster and a workstation need besides the network before the cluster is connected: facts and needs -> items and
//! findings. Pure.

mod cluster;
mod tools;

use crate::analysis::connectivity as chain;
use crate::model::command::Instruction;
use crate::model::faults::FaultCatalogue;
use crate::model::finding::{Confidence, Severity};
use crate::model::prerequisite_facts::{Fetched, PrerequisiteFacts};
use crate::model::prerequisite_rules::{Generation, OnboardingTarget, PrerequisiteRules};
use crate::model::report::{Prerequisite, PrerequisiteResults, PrerequisiteVerdict};

/// All that a judgement rests on.
#[derive(Clone, Copy, Debug)]
pub struct PrerequisiteInput<'a> {
    /// What is there.
    pub facts: &'a PrerequisiteFacts,
    /// The versions that are supported.
    pub needs: &'a PrerequisiteRules,
    /// The generation of the requirements.
    pub generation: &'a Generation,
    /// What is going to be turned on.
    pub wanted: OnboardingTarget<'a>,
    /// The words for what is wrong.
    pub catalogue: &'a FaultCatalogue,
    /// When it is judged.
    pub now: jiff::Timestamp,
}

/// What came of an item: its verdict, what was found, what is asked for, and the fault by its id where there is one.
struct ItemOutcome {
    id: &'static str,
    title: &'static str,
    verdict: PrerequisiteVerdict,
    found: String,
    wanted: String,
    fault: Option<&'static str>,
    /// In place of those of the fault, where there are some.
    commands: Vec<Instruction>,
}

impl ItemOutcome {
    fn new(id: &'static str, title: &'static str, wanted: impl Into<String>) -> Self {
        let wanted = wanted.into();
        let (verdict, found) = (PrerequisiteVerdict::Met, String::new());
        Self { id, title, verdict, found, wanted, fault: None, commands: Vec::new() }
    }

    fn met(self, found: impl Into<String>) -> Self {
        Self { verdict: PrerequisiteVerdict::Met, found: found.into(), ..self }
    }

    fn unverified(self, found: impl Into<String>) -> Self {
        Self { verdict: PrerequisiteVerdict::Unverified, found: found.into(), ..self }
    }

    fn warning(self, found: impl Into<String>, fault: &'static str) -> Self {
        Self { verdict: PrerequisiteVerdict::Warning, found: found.into(), fault: Some(fault), ..self }
    }

    fn unmet(self, found: impl Into<String>, fault: &'static str) -> Self {
        Self { verdict: PrerequisiteVerdict::Unmet, found: found.into(), fault: Some(fault), ..self }
    }
}

/// Judges the prerequisites.
pub fn judge_prerequisites(known: &PrerequisiteInput<'_>) -> PrerequisiteResults {
    let mut outcomes = vec![judge_kubeconfig(&known.facts.cluster)];
    if let Fetched::Read(cluster) = &known.facts.cluster {
        outcomes.extend(cluster::judge_cluster(cluster, known));
    }
    if let Some(tools) = &known.facts.tools {
        outcomes.extend(tools::judge_workstation(tools, known));
    }
    outcomes.extend(judge_age(known));
    let mut judged = PrerequisiteResults::default();
    for outcome in outcomes {
        let entry = outcome.fault.and_then(|id| known.catalogue.find_fault(id));
        let shown = format!("{}: {}", outcome.title, outcome.found);
        let mut finding = entry.map(|entry| chain::build_fault_finding(entry, &shown, Confidence::High));
        if let Some(finding) = &mut finding {
            // that something cannot be known is no obstacle yet
            if outcome.verdict == PrerequisiteVerdict::Unverified {
                finding.severity = finding.severity.min(Severity::Warning);
            }
            if !outcome.commands.is_empty() {
                finding.remedy.commands = outcome.commands;
            }
        }
        judged.findings.extend(finding);
        judged.items.push(Prerequisite {
            id: outcome.id.into(),
            title: outcome.title.into(),
            verdict: outcome.verdict,
            found: crate::model::evidence::sanitize(&outcome.found, MAX_FOUND_CHARS),
            wanted: outcome.wanted,
            is_workstation: WORKSTATION_IDS.contains(&outcome.id),
            finding: outcome.fault.map(str::to_owned),
            accepted: None,
        });
    }
    judged
}

/// Whether the versions in the rules are older than they should be. It says nothing about the cluster.
fn judge_age(known: &PrerequisiteInput<'_>) -> Option<ItemOutcome> {
    let old_from = &known.needs.old_from;
    let item = ItemOutcome::new("rules", "age of the rules", format!("before {old_from}"));
    let is_old = known.now.strftime("%Y-%m-%d").to_string() >= *old_from;
    is_old.then(|| item.unverified("the versions above are old; a newer arcprobe knows newer ones"))
}

/// The kubeconfig and the API server behind it.
fn judge_kubeconfig(cluster: &Fetched<crate::model::prerequisite_facts::ClusterFacts>) -> ItemOutcome {
    let item = ItemOutcome::new("kubeconfig", "kubeconfig", "a context whose API server answers");
    match cluster {
        Fetched::Read(cluster) => {
            item.met(format!("context {}, {} answers", cluster.context, cluster.server))
        }
        // neither says anything of the cluster, which may be reached from another machine
        Fetched::Unusable(why) => ItemOutcome { fault: Some("arc_kubeconfig"), ..item.unverified(why) },
        Fetched::Unreachable(why) => {
            ItemOutcome { fault: Some("arc_api_unreachable"), ..item.unverified(why) }
        }
    }
}

/// What the programs of this machine say; another one may connect the cluster.
const WORKSTATION_IDS: &[&str] = &["az", "connectedk8s", "helm", "kubectl", "login", "providers", "rules"];

/// In characters.
const MAX_FOUND_CHARS: usize = 400;

#[cfg(test)]
#[path = "prerequisites_tests.rs"]
mod tests;
