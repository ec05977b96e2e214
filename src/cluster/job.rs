//! One Job: wait until its container runs, read its log to the end, put the records together.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::{AsyncBufReadExt as _, AsyncReadExt as _};
use k8s_openapi::api::core::v1::Pod;
use kube::api::LogParams;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::access::Access;
use super::board::{Board, State};
use super::manifest::CONTAINER;
use super::start::{Sight, Start, judge};
use super::{ApiError, ApiFailure};
use crate::analysis::chain::redact;
use crate::model::evidence::{Inquiry, InsideName, Observation, printable};
use crate::model::vantage::{Trouble, TroubleKind};
use crate::probe::agent::lines::{LONGEST_LINE, Reader};
use crate::probe::agent::{Hello, Record, Summary};

/// What an agent told.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// Who spoke, once it has.
    pub hello: Option<Hello>,
    /// Whether a name of the cluster itself resolves.
    pub inside: Option<InsideName>,
    /// What came of the discoveries.
    pub inquiries: Vec<Inquiry>,
    /// What was seen, by the ids of the checks.
    pub seen: HashMap<String, Observation>,
    /// How it ended; `None` when its last word is missing.
    pub summary: Option<Summary>,
}

/// How far an agent is, for a progress bar.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Step {
    /// The pod is not there yet; what it waits for.
    Waits(String),
    /// So many probes are planned.
    Planned(usize),
    /// So many probes are over.
    Done(usize),
}

/// A Job that was created, and how it is followed.
pub(super) struct Followed<'a> {
    pub(super) access: &'a Access,
    pub(super) board: &'a Board,
    pub(super) name: &'a str,
    pub(super) never_pulls: bool,
    /// After this it is given up.
    pub(super) within: Duration,
}

impl Followed<'_> {
    /// Follows the Job to its end. What was told until a trouble is kept.
    pub(super) async fn follow(&self, told: &mut Told, mut listen: impl FnMut(Step)) -> Result<(), Trouble> {
        let followed = async {
            let pod = self.started(&mut listen).await?;
            self.read_all(&pod, told, &mut listen).await
        };
        timeout(self.within, followed).await.unwrap_or_else(|_| {
            let text = format!("the agent has not finished after {} s", self.within.as_secs());
            Err(Trouble::new(TroubleKind::Killed, text))
        })
    }

    /// The name of the pod, once its container runs.
    async fn started(&self, listen: &mut impl FnMut(Step)) -> Result<String, Trouble> {
        let since = Instant::now();
        let mut states = self.board.states();
        loop {
            let state = Arc::clone(&states.borrow_and_update());
            if let Some(error) = &state.error {
                return Err(trouble(error));
            }
            match self.judged(&state, since) {
                Start::Logs => return Ok(state.pod(self.name).map(name_of).unwrap_or_default()),
                Start::Trouble(trouble) => return Err(trouble),
                Start::Waiting(what) => listen(Step::Waits(what)),
            }
            if since.elapsed() > EVENTS_AFTER {
                self.watch_events(&state);
            }
            changed(&mut states).await?;
        }
    }

    fn judged(&self, state: &State, since: Instant) -> Start {
        let events = state.events(self.name);
        let (pod, seconds) = (state.pod(self.name), since.elapsed().as_secs());
        judge(&Sight { pod, events: &events, seconds, never_pulls: self.never_pulls })
    }

    fn watch_events(&self, state: &State) {
        self.board.watch_events(self.name);
        if let Some(pod) = state.pod(self.name) {
            self.board.watch_events(&name_of(pod));
        }
    }

    /// Reads the log, again from its start where the stream breaks off: a connection that is cut, a log that was rotated.
    async fn read_all(
        &self,
        pod: &str,
        told: &mut Told,
        listen: &mut impl FnMut(Step),
    ) -> Result<(), Trouble> {
        let mut reader = Reader::default();
        let mut last = None;
        for attempt in 0..MOST_READS {
            let had_ended = attempt > 0 && self.has_ended();
            match self.read(pod, &mut reader, told, listen).await {
                Ok(()) => last = None,
                Err(trouble) if trouble.kind == TroubleKind::Agent => return Err(trouble),
                Err(trouble) => last = Some(trouble),
            }
            if reader.is_complete() {
                return Ok(());
            }
            // after the end of the pod nothing more is written
            if had_ended {
                break;
            }
            sleep(READ_AGAIN_AFTER).await;
        }
        Err(self.cut(&reader, last))
    }

    async fn read(
        &self,
        pod: &str,
        reader: &mut Reader,
        told: &mut Told,
        listen: &mut impl FnMut(Step),
    ) -> Result<(), Trouble> {
        let params = LogParams { follow: true, container: Some(CONTAINER.into()), ..LogParams::default() };
        let api = self.access.ours::<Pod>();
        let stream = self.access.ask(format!("read the log of {pod}"), api.log_stream(pod, &params)).await;
        let stream = stream.map_err(|e| Trouble::new(TroubleKind::Log, e.to_string()))?;
        let mut stream = std::pin::pin!(stream);
        let mut line = Vec::new();
        loop {
            line.clear();
            let mut bounded = stream.as_mut().take(LONGEST_LINE as u64 + 1);
            match bounded.read_until(b'\n', &mut line).await {
                Ok(0) => return Ok(()),
                Ok(_) => {}
                Err(e) => return Err(Trouble::new(TroubleKind::LogCut, printable(&e.to_string(), 200))),
            }
            let text = String::from_utf8_lossy(&line);
            let text = text.trim_end_matches('\n');
            let record = reader.read(text);
            if let Some(record) = record.map_err(|e| Trouble::new(TroubleKind::LogCut, e.to_string()))? {
                take(record, told, listen)?;
            }
        }
    }

    fn has_ended(&self) -> bool {
        let state = Arc::clone(&self.board.states().borrow());
        let phase = state.pod(self.name).and_then(|p| p.status.as_ref()?.phase.clone());
        phase.is_none_or(|p| p == "Succeeded" || p == "Failed")
    }

    /// The reason that is nearest to the fault: what a loader says, why the pod ended, what reading the log says.
    fn cut(&self, reader: &Reader, last: Option<Trouble>) -> Trouble {
        let said =
            reader.foreign().map(|line| redact::told(line, LONGEST_SAID)).collect::<Vec<_>>().join("; ");
        if !reader.has_begun() && !said.is_empty() {
            return Trouble::new(TroubleKind::Exec, said);
        }
        let state = Arc::clone(&self.board.states().borrow());
        if let Some(text) = state.pod(self.name).and_then(end_of) {
            return Trouble::new(TroubleKind::Killed, text);
        }
        let said =
            if said.is_empty() { "the log ends before the agent's last word".to_owned() } else { said };
        last.unwrap_or_else(|| Trouble::new(TroubleKind::LogCut, said))
    }
}

/// Why a pod was ended from outside.
fn end_of(pod: &Pod) -> Option<String> {
    let status = pod.status.as_ref()?;
    if let Some(reason) = &status.reason {
        return Some(redact::told(
            &format!("{reason}: {}", status.message.as_deref().unwrap_or_default()),
            300,
        ));
    }
    let containers = status.container_statuses.as_ref()?;
    let ended = containers.iter().find_map(|c| c.state.as_ref()?.terminated.as_ref())?;
    (ended.exit_code != 0).then(|| {
        let reason = ended.reason.as_deref().unwrap_or("Error");
        let message = ended.message.as_deref().unwrap_or_default();
        redact::told(&format!("{reason}, exit code {} {message}", ended.exit_code), 300)
    })
}

fn take(record: Record, told: &mut Told, listen: &mut impl FnMut(Step)) -> Result<(), Trouble> {
    match record {
        Record::Hello(hello) => told.hello = Some(hello),
        Record::Inside(name) => told.inside = Some(name),
        Record::Planned(number) => listen(Step::Planned(number)),
        Record::Done(number) => listen(Step::Done(number)),
        Record::Inquiry(inquiry) => told.inquiries.push(inquiry),
        Record::Seen(seen) => drop(told.seen.insert(seen.id, seen.observation)),
        Record::End(summary) => told.summary = Some(summary),
        Record::Failed(failed) => {
            return Err(Trouble::new(TroubleKind::Agent, redact::told(&failed.text, 400)));
        }
    }
    Ok(())
}

async fn changed(states: &mut watch::Receiver<Arc<State>>) -> Result<(), Trouble> {
    let gone = |_| Trouble::new(TroubleKind::NotStarted, "the watch over the pods has ended");
    states.changed().await.map_err(gone)
}

fn name_of(pod: &Pod) -> String {
    pod.metadata.name.clone().unwrap_or_default()
}

/// The trouble that a request's error is.
pub(super) fn trouble(error: &ApiError) -> Trouble {
    let kind = match &error.failure {
        ApiFailure::Unreachable(_)
        | ApiFailure::Tls(_)
        | ApiFailure::BrokenOff(_)
        | ApiFailure::Silent(_) => TroubleKind::Unreachable,
        ApiFailure::Unauthorized(_) | ApiFailure::Credentials(_) => TroubleKind::Credentials,
        ApiFailure::Forbidden(text) => match super::start::refusal(text) {
            TroubleKind::Refused => TroubleKind::Rights,
            other => other,
        },
        ApiFailure::NotFound(text) if text.contains("namespace") => TroubleKind::Namespace,
        ApiFailure::Refused { text, .. } => super::start::refusal(text),
        ApiFailure::NotFound(_) | ApiFailure::Exists(_) | ApiFailure::Other(_) => TroubleKind::Refused,
    };
    Trouble::new(kind, error.to_string())
}

/// A pod that is up by then needs no events.
const EVENTS_AFTER: Duration = Duration::from_millis(900);

const READ_AGAIN_AFTER: Duration = Duration::from_millis(400);

/// Of a line that is no record, in characters.
const LONGEST_SAID: usize = 200;

/// Each is cut by something else, or the node is in trouble.
const MOST_READS: u32 = 20;
