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

use super::client::ClusterClient;
use super::error::ApiError;
use super::job_follower::{AgentOutput, AgentProgress, JobFollower, to_vantage_error};
use super::manifest;
use super::pod_watcher::PodWatcher;
use super::prepare::{AgentRequest, AgentTarget, PreparedRun, prepare_run};
use super::reader::ClusterReader;
use crate::cluster::payload::Arch;
use crate::model::report::DeliveryMethod;
use crate::model::vantage::{VantageError, VantageErrorKind, VantageKind};
use crate::model::wording::format_count;
use crate::probe::lock::lock;
use crate::probe::vantage_run::{Shutdown, wait_for_shutdown};

/// What came of looking from one position.
#[derive(Clone, Debug)]
pub struct AgentRun {
    /// Which kind of position.
    pub kind: VantageKind,
    /// On which node; `None` when none could be chosen.
    pub node: Option<String>,
    /// How the agent got there.
    pub delivery: DeliveryMethod,
    /// The image and the reason for it, and how the node was chosen; one sentence.
    pub placement: Option<String>,
    /// What the agent reported.
    pub output: AgentOutput,
    /// What went wrong.
    pub error: Option<VantageError>,
}

/// What a run leaves in a cluster.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Remnants {
    /// Everything, as `--keep` wants it.
    Kept {
        /// Where.
        namespace: String,
        /// By which it is found, as `name=value`.
        label: String,
    },
    /// What could not be deleted.
    Undeleted {
        /// Where.
        namespace: String,
        /// So many objects.
        count: usize,
        /// Why the first of them was not deleted.
        problem: String,
    },
    /// Nobody waited for the clearing up.
    Unknown,
}

/// Hears how far each position is; they are numbered from 0 in the order of the result.
pub type AgentListener = Arc<dyn Fn(usize, AgentProgress) + Send + Sync>;

/// Objects that were created, and so have to be cleared up.
#[derive(Default)]
struct CreatedObjects {
    jobs: Vec<String>,
    maps: Vec<String>,
    secrets: Vec<String>,
}

/// Looks from every position of an order; `stopped` changes when the user wants to stop. Whatever happens, nothing that
/// was created is left, unless it is to be kept or the API server does not answer any more; what is left is reported.
pub async fn run_agents(
    reader: &ClusterReader,
    order: &AgentRequest,
    stopped: watch::Receiver<Shutdown>,
    listen: AgentListener,
) -> (Vec<AgentRun>, Option<Remnants>) {
    let prepared = tokio::select! {
        prepared = prepare_run(reader, order) => prepared,
        // nothing is created yet
        () = wait_for_shutdown(stopped.clone(), Shutdown::Graceful) => Err(VantageError::interrupted()),
    };
    let prepared = match prepared {
        Ok(prepared) => prepared,
        Err(trouble) => return (fail_all_runs(order, &trouble), None),
    };
    let access = &reader.access;
    let run = AgentRunner {
        access,
        order,
        prepared: &prepared,
        pod_watcher: PodWatcher::start(access.clone(), &prepared.names.run),
        created: std::sync::Mutex::default(),
        stopped,
        listen,
    };
    // a defect of ours must not leave objects in somebody's cluster
    let runs = AssertUnwindSafe(run.run_all()).catch_unwind().await;
    let remaining = if order.settings.keep { Some(run.kept_objects()) } else { run.delete_created().await };
    match runs {
        Ok(looked) => (looked, remaining),
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

/// One result for each kind of position, all with the same trouble: nothing could be looked at from anywhere.
pub fn fail_all_runs(order: &AgentRequest, trouble: &VantageError) -> Vec<AgentRun> {
    let failed_run = |(kind, _): &(VantageKind, Vec<u8>)| AgentRun {
        kind: *kind,
        node: None,
        delivery: delivery_of(order),
        placement: None,
        output: AgentOutput::default(),
        error: Some(trouble.clone()),
    };
    order.tasks.iter().map(failed_run).collect()
}

fn delivery_of(order: &AgentRequest) -> DeliveryMethod {
    if order.settings.image.is_some() { DeliveryMethod::Image } else { DeliveryMethod::Configmap }
}

struct AgentRunner<'a> {
    access: &'a ClusterClient,
    order: &'a AgentRequest,
    prepared: &'a PreparedRun,
    pod_watcher: PodWatcher,
    created: std::sync::Mutex<CreatedObjects>,
    stopped: watch::Receiver<Shutdown>,
    listen: AgentListener,
}

impl AgentRunner<'_> {
    /// The first Jobs own what all of them read, so they come first and stay to the end.
    async fn run_all(&self) -> Vec<AgentRun> {
        let parallel = self.order.settings.parallel.max(1);
        let targets = &self.prepared.targets;
        let first = join_all(targets.iter().take(parallel).map(|target| self.create_job(target, 0))).await;
        let owners: Vec<_> = first.iter().flatten().filter_map(manifest::owner_reference).collect();
        let shared = if owners.is_empty() { Ok(()) } else { self.create_shared(&owners).await };
        if let Err(trouble) = shared {
            return targets
                .iter()
                .map(|target| self.build_agent_run(target, 0, AgentOutput::default(), Some(trouble.clone())))
                .collect();
        }
        let first_jobs = first.into_iter().map(Some).chain(std::iter::repeat_with(|| None));
        let runs = targets.iter().zip(first_jobs).map(|(target, job)| self.run_on_target(target, job));
        futures::stream::iter(runs).buffered(parallel).collect().await
    }

    /// What all Jobs read: the agent, and its task.
    async fn create_shared(&self, owners: &[OwnerReference]) -> Result<(), VantageError> {
        let names = &self.prepared.names;
        let maps = self.prepared.agents.values().flatten().map(|map| {
            let object = manifest::build_agent_map(names, &map.name, map.files.clone(), owners);
            self.record_created(|created| created.maps.push(map.name.clone()));
            async move {
                self.access
                    .create_object::<ConfigMap>("create the ConfigMap of the agent", &object)
                    .await
                    .map(drop)
            }
        });
        let secrets = self.order.tasks.iter().map(|(kind, task)| {
            let object = manifest::build_task_secret(names, *kind, task.clone(), owners);
            self.record_created(|created| created.secrets.push(names.task_name(*kind)));
            async move {
                self.access.create_object::<Secret>("create the Secret of the task", &object).await.map(drop)
            }
        });
        let (maps, secrets) = tokio::join!(try_join_all(maps), try_join_all(secrets));
        maps.and(secrets).map(drop).map_err(|e| to_vantage_error(&e))
    }

    async fn create_job(&self, target: &AgentTarget, attempt: usize) -> Result<Job, VantageError> {
        if let Some(trouble) = self.prepared.find_obstacle(self.order, target) {
            return Err(trouble);
        }
        let carrier = self.prepared.agent_source(self.order, target, attempt);
        let job = manifest::build_job(&self.prepared.job_plan(self.order, target, attempt, &carrier));
        self.record_created(|created| created.jobs.extend(job.metadata.name.clone()));
        let doing = format!("create the Job for the {} vantage", target.kind);
        self.access.create_object(&doing, &job).await.map_err(|e| to_vantage_error(&e))
    }

    /// Tries one image after the other, as long as it is the image that is missing.
    async fn run_on_target(
        &self,
        target: &AgentTarget,
        begun: Option<Result<Job, VantageError>>,
    ) -> AgentRun {
        let mut created_job = begun;
        let mut attempt = 0;
        loop {
            let job = match created_job.take() {
                Some(job) => job,
                None if *self.stopped.borrow() > Shutdown::None => Err(VantageError::interrupted()),
                None => self.create_job(target, attempt).await,
            };
            let mut output = AgentOutput::default();
            let result = match job {
                Ok(job) => self.follow_job(target, &job, &mut output).await,
                Err(trouble) => Err(trouble),
            };
            let is_missing = result.as_ref().is_err_and(|trouble| trouble.kind == VantageErrorKind::Image);
            if !is_missing || attempt + 1 >= target.images.len() {
                return self.build_agent_run(target, attempt, output, result.err());
            }
            attempt += 1;
        }
    }

    async fn follow_job(
        &self,
        target: &AgentTarget,
        job: &Job,
        output: &mut AgentOutput,
    ) -> Result<(), VantageError> {
        let name = job.metadata.name.as_deref().unwrap_or_default();
        let followed = JobFollower {
            access: self.access,
            pod_watcher: &self.pod_watcher,
            name,
            requires_local_image: self.order.settings.image.is_none(),
            time_limit: self.order.time_limit + LOG_LAG,
        };
        let listen = |step| (self.listen)(target.index, step);
        let mut follow = std::pin::pin!(followed.follow(output, listen));
        tokio::select! {
            result = &mut follow => return result,
            () = wait_for_shutdown(self.stopped.clone(), Shutdown::Graceful) => {}
        }
        // the agent hears of it, and tells what it has
        let _ = self.access.delete_object::<Job>("delete the Job", name).await;
        timeout(FINAL_OUTPUT_WAIT, follow).await.unwrap_or_else(|_| Err(VantageError::interrupted()))
    }

    fn build_agent_run(
        &self,
        target: &AgentTarget,
        attempt: usize,
        output: AgentOutput,
        trouble: Option<VantageError>,
    ) -> AgentRun {
        let image = target.images.get(attempt);
        let missing: Vec<_> = target.images.iter().take(attempt).map(|i| i.name.as_str()).collect();
        let missing =
            if missing.is_empty() { String::new() } else { format!(" (not there: {})", missing.join(", ")) };
        let image = image.map(|i| format!("; image {}: {}{missing}", i.name, i.reason)).unwrap_or_default();
        let maps = Arch::parse(&target.node.arch).and_then(|arch| self.prepared.agents.get(&arch));
        let maps = maps
            .map(|maps| format!("; the agent came in {}", format_count(maps.len(), "ConfigMap")))
            .unwrap_or_default();
        AgentRun {
            kind: target.kind,
            node: Some(target.node.name.clone()),
            delivery: delivery_of(self.order),
            placement: Some(format!("node {}: {}{image}{maps}", target.node.name, target.reason)),
            output,
            error: trouble,
        }
    }

    fn record_created(&self, change: impl FnOnce(&mut CreatedObjects)) {
        change(&mut lock(&self.created));
    }

    /// Deletes what was created; what could not be is reported.
    async fn delete_created(&self) -> Option<Remnants> {
        let mut created = CreatedObjects::default();
        self.record_created(|known| std::mem::swap(known, &mut created));
        let access = self.access;
        let jobs =
            join_all(created.jobs.iter().map(|name| access.delete_object::<Job>("delete the Job", name)));
        let maps = join_all(
            created.maps.iter().map(|name| access.delete_object::<ConfigMap>("delete the ConfigMap", name)),
        );
        let secrets = join_all(
            created.secrets.iter().map(|name| access.delete_object::<Secret>("delete the Secret", name)),
        );
        let (jobs, maps, secrets) = tokio::join!(jobs, maps, secrets);
        let failed = |results: Vec<Result<(), ApiError>>| results.into_iter().filter_map(Result::err);
        let mut problems = failed(jobs).chain(failed(maps)).chain(failed(secrets));
        let problem = problems.next()?.to_string();
        Some(Remnants::Undeleted {
            namespace: access.namespace.clone(),
            count: 1 + problems.count(),
            problem,
        })
    }

    fn kept_objects(&self) -> Remnants {
        let names = &self.prepared.names;
        Remnants::Kept {
            namespace: names.namespace.clone(),
            label: format!("{}={}", manifest::RUN_LABEL, names.run),
        }
    }
}

/// The log comes a moment after the end of the Job.
const LOG_LAG: Duration = Duration::from_secs(10);

/// After a stop: until the agent has reported what it has.
const FINAL_OUTPUT_WAIT: Duration = Duration::from_secs(7);
