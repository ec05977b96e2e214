//! What is wrong with a stage: what signatures show of its agents, else what the state of objects shows.

use super::agents::Agent;
use super::cluster_view::{ClusterView, Recognized};
use super::evidence::EvidenceLine;
use super::stages::{StageHealth, describe_unready, explain_fault, explain_stage};
use super::telling::add_telling_evidence;
use super::{ConnectivityInput, ProbeEvidence, has_working_identity};
use crate::model::faults::{Fault, Stage};
use crate::model::finding::{Confidence, Severity};
use crate::model::shown_text::SignatureSource;

/// Why a stage is broken.
#[derive(Clone, Debug)]
pub(super) struct StageFault<'a> {
    pub(super) fault: &'a Fault,
    /// The most telling first.
    pub(super) evidence: Vec<EvidenceLine>,
    /// The agents that it stops; empty where it stops all of them.
    pub(super) agents: Vec<&'a str>,
    pub(super) confidence: Confidence,
    /// Whether a signature fits: else only the state is known, and the evidence speaks for itself.
    pub(super) is_recognised: bool,
}

/// A stage that is to be judged, with all that this rests on.
pub(super) struct StageInput<'v, 'a> {
    pub(super) stage: Stage,
    pub(super) view: &'v ClusterView<'a>,
    pub(super) known: &'v ConnectivityInput<'a>,
    pub(super) health: &'v StageHealth,
    pub(super) proof: &'v ProbeEvidence<'a>,
    /// The agents of the stage that no earlier fault stops.
    pub(super) agents: Vec<&'v Agent<'a>>,
}

impl<'a> StageInput<'_, 'a> {
    fn is_whole(&self) -> bool {
        matches!(self.health, StageHealth::Healthy(_))
    }

    /// All faults of the stage; several only where different agents have different ones.
    pub(super) fn find_faults(&self) -> Vec<StageFault<'a>> {
        let structural = match self.health {
            StageHealth::Broken(id, shown) => self.known.catalogue.find_fault(id).map(|entry| (entry, shown)),
            _ => None,
        };
        // what shows that nothing behind it can be right needs no sign from a log
        let is_settled = structural.is_some_and(|(entry, _)| CONCLUSIVE_FAULTS.contains(&entry.id.as_str()));
        let mut found = match is_settled {
            true => Vec::new(),
            false if self.stage.is_of_pods() => self.find_pod_faults(),
            false => self.find_agent_fault().into_iter().collect(),
        };
        if let Some((entry, shown)) = structural {
            if found.is_empty() {
                found.push(self.judge_structure(entry, shown));
            } else {
                let title = (!self.stage.is_of_pods()).then(|| format!("{}: {shown}", entry.title));
                if let Some(first) = found.first_mut().filter(|fault| fault.fault.id != entry.id) {
                    first.evidence.extend(title.as_deref().map(EvidenceLine::plain));
                }
            }
        }
        found
    }

    /// Each agent that is not ready has a fault of its own; those of the same fault go together.
    fn find_pod_faults(&self) -> Vec<StageFault<'a>> {
        if self.view.agents.is_empty() {
            return self
                .pick(self.view.recognize_release())
                .map(|seen| self.to_fault(seen))
                .into_iter()
                .collect();
        }
        let mut found: Vec<StageFault<'a>> = Vec::new();
        for agent in self.agents.iter().filter(|agent| !agent.is_ready() && !agent.is_scaled_down()) {
            let Some(seen) = self.pick(self.view.recognize(agent)) else { continue };
            if let Some(known) = found.iter_mut().find(|known| known.fault.id == seen.fault.id) {
                known.agents.push(agent.name);
                continue;
            }
            let mut fault = self.to_fault(seen);
            fault.agents.push(agent.name);
            self.add_quotes(&mut fault, agent);
            found.push(fault);
        }
        found
    }

    /// The first fault of the catalogue that a signature shows of the stage's own agents, else of any that is not ready.
    fn find_agent_fault(&self) -> Option<StageFault<'a>> {
        let is_shared = !self.is_whole() && matches!(self.stage, Stage::Identity | Stage::Tokens);
        let others = self.view.agents.iter().filter(|agent| is_shared && !agent.is_ready());
        let mut agents = self.agents.iter().copied().chain(others);
        let found = agents.find_map(|agent| Some((agent, self.pick(self.view.recognize(agent))?)));
        let Some((agent, seen)) = found else { return self.find_proxy_fault() };
        let is_log = seen.place == SignatureSource::Log;
        let mut fault = self.to_fault(seen);
        if !is_log {
            fault.agents.push(agent.name);
        }
        self.add_quotes(&mut fault, agent);
        Some(fault)
    }

    fn add_quotes(&self, fault: &mut StageFault<'a>, agent: &Agent<'a>) {
        add_telling_evidence(&mut fault.evidence, self.view, &[agent]);
        fault.evidence.truncate(MAX_QUOTES);
        fault.evidence.extend(explain_fault(self.stage, self.view));
    }

    /// What the agents' own settings show where nothing that they say does.
    fn find_proxy_fault(&self) -> Option<StageFault<'a>> {
        let needs_api = matches!(self.stage, Stage::Identity | Stage::Tokens) && !self.is_whole();
        // older versions called it a fault that the address of a node is missing, which pods do not call
        let is_fault = |problem: &&str| needs_api && !problem.contains("(the API server itself)");
        let problem = self.known.skip_range.filter(is_fault)?;
        let fault = self.known.catalogue.find_fault("arc_api_through_proxy")?;
        let line = EvidenceLine { object: "skip range of the agents".into(), ..EvidenceLine::plain(problem) };
        Some(self.to_fault(Recognized { fault, rank: 0, place: SignatureSource::Log, line, is_old: false }))
    }

    /// Of what was recognized that which is about this stage; what stands first in the catalogue tells more.
    fn pick(&self, recognized: Vec<Recognized<'a>>) -> Option<Recognized<'a>> {
        let speaks = |seen: &Recognized<'_>| {
            let Fault { link, also, severity, .. } = seen.fault;
            let is_here = *link == self.stage || (!self.is_whole() && also.contains(&self.stage));
            let is_heard = seen.place != SignatureSource::Log || self.hears_logs();
            *severity == Severity::Blocking && is_here && is_heard && !(seen.is_old && self.hears_only_now())
        };
        recognized.into_iter().filter(speaks).min_by_key(|seen| seen.rank)
    }

    /// The agents of cluster connect are ready whether they are connected or not; that names are resolved shows in logs only.
    fn hears_logs(&self) -> bool {
        match self.stage {
            Stage::Connect => true,
            Stage::Dns => !has_working_identity(self.view, self.known),
            stage => stage.is_of_pods() || !self.is_whole(),
        }
    }

    fn hears_only_now(&self) -> bool {
        self.stage == Stage::Connect && self.is_whole()
    }

    fn judge_structure(&self, entry: &'a Fault, shown: &str) -> StageFault<'a> {
        let mut evidence = explain_stage(self.stage, self.view);
        let is_of_agents = !self.stage.agents().is_empty();
        let unready: Vec<_> = self.agents.iter().copied().filter(|agent| !agent.is_ready()).collect();
        let is_settled = CONCLUSIVE_FAULTS.contains(&entry.id.as_str());
        if is_of_agents && (!is_settled || entry.id == "arc_side_container") {
            let asked = if unready.is_empty() { &self.agents } else { &unready };
            add_telling_evidence(&mut evidence, self.view, asked);
        }
        let is_recognised = !is_of_agents || is_settled || !UNRECOGNISED_FAULTS.contains(&entry.id.as_str());
        let is_about_agents = AGENT_FAULTS.contains(&entry.id.as_str());
        let is_plain = is_about_agents && !is_settled && !unready.is_empty();
        let shown = if is_plain { describe_unready(&unready) } else { shown.to_owned() };
        evidence.push(EvidenceLine::plain(&shown));
        let agents =
            if is_about_agents { unready.iter().map(|agent| agent.name).collect() } else { Vec::new() };
        StageFault { fault: entry, evidence, agents, confidence: Confidence::High, is_recognised }
    }

    fn to_fault(&self, seen: Recognized<'a>) -> StageFault<'a> {
        let is_log = seen.place == SignatureSource::Log;
        let confidence = match (is_log, self.proof.unmet.is_empty(), self.proof.met) {
            (false, ..) | (_, false, _) => Confidence::High,
            (true, true, 0) => Confidence::Medium,
            (true, true, _) if self.stage.required_endpoints().0.is_empty() => Confidence::Medium,
            (true, true, _) => Confidence::Low,
        };
        StageFault {
            fault: seen.fault,
            evidence: vec![seen.line],
            agents: Vec::new(),
            confidence,
            is_recognised: true,
        }
    }
}

/// No log knows better.
const CONCLUSIVE_FAULTS: &[&str] = &[
    "arc_identity_expired",
    "arc_key_missing",
    "arc_terminating",
    "arc_not_installed",
    "arc_other_cluster",
    "arc_rights",
    "arc_api_unreachable",
    "arc_api_expired",
    "arc_dns_down",
    "arc_dns_not_ready",
    "arc_no_linux_node",
    "arc_scaled_down",
    "arc_side_container",
];

/// Faults that say which agents do not run, and stop no others.
const AGENT_FAULTS: &[&str] = &[
    "arc_config_agent_down",
    "arc_connect_down",
    "arc_extensions_down",
    "arc_metadata_down",
    "arc_scaled_down",
    "arc_side_container",
];

/// Faults that say that something does not work and not why.
const UNRECOGNISED_FAULTS: &[&str] = &[
    "arc_operator_down",
    "arc_identity_missing",
    "arc_tokens_missing",
    "arc_tokens_stale",
    "arc_config_agent_down",
    "arc_connecting",
    "arc_offline",
    "arc_connect_certificate",
    "arc_connect_down",
    "arc_extensions_down",
    "arc_metadata_down",
];

/// Of a fault that a signature shows.
const MAX_QUOTES: usize = 2;
