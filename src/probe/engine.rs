//! Many probes at once: a window, a limit for each host, a deadline, and results in plan order.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use futures::stream::FuturesUnordered;
use futures::{Stream, StreamExt as _};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

use super::busy::BusyProbes;
use super::descriptors;
use super::endpoint::Opinions;
use super::endpoint::{ProbeTarget, Prober};
use super::large_hello::{self as looks, LargeHelloClaims};
use super::recorder::CheckRecorder;
use crate::model::evidence::{Evidence, NotRun, Observation};
use crate::model::ids::CheckId;
use crate::model::plan::{Plan, PlanItem};
use crate::probe::net::Net;
use crate::probe::settings::RunLimits;

/// What the engine tells a listener.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ProbeEvent<'a> {
    /// So many probes are planned; more may be, when discoveries are over.
    Planned(usize),
    /// A probe of this host is on its way; the number names it until it is over.
    Started(usize, &'a str),
    /// A probe is over.
    Finished(usize),
}

/// Carries a plan out. Ends when all is measured, when the deadline passes or when `stop` completes; what was measured
/// until then is kept.
pub async fn run_plan(
    plan: &Plan,
    net: Arc<Net>,
    bounds: RunLimits,
    stop: impl Future<Output = ()>,
    listen: impl FnMut(ProbeEvent<'_>),
) -> Evidence {
    let nothing = futures::stream::empty::<()>();
    run_with_discoveries(nothing, |_| plan.clone(), net, bounds, stop, listen).await.1
}

/// What can change a plan on the way.
#[derive(Debug)]
pub enum ReplanTrigger<A> {
    /// The run begins.
    Start,
    /// An answer came in.
    Answer(A),
    /// There are answers to come, and they take long.
    AnswersLate,
    /// The run is over; why, if not all was measured. The plan that is made now is the one that counts.
    End(Option<NotRun>),
}

/// Carries a plan out that changes with the answers that come in beside the probes. What is new in a plan is begun, and
/// what is no longer in it is dropped; the observations are in the order of the last plan.
pub async fn run_with_discoveries<A>(
    answers: impl Stream<Item = A>,
    mut plan: impl FnMut(ReplanTrigger<A>) -> Plan,
    net: Arc<Net>,
    bounds: RunLimits,
    stop: impl Future<Output = ()>,
    mut listen: impl FnMut(ProbeEvent<'_>),
) -> (Plan, Evidence) {
    let started = Instant::now();
    let late = sleep_until(started + net.timeout.mul_f64(LATE_FRACTION));
    let deadline = wait_for_deadline(bounds.deadline.map(|after| started + after));
    let mut run = Scheduler::new(net, bounds, started);
    run.adopt_plan(&plan(ReplanTrigger::Start), &mut listen);
    let (mut all_answered, mut is_late) = (false, false);
    tokio::pin!(stop, deadline, late, answers);
    let stop_reason = loop {
        if run.running.is_empty() && all_answered {
            break None;
        }
        tokio::select! {
            biased;
            () = &mut stop => break Some(NotRun::Interrupted),
            () = &mut deadline => break Some(NotRun::Deadline),
            answer = answers.next(), if !all_answered => match answer {
                Some(answer) => run.adopt_plan(&plan(ReplanTrigger::Answer(answer)), &mut listen),
                None => all_answered = true,
            },
            Some(done) = run.running.next() => {
                run.finish_probe(done, &mut listen);
                run.fill_window(&mut listen);
            }
            () = &mut late, if !is_late && !all_answered => {
                is_late = true;
                run.adopt_plan(&plan(ReplanTrigger::AnswersLate), &mut listen);
            }
        }
    };
    let last = plan(ReplanTrigger::End(stop_reason));
    let evidence = Evidence {
        observations: run.into_observations(&last, stop_reason),
        discoveries: Vec::new(),
        took: started.elapsed(),
        interrupted: stop_reason == Some(NotRun::Interrupted),
        deadline_passed: stop_reason == Some(NotRun::Deadline),
    };
    (last, evidence)
}

async fn wait_for_deadline(deadline: Option<Instant>) {
    match deadline {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// A run on its way.
struct Scheduler {
    net: Arc<Net>,
    window: usize,
    /// Every check that was ever planned, in the order in which they came.
    items: Vec<PlanItem>,
    /// The place of each id in them.
    index_by_id: HashMap<CheckId, usize>,
    /// The ids of the latest plan.
    planned_ids: HashSet<CheckId>,
    next: usize,
    running: FuturesUnordered<ProbeTask>,
    running_probes: Vec<Option<RunningProbe>>,
    observations: Vec<Option<Observation>>,
    host_permits: HashMap<String, Arc<Semaphore>>,
    large_hello_claims: Arc<LargeHelloClaims>,
    opinions: Arc<Opinions>,
    busy: Arc<BusyProbes>,
    started: Instant,
}

type ProbeTask =
    futures::future::Map<JoinHandle<()>, Box<dyn FnOnce(JoinResult) -> (usize, JoinResult) + Send>>;
type JoinResult = Result<(), tokio::task::JoinError>;

/// A probe that was begun and not finished.
struct RunningProbe {
    recorder: CheckRecorder,
    started_at: Instant,
    abort_handle: tokio::task::AbortHandle,
}

impl Scheduler {
    fn new(net: Arc<Net>, bounds: RunLimits, started: Instant) -> Self {
        Self {
            net,
            window: bounds.concurrency.unwrap_or_else(max_window).max(1),
            items: Vec::new(),
            index_by_id: HashMap::new(),
            planned_ids: HashSet::new(),
            next: 0,
            running: FuturesUnordered::new(),
            running_probes: Vec::new(),
            observations: Vec::new(),
            host_permits: HashMap::new(),
            large_hello_claims: Arc::default(),
            opinions: Arc::default(),
            busy: Arc::default(),
            started,
        }
    }

    /// Begins what is new in a plan and drops what is no longer in it.
    fn adopt_plan(&mut self, plan: &Plan, listen: &mut impl FnMut(ProbeEvent<'_>)) {
        self.planned_ids = plan.items.iter().map(|item| item.check.id.clone()).collect();
        for (item, begun) in self.items.iter().zip(&self.running_probes) {
            if let Some(begun) = begun.as_ref().filter(|_| !self.planned_ids.contains(&item.check.id)) {
                begun.abort_handle.abort();
            }
        }
        for item in &plan.items {
            if !self.index_by_id.contains_key(&item.check.id) {
                self.index_by_id.insert(item.check.id.clone(), self.items.len());
                self.items.push(item.clone());
                self.running_probes.push(None);
                self.observations.push(None);
            }
        }
        listen(ProbeEvent::Planned(
            plan.items.iter().filter(|item| ProbeTarget::from_item(item).is_some()).count(),
        ));
        self.fill_window(listen);
    }

    /// Begins probes until the window is full.
    fn fill_window(&mut self, listen: &mut impl FnMut(ProbeEvent<'_>)) {
        while self.running.len() < self.window && self.next < self.items.len() {
            let index = self.next;
            self.next += 1;
            if self.start_probe(index) {
                listen(ProbeEvent::Started(
                    index,
                    self.items[index].check.host.as_deref().unwrap_or_default(),
                ));
            }
        }
    }

    /// False when nothing is to be sent for this check.
    fn start_probe(&mut self, index: usize) -> bool {
        let item = &self.items[index];
        let Some(target) = ProbeTarget::from_item(item).filter(|_| self.planned_ids.contains(&item.check.id))
        else {
            return false;
        };
        let turn = self
            .host_permits
            .entry(target.host.clone())
            .or_insert_with(|| Arc::new(Semaphore::new(MAX_PER_HOST)));
        let turn = Arc::clone(turn);
        let recorder = CheckRecorder::new(self.started);
        let other_name = self.find_other_name(&target.host);
        let prober = Prober {
            check_index: index,
            large_hello_claims: Arc::clone(&self.large_hello_claims),
            other_name,
            opinions: Arc::clone(&self.opinions),
            busy: Arc::clone(&self.busy),
            ..Prober::alone(Arc::clone(&self.net), target, recorder.clone())
        };
        self.busy.begin(index);
        let task = tokio::spawn(async move {
            let _turn = turn.acquire_owned().await;
            prober.run_check().await;
        });
        self.running_probes[index] =
            Some(RunningProbe { recorder, started_at: Instant::now(), abort_handle: task.abort_handle() });
        let label: Box<dyn FnOnce(JoinResult) -> (usize, JoinResult) + Send> =
            Box::new(move |joined| (index, joined));
        self.running.push(futures::FutureExt::map(task, label));
        true
    }

    /// The first name of the run that is another one: the same in each run over the same plan.
    fn find_other_name(&self, host: &str) -> Option<String> {
        let is_other = |item: &&PlanItem| {
            let check = &item.check;
            check.protocol.uses_tls() && check.host.as_deref().is_some_and(|other| other != host)
        };
        self.items.iter().find(is_other)?.check.host.clone()
    }

    fn finish_probe(
        &mut self,
        (index, joined): (usize, JoinResult),
        listen: &mut impl FnMut(ProbeEvent<'_>),
    ) {
        self.busy.end(index);
        if let Some(begun) = self.running_probes[index].take() {
            let broken = joined.is_err().then_some(NotRun::Broken);
            self.observations[index] = Some(begun.take_observation(broken));
        }
        listen(ProbeEvent::Finished(index));
    }

    /// Stops what still runs, keeps what it had seen and puts all in the order of a plan.
    fn into_observations(mut self, plan: &Plan, cut: Option<NotRun>) -> Vec<Observation> {
        for (index, begun) in self.running_probes.iter_mut().enumerate() {
            if let Some(begun) = begun.take() {
                begun.abort_handle.abort();
                self.observations[index] = Some(begun.take_observation(cut));
            }
        }
        looks::keep_first_attempts(self.observations.iter_mut().flatten());
        let mut observation_of =
            |item: &PlanItem| self.observations[*self.index_by_id.get(&item.check.id)?].take();
        let not_run = Observation { not_run: cut, ..Observation::default() };
        plan.items.iter().map(|item| observation_of(item).unwrap_or_else(|| not_run.clone())).collect()
    }
}

impl RunningProbe {
    fn take_observation(&self, not_run: Option<NotRun>) -> Observation {
        Observation { attempts: self.recorder.take_attempts(), took: self.started_at.elapsed(), not_run }
    }
}

/// As wide as the process may have files open, which on many systems is 1,024 and on macOS 256 until it asks for more.
fn max_window() -> usize {
    let files = descriptors::raise_file_limit().unwrap_or(DEFAULT_FILE_LIMIT);
    let probes = files.saturating_sub(RESERVED_FILES) / FILES_PER_PROBE;
    usize::try_from(probes).unwrap_or(MAX_WINDOW).clamp(1, MAX_WINDOW)
}

/// Wide enough that any number of silent endpoints in a real plan costs one time-out; wider ones only make bursts that
/// firewalls take for an attack.
const MAX_WINDOW: usize = 512;

/// Two questions to DNS, then for each address a connection and a second look beside it; names with more than a few
/// addresses are rare, and who finds no descriptor waits for one. An ordinary client comes in where DNS is over.
const FILES_PER_PROBE: u64 = 8;

/// Standard streams, the event loop, reports to be saved.
const RESERVED_FILES: u64 = 32;

/// Where the system does not say.
const DEFAULT_FILE_LIMIT: u64 = 256;

/// Connections to one host at a time, as browsers have it.
const MAX_PER_HOST: usize = 6;

/// Of a time-out: when answers count as late, so that what the rules know is probed meanwhile. Late enough that no
/// answer of a healthy network comes after it, early enough that a network that drops all packets costs one time-out and
/// this much.
const LATE_FRACTION: f64 = 0.1;
