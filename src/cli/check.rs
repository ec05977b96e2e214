//! `arcprobe check`: rules, plan, probes, judgement, report.

use std::sync::Arc;

use super::files::{Target, open_all, save};
use super::push::Push;
use super::settings::Prepared;
use super::{CommandError, Environment, Screen, runtime, show};
use crate::analysis::conclude::{Ran, conclude, in_context, with_prerequisites};
use crate::analysis::prerequisites::Judged;
use crate::cli::args::{CheckArgs, ScopeArgs};
use crate::cli::exit::Exit;
use crate::cli::progress::Progress;
use crate::cluster::settings::{CheckSettings, KubeChoice};
use crate::cluster::survey::{HereSign, Listener, Sign, Survey, SurveyError, Surveyor};
use crate::cluster::{self, Access, AccessError, Step};
use crate::model::facts::{Asked, Facts};
use crate::model::finding::Severity;
use crate::model::needs::Wanted;
use crate::model::report::{Report, Verdict};
use crate::model::scope::Scope;
use crate::probe::measure::{Stop, interruption};
use crate::probe::net::{Net, NetError};
use crate::probe::settings::ProbeSettings;
use crate::report::fleet::json::Saved;
use crate::report::{self, Format, diff};

/// The arguments with a region: the given one, else that of the cluster, where it is onboarded.
fn located(args: &CheckArgs, environment: &Environment, screen: &Screen) -> Result<CheckArgs, CommandError> {
    if args.scope.location.is_some() {
        return Ok(args.clone());
    }
    let choice = super::settings::kube(&args.cluster.kube);
    let probe = ProbeSettings { deadline: args.probe.deadline, ..ProbeSettings::default() };
    let found = runtime()?.until_stopped(found_region(&choice, environment, &probe))?;
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
pub(super) async fn found_region(
    choice: &KubeChoice,
    environment: &Environment,
    probe: &ProbeSettings,
) -> Result<Option<String>, AccessError> {
    let access = Access::open(choice, environment, probe).await?;
    Ok(cluster::region(&access).await?)
}

/// The network that the settings want.
pub(super) fn run(
    args: &CheckArgs,
    environment: &Environment,
    screen: &Screen,
) -> Result<Exit, CommandError> {
    if let Some(contexts) = super::fleet::contexts(args)? {
        return super::fleet::run(args, &contexts, environment, screen);
    }
    run_in(args, environment, screen, |settings| Net::new(&settings.probe, &settings.routes))
}

/// The line of the program: settings, survey, conclusions, report.
pub(super) fn run_in(
    args: &CheckArgs,
    environment: &Environment,
    screen: &Screen,
    net: impl FnOnce(&CheckSettings) -> Result<Net, NetError>,
) -> Result<Exit, CommandError> {
    // first of all: a report that cannot be written must not cost a run
    let files = open_all(&args.save)?;
    let push = Push::prepare(args, environment)?;
    let authorities = args.save_ca.as_deref().map(Target::open).transpose()?;
    let args = &located(args, environment, screen)?;
    let Prepared { rules, settings, notes } = super::settings::check(args, environment)?;
    let net = Arc::new(net(&settings).map_err(CommandError::usage)?);
    for note in &notes {
        screen.hint(note);
    }
    let surveyor = Surveyor { rules: &rules, settings: &settings, net: &net, environment };
    if args.cluster.dry_run {
        let objects = runtime()?.until_stopped(surveyor.dry_run())?.map_err(refused)?;
        return show(&super::rbac::yaml(&objects)?);
    }
    let waivers = super::waivers::read(&args.waivers)?;
    let baseline =
        args.baseline.as_deref().map(|path| super::report::read(path, "--baseline")).transpose()?;
    let mut asking = args.prerequisites.then(|| {
        let choice = super::settings::kube(&args.cluster.kube);
        super::prerequisites::begin(choice, settings.probe.clone(), environment.clone())
    });
    let mut facts = None;
    let report = super::wait::until_met(args.wait, screen, || {
        let mut report = look(&surveyor, screen)?;
        if let Some(asking) = asking.take() {
            match asking.facts(screen) {
                Ok(told) => facts = Some(usable(told, args)?),
                // what was measured is told all the same
                Err(CommandError::Stopped) => report.run.interrupted = true,
                Err(e) => return Err(e),
            }
        }
        if let Some(facts) = &facts {
            report = with_prerequisites(report, prerequisites(args, &settings.scope, facts)?);
        }
        Ok(super::waivers::apply(report, &waivers))
    })?;
    let shown = show(&report::render(&report, args.output, &screen.text));
    // whatever became of the screen, or of another file: what was measured is not lost
    let saved = save(&report, files, screen);
    push.send(&|format| report::render(&report, format, &screen.plain()));
    if let Some(target) = authorities {
        save_authorities(&report, target, screen)?;
    }
    shown.and(saved)?;
    match baseline {
        Some(baseline) => compared(&report, &baseline, args, settings.fail_on, screen),
        None => Ok(exit(&report, settings.fail_on)),
    }
}

/// What is different from the report before: on the screen below the report, else beside it. What was unmet before is known; that
/// not all was seen is told as ever.
fn compared(
    report: &Report,
    baseline: &Report,
    args: &CheckArgs,
    fail_on: Severity,
    screen: &Screen,
) -> Result<Exit, CommandError> {
    let diff = diff::compare(report, baseline);
    let text = diff::text::render(&diff, &screen.text);
    if args.output == Format::Text {
        show(&format!("\n{text}"))?;
    } else {
        screen.hint(&text);
    }
    Ok(match (report.run.interrupted, super::report::broke(&diff, fail_on)) {
        (true, _) => Exit::Interrupted,
        (false, Exit::Ok) if report.verdict == Verdict::Incomplete => Exit::Incomplete,
        (false, exit) => exit,
    })
}

/// A kubeconfig that was named and cannot be used is wrong usage; that there is none is something that lacks.
fn usable(facts: Facts, args: &CheckArgs) -> Result<Facts, CommandError> {
    let kube = &args.cluster.kube;
    match &facts.cluster {
        Asked::Unusable(why) if kube.kube_config.is_some() || kube.kube_context.is_some() => {
            Err(CommandError::Usage(anyhow::anyhow!("--prerequisites: {why}")))
        }
        _ => Ok(facts),
    }
}

fn prerequisites(args: &CheckArgs, scope: &Scope, facts: &Facts) -> Result<Judged, CommandError> {
    let wanted =
        Wanted { features: &scope.features, connectivity: scope.connectivity, cloud: scope.cloud.name() };
    let catalogue = super::diagnose::catalogue(&[])?;
    super::prerequisites::judged(facts, &args.scope.rule_set, wanted, &catalogue)
}

/// Surveys and judges; what is worth knowing besides is told on the way.
pub(super) fn look(surveyor: &Surveyor<'_>, screen: &Screen) -> Result<Report, CommandError> {
    let started_at = surveyor.net.clock.now();
    let survey = carry_out(surveyor, screen)?;
    if let Some(cluster) = &survey.cluster {
        screen.hint(&format!("cluster: context {}, server {}", cluster.context, cluster.server));
    }
    for note in &survey.notes {
        screen.hint(note);
    }
    Ok(judged(surveyor, &survey, started_at))
}

/// What a survey means.
pub(super) fn judged(surveyor: &Surveyor<'_>, survey: &Survey, started_at: jiff::Timestamp) -> Report {
    let report = conclude(&Ran {
        rules: surveyor.rules,
        scope: &surveyor.settings.scope,
        sightings: &survey.sightings,
        started_at,
        took: survey.took,
        interrupted: survey.interrupted,
        proxy_cert: &surveyor.net.given,
        cluster: survey.cluster.as_ref(),
        advice: survey.advice.as_ref(),
    });
    let named = surveyor.settings.cluster.as_ref().and_then(|cluster| cluster.kube.context.as_deref());
    match named {
        Some(context) => in_context(report, context),
        None => report,
    }
}

fn carry_out(surveyor: &Surveyor<'_>, screen: &Screen) -> Result<Survey, CommandError> {
    let runtime = runtime()?;
    let progress = Arc::new(Progress::new(!screen.shows_progress));
    progress.start(0);
    let shown = Arc::clone(&progress);
    let listen: Listener = Arc::new(move |sign| show_sign(&shown, 0, sign));
    let stopped = stop_signal(&runtime);
    let survey = runtime.block_on(surveyor.survey(stopped, listen));
    progress.done();
    survey.map_err(refused)
}

/// Changes when the user wants to stop; heard from now on, not from the first wait on.
pub(super) fn stop_signal(runtime: &tokio::runtime::Runtime) -> tokio::sync::watch::Receiver<Stop> {
    let (stop, stopped) = tokio::sync::watch::channel(Stop::No);
    runtime.spawn(async move {
        interruption().await;
        // nobody listens any more where all is over
        let _ = stop.send(Stop::Asked);
        tokio::time::sleep(ONE_STOP).await;
        interruption().await;
        let _ = stop.send(Stop::Insisted);
        std::future::pending::<()>().await;
    });
    stopped
}

/// Shows a sign of the cluster at a place among several.
pub(super) fn show_sign(progress: &Progress, cluster: usize, sign: Sign) {
    let first = cluster * APART;
    match sign {
        Sign::Here(HereSign::Planned(number)) => progress.planned(first, number),
        Sign::Here(HereSign::Started(index, host)) => progress.started(first + index, &host),
        Sign::Here(HereSign::Finished(index)) => progress.finished(first + index),
        Sign::There(place, Step::Waits(what)) => progress.stands(first + place + 1, Some(&what)),
        Sign::There(place, Step::Planned(number)) => progress.planned(first + place + 1, number),
        Sign::There(place, Step::Done(number)) => progress.reached(first + place + 1, number),
    }
}

/// No cluster has so many checks or nodes.
const APART: usize = 1 << 20;

/// Signals that come so close together are one wish: `timeout` sends its signal to a process and to its group.
const ONE_STOP: std::time::Duration = std::time::Duration::from_millis(700);

/// A cluster that cannot be used is wrong usage; one that does not answer is a part of the report.
pub(super) fn refused(error: SurveyError) -> CommandError {
    match error {
        SurveyError::Access(_) | SurveyError::Proxy(_) | SurveyError::NoCluster => CommandError::usage(error),
        SurveyError::Nothing(_) => CommandError::Unanswered(error.into()),
        SurveyError::Task(_) => CommandError::Failed(error.into()),
    }
}

/// `--save-ca`. Where nobody re-signs there is nothing to save, and the file stays as it was.
fn save_authorities(report: &Report, target: Target, screen: &Screen) -> Result<(), CommandError> {
    let authorities = report::authorities(report);
    let path = target.path().to_owned();
    if authorities.is_empty() {
        screen.hint(&format!(
            "--save-ca {}: nothing is written: no authority was presented that re-signs TLS",
            path.display()
        ));
        return Ok(());
    }
    target.write(&authorities.iter().map(report::Authority::pem).collect::<String>())?;
    let names: Vec<_> = authorities.iter().map(|a| a.name.as_str()).collect();
    screen.hint(&format!(
        "--save-ca {}: {} written; compare with what the owners of the proxy publish before you trust it",
        path.display(),
        names.join(", ")
    ));
    Ok(())
}

/// What the report means for whoever called; the same for a report that was saved.
pub(super) fn exit(report: &Report, fail_on: Severity) -> Exit {
    ended(report.run.interrupted, report.verdict, fail_on)
}

/// The same for one cluster or several: the worst of them counts.
pub(super) fn exit_of(saved: &Saved, fail_on: Severity) -> Exit {
    match saved {
        Saved::One(report) => exit(report, fail_on),
        Saved::Several(fleet) => ended(fleet.interrupted, fleet.verdict, fail_on),
    }
}

fn ended(interrupted: bool, verdict: Verdict, fail_on: Severity) -> Exit {
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
