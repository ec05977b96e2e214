//! `arcprobe cleanup`: deletes what a killed run left in a namespace.

use std::collections::BTreeSet;

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::ResourceExt as _;
use kube::api::ListParams;

use super::client::ClusterClient;
use super::error::ApiError;
use super::manifest::{OWN_OBJECTS_SELECTOR, RUN_LABEL};

/// What was found and done.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CleanupResult {
    /// `Job arcprobe-x7k2p-pod-0` and the like.
    pub deleted: Vec<String>,
    /// The runs whose Jobs have not ended: left alone, unless all is to go.
    pub running: Vec<String>,
}

/// Deletes the objects of all runs that are over; with `force` those of runs that are still on their way, too.
///
/// # Errors
/// When the API server refuses to list or to delete.
pub async fn clean_up_namespace(access: &ClusterClient, force: bool) -> Result<CleanupResult, ApiError> {
    let ours = || ListParams::default().labels(OWN_OBJECTS_SELECTOR);
    let jobs = access.list_all(&access.namespaced_api::<Job>(), "list the Jobs of arcprobe", ours()).await?;
    let maps = access
        .list_all(&access.namespaced_api::<ConfigMap>(), "list the ConfigMaps of arcprobe", ours())
        .await?;
    let secrets =
        access.list_all(&access.namespaced_api::<Secret>(), "list the Secrets of arcprobe", ours()).await?;
    let running: BTreeSet<_> = jobs
        .iter()
        .filter(|job| !force && !is_over(job))
        .filter_map(|job| run_label(&job.metadata))
        .collect();
    let is_deletable = |meta: &ObjectMeta| run_label(meta).is_none_or(|run| !running.contains(&run));
    let mut deleted = Vec::new();
    for job in jobs.iter().filter(|o| is_deletable(&o.metadata)) {
        access.delete_object::<Job>("delete the Job", &job.name_any()).await?;
        deleted.push(format!("Job {}", job.name_any()));
    }
    for map in maps.iter().filter(|o| is_deletable(&o.metadata)) {
        access.delete_object::<ConfigMap>("delete the ConfigMap", &map.name_any()).await?;
        deleted.push(format!("ConfigMap {}", map.name_any()));
    }
    for secret in secrets.iter().filter(|o| is_deletable(&o.metadata)) {
        access.delete_object::<Secret>("delete the Secret", &secret.name_any()).await?;
        deleted.push(format!("Secret {}", secret.name_any()));
    }
    Ok(CleanupResult { deleted, running: running.into_iter().collect() })
}

fn run_label(meta: &ObjectMeta) -> Option<String> {
    meta.labels.as_ref()?.get(RUN_LABEL).cloned()
}

fn is_over(job: &Job) -> bool {
    let conditions = job.status.as_ref().and_then(|s| s.conditions.as_deref()).unwrap_or_default();
    conditions.iter().any(|c| (c.type_ == "Complete" || c.type_ == "Failed") && c.status == "True")
}
