//! Why a cluster is not connected: what was read of it -> the first broken link of the chain, and what follows from it. Pure.
//!
//! Each stage has a standing by the state of its objects, and signatures by which logs and events tell more. A stage that is
//! broken follows from one that it needs, for the agents that this one stops; what follows from none is a cause of its own.
//! Probes prove or contradict what only logs say.

mod agents;
pub mod azure;
mod causes;
mod cluster_view;
mod custom_locations;
mod evidence;
pub mod extensions;
mod finding;
pub mod import;
mod log_lines;
pub mod redact;
mod stages;
pub mod support_bundle;
mod telling;
mod warnings;

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::analysis::conclude::fill_commands;
use crate::model::command::CommandScope;
use crate::model::faults::{FaultCatalogue, Stage};
use crate::model::finding::{Finding, Severity};
use crate::model::networks::UnreadSource;
use crate::model::prerequisite_rules::PrerequisiteRules;
use crate::model::report::{Check, CheckVerdict, Prerequisite, PrerequisiteResults};
use crate::model::vantage::VantageKind;
use agents::Agent;
use azure::{AzureCluster, ConnectivityStatus};
use causes::{StageFault, StageInput};
use cluster_view::ClusterView;
pub use finding::build_fault_finding;
use finding::{History, build_finding, name_agents_of};
use stages::{StageHealth, agents_with_pending_pods, agents_without_pods, judge_stage};
use support_bundle::SupportBundle;

/// All that a judgement rests on.
#[derive(Clone, Copy, Debug)]
pub struct ConnectivityInput<'a> {
    /// What was read of the cluster.
    pub bundle: &'a SupportBundle,
    /// What can be wrong.
    pub catalogue: &'a FaultCatalogue,
    /// What Azure says.
    pub azure: Option<&'a AzureCluster>,
    /// What was probed; empty without probes.
    pub checks: &'a [Check],
    /// What is wrong with the network, by the probes.
    pub network_findings: &'a [Finding],
    /// What is wrong with the skip range of the agents, where it stops them.
    pub skip_range: Option<&'a str>,
    /// What is needed besides the network; `None` where that was not read.
    pub prerequisites: Option<&'a PrerequisiteResults>,
    /// What is needed, by generation of the vendor's requirements.
    pub needs: &'a PrerequisiteRules,
    /// When the case was taken.
    pub now: Timestamp,
}

impl ConnectivityInput<'_> {
    fn identity_ends(&self) -> Option<Timestamp> {
        let read = self.bundle.identity_ends.as_deref().and_then(|t| t.parse().ok());
        read.or_else(|| self.azure.and_then(|a| a.certificate_expiration))
    }
}

/// The judgement.
#[derive(Clone, Debug)]
pub struct ConnectivityDiagnosis {
    /// The answer.
    pub verdict: ConnectivityVerdict,
    /// While waiting is right: until when.
    pub until: Option<String>,
    /// What is known of the cluster.
    pub cluster: ClusterSummary,
    /// In the order of the chain.
    pub links: Vec<StageResult>,
    /// The first broken link first.
    pub findings: Vec<Finding>,
    /// What is needed besides the network; empty where that was not read.
    pub prerequisites: Vec<Prerequisite>,
    /// What could not be read.
    pub unread: Vec<UnreadSource>,
}

/// The answer to "why is it stuck?".
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConnectivityVerdict {
    /// Every link holds.
    Healthy,
    /// Too young to judge: waiting is right.
    Wait,
    /// A link is broken.
    Broken,
    /// Nothing is seen broken, and not all could be seen.
    Unknown,
}

/// What a cluster says of itself.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the words speak for themselves")]
pub struct ClusterSummary {
    pub context: String,
    pub server: String,
    pub cloud: Option<String>,
    pub region: Option<String>,
    pub resource: Option<String>,
    pub agent_version: Option<String>,
    pub proxy: Option<String>,
    /// `connectivityStatus` of Azure.
    pub status: Option<String>,
    /// RFC 3339.
    pub installed: Option<String>,
    /// The object id that custom locations are enabled for.
    pub custom_locations: Option<String>,
}

/// How a link stands.
#[derive(Clone, Debug)]
pub struct StageResult {
    /// Which.
    pub link: Stage,
    /// How.
    pub state: StageState,
    /// One line: what shows it.
    pub why: String,
    /// The link whose break it follows from.
    pub follows: Option<Stage>,
    /// Required endpoints of the link: met and all; `null` where none were probed.
    pub probed: Option<(usize, usize)>,
}

/// How a link can stand.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words speak for themselves")]
pub enum StageState {
    Ok,
    Broken,
    Follows,
    Waiting,
    Unknown,
}

/// What the probes of a link's endpoints say.
#[derive(Clone)]
struct ProbeEvidence<'a> {
    met: usize,
    unmet: Vec<&'a Check>,
    /// The network's finding that explains the first of them.
    cause: Option<&'a Finding>,
}

impl ProbeEvidence<'_> {
    const NONE: Self = Self { met: 0, unmet: Vec::new(), cause: None };
}

/// Judges a cluster.
pub fn diagnose_connectivity(known: &ConnectivityInput<'_>) -> ConnectivityDiagnosis {
    let view = ClusterView::new(known.bundle, known.catalogue, known.now);
    let young = view.last_changed_at().filter(|at| known.now.duration_since(*at) < YOUNG_AGE);
    // a clock may be anywhere, also where no time comes after it
    let young_until = young.map(|at| at.checked_add(GRACE_PERIOD).unwrap_or(Timestamp::MAX));
    let mut roots: Vec<Root<'_>> = Vec::new();
    let mut broken: Vec<BrokenStage<'_>> = Vec::new();
    let mut links: Vec<StageResult> = Vec::new();
    for stage in Stage::ALL {
        let mut judged = JudgedStage::new(stage, &view, known, &broken);
        judged.follow_same_fault(&roots);
        let state = judged.state(young.is_some());
        links.push(judged.result(state));
        broken.extend(judged.list_stopped_agents(state));
        if state == StageState::Broken {
            judged.add_to_roots(&mut roots);
        }
        let is_empty = view.agents.is_empty() && stage == Stage::Release;
        if is_empty || (stage == Stage::Api && !roots.is_empty()) {
            break; // there is nothing to say of what comes after
        }
    }
    let is_waiting = links.iter().any(|link| link.state == StageState::Waiting);
    let until = young_until.filter(|_| is_waiting).map(|until| until.to_string());
    let first = roots.iter().map(|root| root.stage).min();
    let mut diagnosis = ConnectivityDiagnosis {
        verdict: ConnectivityVerdict::Healthy,
        until,
        cluster: summarize_cluster(&view, known),
        findings: build_findings(&view, known, &links, roots),
        links,
        prerequisites: Vec::new(),
        unread: known.bundle.unread.clone(),
    };
    let warnings = warnings::find_warnings(&view, known, &diagnosis);
    diagnosis.findings.extend(warnings);
    add_prerequisites(&mut diagnosis, known, view.agents.is_empty());
    if first.is_none() && diagnosis.until.is_none() {
        diagnosis.findings.extend(
            known.network_findings.iter().filter(|f| f.severity > Severity::Info).map(as_current_warning),
        );
    }
    fill_commands(&mut diagnosis.findings, &command_scope(&diagnosis.cluster));
    diagnosis.verdict = overall_verdict(&diagnosis, first, known);
    diagnosis
}

/// A fault that follows from no other.
struct Root<'a> {
    stage: Stage,
    fault: StageFault<'a>,
    proof: ProbeEvidence<'a>,
}

impl Root<'_> {
    /// Whether the cluster has no heartbeat for it.
    fn keeps_from_connecting(&self) -> bool {
        let agents = &self.fault.agents;
        let needed = [Stage::Identity, Stage::DataPlane].into_iter().flat_map(Stage::agents);
        let is_needed = agents.is_empty() || needed.copied().any(|agent| agents.contains(&agent));
        self.stage <= Stage::DataPlane && is_needed
    }
}

/// A stage that is broken, by itself or because it follows, and so stops what needs it.
struct BrokenStage<'a> {
    stage: Stage,
    root: Stage,
    /// The agents that it stops; empty where it stops all of them.
    agents: Vec<&'a str>,
}

impl BrokenStage<'_> {
    /// Nothing works without the operator's certificate and tokens, whatever keeps it from getting them.
    fn stops_all(&self) -> bool {
        self.agents.is_empty() || matches!(self.stage, Stage::Identity | Stage::Tokens)
    }

    fn stops(&self, agent: &str) -> bool {
        self.stops_all() || self.agents.contains(&agent)
    }
}

/// The findings of all roots: what is recognised and what keeps the cluster from being connected first, then in the order of the
/// chain.
fn build_findings(
    view: &ClusterView<'_>,
    known: &ConnectivityInput<'_>,
    links: &[StageResult],
    mut roots: Vec<Root<'_>>,
) -> Vec<Finding> {
    let holds = |stage: Stage| links.iter().any(|link| link.link == stage && link.state == StageState::Ok);
    let has_heartbeat = [Stage::Identity, Stage::Tokens, Stage::DataPlane].into_iter().all(holds);
    let history = History::of(view, known.azure, has_heartbeat);
    roots.sort_by_key(|root| {
        let severity = std::cmp::Reverse(root.fault.fault.severity);
        (severity, !root.fault.is_recognised, !root.keeps_from_connecting(), root.stage)
    });
    let build = |root: &Root<'_>| {
        let agents = if root.fault.agents.is_empty() { root.stage.agents() } else { &root.fault.agents };
        build_finding(&root.fault, &root.proof, &name_agents_of(view, agents), history)
    };
    roots.iter().map(build).collect()
}

/// A stage with all that is known of it.
struct JudgedStage<'a> {
    stage: Stage,
    health: StageHealth,
    proof: ProbeEvidence<'a>,
    faults: Vec<StageFault<'a>>,
    /// The stage whose break it follows from.
    follows: Option<Stage>,
}

impl<'a> JudgedStage<'a> {
    fn new(
        stage: Stage,
        view: &ClusterView<'a>,
        known: &ConnectivityInput<'a>,
        broken: &[BrokenStage<'a>],
    ) -> Self {
        let health = match judge_stage(stage, view, known) {
            StageHealth::Unknown(_) if stage == Stage::Dns && has_working_identity(view, known) => {
                StageHealth::Healthy("the agents have resolved names of Azure".into())
            }
            other => other,
        };
        let proof = collect_probe_evidence(stage, known);
        let needed: Vec<_> = broken.iter().filter(|earlier| stage.depends_on(earlier.stage)).collect();
        let stop = |agent: &Agent<'_>| needed.iter().find(|earlier| earlier.stops(agent.name));
        let concerned = list_concerned_agents(stage, view, &health);
        let stops: Option<Vec<_>> = concerned.iter().map(|agent| Some(stop(agent)?.root)).collect();
        let whole_stop = needed.iter().find(|earlier| earlier.stops_all()).map(|earlier| earlier.root);
        let follows = stops.and_then(|stops| stops.into_iter().min()).or(whole_stop);
        let is_free = |agent: &&Agent<'_>| follows.is_some() || stop(agent).is_none();
        let agents: Vec<_> = match stage.agents() {
            [] => view.agents.iter().filter(is_free).collect(),
            own => view.find_agents(own).into_iter().filter(is_free).collect(),
        };
        let input = StageInput { stage, view, known, health: &health, proof: &proof, agents };
        let faults = input.find_faults();
        Self { stage, health, proof, faults, follows }
    }

    /// What stops all agents is the same cause wherever it shows; what stops some of them is one for each.
    fn follow_same_fault(&mut self, roots: &[Root<'_>]) {
        let Some(own) = self.faults.first() else { return };
        let Some(root) = roots.iter().find(|root| root.fault.fault.id == own.fault.id) else { return };
        self.follows = match (root.fault.agents.is_empty(), own.agents.is_empty()) {
            (true, _) => self.follows.or(Some(root.stage)),
            (false, false) => None,
            (false, true) => self.follows,
        };
    }

    fn list_stopped_agents(&self, state: StageState) -> Vec<BrokenStage<'a>> {
        let root = match state {
            StageState::Broken => self.stage,
            StageState::Follows => self.follows.unwrap_or(self.stage),
            _ => return Vec::new(),
        };
        let stop =
            |fault: &StageFault<'a>| BrokenStage { stage: self.stage, root, agents: fault.agents.clone() };
        self.faults.iter().map(stop).collect()
    }

    /// In a young installation some things just take their time.
    fn state(&self, is_young: bool) -> StageState {
        let takes_time = is_young
            && self.proof.unmet.is_empty()
            && self.faults.iter().all(|fault| NORMAL_WHILE_YOUNG.contains(&fault.fault.id.as_str()));
        let comes_up = matches!(self.stage, Stage::Admission | Stage::Images);
        match (&self.health, self.follows) {
            (StageHealth::Healthy(_), _) if self.faults.is_empty() => StageState::Ok,
            (_, Some(_)) if !self.faults.is_empty() || comes_up => StageState::Follows,
            _ if !self.faults.is_empty() && !takes_time => StageState::Broken,
            _ if !self.faults.is_empty() || (is_young && comes_up) => StageState::Waiting,
            _ => StageState::Unknown,
        }
    }

    fn result(&self, state: StageState) -> StageResult {
        let (met, unmet) = (self.proof.met, self.proof.unmet.len());
        StageResult {
            link: self.stage,
            state,
            why: self.describe(),
            follows: self.follows.filter(|_| state == StageState::Follows),
            probed: (met + unmet > 0).then_some((met, met + unmet)),
        }
    }

    fn describe(&self) -> String {
        let titles: Vec<_> = self.faults.iter().map(|fault| fault.fault.title.as_str()).collect();
        match (&titles[..], &self.health) {
            ([], StageHealth::Healthy(why) | StageHealth::Unknown(why) | StageHealth::Broken(_, why)) => {
                why.clone()
            }
            (titles, _) => titles.join("; "),
        }
    }

    /// Agents with the same fault at different stages are one finding.
    fn add_to_roots(self, roots: &mut Vec<Root<'a>>) {
        let Self { stage, proof, faults, .. } = self;
        for fault in faults {
            match roots.iter_mut().find(|root| root.fault.fault.id == fault.fault.id) {
                Some(root) => {
                    root.fault.evidence.extend(fault.evidence);
                    root.fault.agents.extend(fault.agents);
                }
                None => roots.push(Root { stage, fault, proof: proof.clone() }),
            }
        }
    }
}

/// The agents that a stage waits for.
fn list_concerned_agents<'v, 'a>(
    stage: Stage,
    view: &'v ClusterView<'a>,
    health: &StageHealth,
) -> Vec<&'v Agent<'a>> {
    match stage {
        Stage::Admission => agents_without_pods(view).collect(),
        Stage::Images => agents_with_pending_pods(view),
        _ => {
            let own = view.find_agents(stage.agents());
            let unready: Vec<_> = own.iter().copied().filter(|agent| !agent.is_ready()).collect();
            let is_down = !unready.is_empty() && !matches!(health, StageHealth::Healthy(_));
            if is_down { unready } else { own }
        }
    }
}

fn overall_verdict(
    diagnosis: &ConnectivityDiagnosis,
    first: Option<Stage>,
    known: &ConnectivityInput<'_>,
) -> ConnectivityVerdict {
    let is_open = diagnosis.links.iter().any(|l| l.state == StageState::Unknown && l.link <= Stage::Tokens);
    let status = known.azure.and_then(|azure| azure.connectivity_status);
    match (first, &diagnosis.until) {
        (Some(Stage::Api), _) => ConnectivityVerdict::Unknown,
        (Some(_), _) => ConnectivityVerdict::Broken,
        (None, Some(_)) => ConnectivityVerdict::Wait,
        (None, None) if is_open && status != Some(ConnectivityStatus::Connected) => {
            ConnectivityVerdict::Unknown
        }
        (None, None) => ConnectivityVerdict::Healthy,
    }
}

/// Names of Azure were resolved at some time, where there is an identity.
fn has_working_identity(view: &ClusterView<'_>, known: &ConnectivityInput<'_>) -> bool {
    let is_healthy = |stage| matches!(judge_stage(stage, view, known), StageHealth::Healthy(_));
    [Stage::Identity, Stage::Tokens, Stage::DataPlane].into_iter().all(is_healthy)
}

fn collect_probe_evidence<'a>(link: Stage, known: &ConnectivityInput<'a>) -> ProbeEvidence<'a> {
    let (ids, kind) = link.required_endpoints();
    let is_inside =
        known.checks.iter().any(|c| c.planned.vantage.kind() != VantageKind::Workstation.as_str());
    let counts = |check: &&Check| {
        let id = check.planned.endpoint.split_once('-').map_or("", |(_, rest)| rest);
        let from = check.planned.vantage.kind();
        ids.contains(&id)
            && check.planned.required
            && (!is_inside || Some(from) == kind.map(VantageKind::as_str))
    };
    let all: Vec<_> = known.checks.iter().filter(counts).collect();
    let unmet: Vec<_> = all.iter().copied().filter(|c| c.verdict == CheckVerdict::Unmet).collect();
    let explains = |f: &&Finding| unmet.iter().any(|check| f.evidence.contains(&check.planned.id));
    let cause = known.network_findings.iter().filter(|f| f.severity > Severity::Info).find(explains);
    ProbeEvidence { met: all.iter().filter(|c| c.verdict == CheckVerdict::Met).count(), unmet, cause }
}

/// What is closed now, though every link holds from a better time.
fn as_current_warning(finding: &Finding) -> Finding {
    Finding {
        severity: Severity::Warning,
        consequence: format!("The links hold, from a time when it was open. {}", finding.consequence),
        ..finding.clone()
    }
}

/// The prerequisites. Where no agents are installed each that lacks has to be mended before they are; else only what stays true
/// of a connected cluster is worth a word.
fn add_prerequisites(chain: &mut ConnectivityDiagnosis, known: &ConnectivityInput<'_>, is_empty: bool) {
    let Some(judged) = known.prerequisites else { return };
    chain.prerequisites.clone_from(&judged.items);
    let is_known =
        |f: &Finding, chain: &ConnectivityDiagnosis| chain.findings.iter().any(|known| known.id == f.id);
    for finding in &judged.findings {
        if (is_empty || LASTING_PREREQUISITES.contains(&finding.id.as_str())) && !is_known(finding, chain) {
            chain.findings.push(finding.clone());
        }
    }
}

fn summarize_cluster(view: &ClusterView<'_>, known: &ConnectivityInput<'_>) -> ClusterSummary {
    let proxy = ["HTTPS_PROXY", "HTTP_PROXY"].iter().find_map(|name| known.bundle.proxy.get(*name));
    let azure = known.azure;
    ClusterSummary {
        context: known.bundle.context.clone(),
        server: known.bundle.server.clone(),
        cloud: known.bundle.configured_cloud(),
        region: known.bundle.configured_region(),
        resource: view.bundle.agent_resource_id().or_else(|| azure.and_then(|a| a.id.clone())),
        agent_version: view
            .agent_setting("AZURE_ARC_AGENT_VERSION")
            .map(str::to_owned)
            .or_else(|| azure.and_then(|a| a.agent_version.clone())),
        proxy: proxy.cloned(),
        status: azure.and_then(|a| a.connectivity_status).map(|s| s.as_str().to_owned()),
        installed: view.installed_at().map(|at| at.to_string()),
        custom_locations: custom_locations::custom_locations_oid(known.bundle),
    }
}

/// What commands can name of a cluster.
fn command_scope(cluster: &ClusterSummary) -> CommandScope<'_> {
    let segment = |key: &str| {
        let mut parts = cluster.resource.as_deref()?.split('/');
        parts.find(|part| part.eq_ignore_ascii_case(key))?;
        parts.next()
    };
    CommandScope {
        region: cluster.region.as_deref().filter(is_azure_name),
        cluster_name: segment("connectedClusters").filter(is_azure_name),
        resource_group: segment("resourceGroups").filter(is_azure_name),
        ..CommandScope::default()
    }
}

/// Whether a text from the cluster can be a name in Azure, and nothing that a program takes for more.
fn is_azure_name(text: &&str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

/// Normal in the first minutes; Azure turns to Connected within ten to fifteen.
const NORMAL_WHILE_YOUNG: &[&str] = &[
    "arc_identity_missing",
    "arc_tokens_missing",
    "arc_config_agent_down",
    "arc_connecting",
    "arc_connect_certificate",
    "arc_connect_down",
    "arc_extensions_down",
    "arc_metadata_down",
    "arc_release_incomplete",
    "arc_terminating",
];

/// Prerequisites that stay after connecting.
const LASTING_PREREQUISITES: &[&str] = &["arc_aks", "arc_kubernetes_old"];

const YOUNG_AGE: SignedDuration = SignedDuration::from_mins(10);
const GRACE_PERIOD: SignedDuration = SignedDuration::from_mins(15);

#[cfg(test)]
#[path = "connectivity_tests.rs"]
mod tests;
