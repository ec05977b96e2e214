//! The report. Every format is rendered from this value, so that a saved report can be rendered again later.
//!
//! How JSON writes it is decided in `report/json/v1.rs`.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::evidence::{
    Attempt, Cause, CertificateFileFlaw, CertificateSummary, ClusterNameLookup, Discovery, Phase,
};
use crate::model::finding::{Confidence, Finding, Severity};
use crate::model::ids::{CheckId, VantageId};
use crate::model::networks::{Role, UnreadSource};
use crate::model::plan::{PlannedCheck, UnverifiedKind};
use crate::model::rules::{Cloud, Layer};
use crate::model::run_flags::RunFlag;
use crate::model::scope::Connectivity;
use crate::model::shell::Shell;
use crate::model::system_proxy::SystemProxy;
use crate::model::vantage::{VantageErrorKind, VantageKind};
use crate::model::waiver::WaiverRef;

/// One document.
#[derive(Clone, Debug)]
pub struct Report {
    /// 1; a reader refuses others.
    pub schema_version: u32,
    /// What wrote it.
    pub tool: Tool,
    /// The rules files that were used, with their digests.
    pub rules: Vec<Layer>,
    /// What was run.
    pub run: RunInfo,
    /// The answer.
    pub verdict: Verdict,
    /// From where was looked.
    pub vantages: Vec<Vantage>,
    /// In plan order.
    pub checks: Vec<Check>,
    /// What was asked for the hosts below wildcards, and what came of it.
    pub discoveries: Vec<Discovery>,
    /// The most severe first.
    pub findings: Vec<Finding>,
    /// What is needed besides the network; empty without `--prerequisites`.
    pub prerequisites: Vec<Prerequisite>,
    /// What was accepted for a time; empty without `--waivers`.
    pub waivers: Vec<AppliedWaiver>,
    /// What to pass to `az`.
    pub advice: Advice,
}

/// What wrote the report.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the words speak for themselves")]
pub struct Tool {
    pub name: String,
    pub version: String,
}

impl Tool {
    /// This program.
    pub fn this() -> Self {
        Self { name: env!("CARGO_PKG_NAME").into(), version: env!("CARGO_PKG_VERSION").into() }
    }
}

/// What was run.
#[derive(Clone, Debug)]
pub struct RunInfo {
    /// RFC 3339, UTC.
    pub started_at: String,
    /// In milliseconds.
    pub took: Duration,
    /// The cloud that the rules were fitted to.
    pub cloud: Cloud,
    /// The region that the rules were fitted to.
    pub region: String,
    /// The features that were on.
    pub features: Vec<String>,
    /// How the cluster reaches Azure.
    pub connectivity: Connectivity,
    /// The cluster that was looked from, where one was and its kubeconfig could be used.
    pub cluster: Option<ClusterRef>,
    /// The machine that it ran on; `None` in reports of older programs.
    pub machine: Option<Machine>,
    /// What was typed, as far as other commands need it to do the same; empty in reports of older programs.
    pub flags: Vec<RunFlag>,
    /// Stopped by the user before all was measured.
    pub interrupted: bool,
    /// Stopped by `--deadline` before all was measured.
    pub deadline_passed: bool,
    /// What `--proxy-cert` holds.
    pub proxy_cert: Vec<CertificateSummary>,
    /// What is wrong with the form of that file, so that other programs do not read it.
    pub proxy_cert_flaws: Vec<CertificateFileFlaw>,
}

/// The machine that a run was started on, as the logs of firewalls and proxies know it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Machine {
    /// Its name; `None` where the system has none.
    pub name: Option<String>,
    /// Its addresses, one for each route.
    pub addresses: Vec<SourceAddress>,
    /// The proxies in its settings, where neither flags nor variables name one.
    pub proxy_settings: Vec<SystemProxy>,
}

/// The address that connections leave a machine with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SourceAddress {
    /// The proxy that they go to; `None` for those that go directly.
    pub proxy: Option<String>,
    /// The address, before any translation on the way.
    pub address: IpAddr,
}

/// Which cluster was looked from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClusterRef {
    /// The name of its context.
    pub context: String,
    /// The URL of its API server, without a login.
    pub server: String,
    /// The namespace that the probe pods run in; `None` in reports of older programs.
    pub namespace: Option<String>,
}

/// The answer to "can a cluster be connected from here?".
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// All that is required is met.
    Ready,
    /// The same, with something worth mending.
    ReadyWithWarnings,
    /// Something required is unmet.
    Blocked,
    /// Nothing required is unmet, but not all could be looked at.
    Incomplete,
}

/// A network position and what is known of it.
#[derive(Clone, Debug)]
pub struct Vantage {
    /// The word that checks refer to.
    pub id: VantageId,
    /// The kind of position.
    pub kind: VantageKind,
    /// The node, for pods and nodes.
    pub node: Option<String>,
    /// How the probing program got there.
    pub delivered: DeliveryMethod,
    /// What it found there.
    pub facts: VantageDetails,
    /// Why nothing, or not all, was measured there.
    pub error: Option<String>,
    /// The same as a word; `null` without an error.
    pub error_kind: Option<VantageErrorKind>,
}

/// How the probing program got to its vantage.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DeliveryMethod {
    /// It is this program.
    Local,
    /// In an image of its own.
    Image,
    /// In ConfigMaps.
    Configmap,
}

/// What a vantage is like.
#[derive(Clone, Debug, Default)]
pub struct VantageDetails {
    /// The DNS servers that were asked.
    pub resolvers: Vec<SocketAddr>,
    /// Where the list of servers comes from (`/etc/resolv.conf`, `--resolver`).
    pub resolvers_from: Option<String>,
    /// The proxy in force, without credentials.
    pub proxy: Option<String>,
    /// In a cluster: how the node and the image were chosen; one sentence.
    pub delivery: Option<String>,
    /// In a pod: whether the cluster's own DNS knows a name of the cluster.
    pub inside_name: Option<ClusterNameLookup>,
}

/// One requirement at one host, from one vantage.
#[derive(Clone, Debug)]
pub struct Check {
    /// What was planned.
    pub planned: PlannedCheck,
    /// What came out.
    pub verdict: CheckVerdict,
    /// Where it failed; `null` unless unmet.
    pub phase: Option<Phase>,
    /// The word for the failure; `null` unless unmet.
    pub cause: Option<Cause>,
    /// What is missing; `null` unless unverified.
    pub unverified: Option<UnverifiedKind>,
    /// One line on an unmet or unverified check, or on a met one with a blemish.
    pub note: Option<String>,
    /// The CA that re-signs its TLS, where `--proxy-cert` makes that one trusted and the rules allow it.
    pub inspected_by: Option<String>,
    /// What shows that the service itself answered; `null` unless met, and where no answer was asked for.
    pub proof: Option<Proof>,
    /// By which waiver it is accepted though it is unmet; `null` without one.
    pub accepted: Option<WaiverRef>,
    /// In milliseconds.
    pub took: Duration,
    /// What was seen.
    pub attempts: Vec<Attempt>,
}

/// What shows that the service itself answered.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Proof {
    /// The certificate that the rules expect.
    Tls,
    /// Something that only the service sends.
    Mark,
    /// Status and form are those of the service, and nothing else shows who answered. It is no proof.
    Form,
}

/// What came out of a check.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CheckVerdict {
    /// The service itself answered as the rules expect, over the transport that they require.
    Met,
    /// It did not.
    Unmet,
    /// It was not tried, or nothing can be concluded. Never counts as met.
    Unverified,
}

/// What came of judging the prerequisites.
#[derive(Clone, Debug, Default)]
pub struct PrerequisiteResults {
    /// In the order in which they are needed.
    pub items: Vec<Prerequisite>,
    /// What is wrong, in the same order.
    pub findings: Vec<Finding>,
}

/// Something that is needed besides the network.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Prerequisite {
    /// Its word, such as `nodes`.
    pub id: String,
    /// What people call it.
    pub title: String,
    /// What came out.
    pub verdict: PrerequisiteVerdict,
    /// What is there, or why that is not known.
    pub found: String,
    /// What is asked for.
    pub wanted: String,
    /// Whether it is about this machine and its login, and not about the cluster.
    pub is_workstation: bool,
    /// The id of the finding; `null` where nothing is wrong.
    pub finding: Option<String>,
    /// By which waiver it is accepted; `null` without one.
    pub accepted: Option<WaiverRef>,
}

/// A waiver and what came of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AppliedWaiver {
    /// The id of a finding, or the word for a failure.
    pub code: String,
    /// A host, a suffix, or `*`.
    pub endpoint: String,
    /// From where; `null` for anywhere.
    pub vantage: Option<String>,
    /// Why it is accepted.
    pub reason: String,
    /// The last day, `YYYY-MM-DD`.
    pub until: String,
    /// What came of it.
    pub state: WaiverState,
    /// The ids of the unmet checks that it is about.
    pub checks: Vec<CheckId>,
}

/// The id of the finding that a waiver is over and still needed.
pub const WAIVER_EXPIRED: &str = "waiver_expired";

/// What came of a waiver.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum WaiverState {
    /// Something is accepted by it.
    Used,
    /// Its last day is over, and what it was about is seen still.
    Expired,
    /// Nothing that it is about was seen.
    Unused,
}

/// What came out of a prerequisite.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PrerequisiteVerdict {
    /// It is there.
    Met,
    /// It works, or may work from elsewhere.
    Warning,
    /// It is not there.
    Unmet,
    /// It is not known.
    Unverified,
}

/// What to pass to `az`.
#[derive(Clone, Debug, Default)]
pub struct Advice {
    /// The networks of the cluster, all that any source says.
    pub networks: Vec<KnownNetwork>,
    /// Networks and addresses that collide.
    pub overlaps: Vec<Overlap>,
    /// The value for `--proxy-skip-range`; `null` until the cluster's networks are known.
    pub skip_range: Option<SkipRangeAdvice>,
    /// The command that connects the cluster.
    pub connect_command: Option<AzCommand>,
    /// The command that gives a connected cluster other proxy settings; `null` without a proxy.
    pub update_command: Option<AzCommand>,
    /// Why a cluster cannot use the proxy; `None` where nothing speaks against it.
    pub proxy_problem: Option<String>,
    /// What could not be read.
    pub skipped: Vec<UnreadSource>,
}

/// A network, or a single address, and where it is known from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KnownNetwork {
    /// What it is to the cluster.
    pub role: Role,
    /// In CIDR notation, or an address.
    pub network: String,
    /// Where it is known from.
    pub source: String,
    /// How sure it is.
    pub confidence: Confidence,
    /// Whether it is the one that counts among those of its role.
    pub counts: bool,
    /// Why it does not count, or what else is to be said.
    pub note: Option<String>,
}

/// Two networks with addresses in common.
#[derive(Clone, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the words speak for themselves")]
pub struct Overlap {
    pub inner: Role,
    pub inner_network: String,
    pub outer: Role,
    pub outer_network: String,
    pub severity: Severity,
    /// What goes where because of it.
    pub text: String,
}

/// The value for `--proxy-skip-range`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SkipRangeAdvice {
    /// Ready to paste.
    pub value: String,
    /// Its entries, in order.
    pub entries: Vec<SkipEntry>,
    /// What is wrong with the value that was given; the most severe first.
    pub problems: Vec<SkipProblem>,
    /// The value that was given; `null` without one.
    pub given: Option<String>,
    /// The flag, the variable or the object that gave it.
    pub given_by: Option<String>,
}

/// An entry of the skip range.
#[derive(Clone, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the words speak for themselves")]
pub struct SkipEntry {
    pub value: String,
    pub why: String,
    pub source: String,
    pub confidence: Confidence,
}

/// Something wrong with a given skip range.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SkipProblem {
    /// What is wrong.
    pub kind: SkipProblemKind,
    /// The entry that is wrong or missing; empty where it is about the whole value.
    pub entry: String,
    /// One sentence.
    pub text: String,
    /// What it means for the agents.
    pub severity: Severity,
}

/// What can be wrong with a given skip range.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SkipProblemKind {
    /// There is a proxy and no skip range.
    NotGiven,
    /// Something that has to go around the proxy does not.
    Missing,
    /// An entry stands for a part of what it should.
    TooNarrow,
    /// An entry takes around the proxy what only the proxy reaches.
    Harmful,
    /// An entry is not read as meant.
    Malformed,
    /// Clients read an entry in different ways.
    Differs,
    /// Another entry stands for it too.
    Redundant,
}

/// The command that connects the cluster.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the words speak for themselves")]
pub struct AzCommand {
    pub bash: String,
    pub powershell: String,
    pub cmd: String,
    pub flags: Vec<RunFlag>,
}

impl AzCommand {
    /// The lines for a shell; those of older programs have none for the command prompt.
    pub fn for_shell(&self, shell: Shell) -> &str {
        match shell {
            Shell::PowerShell => &self.powershell,
            Shell::Cmd if !self.cmd.is_empty() => &self.cmd,
            Shell::Bash | Shell::Cmd => &self.bash,
        }
    }
}
