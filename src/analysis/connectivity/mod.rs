//! Why a cluster is not connected: what was read of it -> the first broken link of the chain, and what follows from it. Pure.
//!
//! Each link has a standing by the state of its objects, and signs by which logs and events tell more. The first link that
//! is broken is the cause; what is broken behind it follows. Probes prove or contradict what only logs say.

pub mod azure;
pub mod import;
pub mod redact;
mod warnings;

use std::fmt::Write as _;

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::analysis::conclude::fill_commands;
use crate::analysis::connectivity::cluster_view::{ClusterView, SignatureMatch};
use crate::analysis::connectivity::stages::{StageHealth, judge_stage};
use crate::analysis::connectivity::support_bundle::SupportBundle;
use crate::model::command::{CommandScope, Instruction};
use crate::model::faults::{Fault, FaultCatalogue, Stage};
use crate::model::finding::{Confidence, Finding, Remedy, Severity};
use crate::model::networks::UnreadSource;
use crate::model::prerequisite_rules::PrerequisiteRules;
use crate::model::report::{Check, CheckVerdict, Prerequisite, PrerequisiteResults};
use crate::model::vantage::VantageKind;
use crate::model::wording::capitalize;
use azure::{AzureCluster, ConnectivityStatus};

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
struct ProbeEvidence<'a> {
    met: usize,
    unmet: Vec<&'a Check>,
    /// The network's finding that explains the first of them.
    cause: Option<&'a Finding>,
}

/// Why a stage is broken.
struct StageFault<'a> {
    fault: &'a Fault,
    matches: Vec<SignatureMatch>,
    confidence: Confidence,
}

/// Judges a cluster.
pub fn diagnose_connectivity(known: &ConnectivityInput<'_>) -> ConnectivityDiagnosis {
    let view = ClusterView::new(known.bundle, known.catalogue, known.now);
    let young = view.last_changed_at().filter(|at| known.now.duration_since(*at) < YOUNG_AGE);
    // a clock may be anywhere, also where no time comes after it
    let young_until = young.map(|at| at.checked_add(GRACE_PERIOD).unwrap_or(Timestamp::MAX));
    let mut first: Option<Stage> = None;
    let mut diagnosis = ConnectivityDiagnosis {
        verdict: ConnectivityVerdict::Healthy,
        until: None,
        cluster: summarize_cluster(&view, known),
        links: Vec::new(),
        findings: Vec::new(),
        prerequisites: Vec::new(),
        unread: known.bundle.unread.clone(),
    };
    for stage in Stage::ALL {
        let judged = JudgedStage::new(stage, &view, known);
        let state = judged.state(first, young.is_some());
        diagnosis.links.push(judged.result(state, first));
        match (state, &judged.fault) {
            (StageState::Broken, Some(fault)) => {
                first = Some(stage);
                diagnosis.findings.push(build_finding(fault, &judged.proof));
            }
            (StageState::Waiting, _) => diagnosis.until = young_until.map(|until| until.to_string()),
            _ => {}
        }
        let is_empty = view.agents.is_empty() && stage == Stage::Release;
        if is_empty || (first.is_some() && stage == Stage::Api) {
            break; // there is nothing to say of what comes after
        }
    }
    diagnosis.findings.extend(warnings::find_warnings(&view, known, first));
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

/// A stage with all that is known of it.
struct JudgedStage<'a> {
    stage: Stage,
    health: StageHealth,
    proof: ProbeEvidence<'a>,
    fault: Option<StageFault<'a>>,
}

impl<'a> JudgedStage<'a> {
    fn new(stage: Stage, view: &ClusterView<'a>, known: &ConnectivityInput<'a>) -> Self {
        let health = match judge_stage(stage, view, known) {
            StageHealth::Unknown(_) if stage == Stage::Dns && has_working_identity(view, known) => {
                StageHealth::Healthy("the agents have resolved names of Azure".into())
            }
            other => other,
        };
        let proof = collect_probe_evidence(stage, known);
        let fault = find_stage_fault(stage, view, known, &health, &proof);
        Self { stage, health, proof, fault }
    }

    /// What to say of it where `first` is the cause already; in a young installation some things just take their time.
    fn state(&self, first: Option<Stage>, is_young: bool) -> StageState {
        match (&self.fault, first, &self.health) {
            (Some(_), Some(_), _) | (None, Some(_), StageHealth::Unknown(_)) => StageState::Follows,
            (Some(fault), None, _) => {
                let takes_time = is_young && NORMAL_WHILE_YOUNG.contains(&fault.fault.id.as_str());
                if takes_time && self.proof.unmet.is_empty() {
                    StageState::Waiting
                } else {
                    StageState::Broken
                }
            }
            (None, _, StageHealth::Healthy(_)) => StageState::Ok,
            (None, None, StageHealth::Unknown(_))
                if is_young && matches!(self.stage, Stage::Admission | Stage::Images) =>
            {
                StageState::Waiting
            }
            (None, _, StageHealth::Unknown(_) | StageHealth::Broken(..)) => StageState::Unknown,
        }
    }

    fn result(&self, state: StageState, first: Option<Stage>) -> StageResult {
        let (met, unmet) = (self.proof.met, self.proof.unmet.len());
        StageResult {
            link: self.stage,
            state,
            why: describe_stage(self.fault.as_ref(), &self.health),
            follows: first.filter(|_| matches!(state, StageState::Follows | StageState::Unknown)),
            probed: (met + unmet > 0).then_some((met, met + unmet)),
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

fn describe_stage(fault: Option<&StageFault<'_>>, standing: &StageHealth) -> String {
    match (fault, standing) {
        (Some(fault), _) => fault.fault.title.clone(),
        (None, StageHealth::Healthy(why) | StageHealth::Unknown(why) | StageHealth::Broken(_, why)) => {
            why.clone()
        }
    }
}

/// What is wrong with a link: the first sign of the catalogue, with what objects show, or what they show alone.
fn find_stage_fault<'a>(
    link: Stage,
    view: &ClusterView<'_>,
    known: &ConnectivityInput<'a>,
    standing: &StageHealth,
    proof: &ProbeEvidence<'_>,
) -> Option<StageFault<'a>> {
    let (structural, is_whole) = match standing {
        StageHealth::Broken(id, shown) => (known.catalogue.find_fault(id).map(|entry| (entry, shown)), false),
        StageHealth::Healthy(_) => (None, true),
        StageHealth::Unknown(_) => (None, false),
    };
    // what shows that nothing behind it can be right needs no sign from a log
    let is_settled = structural.is_some_and(|(entry, _)| CONCLUSIVE_FAULTS.contains(&entry.id.as_str()));
    let speaks = |entry: &Fault| entry.link == link || (!is_whole && entry.also.contains(&link));
    let own = |entry: &&Fault| entry.severity == Severity::Blocking && speaks(entry) && !is_settled;
    // the agents of cluster connect are ready whether they are connected or not; that names are resolved shows in logs only
    let hears_logs = match link {
        Stage::Connect => true,
        Stage::Dns => !has_working_identity(view, known),
        _ => !is_whole,
    };
    let found = known.catalogue.faults.iter().filter(own).find_map(|entry| {
        let mut signs = entry.signs.iter().filter(|sign| !sign.is_in_log() || hears_logs);
        signs.find_map(|sign| Some((entry, (view.match_signature(sign)?, sign.is_in_log()))))
    });
    let shown = structural.map(|(entry, shown)| SignatureMatch::of_object(&entry.title, shown));
    let judged = |entry: &'a Fault, mut seen: Vec<SignatureMatch>, is_direct: bool| {
        seen.extend(shown.clone().filter(|s| entry.title != s.subject));
        let confidence = match (is_direct, proof.unmet.is_empty(), proof.met) {
            (true, ..) | (_, false, _) => Confidence::High,
            (false, true, 0) => Confidence::Medium,
            (false, true, _) if link.required_endpoints().0.is_empty() => Confidence::Medium,
            (false, true, _) => Confidence::Low,
        };
        StageFault { fault: entry, matches: seen, confidence }
    };
    let needs_api = matches!(link, Stage::Identity | Stage::Tokens) && !is_whole && !is_settled;
    if let Some(problem) = known.skip_range.filter(|_| needs_api)
        && let Some(entry) = known.catalogue.find_fault("arc_api_through_proxy")
    {
        let mut seen = vec![SignatureMatch::of_object("skip range of the agents", problem)];
        seen.extend(found.into_iter().map(|(_, (seen, _))| seen));
        return Some(judged(entry, seen, true));
    }
    if let Some((entry, (seen, is_in_log))) = found {
        return Some(judged(entry, vec![seen], !is_in_log));
    }
    let (entry, shown) = structural?;
    let seen = vec![SignatureMatch::of_object("", shown)];
    Some(judged(entry, seen, true))
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

/// A fault that something other than a sign shows, in words.
pub fn build_fault_finding(entry: &Fault, shown: &str, confidence: Confidence) -> Finding {
    let seen = vec![SignatureMatch::of_object("", shown)];
    build_finding(
        &StageFault { fault: entry, matches: seen, confidence },
        &ProbeEvidence { met: 0, unmet: Vec::new(), cause: None },
    )
}

fn build_finding(fault: &StageFault<'_>, proof: &ProbeEvidence<'_>) -> Finding {
    let values: Vec<_> = fault.matches.iter().flat_map(|seen| seen.values.clone()).collect();
    let entry = &fault.fault.with_values(&values);
    let title = capitalize(&entry.title);
    let mut explanation = String::new();
    for seen in &fault.matches {
        let from = if seen.subject.is_empty() { String::new() } else { format!("{}, ", seen.subject) };
        // writing into a String cannot fail
        let _ =
            write!(explanation, "{}. ", capitalize(&format!("{from}{}", seen.text.trim_end_matches('.'))));
    }
    let probes = match (proof.unmet.len(), proof.met) {
        (0, 0) => String::new(),
        (0, n) => format!(
            "Probes do not confirm that the network is the cause: all {n} endpoints of this link are met now. "
        ),
        (n, met) => format!("Probes confirm it: {n} of {} endpoints of this link are unmet. ", n + met),
    };
    explanation.push_str(&probes);
    explanation.push_str(&entry.means);
    let own = || entry.commands.iter().cloned().map(Instruction::Run);
    let mut remedy = Remedy { text: entry.remedy.clone(), commands: own().collect() };
    let mut summary = title;
    let mut docs = vec![format!("arcprobe explain {}", entry.id)];
    if let Some(cause) = proof.cause {
        summary = format!("{summary}: {}", cause.summary.trim_end_matches('.'));
        remedy.text = format!("{} {}", cause.remedy.text, entry.remedy);
        remedy.commands = cause.remedy.commands.iter().cloned().chain(own()).collect();
        docs.extend(cause.docs.iter().cloned());
    }
    docs.extend(entry.sources.iter().cloned());
    Finding {
        id: entry.id.clone(),
        severity: entry.severity,
        confidence: fault.confidence,
        summary,
        subject: fault
            .matches
            .first()
            .map(|s| s.subject.clone())
            .filter(|s| !s.is_empty())
            .unwrap_or_else(|| entry.link.title().into()),
        evidence: proof.unmet.iter().map(|c| c.planned.id.clone()).collect(),
        explanation,
        consequence: entry.azure.clone(),
        remedy,
        docs,
        accepted: None,
    }
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

/// No log knows better.
const CONCLUSIVE_FAULTS: &[&str] = &[
    "arc_identity_expired",
    "arc_key_missing",
    "arc_terminating",
    "arc_not_installed",
    "arc_other_cluster",
    "arc_rights",
    "arc_api_unreachable",
    "arc_dns_down",
];

const YOUNG_AGE: SignedDuration = SignedDuration::from_mins(10);
const GRACE_PERIOD: SignedDuration = SignedDuration::from_mins(15);

pub mod cluster_view;
pub mod stages;
pub mod support_bundle;
#[cfg(test)]
#[path = "connectivity_tests.rs"]
mod tests;
