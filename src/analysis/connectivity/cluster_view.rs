//! Objects of a case as a diagnosis looks at them.

use std::borrow::Cow;
use std::collections::HashSet;

use serde_json::Value;

use super::redact::SecretMetadata;
use super::support_bundle::{ContainerLog, SupportBundle};
use crate::model::faults::FaultCatalogue;
use crate::model::shown_text::{ShownText, SignatureSource};
use crate::model::signature::Signature;
use crate::model::source::Source;

/// The namespace of the agents.
pub(super) const AGENTS_NAMESPACE: &str = "azure-arc";
/// The namespace of the release, and of the checks before connecting.
const RELEASE_NAMESPACE: &str = "azure-arc-release";

/// A Deployment of the agents.
pub(super) struct Agent<'a> {
    pub(super) name: &'a str,
    pub(super) desired: i64,
    pub(super) ready: i64,
    pub(super) created: Option<jiff::Timestamp>,
}

impl Agent<'_> {
    pub(super) fn is_ready(&self) -> bool {
        self.ready >= self.desired
    }
}

/// A case, looked at.
pub(super) struct ClusterView<'a> {
    pub(super) bundle: &'a SupportBundle,
    pub(super) agents: Vec<Agent<'a>>,
    catalogue: &'a FaultCatalogue,
    read_at: jiff::Timestamp,
    /// The names of the pods of the agents that are there.
    pods: HashSet<&'a str>,
}

/// A place where a text of a sign was found.
#[derive(Clone, Debug)]
pub(super) struct SignatureMatch {
    /// Such as `Pod azure-arc/config-agent-7d9`.
    pub(super) subject: String,
    /// The words, with what they are.
    pub(super) text: String,
    /// What stands for names such as `HOST` in the words and commands of the fault.
    pub(super) values: Vec<(String, String)>,
}

impl SignatureMatch {
    /// What the state of an object shows.
    pub(super) fn of_object(subject: &str, shown: &str) -> Self {
        Self { subject: subject.to_owned(), text: shown.to_owned(), values: Vec::new() }
    }
}

impl<'a> ClusterView<'a> {
    pub(super) fn new(
        case: &'a SupportBundle,
        catalogue: &'a FaultCatalogue,
        read_at: jiff::Timestamp,
    ) -> Self {
        let agents = case.objects.in_namespace("Deployment", AGENTS_NAMESPACE).filter_map(|d| {
            Some(Agent {
                name: d["metadata"]["name"].as_str()?,
                desired: d["spec"]["replicas"].as_i64().unwrap_or(1),
                ready: d["status"]["readyReplicas"].as_i64().unwrap_or(0),
                created: parse_time(&d["metadata"]["creationTimestamp"]),
            })
        });
        let pods = case
            .objects
            .in_namespace("Pod", AGENTS_NAMESPACE)
            .filter_map(|pod| pod["metadata"]["name"].as_str());
        let agents = agents.take(MAX_AGENTS).collect();
        Self { bundle: case, agents, catalogue, read_at, pods: pods.collect() }
    }

    /// An agent by its name.
    pub(super) fn find_agent(&self, name: &str) -> Option<&Agent<'a>> {
        self.agents.iter().find(|agent| agent.name == name)
    }

    /// Those of these agents that are there and not ready.
    pub(super) fn unready_agents(&self, names: &[&str]) -> Vec<&Agent<'a>> {
        self.agents.iter().filter(|a| names.contains(&a.name) && !a.is_ready()).collect()
    }

    /// The agent that a pod or replica set belongs to: the longest name that its own begins with.
    fn agent_of(&self, object: &str) -> Option<&Agent<'a>> {
        let belongs = |agent: &&Agent<'_>| {
            object.strip_prefix(agent.name).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        };
        self.agents.iter().filter(belongs).max_by_key(|agent| agent.name.len())
    }

    /// When the agents were installed: the youngest Deployment counts.
    pub(super) fn installed_at(&self) -> Option<jiff::Timestamp> {
        self.agents.iter().filter_map(|agent| agent.created).max()
    }

    /// When the agents or their namespace came last, or began to go.
    pub(super) fn last_changed_at(&self) -> Option<jiff::Timestamp> {
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

    /// Where a sign is seen; the newest where there are several.
    pub(super) fn match_signature(&self, sign: &Signature) -> Option<SignatureMatch> {
        sign.places.iter().find_map(|place| match place {
            SignatureSource::Event => self.match_event(sign),
            SignatureSource::Waiting | SignatureSource::Ended => self.match_container_state(sign, *place),
            SignatureSource::Log => self.match_log(sign),
        })
    }

    /// A text of an object.
    fn shown<'t>(
        &'t self,
        place: SignatureSource,
        object: &str,
        reason: &'t str,
        text: &'t str,
    ) -> ShownText<'t> {
        let agent = self.agent_of(object).map(|agent| agent.name);
        ShownText { place, reason, agent, text, read_at: self.read_at }
    }

    /// What a text names, and what is known of the object that it is about.
    fn named_values(
        &self,
        sign: &Signature,
        shown: &ShownText<'_>,
        object: [&str; 2],
    ) -> Vec<(String, String)> {
        let [namespace, name] = object;
        let deployment = shown
            .agent
            .and_then(|agent| self.bundle.objects.find_object("Deployment", AGENTS_NAMESPACE, agent));
        let account = deployment.and_then(|d| d["spec"]["template"]["spec"]["serviceAccountName"].as_str());
        let known = [
            ("ACCOUNT", account),
            ("AGENT", shown.agent),
            ("NAMESPACE", Some(namespace)),
            ("POD", self.pods.contains(name).then_some(name)),
        ];
        let known = known.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?.to_owned())));
        sign.named_values(shown).into_iter().chain(known).collect()
    }

    fn match_event(&self, sign: &Signature) -> Option<SignatureMatch> {
        let shown = |event: &'a Value| {
            let text = |key: &str| event[key].as_str().unwrap_or_default();
            let object = event["involvedObject"]["name"].as_str().unwrap_or_default();
            (object, text("reason"), text("message"))
        };
        let fits = |event: &&'a Value| {
            let (object, reason, message) = shown(event);
            self.is_about_unready(event)
                && self
                    .catalogue
                    .is_claimed_by(sign, &self.shown(SignatureSource::Event, object, reason, message))
        };
        let when =
            |event: &&Value| parse_time(&event["lastTimestamp"]).or_else(|| parse_time(&event["eventTime"]));
        let event = self.bundle.objects.of_kind("Event").filter(fits).max_by_key(when)?;
        let (name, reason, message) = shown(event);
        let [kind, space] =
            ["kind", "namespace"].map(|key| event["involvedObject"][key].as_str().unwrap_or_default());
        let shown = self.shown(SignatureSource::Event, name, reason, message);
        Some(SignatureMatch {
            subject: format!("{kind} {space}/{name}"),
            text: format!("event {reason}: {message}"),
            values: self.named_values(sign, &shown, [space, name]),
        })
    }

    /// Events stay for an hour: those of objects that are well by now tell of the past.
    fn is_about_unready(&self, event: &Value) -> bool {
        let object = &event["involvedObject"];
        let agent = self.agent_of(object["name"].as_str().unwrap_or_default());
        match object["namespace"].as_str() {
            Some(AGENTS_NAMESPACE) => agent.is_none_or(|a| !a.is_ready()) && !self.is_pod_gone(object),
            Some(RELEASE_NAMESPACE) => self.agents.is_empty(),
            _ => false,
        }
    }

    fn is_pod_gone(&self, object: &Value) -> bool {
        let name = object["name"].as_str().unwrap_or_default();
        object["kind"] == "Pod" && !self.pods.contains(name)
    }

    fn match_container_state(&self, sign: &Signature, place: SignatureSource) -> Option<SignatureMatch> {
        self.agent_pods().find_map(|pod| {
            let [space, name] =
                ["namespace", "name"].map(|key| pod["metadata"][key].as_str().unwrap_or_default());
            container_statuses(pod).find_map(|status| {
                let state = container_state(status, place);
                let [reason, message] =
                    ["reason", "message"].map(|key| state[key].as_str().unwrap_or_default());
                let text =
                    if message.is_empty() { reason.to_owned() } else { format!("{reason}: {message}") };
                let shown = self.shown(place, name, reason, &text);
                let container = status["name"].as_str().unwrap_or_default();
                let is_own = state.is_object() && self.catalogue.is_claimed_by(sign, &shown);
                is_own.then(|| SignatureMatch {
                    subject: format!("Pod {space}/{name}"),
                    values: self.named_values(sign, &shown, [space, name]),
                    text: format!("container {container}: {text}"),
                })
            })
        })
    }

    /// The agents whose containers run and were restarted so many times at least, with how often.
    pub(super) fn restarted_pods(&self, at_least: u64) -> Vec<(&'a str, u64)> {
        let count = |pod: &'a Value| {
            let restarts =
                |s: &Value| s["restartCount"].as_u64().filter(|_| s["state"]["running"].is_object());
            let most = container_statuses(pod).filter_map(restarts).max()?;
            Some((pod["metadata"]["name"].as_str()?, most))
        };
        let pods = self.bundle.objects.in_namespace("Pod", AGENTS_NAMESPACE);
        pods.filter_map(count).filter(|(_, restarts)| *restarts >= at_least).collect()
    }

    /// Pods of the agents; without agents those of the checks before connecting.
    pub(super) fn agent_pods(&self) -> impl Iterator<Item = &'a Value> {
        let space = if self.agents.is_empty() { RELEASE_NAMESPACE } else { AGENTS_NAMESPACE };
        self.bundle.objects.in_namespace("Pod", space)
    }

    fn match_log(&self, sign: &Signature) -> Option<SignatureMatch> {
        let agents = |log: &&ContainerLog| {
            sign.agent.as_deref().is_none_or(|agent| self.agent_of(&log.pod).is_some_and(|a| a.name == agent))
        };
        self.bundle.logs.iter().filter(agents).find_map(|log| {
            let recent = &log.lines[log.lines.len().saturating_sub(RECENT_LINES)..];
            let is_own = |line: &&String| {
                let text = unescape(line);
                let shown = self.shown(SignatureSource::Log, &log.pod, "", &text);
                self.catalogue.is_claimed_by(sign, &shown)
            };
            let mut fitting = recent.iter().rev().filter(is_own);
            let line = fitting.next()?;
            if 1 + fitting.count() < sign.times {
                return None;
            }
            let before = if log.previous { ", before its last restart" } else { "" };
            let text = unescape(line);
            let shown = self.shown(SignatureSource::Log, &log.pod, "", &text);
            Some(SignatureMatch {
                subject: format!("Pod {}/{}", log.namespace, log.pod),
                text: format!("log of {}{before}: {}", log.container, log_message(line)),
                values: self.named_values(sign, &shown, [&log.namespace, &log.pod]),
            })
        })
    }
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

fn container_state(status: &Value, place: SignatureSource) -> &Value {
    match place {
        SignatureSource::Waiting => &status["state"]["waiting"],
        _ if status["state"]["terminated"].is_object() => &status["state"]["terminated"],
        _ => &status["lastState"]["terminated"],
    }
}

/// What an agent says in a line: the agents of Azure Arc write JSON.
fn log_message(line: &str) -> String {
    let parsed = serde_json::from_str::<Value>(line).ok();
    let message = parsed.as_ref().and_then(|v| v["Message"].as_str()).unwrap_or(line);
    crate::model::evidence::sanitize(message, MAX_MESSAGE_CHARS)
}

/// Of all containers, those that prepare first.
fn container_statuses(pod: &Value) -> impl Iterator<Item = &Value> {
    let of = |key: &str| pod["status"][key].as_array().map(Vec::as_slice).unwrap_or_default();
    of("initContainerStatuses").iter().chain(of("containerStatuses"))
}

/// RFC 3339.
pub(super) fn parse_time(value: &Value) -> Option<jiff::Timestamp> {
    value.as_str()?.parse().ok()
}

/// The vendor has about twenty.
const MAX_AGENTS: usize = 200;

/// Older lines tell of the past.
const RECENT_LINES: usize = 40;

/// In characters.
const MAX_MESSAGE_CHARS: usize = 400;
