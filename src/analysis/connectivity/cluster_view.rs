//! Objects of a case as a diagnosis looks at them.

use std::borrow::Cow;
use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::agents::{AGENTS_NAMESPACE, Agent, container_statuses, find_agents, object_name, parse_time};
use super::evidence::{
    EvidenceLine, describe_object, ending, event_time, is_history, is_vague_state, join_reason, quote_event,
};
use super::log_lines::{LineWeight, LogLine, read_lines};
use super::redact::SecretMetadata;
use super::support_bundle::{ContainerLog, SupportBundle};
use crate::model::evidence::sanitize;
use crate::model::faults::{Fault, FaultCatalogue};
use crate::model::shown_text::{ShownText, SignatureSource};
use crate::model::signature::Signature;
use crate::model::source::Source;

/// The namespace of the release, and of the checks before connecting.
const RELEASE_NAMESPACE: &str = "azure-arc-release";

/// A case, looked at.
pub(super) struct ClusterView<'a> {
    pub(super) bundle: &'a SupportBundle,
    pub(super) agents: Vec<Agent<'a>>,
    catalogue: &'a FaultCatalogue,
    read_at: Timestamp,
    logs: Vec<AgentLog<'a>>,
    /// By agent: every text is compared with every signature once.
    recognized: HashMap<&'a str, Vec<Recognized<'a>>>,
}

/// A text of an agent that a signature of the catalogue claims.
#[derive(Clone)]
pub(super) struct Recognized<'a> {
    pub(super) fault: &'a Fault,
    /// Its place in the catalogue, where the more telling comes first.
    pub(super) rank: usize,
    pub(super) place: SignatureSource,
    pub(super) line: EvidenceLine,
    /// A line of a log that may tell of something that is over.
    pub(super) is_old: bool,
}

/// The log of a container that is an agent's own.
pub(super) struct AgentLog<'a> {
    pub(super) source: &'a ContainerLog,
    pub(super) lines: Vec<LogLine<'a>>,
}

impl AgentLog<'_> {
    pub(super) fn quote(&self, line: &LogLine<'_>) -> EvidenceLine {
        let ContainerLog { namespace, pod, container, previous, .. } = self.source;
        let before = if *previous { " before its last restart" } else { "" };
        EvidenceLine {
            object: format!("Pod {namespace}/{pod}"),
            place: format!("log of {container}{before}"),
            time: line.time,
            text: line.message.clone(),
            is_vague: false,
            values: Vec::new(),
        }
    }
}

impl<'a> ClusterView<'a> {
    pub(super) fn new(case: &'a SupportBundle, catalogue: &'a FaultCatalogue, read_at: Timestamp) -> Self {
        let logs = case.logs.iter().map(|source| AgentLog { source, lines: read_lines(source) });
        let agents = find_agents(&case.objects);
        let logs = logs.collect();
        let mut view = Self { bundle: case, agents, catalogue, read_at, logs, recognized: HashMap::new() };
        view.recognized = view.agents.iter().map(|agent| (agent.name, view.recognize_agent(agent))).collect();
        view
    }

    /// An agent by its name.
    pub(super) fn find_agent(&self, name: &str) -> Option<&Agent<'a>> {
        self.agents.iter().find(|agent| agent.name == name)
    }

    /// Those of these agents that are there.
    pub(super) fn find_agents(&self, names: &[&str]) -> Vec<&Agent<'a>> {
        self.agents.iter().filter(|a| names.contains(&a.name)).collect()
    }

    /// When the agents were installed: the youngest Deployment counts.
    pub(super) fn installed_at(&self) -> Option<Timestamp> {
        self.agents.iter().filter_map(|agent| agent.created).max()
    }

    /// When the agents or their namespace came last, or began to go.
    pub(super) fn last_changed_at(&self) -> Option<Timestamp> {
        let namespace =
            self.bundle.objects.find_object("Namespace", "", AGENTS_NAMESPACE).map(|n| &n["metadata"]);
        let of = |key: &str| namespace.and_then(|metadata| parse_time(&metadata[key]));
        self.installed_at().max(of("creationTimestamp")).max(of("deletionTimestamp"))
    }

    /// Metadata of a Secret of the agents; `None` where it is not there or not known.
    pub(super) fn secret_metadata(&self, name: &str) -> Option<&'a Value> {
        self.bundle.objects.find_object(SecretMetadata::KIND, AGENTS_NAMESPACE, name)
    }

    /// Whether the list of Secrets was read.
    pub(super) fn has_secret_list(&self) -> bool {
        self.bundle.unread_reason(Source::ArcSecrets).is_none()
    }

    /// A setting of the agents.
    pub(super) fn agent_setting(&self, key: &str) -> Option<&'a str> {
        let map = self.bundle.objects.find_object("ConfigMap", AGENTS_NAMESPACE, "azure-clusterconfig")?;
        map["data"][key].as_str().filter(|v| !v.is_empty())
    }

    /// The logs of an agent's own containers. What one that is ready said before its last restart is the past.
    pub(super) fn logs_of(&self, agent: &Agent<'_>) -> Vec<&AgentLog<'a>> {
        let is_own = |log: &&AgentLog<'_>| {
            let ContainerLog { namespace, pod, container, previous, .. } = log.source;
            namespace == AGENTS_NAMESPACE
                && agent.owns_object("Pod", pod)
                && agent.owns_container(container)
                && !(*previous && agent.is_ready())
        };
        self.logs.iter().filter(is_own).collect()
    }

    /// Events of what an agent owns, without those of the past: of pods that are well by now, and long before the newest.
    pub(super) fn events_of(&self, agent: &Agent<'a>) -> Vec<&'a Value> {
        let is_own = |event: &&Value| {
            let object = &event["involvedObject"];
            let [kind, name] = ["kind", "name"].map(|key| object[key].as_str().unwrap_or_default());
            object["namespace"] == AGENTS_NAMESPACE && agent.owns_object(kind, name) && is_open(event, agent)
        };
        let own: Vec<_> = self.bundle.objects.of_kind("Event").filter(is_own).collect();
        let newest = own.iter().filter_map(|event| event_time(event)).max();
        own.into_iter().filter(|event| !is_history(event, newest)).collect()
    }

    /// What the catalogue knows of what an agent's events, containers and logs say, the newest of each first.
    pub(super) fn recognize(&self, agent: &Agent<'a>) -> Vec<Recognized<'a>> {
        self.recognized.get(agent.name).cloned().unwrap_or_default()
    }

    fn recognize_agent(&self, agent: &Agent<'a>) -> Vec<Recognized<'a>> {
        let mut events = self.events_of(agent);
        events.sort_by_key(|event| std::cmp::Reverse(event_time(event)));
        let events = events.into_iter().filter_map(|event| self.recognize_event(event, Some(agent)));
        let states = list_states(agent).filter_map(|state| self.recognize_state(&state, agent));
        let logs = self.logs_of(agent).into_iter().flat_map(|log| self.recognize_log(log, agent));
        events.chain(states).chain(logs).collect()
    }

    /// The same of events of the checks before connecting, while there are no agents.
    pub(super) fn recognize_release(&self) -> Vec<Recognized<'a>> {
        let is_release = |event: &&Value| event["involvedObject"]["namespace"] == RELEASE_NAMESPACE;
        let events = self.bundle.objects.of_kind("Event").filter(is_release);
        events.filter_map(|event| self.recognize_event(event, None)).collect()
    }

    fn recognize_event(&self, event: &Value, agent: Option<&Agent<'_>>) -> Option<Recognized<'a>> {
        let [reason, text] = ["reason", "message"].map(|key| event[key].as_str().unwrap_or_default());
        let shown = self.shown(SignatureSource::Event, agent, reason, text);
        let object = &event["involvedObject"];
        let name = ["namespace", "name"].map(|key| object[key].as_str().unwrap_or_default());
        self.claim(&shown, agent, name, quote_event(event))
    }

    fn recognize_state(&self, seen: &ContainerState<'_>, agent: &Agent<'_>) -> Option<Recognized<'a>> {
        let ContainerState { place, pod, container, state } = *seen;
        let [reason, message] = ["reason", "message"].map(|key| state[key].as_str().unwrap_or_default());
        let text = join_reason(reason, message);
        let line = EvidenceLine {
            object: describe_object("Pod", pod),
            place: format!("container {container}"),
            time: parse_time(&state["finishedAt"]),
            is_vague: is_vague_state(reason, message) && place == SignatureSource::Waiting,
            ..EvidenceLine::plain(&sanitize(&text, MAX_STATE_CHARS))
        };
        let shown = self.shown(place, Some(agent), reason, &text);
        self.claim(&shown, Some(agent), [AGENTS_NAMESPACE, object_name(pod).unwrap_or_default()], line)
    }

    /// Lines that are much older than the newest tell of the past.
    fn recognize_log(&self, log: &AgentLog<'_>, agent: &Agent<'_>) -> Vec<Recognized<'a>> {
        let newest = log.lines.iter().filter_map(|line| line.time).max();
        let is_current = |line: &LogLine<'_>| match (line.time, newest) {
            (Some(at), Some(newest)) => newest.duration_since(at) <= LOG_MEMORY,
            _ => true,
        };
        let lines = log.lines.iter().rev().enumerate().filter(|(_, line)| is_current(line));
        let recognized = lines.filter_map(|(age, line)| {
            let found = self.recognize_line(line, log, agent)?;
            let is_old = match line.time {
                Some(at) => self.read_at.duration_since(at) > LOG_MEMORY,
                None => age >= UNDATED_LINES,
            };
            Some(Recognized { is_old, ..found })
        });
        recognized.chain(self.count_lines(log, agent)).collect()
    }

    fn recognize_line(
        &self,
        line: &LogLine<'_>,
        log: &AgentLog<'_>,
        agent: &Agent<'_>,
    ) -> Option<Recognized<'a>> {
        let object = [log.source.namespace.as_str(), log.source.pod.as_str()];
        [Cow::Borrowed(line.text.as_str()), unescape(line.raw)].into_iter().find_map(|text| {
            let shown = self.shown(SignatureSource::Log, Some(agent), "", &text);
            self.claim(&shown, Some(agent), object, log.quote(line))
        })
    }

    /// Signatures that take several lines to say something.
    fn count_lines(&self, log: &AgentLog<'_>, agent: &Agent<'_>) -> Vec<Recognized<'a>> {
        let faults = self.catalogue.faults.iter().enumerate();
        let signs = faults.flat_map(|(rank, fault)| fault.signs.iter().map(move |sign| (rank, fault, sign)));
        let count = |(rank, fault, sign): (usize, &'a Fault, &'a Signature)| {
            let fits = |line: &&LogLine<'_>| {
                sign.fits(&self.shown(SignatureSource::Log, Some(agent), "", &unescape(line.raw)))
            };
            let fitting: Vec<_> = log.lines.iter().filter(fits).collect();
            let line = fitting.last().filter(|_| fitting.len() >= sign.times)?;
            let place = SignatureSource::Log;
            Some(Recognized { fault, rank, place, line: log.quote(line), is_old: false })
        };
        signs.filter(|(_, _, sign)| sign.times > 1).filter_map(count).collect()
    }

    fn shown<'t>(
        &self,
        place: SignatureSource,
        agent: Option<&Agent<'t>>,
        reason: &'t str,
        text: &'t str,
    ) -> ShownText<'t> {
        ShownText { place, reason, agent: agent.map(|agent| agent.name), text, read_at: self.read_at }
    }

    /// The fault that claims a text, quoted with what it names, and with what is known of the object that it is about.
    fn claim(
        &self,
        shown: &ShownText<'_>,
        agent: Option<&Agent<'_>>,
        [namespace, name]: [&str; 2],
        line: EvidenceLine,
    ) -> Option<Recognized<'a>> {
        let (fault, sign) = self.catalogue.recognize(shown)?;
        let rank = self.catalogue.faults.iter().position(|known| std::ptr::eq(known, fault))?;
        let template = |agent: &Agent<'a>| &agent.deployment()["spec"]["template"]["spec"];
        let deployment = agent.and_then(|agent| self.find_agent(agent.name)).map(template);
        let known = [
            ("ACCOUNT", deployment.and_then(|spec| spec["serviceAccountName"].as_str())),
            ("AGENT", shown.agent),
            ("NAMESPACE", Some(namespace)),
            ("POD", agent.and_then(|agent| agent.owns_object("Pod", name).then_some(name))),
        ];
        let known = known.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?.to_owned())));
        let values = sign.named_values(shown).into_iter().chain(known).collect();
        let line = EvidenceLine { values, ..line };
        Some(Recognized { fault, rank, place: shown.place, line, is_old: false })
    }

    /// The last error of each pod of a namespace.
    pub(super) fn last_errors(&self, namespace: &str) -> Vec<EvidenceLine> {
        let logs = self.logs.iter().filter(|log| log.source.namespace == namespace);
        let last = |log: &AgentLog<'_>| {
            let line = log.lines.iter().rfind(|line| line.weight > LineWeight::Plain)?;
            Some(log.quote(line))
        };
        logs.filter_map(last).collect()
    }

    /// The agents whose containers run and were restarted so many times at least, with how often.
    pub(super) fn restarted_pods(&self, at_least: u64) -> Vec<(&'a str, u64)> {
        let count = |pod: &&'a Value| {
            let restarts =
                |s: &Value| s["restartCount"].as_u64().filter(|_| s["state"]["running"].is_object());
            let most = container_statuses(pod).filter_map(restarts).max()?;
            Some((object_name(pod)?, most))
        };
        let pods = self.agents.iter().flat_map(|agent| &agent.pods);
        pods.filter_map(count).filter(|(_, restarts)| *restarts >= at_least).collect()
    }
}

/// Whether what an event says can still be so: that a pod finds no node is over once it has one, that it cannot be set up once a
/// container of it runs, that a set makes no pod once it has made one, and nothing is wrong with a pod that is well.
fn is_open(event: &Value, agent: &Agent<'_>) -> bool {
    let object = &event["involvedObject"];
    let name = object["name"].as_str().unwrap_or_default();
    match object["kind"].as_str() {
        Some("Pod") => agent.pods.iter().filter(|pod| object_name(pod) == Some(name)).any(|pod| {
            let is_past = match event["reason"].as_str() {
                Some("FailedScheduling") => pod["spec"]["nodeName"].is_string(),
                Some("FailedMount" | "FailedAttachVolume" | "FailedCreatePodSandBox") => is_set_up(pod),
                _ => false,
            };
            (!agent.is_ready() || is_unwell(pod)) && !is_past
        }),
        Some("ReplicaSet") => {
            let prefix = format!("{name}-");
            !agent.pods.iter().any(|pod| object_name(pod).is_some_and(|pod| pod.starts_with(&prefix)))
        }
        _ => true,
    }
}

/// A container runs once the sandbox and the volumes of its pod are there.
fn is_set_up(pod: &Value) -> bool {
    pod["status"]["phase"] == "Running"
        && container_statuses(pod).any(|status| status["state"]["running"].is_object())
}

/// Whether a pod is seen not to be well, whatever its Deployment says: an upgrade may hang beside a pod that serves.
fn is_unwell(pod: &Value) -> bool {
    let is_failing = |s: &Value| s["ready"] == false && s["state"]["terminated"]["exitCode"] != 0;
    pod["status"]["phase"] == "Pending" || container_statuses(pod).any(is_failing)
}

/// A container that waits or has ended.
struct ContainerState<'v> {
    place: SignatureSource,
    pod: &'v Value,
    container: &'v str,
    state: &'v Value,
}

/// How containers wait and ended, that are not well: how one that is well by now once ended is the past.
fn list_states<'v>(agent: &'v Agent<'_>) -> impl Iterator<Item = ContainerState<'v>> {
    let statuses =
        agent.pods.iter().flat_map(|&pod| container_statuses(pod).map(move |status| (pod, status)));
    let is_well = |status: &Value| status["ready"] == true || (agent.is_ready() && status["ready"].is_null());
    statuses.filter(move |(_, status)| !is_well(status)).flat_map(|(pod, status)| {
        let waiting = Some(&status["state"]["waiting"]).filter(|state| state.is_object());
        let states = [(SignatureSource::Waiting, waiting), (SignatureSource::Ended, ending(status))];
        let container = status["name"].as_str().unwrap_or_default();
        let known = |(place, state): (SignatureSource, Option<&'v Value>)| {
            Some(ContainerState { place, pod, container, state: state? })
        };
        states.into_iter().filter_map(known)
    })
}

/// A line without the escapes of JSON, however deep the text stands in it.
fn unescape(line: &str) -> Cow<'_, str> {
    if !line.contains('\\') {
        return Cow::Borrowed(line);
    }
    let mut text = String::with_capacity(line.len());
    let mut is_escaped = false;
    for c in line.chars() {
        match c {
            '\\' => is_escaped = true,
            'n' | 'r' | 't' if is_escaped => {
                text.push(' ');
                is_escaped = false;
            }
            _ => {
                text.push(c);
                is_escaped = false;
            }
        }
    }
    Cow::Owned(text)
}

/// Lines of an agent that is ready count for so long: what goes on fails again within that.
const LOG_MEMORY: SignedDuration = SignedDuration::from_mins(30);

/// Where lines have no time, so many of the last.
const UNDATED_LINES: usize = 10;

/// In characters.
const MAX_STATE_CHARS: usize = 1_000;
