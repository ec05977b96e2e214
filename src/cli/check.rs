//! `arcprobe check`: rules, plan, probes, judgement, report.

use std::sync::Arc;
use std::time::Duration;

use super::check_run::{read_cluster_region, run_check, to_command_error};
use super::files::{OutputFile, PendingFile, open_outputs, save_report};
use super::prerequisites::{PendingFacts, start_collecting};
use super::push::Push;
use super::settings::PreparedCheck;
use super::{CommandError, Console, Environment, Result, print_output, start_runtime};
use crate::analysis::conclude::with_prerequisites;
use crate::cli::args::{CheckArgs, ScopeArgs};
use crate::cli::exit::{Exit, exit_for_diff, exit_for_report};
use crate::cluster::runner::Runner;
use crate::cluster::settings::CheckSettings;
use crate::model::finding::Severity;
use crate::model::prerequisite_facts::{Fetched, PrerequisiteFacts};
use crate::model::prerequisite_rules::OnboardingTarget;
use crate::model::report::{PrerequisiteResults, Report, Verdict};
use crate::model::scope::Scope;
use crate::probe::net::{Net, NetError};
use crate::probe::settings::ProbeSettings;
use crate::report::{self, Format, diff};

/// The arguments with a region: the given one, else that of the cluster, where it is onboarded.
fn with_region(args: &CheckArgs, environment: &Environment, screen: &Console) -> Result<CheckArgs> {
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

/// The network that the settings want.
pub(super) fn run(args: &CheckArgs, environment: &Environment, screen: &Console) -> Result<Exit> {
    if let Some(contexts) = super::fleet::parse_contexts(args)? {
        return super::fleet::run(args, &contexts, environment, screen);
    }
    run_in(args, environment, screen, |settings| Net::new(&settings.probe, &settings.routes))
}

/// The line of the program: settings, probes, conclusions, report.
pub(super) fn run_in(
    args: &CheckArgs,
    environment: &Environment,
    screen: &Console,
    net: impl FnOnce(&mut CheckSettings) -> Result<Net, NetError>,
) -> Result<Exit> {
    let outputs = Outputs::open(args, environment)?;
    let args = &with_region(args, environment, screen)?;
    let PreparedCheck { rules, mut settings, notes } = super::settings::prepare_check(args, environment)?;
    let net = Arc::new(net(&mut settings).map_err(CommandError::usage)?);
    screen.hint_all(&notes);
    let runner = Runner { rules: &rules, settings: &settings, net: &net, environment, known: None };
    if args.cluster.dry_run {
        let objects = start_runtime()?.run_until_stopped(runner.dry_run())?.map_err(to_command_error)?;
        return print_output(&super::rbac::render_yaml(&objects)?);
    }
    let waivers = super::waivers::load_waivers(&args.waivers)?;
    let baseline =
        args.baseline.as_deref().map(|path| super::report::read_single(path, "--baseline")).transpose()?;
    let mut prerequisites = args.prerequisites.then(|| Prerequisites::start(args, &settings, environment));
    let report = super::wait::repeat_until_met(args.wait, screen, |time_left| {
        let settings = limit_time(&settings, time_left);
        let mut report = run_check(&Runner { settings: &settings, ..runner }, screen)?;
        if let Some(prerequisites) = &mut prerequisites {
            report = prerequisites.add_to(report, screen)?;
        }
        Ok(super::waivers::apply_waivers(report, &waivers))
    })?;
    outputs.write(&report, args.output, screen)?;
    match baseline {
        Some(baseline) => compare_with_baseline(&report, &baseline, args, settings.fail_on, screen),
        None => Ok(exit_for_report(&report, settings.fail_on)),
    }
}

/// The settings with no more time than is left.
fn limit_time(settings: &CheckSettings, time_left: Option<Duration>) -> CheckSettings {
    let mut settings = settings.clone();
    settings.probe.deadline = settings.probe.deadline.into_iter().chain(time_left).min();
    settings
}

/// Where the report goes beside the screen. Opened before the run: a report that cannot be written must not cost one.
struct Outputs {
    files: Vec<OutputFile>,
    push: Push,
    cas: Option<PendingFile>,
}

impl Outputs {
    fn open(args: &CheckArgs, environment: &Environment) -> Result<Self> {
        Ok(Self {
            files: open_outputs(&args.save)?,
            push: Push::prepare(args, environment)?,
            cas: args.save_ca.as_deref().map(PendingFile::open).transpose()?,
        })
    }

    /// Whatever becomes of the screen, or of one of the files, what was measured is not lost.
    fn write(self, report: &Report, format: Format, screen: &Console) -> Result<Exit> {
        let shown = print_output(&report::render(report, format, &screen.text));
        let saved = save_report(report, self.files, screen);
        self.push.send(&|format| report::render(report, format, &screen.file_options()));
        if let Some(target) = self.cas {
            save_cas(report, target, screen)?;
        }
        shown.and(saved)
    }
}

/// What the cluster and this machine need, asked for beside the probes and once for all rounds of `--wait`.
struct Prerequisites<'a> {
    args: &'a CheckArgs,
    scope: &'a Scope,
    pending: Option<PendingFacts>,
    facts: Option<PrerequisiteFacts>,
}

impl<'a> Prerequisites<'a> {
    fn start(args: &'a CheckArgs, settings: &'a CheckSettings, environment: &Environment) -> Self {
        let choice = super::settings::kube_choice(&args.cluster.kube);
        let pending = start_collecting(choice, settings.probe.clone(), environment.clone());
        Self { args, scope: &settings.scope, pending: Some(pending), facts: None }
    }

    fn add_to(&mut self, mut report: Report, screen: &Console) -> Result<Report> {
        if let Some(pending) = self.pending.take() {
            match pending.wait_for_facts(screen) {
                Ok(fetched) => self.facts = Some(reject_unusable_kubeconfig(fetched, self.args)?),
                // what was measured is reported anyway
                Err(CommandError::Stopped) => report.run.interrupted = true,
                Err(e) => return Err(e),
            }
        }
        match &self.facts {
            Some(facts) => Ok(with_prerequisites(report, judge_prerequisites(self.args, self.scope, facts)?)),
            None => Ok(report),
        }
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
) -> Result<Exit> {
    let diff = diff::compare(report, baseline);
    let text = diff::text::render(&diff, &screen.text);
    if args.output == Format::Text {
        print_output(&format!("\n{text}"))?;
    } else {
        screen.hint(&text);
    }
    Ok(match (report.run.interrupted, exit_for_diff(&diff, fail_on)) {
        (true, _) => Exit::Interrupted,
        (false, Exit::Ok) if report.verdict == Verdict::Incomplete => Exit::Incomplete,
        (false, exit) => exit,
    })
}

/// A kubeconfig that was named and cannot be used is wrong usage; that there is none is something that lacks.
fn reject_unusable_kubeconfig(facts: PrerequisiteFacts, args: &CheckArgs) -> Result<PrerequisiteFacts> {
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
) -> Result<PrerequisiteResults> {
    let wanted = OnboardingTarget {
        features: &scope.features,
        connectivity: scope.connectivity,
        cloud: scope.cloud.az_name(),
    };
    let catalogue = super::catalogue::load_catalogue(&[])?;
    super::prerequisites::judge_facts(facts, &args.scope.rules.rule_set, wanted, &catalogue)
}

/// `--save-ca`. Where nobody re-signs there is nothing to save, and the file stays as it was.
fn save_cas(report: &Report, target: PendingFile, screen: &Console) -> Result<()> {
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
    screen.hint(&format!(
        "--save-ca {}: written; compare with what the owners of the proxy publish before you use it as --proxy-cert:",
        path.display()
    ));
    for ca in &authorities {
        screen.hint(&format!("  {}\n  SHA-256 fingerprint {}", ca.name, ca.fingerprint()));
    }
    Ok(())
}
