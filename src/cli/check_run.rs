//! Carrying a check out, with progress on the screen and an ear for signals: what `check` of one cluster, of several, and
//! `diagnose` have in common.

use std::sync::Arc;

use super::machine::describe_machine;
use super::system_proxy::find_system_proxies;
use super::{CommandError, Console, Environment, Result, start_runtime};
use crate::analysis::conclude::{FinishedRun, conclude_run};
use crate::cli::progress::Progress;
use crate::cluster::runner::{
    ProgressEvent, ProgressListener, RunError, RunOutput, Runner, WorkstationProgress,
};
use crate::cluster::settings::KubeChoice;
use crate::cluster::{self, AgentProgress, ClusterClient, ClusterClientError, ClusterReader, Remnants};
use crate::model::command::{Command, CommandScope};
use crate::model::report::Report;
use crate::model::run_flags::RunFlag;
use crate::model::system_proxy::SystemProxy;
use crate::probe::settings::ProbeSettings;
use crate::probe::vantage_run::{Shutdown, wait_for_interrupt};

/// Probes and judges; hints go to the screen on the way.
pub(super) fn run_check(surveyor: &Runner<'_>, screen: &Console) -> Result<Report> {
    let started_at = surveyor.net.clock.now();
    let (survey, proxy_settings) = run_with_progress(surveyor, screen)?;
    if let Some(cluster) = &survey.cluster {
        screen.hint(&format!("cluster: context {}, server {}", cluster.context, cluster.server));
    }
    let flags = &surveyor.settings.flags;
    let remnants = survey.remnants.as_ref().map(|remnants| describe_remnants(remnants, flags));
    for note in survey.notes.iter().cloned().chain(remnants) {
        screen.hint(&note);
    }
    Ok(build_report(surveyor, &survey, started_at, proxy_settings))
}

/// What a run leaves in a cluster, and how it goes.
pub(super) fn describe_remnants(remnants: &Remnants, flags: &[RunFlag]) -> String {
    let cleanup = |words: &[&str]| {
        let mut command = Command::of(&[&["arcprobe", "cleanup"], words].concat());
        command.fill(&CommandScope { flags, ..CommandScope::default() });
        command.to_string()
    };
    match remnants {
        Remnants::Kept { namespace, label } => {
            let command = cleanup(&["-n", namespace]);
            format!("kept in namespace {namespace}: everything with the label {label}; {command} deletes it")
        }
        Remnants::Undeleted { namespace, count, problem } => {
            let command = cleanup(&["-n", namespace]);
            format!("{count} objects of this run are left in namespace {namespace}: {problem}; run {command}")
        }
        Remnants::Unknown => {
            let command = cleanup(&[]);
            format!("stopped at once: what this run created in the cluster may be left; {command} deletes it")
        }
    }
}

/// What a survey means.
pub(super) fn build_report(
    surveyor: &Runner<'_>,
    survey: &RunOutput,
    started_at: jiff::Timestamp,
    proxy_settings: Vec<SystemProxy>,
) -> Report {
    conclude_run(&FinishedRun {
        rules: surveyor.rules,
        scope: &surveyor.settings.scope,
        results: &survey.vantage_results,
        started_at,
        took: survey.took,
        interrupted: survey.interrupted,
        proxy_cert: &surveyor.net.proxy_certificates,
        proxy_cert_flaws: &surveyor.net.proxy_cert_flaws,
        cluster: survey.cluster.as_ref(),
        advice: Some(&survey.advice),
        flags: &surveyor.settings.flags,
        machine: Some(&describe_machine(&survey.vantage_results, surveyor.environment, proxy_settings)),
    })
}

/// The settings of the machine are read while probes run.
fn run_with_progress(surveyor: &Runner<'_>, screen: &Console) -> Result<(RunOutput, Vec<SystemProxy>)> {
    let runtime = start_runtime()?;
    let progress = Arc::new(Progress::new(!screen.shows_progress));
    progress.start(0);
    let shown = Arc::clone(&progress);
    let listener: ProgressListener = Arc::new(move |sign| show_progress(&shown, 0, sign));
    let stopped = watch_shutdown(&runtime);
    let has_proxy = surveyor.settings.routes.uses_proxy();
    let proxy_settings =
        (!has_proxy).then(|| runtime.spawn(find_system_proxies(surveyor.environment.clone())));
    let survey = runtime.block_on(surveyor.run(stopped, listener));
    progress.finish();
    let survey = survey.map_err(to_command_error)?;
    let proxy_settings = proxy_settings.map(|pending| runtime.block_on(pending).unwrap_or_default());
    Ok((survey, proxy_settings.unwrap_or_default()))
}

/// Changes when the user wants to stop; heard from now on, not from the first wait on.
pub(super) fn watch_shutdown(runtime: &tokio::runtime::Runtime) -> tokio::sync::watch::Receiver<Shutdown> {
    let (stop, stopped) = tokio::sync::watch::channel(Shutdown::None);
    runtime.spawn(async move {
        wait_for_interrupt().await;
        // nobody listens any more where all is over
        let _ = stop.send(Shutdown::Graceful);
        tokio::time::sleep(SIGNAL_DEBOUNCE).await;
        wait_for_interrupt().await;
        let _ = stop.send(Shutdown::Immediate);
        std::future::pending::<()>().await;
    });
    stopped
}

/// Shows a sign of the cluster at a place among several.
pub(super) fn show_progress(progress: &Progress, cluster: usize, sign: ProgressEvent) {
    let first = cluster * INDEX_STRIDE;
    match sign {
        ProgressEvent::Workstation(WorkstationProgress::Planned(number)) => progress.set_total(first, number),
        ProgressEvent::Workstation(WorkstationProgress::Started(index, host)) => {
            progress.check_started(first + index, &host);
        }
        ProgressEvent::Workstation(WorkstationProgress::Finished(index)) => {
            progress.check_finished(first + index);
        }
        ProgressEvent::Cluster(place, AgentProgress::Waiting(what)) => {
            progress.set_remote_status(first + place + 1, Some(&what));
        }
        ProgressEvent::Cluster(place, AgentProgress::Planned(number)) => {
            progress.set_total(first + place + 1, number);
        }
        ProgressEvent::Cluster(place, AgentProgress::Done(number)) => {
            progress.set_done(first + place + 1, number);
        }
    }
}

/// No cluster has so many checks or nodes.
const INDEX_STRIDE: usize = 1 << 20;

/// Signals that come so close together are one wish: `timeout` sends its signal to a process and to its group.
const SIGNAL_DEBOUNCE: std::time::Duration = std::time::Duration::from_millis(700);

/// A cluster that cannot be used is wrong usage; one that does not answer is a part of the report.
pub(super) fn to_command_error(error: RunError) -> CommandError {
    match error {
        RunError::Access(_) | RunError::Proxy(_) | RunError::NoCluster => CommandError::usage(error),
        RunError::DryRun(_) => CommandError::Unreachable(error.into()),
        RunError::Task(_) => CommandError::Failed(error.into()),
    }
}

/// The region of a cluster as its agents have it.
pub(super) async fn read_cluster_region(
    choice: &KubeChoice,
    environment: &Environment,
    probe: &ProbeSettings,
) -> Result<Option<String>, ClusterClientError> {
    let access = ClusterClient::open(choice, environment, probe).await?;
    Ok(cluster::read_arc_region(&ClusterReader::new(access)).await?)
}
