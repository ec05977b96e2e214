//! Looks from inside a cluster: brings the agent there, follows it, and clears up.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::future::{join_all, try_join_all};
use futures::{FutureExt as _, StreamExt as _};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use tokio::sync::watch;
use tokio::time::timeout;

use super::access::Access;
use super::board::Board;
use super::error::ApiError;
use super::job::{Followed, Step, Told, trouble};
use super::manifest;
use super::prepare::{Order, Prepared, Target, prepare};
use crate::cluster::payload::Arch;
use crate::model::report::Delivered;
use crate::model::vantage::{Trouble, TroubleKind, VantageKind};
use crate::probe::measure::{Stop, until};

/// What came of looking from one position.
#[derive(Clone, Debug)]
pub struct Looked {
    /// Which kind of position.
    pub kind: VantageKind,
    /// On which node; `None` when none could be chosen.
    pub node: Option<String>,
    /// How the agent got there.
    pub delivered: Delivered,
    /// The image and the reason for it, and how the node was chosen; one sentence.
    pub how: Option<String>,
    /// What the agent told.
    pub told: Told,
    /// What went wrong.
    pub trouble: Option<Trouble>,
}

/// Hears how far each position is; they are numbered from 0 in the order of the result.
pub type Listener = Arc<dyn Fn(usize, Step) + Send + Sync>;

/// Objects that were created, and so have to be cleared up.
#[derive(Default)]
struct Created {
    jobs: Vec<String>,
    maps: Vec<String>,
    secrets: Vec<String>,
}

/// Looks from every position of an order; `stopped` changes when the user wants to stop. Whatever happens, nothing that
/// was created is left, unless it is to be kept or the API server does not answer any more; what is left is told.
pub async fn look(
    access: &Access,
    order: &Order,
    stopped: watch::Receiver<Stop>,
    listen: Listener,
) -> (Vec<Looked>, Vec<String>) {
    let prepared = tokio::select! {
        prepared = prepare(access, order) => prepared,
        // nothing is created yet
        () = until(stopped.clone(), Stop::Asked) => Err(Trouble::stopped()),
    };
    let prepared = match prepared {
        Ok(prepared) => prepared,
        Err(trouble) => return (nowhere(order, &trouble), Vec::new()),
    };
    let run = Run {
        access,
        order,
        prepared: &prepared,
        board: Board::new(access.clone(), &prepared.names.run),
        created: std::sync::Mutex::default(),
        stopped,
        listen,
    };
    // a defect of ours must not leave objects in somebody's cluster
    let looked = AssertUnwindSafe(run.look()).catch_unwind().await;
    let left = if order.keep { run.kept() } else { run.clear_up().await };
    match looked {
        Ok(looked) => (looked, left),
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

/// One result for each kind of position, all with the same trouble: nothing could be looked at from anywhere.
pub fn nowhere(order: &Order, trouble: &Trouble) -> Vec<Looked> {
    let looked = |(kind, _): &(VantageKind, Vec<u8>)| Looked {
        kind: *kind,
        node: None,
        delivered: delivered(order),
        how: None,
        told: Told::default(),
        trouble: Some(trouble.clone()),
    };
    order.tasks.iter().map(looked).collect()
}

fn delivered(order: &Order) -> Delivered {
    if order.image.is_some() { Delivered::Image } else { Delivered::Configmap }
}

struct Run<'a> {
    access: &'a Access,
    order: &'a Order,
    prepared: &'a Prepared,
    board: Board,
    created: std::sync::Mutex<Created>,
    stopped: watch::Receiver<Stop>,
    listen: Listener,
}

impl Run<'_> {
    /// The first Jobs own what all of them read, so they come first and stay to the end.
    async fn look(&self) -> Vec<Looked> {
        let parallel = self.order.parallel.max(1);
        let targets = &self.prepared.targets;
        let first = join_all(targets.iter().take(parallel).map(|target| self.create_job(target, 0))).await;
        let owners: Vec<_> = first.iter().flatten().filter_map(manifest::owner).collect();
        let shared = if owners.is_empty() { Ok(()) } else { self.create_shared(&owners).await };
        if let Err(trouble) = shared {
            return targets
                .iter()
                .map(|target| self.result(target, 0, Told::default(), Some(trouble.clone())))
                .collect();
        }
        let begun = first.into_iter().map(Some).chain(std::iter::repeat_with(|| None));
        let looks = targets.iter().zip(begun).map(|(target, job)| self.look_from(target, job));
        futures::stream::iter(looks).buffered(parallel).collect().await
    }

    /// What all Jobs read: the agent, and what it is told.
    async fn create_shared(&self, owners: &[OwnerReference]) -> Result<(), Trouble> {
        let names = &self.prepared.names;
        let maps = self.prepared.agents.values().flatten().map(|map| {
            let object = manifest::agent_map(names, &map.name, map.files.clone(), owners);
            self.note(|created| created.maps.push(map.name.clone()));
            async move {
                self.access.create::<ConfigMap>("create the ConfigMap of the agent", &object).await.map(drop)
            }
        });
        let secrets =
            self.order.tasks.iter().map(|(kind, task)| {
                let object = manifest::task_secret(names, *kind, task.clone(), owners);
                self.note(|created| created.secrets.push(names.task(*kind)));
                async move {
                    self.access.create::<Secret>("create the Secret of the task", &object).await.map(drop)
                }
            });
        let (maps, secrets) = tokio::join!(try_join_all(maps), try_join_all(secrets));
        maps.and(secrets).map(drop).map_err(|e| trouble(&e))
    }

    async fn create_job(&self, target: &Target, attempt: usize) -> Result<Job, Trouble> {
        if let Some(trouble) = self.prepared.impossible(self.order, target) {
            return Err(trouble);
        }
        let carrier = self.prepared.carrier(self.order, target, attempt);
        let job = manifest::job(&self.prepared.plan(self.order, target, attempt, &carrier));
        self.note(|created| created.jobs.extend(job.metadata.name.clone()));
        let doing = format!("create the Job for the {} vantage", target.kind);
        self.access.create(&doing, &job).await.map_err(|e| trouble(&e))
    }

    /// Tries one image after the other, as long as it is the image that is missing.
    async fn look_from(&self, target: &Target, begun: Option<Result<Job, Trouble>>) -> Looked {
        let mut begun = begun;
        let mut attempt = 0;
        loop {
            let job = match begun.take() {
                Some(job) => job,
                None if *self.stopped.borrow() > Stop::No => Err(Trouble::stopped()),
                None => self.create_job(target, attempt).await,
            };
            let mut told = Told::default();
            let result = match job {
                Ok(job) => self.follow(target, &job, &mut told).await,
                Err(trouble) => Err(trouble),
            };
            let is_missing = result.as_ref().is_err_and(|trouble| trouble.kind == TroubleKind::Image);
            if !is_missing || attempt + 1 >= target.images.len() {
                return self.result(target, attempt, told, result.err());
            }
            attempt += 1;
        }
    }

    async fn follow(&self, target: &Target, job: &Job, told: &mut Told) -> Result<(), Trouble> {
        let name = job.metadata.name.as_deref().unwrap_or_default();
        let followed = Followed {
            access: self.access,
            board: &self.board,
            name,
            never_pulls: self.order.image.is_none(),
            within: self.order.within + WORKSTATION_LAG,
        };
        let listen = |step| (self.listen)(target.place, step);
        let mut follow = std::pin::pin!(followed.follow(told, listen));
        tokio::select! {
            result = &mut follow => return result,
            () = until(self.stopped.clone(), Stop::Asked) => {}
        }
        // the agent hears of it, and tells what it has
        let _ = self.access.delete::<Job>("delete the Job", name).await;
        timeout(LAST_WORDS, follow).await.unwrap_or_else(|_| Err(Trouble::stopped()))
    }

    fn result(&self, target: &Target, attempt: usize, told: Told, trouble: Option<Trouble>) -> Looked {
        let image = target.images.get(attempt);
        let missing: Vec<_> = target.images.iter().take(attempt).map(|i| i.name.as_str()).collect();
        let missing =
            if missing.is_empty() { String::new() } else { format!(" (not there: {})", missing.join(", ")) };
        let image = image.map(|i| format!("; image {}: {}{missing}", i.name, i.why)).unwrap_or_default();
        let maps = Arch::parse(&target.node.arch).and_then(|arch| self.prepared.agents.get(&arch));
        let maps = maps.map(|maps| format!("; the agent came in {}", count(maps.len()))).unwrap_or_default();
        Looked {
            kind: target.kind,
            node: Some(target.node.name.clone()),
            delivered: delivered(self.order),
            how: Some(format!("node {}: {}{image}{maps}", target.node.name, target.chosen)),
            told,
            trouble,
        }
    }

    fn note(&self, change: impl FnOnce(&mut Created)) {
        change(&mut self.created.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
    }

    /// Deletes what was created; what could not be is told.
    async fn clear_up(&self) -> Vec<String> {
        let mut created = Created::default();
        self.note(|known| std::mem::swap(known, &mut created));
        let access = self.access;
        let jobs = join_all(created.jobs.iter().map(|name| access.delete::<Job>("delete the Job", name)));
        let maps = join_all(
            created.maps.iter().map(|name| access.delete::<ConfigMap>("delete the ConfigMap", name)),
        );
        let secrets =
            join_all(created.secrets.iter().map(|name| access.delete::<Secret>("delete the Secret", name)));
        let (jobs, maps, secrets) = tokio::join!(jobs, maps, secrets);
        let failed = |results: Vec<Result<(), ApiError>>| results.into_iter().filter_map(Result::err);
        let problems: Vec<_> =
            failed(jobs).chain(failed(maps)).chain(failed(secrets)).map(|e| e.to_string()).collect();
        match problems.first() {
            None => Vec::new(),
            Some(problem) => vec![format!(
                "{} objects of this run are left in namespace {1}: {problem}; run arcprobe cleanup -n {1}",
                problems.len(),
                access.namespace,
            )],
        }
    }

    fn kept(&self) -> Vec<String> {
        let names = &self.prepared.names;
        vec![format!(
            "kept in namespace {}: everything with the label {}={}; arcprobe cleanup -n {0} deletes it",
            names.namespace,
            manifest::RUN,
            names.run
        )]
    }
}

fn count(maps: usize) -> String {
    if maps == 1 { "1 ConfigMap".to_owned() } else { format!("{maps} ConfigMaps") }
}

/// The log comes a moment after the end of the Job.
const WORKSTATION_LAG: Duration = Duration::from_secs(10);

/// After a stop: until the agent has told what it has.
const LAST_WORDS: Duration = Duration::from_secs(7);
