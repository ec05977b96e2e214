//! A fault of a stage as a finding: what it rests on, what it means for this cluster, and commands that name what is known.

use std::fmt::Write as _;

use super::ProbeEvidence;
use super::agents::object_name;
use super::azure::{AzureCluster, ConnectivityStatus};
use super::causes::StageFault;
use super::cluster_view::ClusterView;
use super::evidence::EvidenceLine;
use crate::model::command::{Command, Instruction};
use crate::model::faults::Fault;
use crate::model::finding::{Confidence, Finding, Remedy, Severity};
use crate::model::wording::capitalize;

/// What is known of how far a cluster came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum History {
    /// It never had a heartbeat, or nothing says so.
    Never,
    /// Its heartbeats arrived, and do not now.
    Earlier,
    /// They arrive.
    Now,
}

impl History {
    /// `has_heartbeat`: whether all that a heartbeat needs holds.
    pub(super) fn of(view: &ClusterView<'_>, azure: Option<&AzureCluster>, has_heartbeat: bool) -> Self {
        let status = azure.and_then(|azure| azure.connectivity_status);
        let was_seen = azure.is_some_and(|azure| azure.last_connectivity_time.is_some());
        let has_identity = view.secret_metadata("azure-identity-certificate").is_some();
        match status {
            Some(ConnectivityStatus::Connected) => Self::Now,
            Some(ConnectivityStatus::Offline | ConnectivityStatus::Expired) => Self::Earlier,
            Some(ConnectivityStatus::Connecting) if !was_seen => Self::Never,
            _ if has_heartbeat => Self::Now,
            _ if was_seen || (azure.is_none() && has_identity) => Self::Earlier,
            _ => Self::Never,
        }
    }
}

/// A fault that something other than a sign shows, in words.
pub fn build_fault_finding(entry: &Fault, shown: &str, confidence: Confidence) -> Finding {
    build_quoting_finding(entry, vec![EvidenceLine::plain(shown)], confidence)
}

pub(super) fn build_quoting_finding(
    entry: &Fault,
    evidence: Vec<EvidenceLine>,
    confidence: Confidence,
) -> Finding {
    let fault = StageFault { fault: entry, evidence, agents: Vec::new(), confidence, is_recognised: true };
    build_finding(&fault, &ProbeEvidence::NONE, &[], History::Never)
}

/// Of an agent that is ready.
pub(super) fn build_ready_finding(
    entry: &Fault,
    evidence: Vec<EvidenceLine>,
    named: &[NamedAgent<'_>],
) -> Finding {
    let confidence = Confidence::Medium;
    let fault = StageFault { fault: entry, evidence, agents: Vec::new(), confidence, is_recognised: true };
    build_finding(&fault, &ProbeEvidence::NONE, named, History::Now)
}

/// `named`: what commands can name, an agent and a pod of it each.
pub(super) fn build_finding(
    fault: &StageFault<'_>,
    proof: &ProbeEvidence<'_>,
    named: &[NamedAgent<'_>],
    history: History,
) -> Finding {
    let values: Vec<_> = fault.evidence.iter().flat_map(|line| line.values.clone()).collect();
    let entry = &fault.fault.with_values(&values);
    let own = || entry.commands.iter().flat_map(|command| name_agents(command, named));
    let mut remedy = Remedy { text: entry.remedy.clone(), commands: own().collect() };
    let mut summary = begin_sentence(&entry.title);
    let mut docs = vec![format!("arcprobe explain {}", entry.id)];
    if let Some(cause) = proof.cause {
        summary = format!("{summary}: {}", cause.summary.trim_end_matches('.'));
        remedy.text = format!("{} {}", cause.remedy.text, entry.remedy);
        remedy.commands = cause.remedy.commands.iter().cloned().chain(own()).collect();
        docs.extend(cause.docs.iter().cloned());
    }
    docs.extend(entry.sources.iter().cloned());
    let subject = fault.evidence.iter().map(|line| line.object.clone()).find(|object| !object.is_empty());
    Finding {
        id: entry.id.clone(),
        severity: entry.severity,
        confidence: fault.confidence,
        summary,
        subject: subject.unwrap_or_else(|| entry.link.title().into()),
        evidence: proof.unmet.iter().map(|c| c.planned.id.clone()).collect(),
        explanation: explain(fault, proof, &entry.means),
        consequence: describe_consequence(entry, history).to_owned(),
        remedy,
        docs,
        accepted: None,
    }
}

fn explain(fault: &StageFault<'_>, proof: &ProbeEvidence<'_>, means: &str) -> String {
    let mut explanation = String::new();
    let has_quote = fault.evidence.iter().any(|line| !line.object.is_empty());
    if !fault.is_recognised {
        explanation.push_str(if has_quote {
            "No known fault fits what the agent says (unrecognised). "
        } else {
            "No error in its log, no event and no state of its containers says why. "
        });
    }
    for line in &fault.evidence {
        // writing into a String cannot fail
        let _ = write!(explanation, "{}. ", begin_sentence(&line.to_string()));
    }
    let probes = match (proof.unmet.len(), proof.met) {
        (0, 0) => String::new(),
        (0, n) => format!(
            "Probes do not confirm that the network is the cause: all {n} endpoints of this link are met now. "
        ),
        (n, met) => format!("Probes confirm it: {n} of {} endpoints of this link are unmet. ", n + met),
    };
    explanation + &probes + means
}

/// What a fault that keeps a cluster from being connected does to one that is.
fn describe_consequence(entry: &Fault, history: History) -> &str {
    let is_fixed = entry.azure != Fault::STAYS_CONNECTING || entry.severity != Severity::Blocking;
    match history {
        _ if is_fixed => &entry.azure,
        History::Never => &entry.azure,
        History::Earlier => {
            "The status is Offline 15 minutes after the last heartbeat, and Expired when the identity certificate ends."
        }
        History::Now => {
            "The cluster is Connected. What the named agents do is missing or late until this is fixed."
        }
    }
}

/// An agent that a finding is about, for its commands.
#[derive(Clone, Copy, Debug)]
pub(super) struct NamedAgent<'a> {
    deployment: &'a str,
    pod: Option<&'a str>,
}

/// Of these agents the pods that are there.
pub(super) fn name_agents_of<'a>(view: &ClusterView<'a>, agents: &[&str]) -> Vec<NamedAgent<'a>> {
    let wanted = view.agents.iter().filter(|agent| agents.contains(&agent.name));
    let found = wanted.map(|agent| NamedAgent {
        deployment: agent.name,
        pod: agent.pods.first().and_then(|pod| object_name(pod)),
    });
    found.take(MAX_NAMED).collect()
}

/// A command for each agent where it asks for one, else the command.
fn name_agents(command: &Command, named: &[NamedAgent<'_>]) -> Vec<Instruction> {
    let fill = |agent: &NamedAgent<'_>| {
        let mut command = command.clone();
        command.put_value("AGENT", agent.deployment);
        agent.pod.into_iter().for_each(|pod| command.put_value("POD", pod));
        command
    };
    let mut commands: Vec<_> = named.iter().map(fill).collect();
    commands.dedup();
    if commands.is_empty() {
        commands.push(command.clone());
    }
    commands.into_iter().map(Instruction::Run).collect()
}

/// A capital in front, unless a name stands there.
fn begin_sentence(text: &str) -> String {
    let first = text.split_whitespace().next().unwrap_or_default();
    let is_name = first.ends_with(':') || first.contains(['-', '.', '/', '_']);
    if is_name { text.to_owned() } else { capitalize(text) }
}

/// Of one finding.
const MAX_NAMED: usize = 4;
