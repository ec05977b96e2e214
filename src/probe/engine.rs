//! Many probes at once: a window, a limit for each host, a deadline, and results in plan order.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use futures::stream::FuturesUnordered;
use futures::{Stream, StreamExt as _};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

use super::descriptors;
use super::looks::{self, LargeLooks};
use super::one::{Prober, Target};
use super::opinion::Opinions;
use super::trail::Seen;
use crate::model::evidence::{Evidence, NotRun, Observation};
use crate::model::plan::{Plan, PlannedCheck};
use crate::probe::net::Net;

/// What the engine tells a listener.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event<'a> {
    /// So many probes are planned; more may be, when discoveries are over.
    Planned(usize),
    /// A probe of this host is on its way; the number names it until it is over.
    Started(usize, &'a str),
    /// A probe is over.
    Finished(usize),
}

/// How a run is bounded.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bounds {
    /// For the whole run.
    pub deadline: Option<Duration>,
    /// Probes in flight; chosen from the plan when `None`.
    pub concurrency: Option<usize>,
}

/// Carries a plan out. Ends when all is measured, when the deadline passes or when `stop` completes; what was measured
/// until then is kept.
pub async fn run(
    plan: &Plan,
    net: Arc<Net>,
    bounds: Bounds,
    stop: impl Future<Output = ()>,
    listen: impl FnMut(Event<'_>),
) -> Evidence {
    let nothing = futures::stream::empty::<()>();
    run_and_ask(nothing, |_| plan.clone(), net, bounds, stop, listen).await.1
}

/// What can change a plan on the way.
#[derive(Debug)]
pub enum News<A> {
    /// The run begins.
    Start,
    /// An answer came in.
    Answer(A),
    /// There are answers to come, and they take long.
    Late,
    /// The run is over; why, if not all was measured. The plan that is made now is the one that counts.
    End(Option<NotRun>),
}

/// Carries a plan out that changes with the answers that come in beside the probes. What is new in a plan is begun, and
/// what is no longer in it is dropped; the observations are in the order of the last plan.
pub async fn run_and_ask<A>(
    answers: impl Stream<Item = A>,
    mut plan: impl FnMut(News<A>) -> Plan,
    net: Arc<Net>,
    bounds: Bounds,
    stop: impl Future<Output = ()>,
    mut listen: impl FnMut(Event<'_>),
) -> (Plan, Evidence) {
    let started = Instant::now();
    let late = sleep_until(started + net.timeout.mul_f64(LATE_AFTER));
    let deadline = passing(bounds.deadline.map(|after| started + after));
    let mut run = Run::new(net, bounds, started);
    run.take_on(&plan(News::Start), &mut listen);
    let (mut all_answered, mut is_late) = (false, false);
    tokio::pin!(stop, deadline, late, answers);
    let cut = loop {
        if run.running.is_empty() && all_answered {
            break None;
        }
        tokio::select! {
            biased;
            () = &mut stop => break Some(NotRun::Interrupted),
            () = &mut deadline => break Some(NotRun::Deadline),
            answer = answers.next(), if !all_answered => match answer {
                Some(answer) => run.take_on(&plan(News::Answer(answer)), &mut listen),
                None => all_answered = true,
            },
            Some(done) = run.running.next() => {
                run.finish(done, &mut listen);
                run.fill(&mut listen);
            }
            () = &mut late, if !is_late && !all_answered => {
                is_late = true;
                run.take_on(&plan(News::Late), &mut listen);
            }
        }
    };
    let last = plan(News::End(cut));
    let evidence = Evidence {
        observations: run.end(&last, cut),
        inquiries: Vec::new(),
        took: started.elapsed(),
        interrupted: cut == Some(NotRun::Interrupted),
        deadline_passed: cut == Some(NotRun::Deadline),
    };
    (last, evidence)
}

async fn passing(deadline: Option<Instant>) {
    match deadline {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// A run on its way.
struct Run {
    net: Arc<Net>,
    window: usize,
    /// Every check that was ever planned, in the order in which they came.
    checks: Vec<PlannedCheck>,
    /// The place of each id in them.
    places: HashMap<String, usize>,
    /// The ids of the latest plan.
    wanted: HashSet<String>,
    next: usize,
    running: FuturesUnordered<Running>,
    probes: Vec<Option<Begun>>,
    observations: Vec<Option<Observation>>,
    hosts: HashMap<String, Arc<Semaphore>>,
    large_looks: Arc<LargeLooks>,
    opinions: Arc<Opinions>,
    started: Instant,
}

type Running = futures::future::Map<JoinHandle<()>, Box<dyn FnOnce(Joined) -> (usize, Joined) + Send>>;
type Joined = Result<(), tokio::task::JoinError>;

/// A probe that was begun and not finished.
struct Begun {
    seen: Seen,
    at: Instant,
    abort: tokio::task::AbortHandle,
}

impl Run {
    fn new(net: Arc<Net>, bounds: Bounds, started: Instant) -> Self {
        Self {
            net,
            window: bounds.concurrency.unwrap_or_else(widest_window).max(1),
            checks: Vec::new(),
            places: HashMap::new(),
            wanted: HashSet::new(),
            next: 0,
            running: FuturesUnordered::new(),
            probes: Vec::new(),
            observations: Vec::new(),
            hosts: HashMap::new(),
            large_looks: Arc::default(),
            opinions: Arc::default(),
            started,
        }
    }

    /// Begins what is new in a plan and drops what is no longer in it.
    fn take_on(&mut self, plan: &Plan, listen: &mut impl FnMut(Event<'_>)) {
        self.wanted = plan.checks.iter().map(|check| check.id.clone()).collect();
        for (check, begun) in self.checks.iter().zip(&self.probes) {
            if let Some(begun) = begun.as_ref().filter(|_| !self.wanted.contains(&check.id)) {
                begun.abort.abort();
            }
        }
        for check in &plan.checks {
            if !self.places.contains_key(&check.id) {
                self.places.insert(check.id.clone(), self.checks.len());
                self.checks.push(check.clone());
                self.probes.push(None);
                self.observations.push(None);
            }
        }
        listen(Event::Planned(plan.checks.iter().filter(|c| Target::of(c).is_some()).count()));
        self.fill(listen);
    }

    /// Begins probes until the window is full.
    fn fill(&mut self, listen: &mut impl FnMut(Event<'_>)) {
        while self.running.len() < self.window && self.next < self.checks.len() {
            let index = self.next;
            self.next += 1;
            if self.begin(index) {
                listen(Event::Started(index, self.checks[index].host.as_deref().unwrap_or_default()));
            }
        }
    }

    /// False when nothing is to be sent for this check.
    fn begin(&mut self, index: usize) -> bool {
        let check = &self.checks[index];
        let Some(target) = Target::of(check).filter(|_| self.wanted.contains(&check.id)) else {
            return false;
        };
        let turn =
            self.hosts.entry(target.host.clone()).or_insert_with(|| Arc::new(Semaphore::new(PER_HOST)));
        let turn = Arc::clone(turn);
        let seen = Seen::new(self.started);
        let prober = Prober {
            net: Arc::clone(&self.net),
            target,
            seen: seen.clone(),
            place: index,
            large_looks: Arc::clone(&self.large_looks),
            opinions: Arc::clone(&self.opinions),
            keep: None,
            until: None,
        };
        let task = tokio::spawn(async move {
            let _turn = turn.acquire_owned().await;
            prober.run().await;
        });
        self.probes[index] = Some(Begun { seen, at: Instant::now(), abort: task.abort_handle() });
        let label: Box<dyn FnOnce(Joined) -> (usize, Joined) + Send> =
            Box::new(move |joined| (index, joined));
        self.running.push(futures::FutureExt::map(task, label));
        true
    }

    fn finish(&mut self, (index, joined): (usize, Joined), listen: &mut impl FnMut(Event<'_>)) {
        if let Some(begun) = self.probes[index].take() {
            let broken = joined.is_err().then_some(NotRun::Broken);
            self.observations[index] = Some(begun.observation(broken));
        }
        listen(Event::Finished(index));
    }

    /// Stops what still runs, keeps what it had seen and puts all in the order of a plan.
    fn end(mut self, plan: &Plan, cut: Option<NotRun>) -> Vec<Observation> {
        for (index, begun) in self.probes.iter_mut().enumerate() {
            if let Some(begun) = begun.take() {
                begun.abort.abort();
                self.observations[index] = Some(begun.observation(cut));
            }
        }
        looks::settle(self.observations.iter_mut().flatten());
        let mut of = |check: &PlannedCheck| self.observations[*self.places.get(&check.id)?].take();
        let not_run = Observation { not_run: cut, ..Observation::default() };
        plan.checks.iter().map(|check| of(check).unwrap_or_else(|| not_run.clone())).collect()
    }
}

impl Begun {
    fn observation(&self, not_run: Option<NotRun>) -> Observation {
        Observation { attempts: self.seen.take(), took: self.at.elapsed(), not_run }
    }
}

/// As wide as the process may have files open, which on many systems is 1,024 and on macOS 256 until it asks for more.
fn widest_window() -> usize {
    let files = descriptors::limit().unwrap_or(FILES_ASSUMED);
    let probes = files.saturating_sub(FILES_OF_OTHERS) / FILES_PER_PROBE;
    usize::try_from(probes).unwrap_or(WIDEST_WINDOW).clamp(1, WIDEST_WINDOW)
}

/// Wide enough that any number of silent endpoints in a real plan costs one time-out; wider ones only make bursts that
/// firewalls take for an attack.
const WIDEST_WINDOW: usize = 512;

/// Two questions to DNS, then for each address a connection and a second look beside it; names with more than a few
/// addresses are rare, and who finds no descriptor waits for one. An ordinary client comes in where DNS is over.
const FILES_PER_PROBE: u64 = 8;

/// Standard streams, the event loop, reports to be saved.
const FILES_OF_OTHERS: u64 = 32;

/// Where the system does not say.
const FILES_ASSUMED: u64 = 256;

/// Connections to one host at a time, as browsers have it.
const PER_HOST: usize = 6;

/// Of a time-out: when answers count as late, so that what the rules know is probed meanwhile. Late enough that no
/// answer of a healthy network comes after it, early enough that a network that drops all packets costs one time-out and
/// this much.
const LATE_AFTER: f64 = 0.1;
