//! Steps as they are made. They are kept outside the probe's task, so that what was measured survives when it is stopped.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::time::Instant;

use crate::model::evidence::{Attempt, Cause, Detail, Failure, Outcome, Purpose, Step};
use crate::probe::lock::lock;

/// The attempts of one check.
#[derive(Clone, Debug)]
pub(super) struct CheckRecorder {
    attempts: Arc<Mutex<Vec<Attempt>>>,
    pub(super) run_started: Instant,
}

/// Where the steps of one attempt go.
#[derive(Clone, Debug)]
pub(super) struct AttemptRecorder {
    check: CheckRecorder,
    index: usize,
}

impl CheckRecorder {
    pub(super) fn new(run_started: Instant) -> Self {
        Self { attempts: Arc::default(), run_started }
    }

    /// Begins an attempt.
    pub(super) fn begin_attempt(&self, purpose: Purpose, address: Option<SocketAddr>) -> AttemptRecorder {
        let mut attempts = lock(&self.attempts);
        attempts.push(Attempt { purpose, address, steps: Vec::new() });
        AttemptRecorder { check: self.clone(), index: attempts.len() - 1 }
    }

    /// Takes all attempts out; those without a step were cut before they measured anything.
    pub(super) fn take_attempts(&self) -> Vec<Attempt> {
        let mut attempts = std::mem::take(&mut *lock(&self.attempts));
        attempts.retain(|a| !a.steps.is_empty());
        attempts
    }

    /// Reads what was seen so far.
    pub(super) fn read<T>(&self, read: impl FnOnce(&[Attempt]) -> T) -> T {
        read(&lock(&self.attempts))
    }

    /// Adds an attempt that is complete.
    pub(super) fn add_attempt(&self, attempt: Attempt) {
        lock(&self.attempts).push(attempt);
    }

    /// A step that began at `started` and ends now.
    pub(super) fn finish_step(&self, detail: Detail, failure: Option<Failure>, started: Instant) -> Step {
        let (outcome, cause, raw) = match failure {
            None => (Outcome::Reached, None, None),
            Some(f) => (Outcome::Failed, Some(f.cause), Some(f.raw)),
        };
        Step {
            detail,
            outcome,
            cause,
            raw,
            started: started.saturating_duration_since(self.run_started),
            took: started.elapsed(),
        }
    }
}

impl AttemptRecorder {
    /// Records a step that began at `started` and ends now. `None` when it failed.
    pub(super) fn record_step(
        &self,
        detail: Detail,
        failure: Option<Failure>,
        started: Instant,
    ) -> Option<()> {
        let reached = failure.is_none().then_some(());
        self.push_step(self.check.finish_step(detail, failure, started));
        reached
    }

    /// Says where the attempt went, where that is known only once it is there.
    pub(super) fn set_address(&self, address: SocketAddr) {
        let mut attempts = lock(&self.check.attempts);
        if let Some(attempt) = attempts.get_mut(self.index) {
            attempt.address = Some(address);
        }
    }

    /// Says how many segments of the connection were sent again so far.
    pub(super) fn set_retransmissions(&self, count: u32) {
        let mut attempts = lock(&self.check.attempts);
        let steps = attempts.get_mut(self.index).into_iter().flat_map(|attempt| &mut attempt.steps);
        for step in steps {
            if let Detail::Connect(detail) = &mut step.detail {
                detail.retransmissions = Some(count);
            }
        }
    }

    /// The cause of the last step, if it failed.
    pub(super) fn last_cause(&self) -> Option<Cause> {
        self.read_last_step(|step| step.cause)
    }

    /// Whether the other side got as far as presenting a chain.
    pub(super) fn has_presented_chain(&self) -> bool {
        self.read_last_step(|step| match &step.detail {
            Detail::Tls(detail) => Some(!detail.chain.is_empty() && detail.protocol.is_some()),
            _ => None,
        })
        .unwrap_or(false)
    }

    fn read_last_step<T>(&self, read: impl FnOnce(&Step) -> Option<T>) -> Option<T> {
        self.check.read(|attempts| read(attempts.get(self.index)?.steps.last()?))
    }

    /// Records a step that was made elsewhere.
    pub(super) fn push_step(&self, step: Step) {
        let mut attempts = lock(&self.check.attempts);
        if let Some(attempt) = attempts.get_mut(self.index) {
            attempt.steps.push(step);
        }
    }
}
