//! Version 1 of the report: each type in the form that programs read, mapped from the type of the same name of the model.
//!
//! The model may change, these may only grow. A field that the model gains or loses does not compile until it is decided
//! here whether the report has it. What was seen (`attempts`, `discoveries`) and closed sets of words are not mapped: the
//! agent and the files of evidence write them too.
//!
//! Unknown is `null`, never 0 or "".

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use schemars::JsonSchema;
use serde::de::IntoDeserializer as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::form::{As, Form, remote_forms};
use crate::model::command::{self, Instruction};
use crate::model::evidence::{
    Attempt, Cause, CertificateFileFlaw, CertificateSummary, ClusterNameLookup, Discovery, Phase, millis,
};
use crate::model::finding::{self, Confidence, Severity};
use crate::model::ids::{CheckId, VantageId};
use crate::model::networks::{Role, UnreadSource};
use crate::model::plan::{self, RouteKind, UnverifiedKind};
use crate::model::report::{
    self, CheckVerdict, DeliveryMethod, PrerequisiteVerdict, Proof, SkipProblemKind, Verdict, WaiverState,
};
use crate::model::rules::{Cloud, Inspection, Layer, Protocol, RuleLocation};
use crate::model::run_flags;
use crate::model::scope::Connectivity;
use crate::model::shell::Shell;
use crate::model::system_proxy::SystemProxy;
use crate::model::vantage::{VantageErrorKind, VantageKind};
use crate::model::waiver;

/// One document.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(remote = "report::Report")]
pub(crate) struct Report {
    /// 1; a reader refuses others.
    schema_version: u32,
    /// What wrote it.
    #[serde(with = "Tool")]
    tool: report::Tool,
    /// The rules files that were used, with their digests.
    rules: Vec<Layer>,
    /// What was run.
    #[serde(with = "RunInfo")]
    run: report::RunInfo,
    /// The answer.
    verdict: Verdict,
    /// From where was looked.
    #[serde(with = "As::<Vec<Vantage>>")]
    vantages: Vec<report::Vantage>,
    /// In plan order.
    #[serde(with = "As::<Vec<Check>>")]
    checks: Vec<report::Check>,
    /// What was asked for the hosts below wildcards, and what came of it.
    #[serde(default)]
    discoveries: Vec<Discovery>,
    /// The most severe first.
    #[serde(with = "As::<Vec<Finding>>")]
    findings: Vec<finding::Finding>,
    /// What is needed besides the network; empty without `--prerequisites`.
    #[serde(default, with = "As::<Vec<Prerequisite>>")]
    prerequisites: Vec<report::Prerequisite>,
    /// What was accepted for a time; empty without `--waivers`.
    #[serde(default, with = "As::<Vec<AppliedWaiver>>")]
    waivers: Vec<report::AppliedWaiver>,
    /// What to pass to `az`.
    #[serde(with = "Advice")]
    advice: report::Advice,
}

/// What wrote the report.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(remote = "report::Tool")]
pub(crate) struct Tool {
    name: String,
    version: String,
}

/// What was run.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(remote = "report::RunInfo")]
struct RunInfo {
    /// RFC 3339, UTC.
    started_at: String,
    /// In milliseconds.
    #[serde(rename = "took_ms", with = "millis")]
    #[schemars(with = "f64")]
    took: Duration,
    /// The cloud that the rules were fitted to.
    cloud: Cloud,
    /// The region that the rules were fitted to.
    region: String,
    /// The features that were on.
    features: Vec<String>,
    /// How the cluster reaches Azure.
    connectivity: Connectivity,
    /// The cluster that was looked from, where one was and its kubeconfig could be used.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "As::<Option<ClusterRef>>")]
    cluster: Option<report::ClusterRef>,
    /// The machine that it ran on; `null` in reports of older programs.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "As::<Option<Machine>>")]
    machine: Option<report::Machine>,
    /// What was typed, as far as other commands need it to do the same; empty in reports of older programs.
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "As::<Vec<RunFlag>>")]
    flags: Vec<run_flags::RunFlag>,
    /// Stopped by the user before all was measured.
    interrupted: bool,
    /// Stopped by `--deadline` before all was measured.
    deadline_passed: bool,
    /// What `--proxy-cert` holds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    proxy_cert: Vec<CertificateSummary>,
    /// What is wrong with the form of that file, so that other programs do not read it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    proxy_cert_flaws: Vec<CertificateFileFlaw>,
}

/// The machine that a run was started on, as the logs of firewalls and proxies know it.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(remote = "report::Machine")]
struct Machine {
    /// Its name.
    name: Option<String>,
    /// Its addresses, one for each route.
    #[serde(with = "As::<Vec<SourceAddress>>")]
    addresses: Vec<report::SourceAddress>,
    /// The proxies in its settings, where neither flags nor variables name one: programs on a command line do not read them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    proxy_settings: Vec<SystemProxy>,
}

/// The address that connections leave a machine with.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(remote = "report::SourceAddress")]
struct SourceAddress {
    /// The proxy that they go to; `null` for those that go directly.
    proxy: Option<String>,
    /// The address, before any translation on the way.
    address: IpAddr,
}

/// A flag as it was typed, without the password that its value may have had.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(remote = "run_flags::RunFlag")]
struct RunFlag {
    /// With its dashes.
    name: String,
    /// `null` for a switch.
    #[serde(default)]
    value: Option<String>,
}

/// Which cluster was looked from.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(remote = "report::ClusterRef")]
struct ClusterRef {
    /// The name of its context.
    context: String,
    /// The URL of its API server, without a login.
    server: String,
    /// The namespace that the probe pods run in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    namespace: Option<String>,
}

/// A network position and what is known of it.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(remote = "report::Vantage")]
struct Vantage {
    /// The word that checks refer to.
    id: VantageId,
    /// The kind of position.
    kind: VantageKind,
    /// The node, for pods and nodes.
    node: Option<String>,
    /// How the probing program got there.
    delivered: DeliveryMethod,
    /// What it found there.
    #[serde(with = "VantageDetails")]
    facts: report::VantageDetails,
    /// Why nothing, or not all, was measured there.
    error: Option<String>,
    /// The same as a word; `null` without an error.
    #[serde(default, alias = "trouble", deserialize_with = "read_error_kind")]
    error_kind: Option<VantageErrorKind>,
}

/// Reads the word for an error; the first reports of version 1 had another one for missing permissions.
fn read_error_kind<'de, D: Deserializer<'de>>(from: D) -> Result<Option<VantageErrorKind>, D::Error> {
    let word = Option::<String>::deserialize(from)?;
    let word = word.map(|word| if word == "rights" { "permissions".to_owned() } else { word });
    word.map(|word| VantageErrorKind::deserialize(word.into_deserializer())).transpose()
}

/// What a vantage is like.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(remote = "report::VantageDetails")]
struct VantageDetails {
    /// The DNS servers that were asked.
    resolvers: Vec<SocketAddr>,
    /// Where the list of servers comes from (`/etc/resolv.conf`, `--resolver`).
    resolvers_from: Option<String>,
    /// The proxy in force, without credentials.
    proxy: Option<String>,
    /// In a cluster: how the node and the image were chosen; one sentence.
    #[serde(default)]
    delivery: Option<String>,
    /// In a pod: whether the cluster's own DNS knows a name of the cluster.
    #[serde(default)]
    inside_name: Option<ClusterNameLookup>,
}

/// One requirement at one host, from one vantage.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(remote = "report::Check")]
pub(crate) struct Check {
    /// What was planned.
    #[serde(flatten, with = "PlannedCheck")]
    planned: plan::PlannedCheck,
    /// What came out.
    verdict: CheckVerdict,
    /// Where it failed; `null` unless unmet.
    phase: Option<Phase>,
    /// The word for the failure; `null` unless unmet.
    cause: Option<Cause>,
    /// What is missing; `null` unless unverified.
    unverified: Option<UnverifiedKind>,
    /// One line on an unmet or unverified check, or on a met one with a blemish.
    note: Option<String>,
    /// The CA that re-signs its TLS, where `--proxy-cert` makes that one trusted and the rules allow it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    inspected_by: Option<String>,
    /// What shows that the service itself answered; `null` unless met, and where no answer was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    proof: Option<Proof>,
    /// By which waiver it is accepted though it is unmet; `null` without one.
    #[serde(default, with = "As::<Option<WaiverRef>>")]
    accepted: Option<waiver::WaiverRef>,
    /// In milliseconds.
    #[serde(rename = "took_ms", with = "millis")]
    #[schemars(with = "f64")]
    took: Duration,
    /// What was seen.
    attempts: Vec<Attempt>,
}

/// One endpoint at one host, from one vantage.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(remote = "plan::PlannedCheck")]
struct PlannedCheck {
    /// `vantage/requirement/host`; the same in every run.
    id: CheckId,
    /// The id of the rule.
    #[serde(rename = "requirement")]
    endpoint: String,
    /// Where the rule stands; `null` where it stands in no line of its own.
    #[serde(default)]
    defined: Option<RuleLocation>,
    /// What is behind the endpoint.
    title: String,
    /// What it is needed for.
    why: String,
    /// What breaks without it.
    breaks: String,
    /// Whether a feature that is on does not work without it.
    required: bool,
    /// The features that are on and need it.
    features: Vec<String>,
    /// Who calls it.
    callers: Vec<String>,
    /// Checks with the same word replace each other: one that is met is enough.
    alternative: Option<String>,
    /// `null` where it cannot be known.
    host: Option<String>,
    /// The TCP port.
    port: u16,
    /// What is spoken there.
    protocol: Protocol,
    /// The wildcard or template that the host came from.
    pattern: Option<String>,
    /// The id of the vantage.
    vantage: VantageId,
    /// How packets get there.
    #[serde(with = "Route")]
    route: plan::Route,
    /// Whether it works through TLS inspection.
    #[serde(default, skip_serializing_if = "Inspection::is_tolerated")]
    inspection: Inspection,
    /// Why the check is in the plan.
    reason: String,
}

/// How packets get to an endpoint.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(remote = "plan::Route")]
struct Route {
    /// Directly or through a proxy.
    kind: RouteKind,
    /// `scheme://host:port` without credentials.
    proxy: Option<String>,
    #[serde(skip)]
    proxy_id: Option<plan::ProxyId>,
    /// Why this way: the flag, the variable, the skip-range entry.
    reason: String,
}

/// Something that is needed besides the network.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(remote = "report::Prerequisite")]
pub(crate) struct Prerequisite {
    /// Its word, such as `nodes`.
    #[serde(deserialize_with = "read_prerequisite_id")]
    id: String,
    /// What people call it.
    title: String,
    /// What came out.
    verdict: PrerequisiteVerdict,
    /// What is there, or why that is not known.
    found: String,
    /// What is asked for.
    wanted: String,
    /// Whether it is about this machine and its login, and not about the cluster.
    #[serde(default)]
    is_workstation: bool,
    /// The id of the finding; `null` where nothing is wrong.
    finding: Option<String>,
    /// By which waiver it is accepted; `null` without one.
    #[serde(default, with = "As::<Option<WaiverRef>>")]
    accepted: Option<waiver::WaiverRef>,
}

/// Reads the word of a prerequisite; the first reports of version 1 had other words for three of them.
fn read_prerequisite_id<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let id = String::deserialize(from)?;
    Ok(match id.as_str() {
        "room" => "capacity".to_owned(),
        "rights" => "permissions".to_owned(),
        "leftovers" => "remnants".to_owned(),
        _ => id,
    })
}

/// A waiver and what came of it.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(remote = "report::AppliedWaiver")]
struct AppliedWaiver {
    /// The id of a finding, or the word for a failure.
    code: String,
    /// A host, a suffix, or `*`.
    endpoint: String,
    /// From where; `null` for anywhere.
    vantage: Option<String>,
    /// Why it is accepted.
    reason: String,
    /// The last day, `YYYY-MM-DD`.
    until: String,
    /// What came of it.
    state: WaiverState,
    /// The ids of the unmet checks that it is about.
    checks: Vec<CheckId>,
}

/// By which waiver something is accepted.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(remote = "waiver::WaiverRef")]
pub(crate) struct WaiverRef {
    code: String,
    reason: String,
    /// The last day, `YYYY-MM-DD`.
    until: String,
}

/// One judgement over many steps.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(remote = "finding::Finding")]
pub(crate) struct Finding {
    /// Names the page of `arcprobe explain`.
    id: String,
    /// What it means for connecting a cluster.
    severity: Severity,
    /// How sure the judgement is.
    confidence: Confidence,
    /// One sentence: what is wrong.
    summary: String,
    /// What it is about: a resolver, an address, a suffix, an authority, an endpoint.
    subject: String,
    /// The ids of the checks that show it.
    evidence: Vec<CheckId>,
    /// What was seen, in a few sentences, with what it does not explain.
    explanation: String,
    /// Who is affected and what a user would see in Azure.
    consequence: String,
    /// What to do.
    #[serde(with = "As::<Remedy>")]
    remedy: finding::Remedy,
    /// Pages to read; `explain` pages as `arcprobe explain ID`.
    docs: Vec<String>,
    /// By which waiver it is accepted; its severity is `info` then.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "As::<Option<WaiverRef>>")]
    accepted: Option<waiver::WaiverRef>,
}

/// What to do about a finding.
#[derive(Serialize, Deserialize, JsonSchema)]
struct Remedy {
    /// In words: who has to change what.
    text: String,
    /// Firewall rules, settings or commands, ready to paste.
    commands: Vec<String>,
    /// The same lines for PowerShell, where any is another.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    powershell: Vec<String>,
    /// Those of the commands that are rules of a firewall or a proxy, for programs.
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "As::<Vec<FirewallRule>>")]
    rules: Vec<command::FirewallRule>,
}

impl Form for Remedy {
    type Model = finding::Remedy;

    fn write<S: Serializer>(remedy: &finding::Remedy, to: S) -> Result<S::Ok, S::Error> {
        let rules = remedy.rules().cloned().collect();
        let commands = remedy.lines();
        let mut powershell = remedy.lines_for(Shell::PowerShell);
        if powershell == commands {
            powershell.clear();
        }
        Self { text: remedy.text.clone(), commands, powershell, rules }.serialize(to)
    }

    /// Of what others wrote only rules have a meaning; the rest is shown as it is, and never parsed.
    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<finding::Remedy, D::Error> {
        let Self { text, commands, mut powershell, rules } = Self::deserialize(from)?;
        let mut rules: HashMap<String, command::FirewallRule> =
            rules.into_iter().map(|rule| (rule.to_string(), rule)).collect();
        if powershell.len() != commands.len() {
            powershell.clone_from(&commands);
        }
        let instruction = |(bash, powershell): (String, String)| match rules.remove(&bash) {
            Some(rule) => Instruction::Allow(rule),
            None if bash == powershell => Instruction::Text(bash),
            None => Instruction::Saved { bash, powershell },
        };
        let commands = commands.into_iter().zip(powershell).map(instruction).collect();
        Ok(finding::Remedy { text, commands })
    }
}

/// What a firewall, or the proxy, has to let through.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(remote = "command::FirewallRule")]
struct FirewallRule {
    /// Who calls: this machine, the cluster, or both.
    from: String,
    /// The host, or a wildcard.
    to: String,
    /// The TCP port.
    port: u16,
    /// What is spoken there.
    protocol: Protocol,
    /// Whether the way leads through the proxy, which then needs the rule.
    route: RouteKind,
}

/// What to pass to `az`.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(remote = "report::Advice")]
pub(crate) struct Advice {
    /// The networks of the cluster, all that any source says.
    #[serde(with = "As::<Vec<KnownNetwork>>")]
    networks: Vec<report::KnownNetwork>,
    /// Networks and addresses that collide.
    #[serde(with = "As::<Vec<Overlap>>")]
    overlaps: Vec<report::Overlap>,
    /// The value for `--proxy-skip-range`; `null` until the cluster's networks are known.
    #[serde(default, with = "As::<Option<SkipRangeAdvice>>")]
    skip_range: Option<report::SkipRangeAdvice>,
    /// The command that connects the cluster.
    #[serde(default, with = "As::<Option<AzCommand>>")]
    connect_command: Option<report::AzCommand>,
    /// The command that gives a connected cluster other proxy settings; `null` without a proxy.
    #[serde(default, with = "As::<Option<AzCommand>>")]
    update_command: Option<report::AzCommand>,
    /// What could not be read.
    #[serde(default)]
    skipped: Vec<UnreadSource>,
    /// Why a cluster cannot use the proxy; absent where nothing speaks against it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    proxy_problem: Option<String>,
}

/// A network, or a single address, and where it is known from.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(remote = "report::KnownNetwork")]
struct KnownNetwork {
    /// What it is to the cluster.
    role: Role,
    /// In CIDR notation, or an address.
    network: String,
    /// Where it is known from.
    source: String,
    /// How sure it is.
    confidence: Confidence,
    /// Whether it is the one that counts among those of its role.
    counts: bool,
    /// Why it does not count, or what else is to be said.
    note: Option<String>,
}

/// Two networks with addresses in common.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(remote = "report::Overlap")]
struct Overlap {
    inner: Role,
    inner_network: String,
    outer: Role,
    outer_network: String,
    severity: Severity,
    /// What goes where because of it.
    text: String,
}

/// The value for `--proxy-skip-range`.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(remote = "report::SkipRangeAdvice")]
struct SkipRangeAdvice {
    /// Ready to paste.
    value: String,
    /// Its entries, in order.
    #[serde(with = "As::<Vec<SkipEntry>>")]
    entries: Vec<report::SkipEntry>,
    /// What is wrong with the value that was given; the most severe first.
    #[serde(with = "As::<Vec<SkipProblem>>")]
    problems: Vec<report::SkipProblem>,
    /// The value that was given; `null` without one.
    #[serde(default)]
    given: Option<String>,
    /// The flag, the variable or the object that gave it.
    #[serde(default)]
    given_by: Option<String>,
}

/// An entry of the skip range.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(remote = "report::SkipEntry")]
struct SkipEntry {
    value: String,
    why: String,
    source: String,
    confidence: Confidence,
}

/// Something wrong with a given skip range.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(remote = "report::SkipProblem")]
struct SkipProblem {
    /// What is wrong.
    kind: SkipProblemKind,
    /// The entry that is wrong or missing; empty where it is about the whole value.
    entry: String,
    /// One sentence.
    text: String,
    /// What it means for the agents.
    severity: Severity,
}

/// The command that connects the cluster.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(remote = "report::AzCommand")]
struct AzCommand {
    bash: String,
    powershell: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    cmd: String,
    /// The flags of the command alone, for programs. User and password are placeholders.
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "As::<Vec<RunFlag>>")]
    flags: Vec<run_flags::RunFlag>,
}

remote_forms! {
    Report = report::Report,
    Tool = report::Tool,
    ClusterRef = report::ClusterRef,
    RunFlag = run_flags::RunFlag,
    Machine = report::Machine,
    SourceAddress = report::SourceAddress,
    Vantage = report::Vantage,
    Check = report::Check,
    Prerequisite = report::Prerequisite,
    AppliedWaiver = report::AppliedWaiver,
    WaiverRef = waiver::WaiverRef,
    Finding = finding::Finding,
    FirewallRule = command::FirewallRule,
    Advice = report::Advice,
    KnownNetwork = report::KnownNetwork,
    Overlap = report::Overlap,
    SkipRangeAdvice = report::SkipRangeAdvice,
    SkipEntry = report::SkipEntry,
    SkipProblem = report::SkipProblem,
    AzCommand = report::AzCommand,
}
