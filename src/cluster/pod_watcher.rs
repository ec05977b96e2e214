//! What happens to the pods of a run: one look at all of them every moment, however many wait for it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use k8s_openapi::api::core::v1::{Event, Pod};
use kube::api::ListParams;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::client::ClusterClient;
use super::error::{ApiError, ApiFailure};
use super::manifest::RUN_LABEL;
use crate::probe::lock::lock;

/// The state of a run's objects.
#[derive(Clone, Debug, Default)]
pub(super) struct RunState {
    pods: Vec<Pod>,
    events: BTreeMap<String, Vec<Event>>,
    /// The API server does not answer any more.
    pub(super) error: Option<ApiError>,
}

/// Looks at the objects of a run until it is dropped.
pub(super) struct PodWatcher {
    state_receiver: watch::Receiver<Arc<RunState>>,
    watched_names: Arc<Mutex<BTreeSet<String>>>,
    task: JoinHandle<()>,
}

impl RunState {
    /// The newest pod of a Job.
    pub(super) fn pod_of_job(&self, job: &str) -> Option<&Pod> {
        let label = |pod: &Pod| pod.metadata.labels.as_ref()?.get("job-name").cloned();
        self.pods.iter().rfind(|pod| label(pod).as_deref() == Some(job))
    }

    /// The events of a Job and of its pod.
    pub(super) fn events_of_job(&self, job: &str) -> Vec<Event> {
        let pod = self.pod_of_job(job).and_then(|p| p.metadata.name.as_deref());
        let names = [Some(job), pod];
        names.into_iter().flatten().filter_map(|name| self.events.get(name)).flatten().cloned().collect()
    }
}

impl PodWatcher {
    pub(super) fn start(access: ClusterClient, run: &str) -> Self {
        let (sender, states) = watch::channel(Arc::default());
        let stuck = Arc::<Mutex<BTreeSet<String>>>::default();
        let names = Arc::clone(&stuck);
        let selector = format!("{RUN_LABEL}={run}");
        let task = tokio::spawn(async move {
            let mut misses = 0;
            loop {
                let state = read_state(&access, &selector, &names).await;
                // one answer that fails in passing is no end
                misses = if state.error.is_some() { misses + 1 } else { 0 };
                if (misses == 0 || misses > MAX_FAILED_POLLS) && sender.send(Arc::new(state)).is_err() {
                    return;
                }
                sleep(POLL_INTERVAL).await;
            }
        });
        Self { state_receiver: states, watched_names: stuck, task }
    }

    /// Follows the state; a receiver of its own for each Job.
    pub(super) fn subscribe(&self) -> watch::Receiver<Arc<RunState>> {
        self.state_receiver.clone()
    }

    /// Has the events of an object looked at, too: they are asked for by name, since namespaces can be full of them.
    pub(super) fn watch_events(&self, name: &str) {
        lock(&self.watched_names).insert(name.to_owned());
    }
}

impl Drop for PodWatcher {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn read_state(access: &ClusterClient, selector: &str, stuck: &Mutex<BTreeSet<String>>) -> RunState {
    let doing = "watch the pods of this run";
    let pods = match access
        .list_all(&access.namespaced_api::<Pod>(), doing, ListParams::default().labels(selector))
        .await
    {
        Ok(pods) => pods,
        Err(error) => return RunState { error: Some(error), ..RunState::default() },
    };
    let names = lock(stuck).clone();
    let mut events = BTreeMap::new();
    for name in names {
        let params = ListParams::default().fields(&format!("involvedObject.name={name}"));
        match access.list_all(&access.namespaced_api::<Event>(), "watch the events of this run", params).await
        {
            Ok(found) => drop(events.insert(name, found)),
            // events only explain
            Err(ApiError { failure: ApiFailure::Forbidden(_), .. }) => {}
            Err(error) => return RunState { pods, events, error: Some(error) },
        }
    }
    RunState { pods, events, error: None }
}

/// A pod on a warm node is up in a second.
const POLL_INTERVAL: Duration = Duration::from_millis(300);

const MAX_FAILED_POLLS: u32 = 3;
