//! Why a cluster is not connected: what was read of it -> the first broken link of the chain, and what follows from it. Pure.
//!
//! Each link has a standing by the state of its objects, and signs by which logs and events tell more. The first link that
//! is broken is the cause; what is broken behind it follows. Probes prove or contradict what only logs say.

pub mod azure;
pub mod case;
mod links;
pub mod redact;
mod view;
mod warnings;

use std::fmt::Write as _;

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;

pub use view::{API, SECRETS};

use crate::analysis::prerequisites::Judged;
use crate::model::faults::{Catalogue, Entry, Link, Place};
use crate::model::finding::{Confidence, Finding, Remedy, Severity};
use crate::model::needs::Support;
use crate::model::networks::Skipped;
use crate::model::report::{Check, CheckVerdict, Prerequisite};
use crate::model::vantage::VantageKind;
use azure::{AzureCluster, Status};
use case::Case;
use links::Standing;
use view::{Seen, View};

/// All that a judgement rests on.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// What was read of the cluster.
    pub case: &'a Case,
    /// What can be wrong.
    pub catalogue: &'a Catalogue,
    /// What Azure says.
    pub azure: Option<&'a AzureCluster>,
    /// What was probed; empty without probes.
    pub checks: &'a [Check],
    /// What is wrong with the network, by the probes.
    pub network: &'a [Finding],
    /// What is wrong with the skip range of the agents, where it stops them.
    pub skip_range: Option<&'a str>,
    /// What is needed besides the network; `None` where that was not read.
    pub prerequisites: Option<&'a Judged>,
    /// The versions of the agents that are supported.
    pub support: &'a Support,
    /// When the case was taken.
    pub now: Timestamp,
}

impl Known<'_> {
    fn identity_ends(&self) -> Option<Timestamp> {
        let read = self.case.identity_ends.as_deref().and_then(|t| t.parse().ok());
        read.or_else(|| self.azure.and_then(|a| a.certificate_expiration))
    }
}

/// The judgement.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Chain {
    /// The answer.
    pub verdict: Answer,
    /// While waiting is right: until when.
    pub until: Option<String>,
    /// What is known of the cluster.
    pub cluster: Cluster,
    /// In the order of the chain.
    pub links: Vec<LinkState>,
    /// The first broken link first.
    pub findings: Vec<Finding>,
    /// What is needed besides the network; empty where that was not read.
    pub prerequisites: Vec<Prerequisite>,
    /// What could not be read.
    pub unread: Vec<Skipped>,
}

/// The answer to "why is it stuck?".
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
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
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the words speak for themselves")]
pub struct Cluster {
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
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct LinkState {
    /// Which.
    pub link: Link,
    /// How.
    pub state: State,
    /// One line: what shows it.
    pub why: String,
    /// The link whose break it follows from.
    pub follows: Option<Link>,
    /// Required endpoints of the link: met and all; `null` where none were probed.
    pub probed: Option<(usize, usize)>,
}

/// How a link can stand.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words speak for themselves")]
pub enum State {
    Ok,
    Broken,
    Follows,
    Waiting,
    Unknown,
}

/// What the probes of a link's endpoints say.
struct Proof<'a> {
    met: usize,
    unmet: Vec<&'a Check>,
    /// The network's finding that explains the first of them.
    cause: Option<&'a Finding>,
}

/// A link that does not hold, before it is told.
struct Fault<'a> {
    entry: &'a Entry,
    seen: Vec<Seen>,
    confidence: Confidence,
}

/// Judges a cluster.
pub fn judge(known: &Known<'_>) -> Chain {
    let view = View::new(known.case);
    let young = view.touched().filter(|at| known.now.duration_since(*at) < YOUNG);
    // a clock may be anywhere, also where no time comes after it
    let young = young.map(|at| at.checked_add(PATIENCE).unwrap_or(Timestamp::MAX));
    let mut first: Option<Link> = None;
    let mut chain = Chain {
        verdict: Answer::Healthy,
        until: None,
        cluster: cluster(&view, known),
        links: Vec::new(),
        findings: Vec::new(),
        prerequisites: Vec::new(),
        unread: known.case.unread.clone(),
    };
    for link in Link::ALL {
        let standing = match links::standing(link, &view, known) {
            Standing::Unknown(_) if link == Link::Dns && is_identified(&view, known) => {
                Standing::Whole("the agents have resolved names of Azure".into())
            }
            other => other,
        };
        let proof = proof(link, known);
        let probed =
            (!proof.unmet.is_empty() || proof.met > 0).then(|| (proof.met, proof.met + proof.unmet.len()));
        let fault = fault(link, &view, known, &standing, &proof);
        let line = |state, why: String, follows| LinkState { link, state, why, follows, probed };
        let state = match (&fault, first, &standing) {
            (Some(_), Some(cause), _) => line(State::Follows, why(fault.as_ref(), &standing), Some(cause)),
            (Some(fault), None, _)
                if young.is_some()
                    && PATIENT.contains(&fault.entry.id.as_str())
                    && proof.unmet.is_empty() =>
            {
                chain.until = chain.until.or(young.map(|t| t.to_string()));
                line(State::Waiting, why(Some(fault), &standing), None)
            }
            (Some(fault), None, _) => {
                first = Some(link);
                chain.findings.push(tell(fault, &proof));
                line(State::Broken, why(Some(fault), &standing), None)
            }
            (None, _, Standing::Whole(why)) => line(State::Ok, why.clone(), None),
            (None, Some(cause), Standing::Unknown(why)) => line(State::Follows, why.clone(), Some(cause)),
            (None, None, Standing::Unknown(why))
                if young.is_some() && matches!(link, Link::Admission | Link::Images) =>
            {
                chain.until = chain.until.or(young.map(|t| t.to_string()));
                line(State::Waiting, why.clone(), None)
            }
            (None, None, Standing::Unknown(why)) => line(State::Unknown, why.clone(), None),
            (None, follows, Standing::Broken(_, why)) => line(State::Unknown, why.clone(), follows),
        };
        chain.links.push(state);
        let is_empty = view.agents.is_empty() && link == Link::Release;
        if is_empty || (first.is_some() && link == Link::Api) {
            break; // there is nothing to say of what comes after
        }
    }
    chain.findings.extend(warnings::all(&view, known, first));
    needs(&mut chain, known, view.agents.is_empty());
    if first.is_none() && chain.until.is_none() {
        chain.findings.extend(known.network.iter().filter(|f| f.severity > Severity::Info).map(now_closed));
    }
    for finding in &mut chain.findings {
        fill(&mut finding.remedy.commands, &chain.cluster);
    }
    let is_open = chain.links.iter().any(|l| l.state == State::Unknown && l.link <= Link::Tokens);
    chain.verdict = match (first, &chain.until) {
        (Some(Link::Api), _) => Answer::Unknown,
        (Some(_), _) => Answer::Broken,
        (None, Some(_)) => Answer::Wait,
        (None, None)
            if is_open && known.azure.and_then(|a| a.connectivity_status) != Some(Status::Connected) =>
        {
            Answer::Unknown
        }
        (None, None) => Answer::Healthy,
    };
    chain
}

fn why(fault: Option<&Fault<'_>>, standing: &Standing) -> String {
    match (fault, standing) {
        (Some(fault), _) => fault.entry.title.clone(),
        (None, Standing::Whole(why) | Standing::Unknown(why) | Standing::Broken(_, why)) => why.clone(),
    }
}

/// What is wrong with a link: the first sign of the catalogue, with what objects show, or what they show alone.
fn fault<'a>(
    link: Link,
    view: &View<'_>,
    known: &Known<'a>,
    standing: &Standing,
    proof: &Proof<'_>,
) -> Option<Fault<'a>> {
    let (structural, is_whole) = match standing {
        Standing::Broken(id, shown) => (known.catalogue.entry(id).map(|entry| (entry, shown)), false),
        Standing::Whole(_) => (None, true),
        Standing::Unknown(_) => (None, false),
    };
    // what shows that nothing behind it can be right needs no sign from a log
    let is_settled = structural.is_some_and(|(entry, _)| SETTLED.contains(&entry.id.as_str()));
    let speaks = |entry: &Entry| entry.link == link || (!is_whole && entry.also.contains(&link));
    let own = |entry: &&Entry| entry.severity == Severity::Blocking && speaks(entry) && !is_settled;
    // the agents of cluster connect are ready whether they are connected or not; that names are resolved shows in logs only
    let hears_logs = match link {
        Link::Connect => true,
        Link::Dns => !is_identified(view, known),
        _ => !is_whole,
    };
    let found = known.catalogue.entries.iter().filter(own).find_map(|entry| {
        let mut signs = entry.signs.iter().filter(|sign| sign.place != Place::Log || hears_logs);
        signs.find_map(|sign| Some((entry, (view.find(sign)?, sign.place))))
    });
    let shown = structural.map(|(entry, shown)| Seen { subject: entry.title.clone(), text: shown.clone() });
    let judged = |entry: &'a Entry, mut seen: Vec<Seen>, is_direct: bool| {
        seen.extend(shown.clone().filter(|s| entry.title != s.subject));
        let confidence = match (is_direct, proof.unmet.is_empty(), proof.met) {
            (true, ..) | (_, false, _) => Confidence::High,
            (false, true, 0) => Confidence::Medium,
            (false, true, _) if link.endpoints().0.is_empty() => Confidence::Medium,
            (false, true, _) => Confidence::Low,
        };
        Fault { entry, seen, confidence }
    };
    let needs_api = matches!(link, Link::Identity | Link::Tokens) && !is_whole && !is_settled;
    if let Some(problem) = known.skip_range.filter(|_| needs_api)
        && let Some(entry) = known.catalogue.entry("arc_api_through_proxy")
    {
        let mut seen = vec![Seen { subject: "skip range of the agents".into(), text: problem.to_owned() }];
        seen.extend(found.into_iter().map(|(_, (seen, _))| seen));
        return Some(judged(entry, seen, true));
    }
    if let Some((entry, (seen, place))) = found {
        return Some(judged(entry, vec![seen], place != Place::Log));
    }
    let (entry, shown) = structural?;
    let seen = vec![Seen { subject: String::new(), text: shown.clone() }];
    Some(judged(entry, seen, true))
}

/// Names of Azure were resolved at some time, where there is an identity.
fn is_identified(view: &View<'_>, known: &Known<'_>) -> bool {
    matches!(links::standing(Link::Identity, view, known), Standing::Whole(_))
        && matches!(links::standing(Link::Tokens, view, known), Standing::Whole(_))
        && matches!(links::standing(Link::DataPlane, view, known), Standing::Whole(_))
}

fn proof<'a>(link: Link, known: &Known<'a>) -> Proof<'a> {
    let (ids, kind) = link.endpoints();
    let is_inside = known.checks.iter().any(|c| c.vantage != VantageKind::Workstation.word());
    let counts = |check: &&Check| {
        let id = check.requirement.split_once('-').map_or("", |(_, rest)| rest);
        let from = check.vantage.split('@').next();
        ids.contains(&id) && check.required && (!is_inside || from == kind.map(VantageKind::word))
    };
    let all: Vec<_> = known.checks.iter().filter(counts).collect();
    let unmet: Vec<_> = all.iter().copied().filter(|c| c.verdict == CheckVerdict::Unmet).collect();
    let explains = |f: &&Finding| unmet.iter().any(|check| f.evidence.contains(&check.id));
    let cause = known.network.iter().filter(|f| f.severity > Severity::Info).find(explains);
    Proof { met: all.iter().filter(|c| c.verdict == CheckVerdict::Met).count(), unmet, cause }
}

/// A fault that something other than a sign shows, in words.
pub fn told(entry: &Entry, shown: &str, confidence: Confidence) -> Finding {
    let seen = vec![Seen { subject: String::new(), text: shown.to_owned() }];
    tell(&Fault { entry, seen, confidence }, &Proof { met: 0, unmet: Vec::new(), cause: None })
}

fn tell(fault: &Fault<'_>, proof: &Proof<'_>) -> Finding {
    let entry = fault.entry;
    let title = sentence(&entry.title);
    let mut explanation = String::new();
    for seen in &fault.seen {
        let from = if seen.subject.is_empty() { String::new() } else { format!("{}, ", seen.subject) };
        // writing into a String cannot fail
        let _ = write!(explanation, "{}. ", sentence(&format!("{from}{}", seen.text.trim_end_matches('.'))));
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
    let mut remedy = Remedy { text: entry.remedy.clone(), commands: entry.commands.clone() };
    let mut summary = title;
    let mut docs = vec![format!("arcprobe explain {}", entry.id)];
    if let Some(cause) = proof.cause {
        summary = format!("{summary}: {}", cause.summary.trim_end_matches('.'));
        remedy.text = format!("{} {}", cause.remedy.text, entry.remedy);
        remedy.commands = cause.remedy.commands.iter().chain(&entry.commands).cloned().collect();
        docs.extend(cause.docs.iter().cloned());
    }
    docs.extend(entry.sources.iter().cloned());
    Finding {
        id: entry.id.clone(),
        severity: entry.severity,
        confidence: fault.confidence,
        summary,
        subject: fault
            .seen
            .first()
            .map(|s| s.subject.clone())
            .filter(|s| !s.is_empty())
            .unwrap_or_else(|| entry.link.title().into()),
        evidence: proof.unmet.iter().map(|c| c.id.clone()).collect(),
        explanation,
        consequence: entry.azure.clone(),
        remedy,
        docs,
    }
}

/// What is closed now, though every link holds from a better time.
fn now_closed(finding: &Finding) -> Finding {
    Finding {
        severity: Severity::Warning,
        consequence: format!("The links hold, from a time when it was open. {}", finding.consequence),
        ..finding.clone()
    }
}

/// The prerequisites. Where no agents are installed each that lacks has to be mended before they are; else only what stays true
/// of a connected cluster is worth a word.
fn needs(chain: &mut Chain, known: &Known<'_>, is_empty: bool) {
    let Some(judged) = known.prerequisites else { return };
    chain.prerequisites.clone_from(&judged.items);
    let is_known = |f: &Finding, chain: &Chain| chain.findings.iter().any(|known| known.id == f.id);
    for finding in &judged.findings {
        if (is_empty || LASTING.contains(&finding.id.as_str())) && !is_known(finding, chain) {
            chain.findings.push(finding.clone());
        }
    }
}

fn cluster(view: &View<'_>, known: &Known<'_>) -> Cluster {
    let proxy = ["HTTPS_PROXY", "HTTP_PROXY"].iter().find_map(|name| known.case.proxy.get(*name));
    let azure = known.azure;
    Cluster {
        context: known.case.context.clone(),
        server: known.case.server.clone(),
        cloud: known.case.cloud(),
        region: known.case.region(),
        resource: view.case.resource().or_else(|| azure.and_then(|a| a.id.clone())),
        agent_version: view
            .setting("AZURE_ARC_AGENT_VERSION")
            .map(str::to_owned)
            .or_else(|| azure.and_then(|a| a.agent_version.clone())),
        proxy: proxy.cloned(),
        status: azure.and_then(|a| a.connectivity_status).map(|s| s.word().to_owned()),
        installed: view.installed().map(|at| at.to_string()),
    }
}

/// Puts in what is known of the cluster where commands have placeholders; nothing that a shell could take for more than a word.
fn fill(commands: &mut [String], cluster: &Cluster) {
    let is_word = |text: &&str| {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    };
    let segment = |key: &str| {
        let mut parts = cluster.resource.as_deref()?.split('/');
        parts.find(|part| part.eq_ignore_ascii_case(key))?;
        parts.next()
    };
    let known = [
        ("--location REGION", "--location ", cluster.region.as_deref()),
        ("--name NAME", "--name ", segment("connectedClusters")),
        ("--resource-group GROUP", "--resource-group ", segment("resourceGroups")),
    ];
    for (placeholder, flag, value) in known {
        let Some(value) = value.filter(is_word) else { continue };
        for command in commands.iter_mut() {
            *command = command.replace(placeholder, &format!("{flag}{value}"));
        }
    }
}

fn sentence(title: &str) -> String {
    let mut letters = title.chars();
    letters.next().map(|c| c.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// Normal in the first minutes; Azure turns to Connected within ten to fifteen.
const PATIENT: &[&str] = &[
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
const LASTING: &[&str] = &["arc_aks", "arc_kubernetes_old"];

/// No log knows better.
const SETTLED: &[&str] = &[
    "arc_identity_expired",
    "arc_key_missing",
    "arc_terminating",
    "arc_not_installed",
    "arc_other_cluster",
    "arc_rights",
    "arc_api_unreachable",
    "arc_dns_down",
];

const YOUNG: SignedDuration = SignedDuration::from_mins(10);
const PATIENCE: SignedDuration = SignedDuration::from_mins(15);

#[cfg(test)]
#[path = "chain_tests.rs"]
mod tests;
