//! `arcprobe check`: rules, plan, probes, judgement, report.

use std::sync::Arc;

use super::files::{PendingFile, open_outputs, save_report};
use super::push::Push;
use super::settings::PreparedCheck;
use super::{CommandError, Console, Environment, print_output, start_runtime};
use crate::analysis::conclude::{FinishedRun, conclude_run, with_kube_context, with_prerequisites};
use crate::cli::args::{CheckArgs, ScopeArgs};
use crate::cli::exit::Exit;
use crate::cli::progress::Progress;
use crate::cluster::runner::{
    ProgressEvent, ProgressListener, RunError, RunOutput, Runner, WorkstationProgress,
};
use crate::cluster::settings::{CheckSettings, KubeChoice};
use crate::cluster::{self, AgentProgress, ClusterClient, ClusterClientError};
use crate::model::finding::Severity;
use crate::model::prerequisite_facts::{Fetched, PrerequisiteFacts};
use crate::model::prerequisite_rules::OnboardingTarget;
use crate::model::report::{PrerequisiteResults, Report, Verdict};
use crate::model::scope::Scope;
use crate::probe::net::{Net, NetError};
use crate::probe::settings::ProbeSettings;
use crate::probe::vantage_run::{Shutdown, wait_for_interrupt};
use crate::report::fleet::json::SavedReport;
use crate::report::{self, Format, diff};

/// The arguments with a region: the given one, else that of the cluster, where it is onboarded.
fn with_region(
    args: &CheckArgs,
    environment: &Environment,
    screen: &Console,
) -> Result<CheckArgs, CommandError> {
    if args.scope.location.is_some() {
        return Ok(args.clone());
    }
    let choice = super::settings::kube_choice(&args.cluster.kube);
    let probe = ProbeSettings { deadline: args.probe.deadline, ..ProbeSettings::default() };
    let found = start_runtime()?.run_until_stopped(read_cluster_region(&choice, environment, &probe))?;
    let why = match found {
        Ok(Some(region)) => {
            screen.hint(&format!("region {region}, as the cluster's agents have it"));
            let scope = ScopeArgs { location: Some(region), ..args.scope.clone() };
            return Ok(CheckArgs { scope, ..args.clone() });
        }
        Ok(None) => "no agents of Azure Arc are in the cluster that could tell".to_owned(),
        Err(e) => e.to_string(),
    };
    Err(CommandError::Usage(anyhow::anyhow!(
        "--location REGION is needed, such as --location eastus; it cannot be read from a cluster: {why}"
    )))
}

/// The region of a cluster as its agents have it.
pub(super) async fn read_cluster_region(
    choice: &KubeChoice,
    environment: &Environment,
    probe: &ProbeSettings,
) -> Result<Option<String>, ClusterClientError> {
    let access = ClusterClient::open(choice, environment, probe).await?;
    Ok(cluster::read_arc_region(&access).await?)
}

/// The network that the settings want.
pub(super) fn run(
    args: &CheckArgs,
    environment: &Environment,
    screen: &Console,
) -> Result<Exit, CommandError> {
    if let Some(contexts) = super::fleet::parse_contexts(args)? {
        return super::fleet::run(args, &contexts, environment, screen);
    }
    run_in(args, environment, screen, |settings| Net::new(&settings.probe, &settings.routes))
}

/// The line of the program: settings, survey, conclusions, report.
pub(super) fn run_in(
    args: &CheckArgs,
    environment: &Environment,
    screen: &Console,
    net: impl FnOnce(&CheckSettings) -> Result<Net, NetError>,
) -> Result<Exit, CommandError> {
    // first of all: a report that cannot be written must not cost a run
    let files = open_outputs(&args.save)?;
    let push = Push::prepare(args, environment)?;
    let authorities = args.save_ca.as_deref().map(PendingFile::open).transpose()?;
    let args = &with_region(args, environment, screen)?;
    let PreparedCheck { rules, settings, notes } = super::settings::prepare_check(args, environment)?;
    let net = Arc::new(net(&settings).map_err(CommandError::usage)?);
    for note in &notes {
        screen.hint(note);
    }
    let surveyor = Runner { rules: &rules, settings: &settings, net: &net, environment };
    if args.cluster.dry_run {
        let objects = start_runtime()?.run_until_stopped(surveyor.dry_run())?.map_err(to_command_error)?;
        return print_output(&super::rbac::render_yaml(&objects)?);
    }
    let waivers = super::waivers::load_waivers(&args.waivers)?;
    let baseline =
        args.baseline.as_deref().map(|path| super::report::read_single(path, "--baseline")).transpose()?;
    let mut pending_facts = args.prerequisites.then(|| {
        let choice = super::settings::kube_choice(&args.cluster.kube);
        super::prerequisites::start_collecting(choice, settings.probe.clone(), environment.clone())
    });
    let mut facts = None;
    let report = super::wait::repeat_until_met(args.wait, screen, || {
        let mut report = run_check(&surveyor, screen)?;
        if let Some(asking) = pending_facts.take() {
            match asking.wait_for_facts(screen) {
                Ok(told) => facts = Some(reject_unusable_kubeconfig(told, args)?),
                // what was measured is told all the same
                Err(CommandError::Stopped) => report.run.interrupted = true,
                Err(e) => return Err(e),
            }
        }
        if let Some(facts) = &facts {
            report = with_prerequisites(report, judge_prerequisites(args, &settings.scope, facts)?);
        }
        Ok(super::waivers::apply_waivers(report, &waivers))
    })?;
    let shown = print_output(&report::render(&report, args.output, &screen.text));
    // whatever became of the screen, or of another file: what was measured is not lost
    let saved = save_report(&report, files, screen);
    push.send(&|format| report::render(&report, format, &screen.file_options()));
    if let Some(target) = authorities {
        save_cas(&report, target, screen)?;
    }
    shown.and(saved)?;
    match baseline {
        Some(baseline) => compare_with_baseline(&report, &baseline, args, settings.fail_on, screen),
        None => Ok(exit_for_report(&report, settings.fail_on)),
    }
}

/// What is different from the report before: on the screen below the report, else beside it. What was unmet before is known; that
/// not all was seen is told as ever.
fn compare_with_baseline(
    report: &Report,
    baseline: &Report,
    args: &CheckArgs,
    fail_on: Severity,
    screen: &Console,
) -> Result<Exit, CommandError> {
    let diff = diff::compare(report, baseline);
    let text = diff::text::render(&diff, &screen.text);
    if args.output == Format::Text {
        print_output(&format!("\n{text}"))?;
    } else {
        screen.hint(&text);
    }
    Ok(match (report.run.interrupted, super::report::exit_for_diff(&diff, fail_on)) {
        (true, _) => Exit::Interrupted,
        (false, Exit::Ok) if report.verdict == Verdict::Incomplete => Exit::Incomplete,
        (false, exit) => exit,
    })
}

/// A kubeconfig that was named and cannot be used is wrong usage; that there is none is something that lacks.
fn reject_unusable_kubeconfig(
    facts: PrerequisiteFacts,
    args: &CheckArgs,
) -> Result<PrerequisiteFacts, CommandError> {
    let kube = &args.cluster.kube;
    match &facts.cluster {
        Fetched::Unusable(why) if kube.kube_config.is_some() || kube.kube_context.is_some() => {
            Err(CommandError::Usage(anyhow::anyhow!("--prerequisites: {why}")))
        }
        _ => Ok(facts),
    }
}

fn judge_prerequisites(
    args: &CheckArgs,
    scope: &Scope,
    facts: &PrerequisiteFacts,
) -> Result<PrerequisiteResults, CommandError> {
    let wanted = OnboardingTarget {
        features: &scope.features,
        connectivity: scope.connectivity,
        cloud: scope.cloud.az_name(),
    };
    let catalogue = super::diagnose::load_catalogue(&[])?;
    super::prerequisites::judge_facts(facts, &args.scope.rule_set, wanted, &catalogue)
}

/// Surveys and judges; what is worth knowing besides is told on the way.
pub(super) fn run_check(surveyor: &Runner<'_>, screen: &Console) -> Result<Report, CommandError> {
    let started_at = surveyor.net.clock.now();
    let survey = run_with_progress(surveyor, screen)?;
    if let Some(cluster) = &survey.cluster {
        screen.hint(&format!("cluster: context {}, server {}", cluster.context, cluster.server));
    }
    for note in &survey.notes {
        screen.hint(note);
    }
    Ok(build_report(surveyor, &survey, started_at))
}

/// What a survey means.
pub(super) fn build_report(surveyor: &Runner<'_>, survey: &RunOutput, started_at: jiff::Timestamp) -> Report {
    let report = conclude_run(&FinishedRun {
        rules: surveyor.rules,
        scope: &surveyor.settings.scope,
        results: &survey.vantage_results,
        started_at,
        took: survey.took,
        interrupted: survey.interrupted,
        proxy_cert: &surveyor.net.proxy_certificates,
        cluster: survey.cluster.as_ref(),
        advice: survey.advice.as_ref(),
    });
    let named = surveyor.settings.cluster.as_ref().and_then(|cluster| cluster.kube.context.as_deref());
    match named {
        Some(context) => with_kube_context(report, context),
        None => report,
    }
}

fn run_with_progress(surveyor: &Runner<'_>, screen: &Console) -> Result<RunOutput, CommandError> {
    let runtime = start_runtime()?;
    let progress = Arc::new(Progress::new(!screen.shows_progress));
    progress.start(0);
    let shown = Arc::clone(&progress);
    let listener: ProgressListener = Arc::new(move |sign| show_progress(&shown, 0, sign));
    let stopped = watch_shutdown(&runtime);
    let survey = runtime.block_on(surveyor.run(stopped, listener));
    progress.finish();
    survey.map_err(to_command_error)
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

/// `--save-ca`. Where nobody re-signs there is nothing to save, and the file stays as it was.
fn save_cas(report: &Report, target: PendingFile, screen: &Console) -> Result<(), CommandError> {
    let authorities = report::collect_inspection_cas(report);
    let path = target.path().to_owned();
    if authorities.is_empty() {
        screen.hint(&format!(
            "--save-ca {}: nothing is written: no authority was presented that re-signs TLS",
            path.display()
        ));
        return Ok(());
    }
    target.write(&authorities.iter().map(report::InspectionCa::to_pem).collect::<String>())?;
    let names: Vec<_> = authorities.iter().map(|a| a.name.as_str()).collect();
    screen.hint(&format!(
        "--save-ca {}: {} written; compare with what the owners of the proxy publish before you trust it",
        path.display(),
        names.join(", ")
    ));
    Ok(())
}

/// What the report means for whoever called; the same for a report that was saved.
pub(super) fn exit_for_report(report: &Report, fail_on: Severity) -> Exit {
    exit_for_verdict(report.run.interrupted, report.verdict, fail_on)
}

/// The same for one cluster or several: the worst of them counts.
pub(super) fn exit_for_saved(saved: &SavedReport, fail_on: Severity) -> Exit {
    match saved {
        SavedReport::Single(report) => exit_for_report(report, fail_on),
        SavedReport::Fleet(fleet) => exit_for_verdict(fleet.interrupted, fleet.verdict, fail_on),
    }
}

fn exit_for_verdict(interrupted: bool, verdict: Verdict, fail_on: Severity) -> Exit {
    if interrupted {
        return Exit::Interrupted;
    }
    match verdict {
        Verdict::Blocked => Exit::Unmet,
        Verdict::Incomplete => Exit::Incomplete,
        Verdict::ReadyWithWarnings if fail_on <= Severity::Warning => Exit::Warnings,
        Verdict::ReadyWithWarnings | Verdict::Ready => Exit::Ok,
    }
}
