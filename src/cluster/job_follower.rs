//! One Job: wait until its container runs, read its log to the end, put the records together.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::{AsyncBufReadExt as _, AsyncReadExt as _};
use k8s_openapi::api::core::v1::Pod;
use kube::api::LogParams;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::client::ClusterClient;
use super::manifest::CONTAINER_NAME;
use super::pod_startup::{JobObservation, PodStartup, judge_startup};
use super::pod_watcher::{PodWatcher, RunState};
use super::{ApiError, ApiFailure};
use crate::analysis::connectivity::redact;
use crate::model::evidence::{ClusterNameLookup, Discovery, Observation, sanitize};
use crate::model::ids::CheckId;
use crate::model::vantage::{VantageError, VantageErrorKind};
use crate::probe::agent::framing::{MAX_LINE_BYTES, RecordReader};
use crate::probe::agent::{Hello, Record, RunSummary};

/// What an agent reported.
#[derive(Clone, Debug, Default)]
pub struct AgentOutput {
    /// Who spoke, once it has.
    pub hello: Option<Hello>,
    /// Whether a name of the cluster itself resolves.
    pub inside_name: Option<ClusterNameLookup>,
    /// What came of the discoveries.
    pub inquiries: Vec<Discovery>,
    /// What was seen, by the ids of the checks.
    pub observations: HashMap<CheckId, Observation>,
    /// How it ended; `None` when its last word is missing.
    pub summary: Option<RunSummary>,
}

/// How far an agent is, for a progress bar.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AgentProgress {
    /// The pod is not there yet; what it waits for.
    Waiting(String),
    /// So many probes are planned.
    Planned(usize),
    /// So many probes are over.
    Done(usize),
}

/// A Job that was created, and how it is followed.
pub(super) struct JobFollower<'a> {
    pub(super) access: &'a ClusterClient,
    pub(super) pod_watcher: &'a PodWatcher,
    pub(super) name: &'a str,
    pub(super) requires_local_image: bool,
    /// After this it is given up.
    pub(super) time_limit: Duration,
}

impl JobFollower<'_> {
    /// Follows the Job to its end. What was reported before an error is kept.
    pub(super) async fn follow(
        &self,
        output: &mut AgentOutput,
        mut listen: impl FnMut(AgentProgress),
    ) -> Result<(), VantageError> {
        let followed = async {
            let pod = self.wait_for_start(&mut listen).await?;
            self.read_log_to_end(&pod, output, &mut listen).await
        };
        timeout(self.time_limit, followed).await.unwrap_or_else(|_| {
            let text = format!("the agent has not finished after {} s", self.time_limit.as_secs());
            Err(VantageError::new(VantageErrorKind::Killed, text))
        })
    }

    /// The name of the pod, once its container runs.
    async fn wait_for_start(&self, listen: &mut impl FnMut(AgentProgress)) -> Result<String, VantageError> {
        let since = Instant::now();
        let mut states = self.pod_watcher.subscribe();
        loop {
            let state = Arc::clone(&states.borrow_and_update());
            if let Some(error) = &state.error {
                return Err(to_vantage_error(error));
            }
            match self.judge_startup(&state, since) {
                PodStartup::Started => {
                    return Ok(state.pod_of_job(self.name).map(pod_name).unwrap_or_default());
                }
                PodStartup::Failed(trouble) => return Err(trouble),
                PodStartup::Waiting(what) => listen(AgentProgress::Waiting(what)),
            }
            if since.elapsed() > EVENTS_DELAY {
                self.watch_events(&state);
            }
            wait_for_change(&mut states).await?;
        }
    }

    fn judge_startup(&self, state: &RunState, since: Instant) -> PodStartup {
        let events = state.events_of_job(self.name);
        let (pod, seconds) = (state.pod_of_job(self.name), since.elapsed().as_secs());
        judge_startup(&JobObservation {
            pod,
            events: &events,
            seconds,
            requires_local_image: self.requires_local_image,
        })
    }

    fn watch_events(&self, state: &RunState) {
        self.pod_watcher.watch_events(self.name);
        if let Some(pod) = state.pod_of_job(self.name) {
            self.pod_watcher.watch_events(&pod_name(pod));
        }
    }

    /// Reads the log, again from its start where the stream breaks off: a connection that is cut, a log that was rotated.
    async fn read_log_to_end(
        &self,
        pod: &str,
        output: &mut AgentOutput,
        listen: &mut impl FnMut(AgentProgress),
    ) -> Result<(), VantageError> {
        let mut reader = RecordReader::default();
        let mut last = None;
        for attempt in 0..MAX_LOG_READS {
            let had_ended = attempt > 0 && self.has_ended();
            match self.read_log(pod, &mut reader, output, listen).await {
                Ok(()) => last = None,
                Err(trouble) if trouble.kind == VantageErrorKind::Agent => return Err(trouble),
                Err(trouble) => last = Some(trouble),
            }
            if reader.is_complete() {
                return Ok(());
            }
            // after the end of the pod nothing more is written
            if had_ended {
                break;
            }
            sleep(REREAD_INTERVAL).await;
        }
        Err(self.explain_incomplete_log(&reader, last))
    }

    async fn read_log(
        &self,
        pod: &str,
        reader: &mut RecordReader,
        output: &mut AgentOutput,
        listen: &mut impl FnMut(AgentProgress),
    ) -> Result<(), VantageError> {
        let params =
            LogParams { follow: true, container: Some(CONTAINER_NAME.into()), ..LogParams::default() };
        let api = self.access.namespaced_api::<Pod>();
        let stream =
            self.access.request(format!("read the log of {pod}"), api.log_stream(pod, &params)).await;
        let stream = stream.map_err(|e| VantageError::new(VantageErrorKind::Log, e.to_string()))?;
        let mut stream = std::pin::pin!(stream);
        let mut line = Vec::new();
        loop {
            line.clear();
            let mut bounded = stream.as_mut().take(MAX_LINE_BYTES as u64 + 1);
            match bounded.read_until(b'\n', &mut line).await {
                Ok(0) => return Ok(()),
                Ok(_) => {}
                Err(e) => {
                    return Err(VantageError::new(VantageErrorKind::LogCut, sanitize(&e.to_string(), 200)));
                }
            }
            let text = String::from_utf8_lossy(&line);
            let text = text.trim_end_matches('\n');
            let record = reader.read_line(text);
            if let Some(record) =
                record.map_err(|e| VantageError::new(VantageErrorKind::LogCut, e.to_string()))?
            {
                apply_record(record, output, listen)?;
            }
        }
    }

    fn has_ended(&self) -> bool {
        let state = Arc::clone(&self.pod_watcher.subscribe().borrow());
        let phase = state.pod_of_job(self.name).and_then(|p| p.status.as_ref()?.phase.clone());
        phase.is_none_or(|p| p == "Succeeded" || p == "Failed")
    }

    /// The reason that is nearest to the fault: what a loader says, why the pod ended, what reading the log says.
    fn explain_incomplete_log(&self, reader: &RecordReader, last: Option<VantageError>) -> VantageError {
        let said = reader
            .foreign_lines()
            .map(|line| redact::redact_message(line, MAX_FOREIGN_CHARS))
            .collect::<Vec<_>>()
            .join("; ");
        if !reader.has_begun() && !said.is_empty() {
            return VantageError::new(VantageErrorKind::Exec, said);
        }
        let state = Arc::clone(&self.pod_watcher.subscribe().borrow());
        if let Some(text) = state.pod_of_job(self.name).and_then(describe_pod_end) {
            return VantageError::new(VantageErrorKind::Killed, text);
        }
        let said =
            if said.is_empty() { "the log ends before the agent's last word".to_owned() } else { said };
        last.unwrap_or_else(|| VantageError::new(VantageErrorKind::LogCut, said))
    }
}

/// Why a pod was ended from outside.
fn describe_pod_end(pod: &Pod) -> Option<String> {
    let status = pod.status.as_ref()?;
    if let Some(reason) = &status.reason {
        return Some(redact::redact_message(
            &format!("{reason}: {}", status.message.as_deref().unwrap_or_default()),
            300,
        ));
    }
    let containers = status.container_statuses.as_ref()?;
    let ended = containers.iter().find_map(|c| c.state.as_ref()?.terminated.as_ref())?;
    (ended.exit_code != 0).then(|| {
        let reason = ended.reason.as_deref().unwrap_or("Error");
        let message = ended.message.as_deref().unwrap_or_default();
        redact::redact_message(&format!("{reason}, exit code {} {message}", ended.exit_code), 300)
    })
}

fn apply_record(
    record: Record,
    output: &mut AgentOutput,
    listen: &mut impl FnMut(AgentProgress),
) -> Result<(), VantageError> {
    match record {
        Record::Hello(hello) => output.hello = Some(hello),
        Record::ClusterName(name) => output.inside_name = Some(name),
        Record::Planned(number) => listen(AgentProgress::Planned(number)),
        Record::Done(number) => listen(AgentProgress::Done(number)),
        Record::Discovered(discovery) => output.inquiries.push(discovery),
        Record::Observed(seen) => drop(output.observations.insert(seen.id, seen.observation)),
        Record::End(summary) => output.summary = Some(summary),
        Record::Failed(failed) => {
            return Err(VantageError::new(
                VantageErrorKind::Agent,
                redact::redact_message(&failed.text, 400),
            ));
        }
    }
    Ok(())
}

async fn wait_for_change(states: &mut watch::Receiver<Arc<RunState>>) -> Result<(), VantageError> {
    let watcher_ended =
        |_| VantageError::new(VantageErrorKind::NotStarted, "the watch over the pods has ended");
    states.changed().await.map_err(watcher_ended)
}

fn pod_name(pod: &Pod) -> String {
    pod.metadata.name.clone().unwrap_or_default()
}

/// The trouble that a request's error is.
pub(super) fn to_vantage_error(error: &ApiError) -> VantageError {
    let kind = match &error.failure {
        ApiFailure::Unreachable(_)
        | ApiFailure::Tls(_)
        | ApiFailure::CertificateTime(_)
        | ApiFailure::ConnectionLost(_)
        | ApiFailure::TimedOut(_) => VantageErrorKind::Unreachable,
        ApiFailure::Unauthorized(_) | ApiFailure::Credentials(_) => VantageErrorKind::Credentials,
        ApiFailure::Forbidden(text) => match super::pod_startup::classify_refusal(text) {
            VantageErrorKind::Refused => VantageErrorKind::Permissions,
            other => other,
        },
        ApiFailure::NotFound { kind, .. } if kind == "namespaces" => VantageErrorKind::Namespace,
        ApiFailure::Refused { text, .. } => super::pod_startup::classify_refusal(text),
        ApiFailure::NotFound { .. } | ApiFailure::AlreadyExists(_) | ApiFailure::Other(_) => {
            VantageErrorKind::Refused
        }
    };
    VantageError::new(kind, error.to_string())
}

/// A pod that is up by then needs no events.
const EVENTS_DELAY: Duration = Duration::from_millis(900);

const REREAD_INTERVAL: Duration = Duration::from_millis(400);

/// Of a line that is no record, in characters.
const MAX_FOREIGN_CHARS: usize = 200;

/// Each is cut by something else, or the node is in trouble.
const MAX_LOG_READS: u32 = 20;

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn kind_of(status: Value) -> VantageErrorKind {
        let status: kube::core::Status = serde_json::from_value(status).unwrap();
        let failure = ApiFailure::from_kube_error(&kube::Error::Api(status.boxed()));
        let operation = "create the Job".to_owned();
        to_vantage_error(&ApiError { context: String::new(), server: String::new(), operation, failure }).kind
    }

    #[test]
    fn a_missing_namespace_is_recognised_by_the_kind_of_what_is_missing() {
        let missing = json!({"code": 404, "message": "namespaces \"ops\" not found",
            "details": {"name": "ops", "kind": "namespaces"}});
        assert_eq!(kind_of(missing), VantageErrorKind::Namespace);
        let other = json!({"code": 404, "message": "jobs \"namespace-agent\" not found",
            "details": {"name": "namespace-agent", "kind": "jobs"}});
        assert_eq!(kind_of(other), VantageErrorKind::Refused);
        let page = json!({"code": 404, "message": "no such namespace, says a proxy"});
        assert_eq!(kind_of(page), VantageErrorKind::Refused);
    }
}
