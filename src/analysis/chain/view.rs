//! Objects of a case as a diagnosis looks at them.

use std::collections::HashSet;

use serde_json::Value;

use super::case::{Case, Log};
use crate::model::faults::{Place, Sign};

/// The namespace of the agents.
pub(super) const AGENTS: &str = "azure-arc";
/// The namespace of the release, and of the checks before connecting.
const RELEASE: &str = "azure-arc-release";

/// A Deployment of the agents.
pub(super) struct Agent<'a> {
    pub(super) name: &'a str,
    pub(super) desired: i64,
    pub(super) ready: i64,
    pub(super) created: Option<jiff::Timestamp>,
}

impl Agent<'_> {
    pub(super) fn is_well(&self) -> bool {
        self.ready >= self.desired
    }
}

/// A case, looked at.
pub(super) struct View<'a> {
    pub(super) case: &'a Case,
    pub(super) agents: Vec<Agent<'a>>,
    /// The names of the pods of the agents that are there.
    pods: HashSet<&'a str>,
}

/// A place where a text of a sign was found.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    /// Such as `Pod azure-arc/config-agent-7d9`.
    pub(super) subject: String,
    /// The words, with what they are.
    pub(super) text: String,
}

impl<'a> View<'a> {
    pub(super) fn new(case: &'a Case) -> Self {
        let agents = case.within("Deployment", AGENTS).filter_map(|d| {
            Some(Agent {
                name: d["metadata"]["name"].as_str()?,
                desired: d["spec"]["replicas"].as_i64().unwrap_or(1),
                ready: d["status"]["readyReplicas"].as_i64().unwrap_or(0),
                created: time(&d["metadata"]["creationTimestamp"]),
            })
        });
        let pods = case.within("Pod", AGENTS).filter_map(|pod| pod["metadata"]["name"].as_str());
        Self { case, agents: agents.take(MOST_AGENTS).collect(), pods: pods.collect() }
    }

    /// An agent by its name.
    pub(super) fn agent(&self, name: &str) -> Option<&Agent<'a>> {
        self.agents.iter().find(|agent| agent.name == name)
    }

    /// Those of these agents that are there and not ready.
    pub(super) fn unwell(&self, names: &[&str]) -> Vec<&Agent<'a>> {
        self.agents.iter().filter(|a| names.contains(&a.name) && !a.is_well()).collect()
    }

    /// The agent that a pod or replica set belongs to: the longest name that its own begins with.
    fn agent_of(&self, object: &str) -> Option<&Agent<'a>> {
        let belongs = |agent: &&Agent<'_>| {
            object.strip_prefix(agent.name).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        };
        self.agents.iter().filter(belongs).max_by_key(|agent| agent.name.len())
    }

    /// When the agents were installed: the youngest Deployment counts.
    pub(super) fn installed(&self) -> Option<jiff::Timestamp> {
        self.agents.iter().filter_map(|agent| agent.created).max()
    }

    /// When the agents or their namespace came last, or began to go.
    pub(super) fn touched(&self) -> Option<jiff::Timestamp> {
        let namespace = self.case.one("Namespace", "", AGENTS).map(|n| &n["metadata"]);
        let of = |key: &str| namespace.and_then(|metadata| time(&metadata[key]));
        self.installed().max(of("creationTimestamp")).max(of("deletionTimestamp"))
    }

    /// Metadata of a Secret of the agents; `None` where it is not there or not known.
    pub(super) fn secret(&self, name: &str) -> Option<&'a Value> {
        self.case.one("SecretMetadata", AGENTS, name)
    }

    /// Whether the list of Secrets was read.
    pub(super) fn knows_secrets(&self) -> bool {
        self.case.unread(SECRETS).is_none()
    }

    /// A setting of the agents.
    pub(super) fn setting(&self, key: &str) -> Option<&'a str> {
        let map = self.case.one("ConfigMap", AGENTS, "azure-clusterconfig")?;
        map["data"][key].as_str().filter(|v| !v.is_empty())
    }

    /// Where a sign is seen; the newest where there are several.
    pub(super) fn find(&self, sign: &Sign) -> Option<Seen> {
        match sign.place {
            Place::Event => self.event(sign),
            Place::Waiting | Place::Ended => self.state(sign),
            Place::Log => self.log(sign),
        }
    }

    fn event(&self, sign: &Sign) -> Option<Seen> {
        let fits = |event: &&Value| {
            let reason = event["reason"].as_str().unwrap_or_default();
            let text = event["message"].as_str().unwrap_or_default();
            sign.reason.as_deref().is_none_or(|wanted| wanted == reason)
                && sign.text.is_match(text)
                && self.is_of_unwell(event, sign)
        };
        let when = |event: &&Value| time(&event["lastTimestamp"]).or_else(|| time(&event["eventTime"]));
        let event = self.case.all("Event").filter(fits).max_by_key(when)?;
        let object = &event["involvedObject"];
        let [kind, space, name] =
            ["kind", "namespace", "name"].map(|key| object[key].as_str().unwrap_or_default());
        Some(Seen {
            subject: format!("{kind} {space}/{name}"),
            text: format!(
                "event {}: {}",
                event["reason"].as_str().unwrap_or_default(),
                event["message"].as_str().unwrap_or_default()
            ),
        })
    }

    /// Events stay for an hour: those of objects that are well by now tell of the past.
    fn is_of_unwell(&self, event: &Value, sign: &Sign) -> bool {
        let object = &event["involvedObject"];
        let name = object["name"].as_str().unwrap_or_default();
        let agent = self.agent_of(name);
        let is_wanted = sign.agent.as_deref().is_none_or(|wanted| agent.is_some_and(|a| a.name == wanted));
        match object["namespace"].as_str() {
            Some(AGENTS) => is_wanted && agent.is_none_or(|a| !a.is_well()) && !self.is_pod_gone(object),
            Some(RELEASE) => is_wanted && self.agents.is_empty(),
            _ => false,
        }
    }

    fn is_pod_gone(&self, object: &Value) -> bool {
        let name = object["name"].as_str().unwrap_or_default();
        object["kind"] == "Pod" && !self.pods.contains(name)
    }

    fn state(&self, sign: &Sign) -> Option<Seen> {
        for pod in self.pods() {
            let name = pod["metadata"]["name"].as_str().unwrap_or_default();
            let agent = self.agent_of(name);
            if sign.agent.as_deref().is_some_and(|wanted| agent.is_none_or(|a| a.name != wanted)) {
                continue;
            }
            for status in statuses(pod) {
                let state = match sign.place {
                    Place::Waiting => &status["state"]["waiting"],
                    _ if status["state"]["terminated"].is_object() => &status["state"]["terminated"],
                    _ => &status["lastState"]["terminated"],
                };
                let reason = state["reason"].as_str().unwrap_or_default();
                let message = state["message"].as_str().unwrap_or_default();
                let text =
                    if message.is_empty() { reason.to_owned() } else { format!("{reason}: {message}") };
                let is_wanted = sign.reason.as_deref().is_none_or(|wanted| wanted == reason);
                if state.is_object() && is_wanted && sign.text.is_match(&text) {
                    let space = pod["metadata"]["namespace"].as_str().unwrap_or_default();
                    let container = status["name"].as_str().unwrap_or_default();
                    return Some(Seen {
                        subject: format!("Pod {space}/{name}"),
                        text: format!("container {container}: {text}"),
                    });
                }
            }
        }
        None
    }

    /// The agents whose containers run and were restarted so many times at least, with how often.
    pub(super) fn restarted(&self, at_least: u64) -> Vec<(&'a str, u64)> {
        let count = |pod: &'a Value| {
            let restarts =
                |s: &Value| s["restartCount"].as_u64().filter(|_| s["state"]["running"].is_object());
            let most = statuses(pod).filter_map(restarts).max()?;
            Some((pod["metadata"]["name"].as_str()?, most))
        };
        let pods = self.case.within("Pod", AGENTS);
        pods.filter_map(count).filter(|(_, restarts)| *restarts >= at_least).collect()
    }

    /// Pods of the agents; without agents those of the checks before connecting.
    pub(super) fn pods(&self) -> impl Iterator<Item = &'a Value> {
        let space = if self.agents.is_empty() { RELEASE } else { AGENTS };
        self.case.within("Pod", space)
    }

    fn log(&self, sign: &Sign) -> Option<Seen> {
        let is_wanted = |log: &&Log| {
            let agent = self.agent_of(&log.pod);
            sign.agent.as_deref().is_none_or(|wanted| agent.is_some_and(|a| a.name == wanted))
        };
        self.case.logs.iter().filter(is_wanted).find_map(|log| {
            let recent = &log.lines[log.lines.len().saturating_sub(RECENT)..];
            let mut fitting = recent.iter().rev().filter(|line| sign.text.is_match(line));
            let line = fitting.next()?;
            if 1 + fitting.count() < sign.times {
                return None;
            }
            let before = if log.previous { ", before its last restart" } else { "" };
            Some(Seen {
                subject: format!("Pod {}/{}", log.namespace, log.pod),
                text: format!("log of {}{before}: {}", log.container, message(line)),
            })
        })
    }
}

/// What an agent says in a line: the agents of Azure Arc write JSON.
fn message(line: &str) -> String {
    let parsed = serde_json::from_str::<Value>(line).ok();
    let message = parsed.as_ref().and_then(|v| v["Message"].as_str()).unwrap_or(line);
    crate::model::evidence::printable(message, LONGEST)
}

/// Of all containers, those that prepare first.
fn statuses(pod: &Value) -> impl Iterator<Item = &Value> {
    let of = |key: &str| pod["status"][key].as_array().map(Vec::as_slice).unwrap_or_default();
    of("initContainerStatuses").iter().chain(of("containerStatuses"))
}

/// RFC 3339.
pub(super) fn time(value: &Value) -> Option<jiff::Timestamp> {
    value.as_str()?.parse().ok()
}

/// What the API server is called where it does not answer.
pub const API: &str = "the API server";

/// What the list of Secrets is called where it could not be read.
pub const SECRETS: &str = "Secrets of azure-arc";

/// The vendor has about twenty.
const MOST_AGENTS: usize = 200;

/// Older lines tell of the past.
const RECENT: usize = 40;

/// In characters.
const LONGEST: usize = 400;
