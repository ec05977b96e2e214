//! `check --kube-context a,b,c`: the same check of several clusters at the same time, and what they have in common.

use std::sync::Arc;
use std::time::Instant;

use futures::StreamExt as _;
use tokio::sync::watch;

use super::check_run::{
    build_report, describe_remnants, read_cluster_region, show_progress, to_command_error, watch_shutdown,
};
use super::files::{open_outputs, save_any_report};
use super::push::Push;
use super::settings::PreparedCheck;
use super::{CommandError, Console, Environment, Result, print_output, start_runtime};
use crate::cli::args::{CheckArgs, ScopeArgs};
use crate::cli::exit::{Exit, exit_for_saved};
use crate::cli::progress::Progress;
use crate::cluster::runner::Runner;
use crate::cluster::{self, ClusterClientError};
use crate::model::report::Report;
use crate::model::waiver::Waiver;
use crate::probe::net::{Clock as _, Net, SystemClock};
use crate::probe::settings::ProbeSettings;
use crate::probe::vantage_run::{Shutdown, wait_for_shutdown};
use crate::report;
use crate::report::fleet::json::SavedReport;
use crate::report::fleet::{Fleet, FleetRun, MAX_CLUSTERS, Member};

/// The contexts that were named, where there are several.
///
/// # Errors
/// A name that is empty or stands twice, or a flag that is about one cluster.
pub(super) fn parse_contexts(args: &CheckArgs) -> Result<Option<Vec<String>>> {
    let Some(given) = args.cluster.kube.kube_context.as_deref().filter(|given| given.contains(',')) else {
        return Ok(None);
    };
    let names: Vec<String> = given.split(',').map(|name| name.trim().to_owned()).collect();
    let usage = |text: String| Err(CommandError::Usage(anyhow::anyhow!("--kube-context {given}: {text}")));
    if let Some(place) = names.iter().position(String::is_empty) {
        return usage(format!("the name at place {} is empty", place + 1));
    }
    let is_again = |(place, name): (usize, &String)| names[..place].contains(name);
    if let Some((_, name)) = names.iter().enumerate().find(|each| is_again(*each)) {
        return usage(format!("{name} is named twice"));
    }
    if names.len() > MAX_CLUSTERS {
        return usage(format!("{} clusters; at most {MAX_CLUSTERS} are looked at in a run", names.len()));
    }
    let of_one = [
        ("--baseline", args.baseline.is_some()),
        ("--wait", args.wait.is_some()),
        ("--save-ca", args.save_ca.is_some()),
        ("--prerequisites", args.prerequisites),
        ("--dry-run", args.cluster.dry_run),
        ("--node", args.cluster.node.is_some()),
        ("--keep", args.cluster.keep),
    ];
    if let Some((flag, _)) = of_one.iter().find(|(_, is_given)| *is_given) {
        return usage(format!("{flag} is about one cluster; leave it out, or name one context"));
    }
    if args.from.iter().all(|from| from.trim() == "workstation") {
        return usage("several clusters are looked at from inside; add --from pod,node".to_owned());
    }
    Ok(Some(names))
}

/// Looks at all of them and reports.
pub(super) fn run(
    args: &CheckArgs,
    contexts: &[String],
    environment: &Environment,
    screen: &Console,
) -> Result<Exit> {
    let each: Vec<CheckArgs> = contexts.iter().map(|context| for_context(args, context)).collect();
    let files = open_outputs(&args.save)?;
    let push = Push::prepare(args, environment)?;
    let runtime = start_runtime()?;
    let mut servers = Vec::new();
    for one in &each {
        let choice = super::settings::kube_choice(&one.cluster.kube);
        servers.push(
            runtime
                .block_on(cluster::resolve_server_url(&choice, environment))
                .map_err(CommandError::usage)?,
        );
        // what is wrong with the other flags is wrong for all, and told before anything is looked at
        if one.scope.location.is_some() {
            super::settings::prepare_check(one, environment)?;
        }
    }
    let waivers = super::waivers::load_waivers(&args.waivers)?;
    let (started_at, started) = (SystemClock.now(), Instant::now());
    let progress = Arc::new(Progress::new(!screen.shows_progress));
    progress.start(0);
    let stopped = watch_shutdown(&runtime);
    let checks = each.iter().enumerate().map(|(place, args)| {
        let check = MemberCheck { args, place, environment, progress: &progress, stopped: stopped.clone() };
        check.run_to_member(&waivers)
    });
    let results: Vec<_> = runtime.block_on(futures::stream::iter(checks).buffered(MAX_CONCURRENT).collect());
    progress.finish();
    let mut members = Vec::new();
    let mut refusals = Vec::new();
    for (MemberResult { mut member, notes, error: refused }, server) in results.into_iter().zip(servers) {
        member.server = Some(server);
        for note in &notes {
            screen.hint(&format!("{}: {note}", member.context));
        }
        members.push(member);
        refusals.extend(refused);
    }
    // what is wrong with every cluster is wrong with what was typed; what one of them has costs the others nothing
    if refusals.len() == members.len() {
        return Err(refusals.swap_remove(0));
    }
    let course =
        FleetRun { started_at, took: started.elapsed(), interrupted: *stopped.borrow() > Shutdown::None };
    let saved = SavedReport::Fleet(Fleet::new(members, course));
    let shown = print_output(&report::render_saved(&saved, args.output, &screen.text));
    // whatever became of the screen: what was measured is not lost
    let kept = save_any_report(&saved, files, screen);
    push.send(&|format| report::render_saved(&saved, format, &screen.file_options()));
    shown.and(kept)?;
    Ok(exit_for_saved(&saved, args.fail_on.severity()))
}

/// The arguments for one of the clusters.
fn for_context(args: &CheckArgs, context: &str) -> CheckArgs {
    let mut one = args.clone();
    one.cluster.kube.kube_context = Some(context.to_owned());
    one
}

/// What came of a cluster.
struct MemberResult {
    member: Member,
    notes: Vec<String>,
    /// Why nothing could be looked at, where that is no answer of the cluster; the member has it too.
    error: Option<CommandError>,
}

/// One cluster of a run.
struct MemberCheck<'a> {
    args: &'a CheckArgs,
    place: usize,
    environment: &'a Environment,
    progress: &'a Arc<Progress>,
    stopped: watch::Receiver<Shutdown>,
}

impl MemberCheck<'_> {
    /// The cluster with its report, or why there is none; and what is worth knowing besides.
    async fn run_to_member(self, waivers: &[Waiver]) -> MemberResult {
        let context = self.args.cluster.kube.kube_context.clone().unwrap_or_default();
        let member = Member { context, server: None, error: None, report: None };
        let mut result = MemberResult { member, notes: Vec::new(), error: None };
        let args = match self.with_region().await {
            Ok((args, notes)) => {
                result.notes = notes;
                args
            }
            Err(why) => {
                result.member.error = Some(why);
                return result;
            }
        };
        match Box::pin(self.run_check(&args)).await {
            Ok((report, notes)) => {
                result.notes.extend(notes);
                result.member.report = Some(super::waivers::apply_waivers(report, waivers));
            }
            Err(e) => {
                result.member.error = Some(super::sanitize_for_terminal(&e.to_string()));
                result.error = Some(e);
            }
        }
        result
    }

    /// The arguments with a region, or why it is not known.
    async fn with_region(&self) -> Result<(CheckArgs, Vec<String>), String> {
        if self.args.scope.location.is_some() {
            return Ok((self.args.clone(), Vec::new()));
        }
        let choice = super::settings::kube_choice(&self.args.cluster.kube);
        let probe = ProbeSettings { deadline: self.args.probe.deadline, ..ProbeSettings::default() };
        let found = tokio::select! {
            found = read_cluster_region(&choice, self.environment, &probe) => found,
            () = wait_for_shutdown(self.stopped.clone(), Shutdown::Graceful) => return Err("stopped before it was looked at".to_owned()),
        };
        match found {
            Ok(Some(region)) => {
                let note = format!("region {region}, as the cluster's agents have it");
                let scope = ScopeArgs { location: Some(region), ..self.args.scope.clone() };
                Ok((CheckArgs { scope, ..self.args.clone() }, vec![note]))
            }
            Ok(None) => Err("no agents of Azure Arc are in the cluster that could tell its region; --location REGION gives one \
                             for all clusters"
                .to_owned()),
            Err(e @ ClusterClientError::Config(_)) => Err(e.to_string()),
            Err(e) => Err(format!("its region cannot be read: {e}; --location REGION gives one for all clusters")),
        }
    }

    async fn run_check(&self, args: &CheckArgs) -> Result<(Report, Vec<String>)> {
        let PreparedCheck { rules, settings, mut notes } =
            super::settings::prepare_check(args, self.environment)?;
        let net = Arc::new(Net::new(&settings.probe, &settings.routes).map_err(CommandError::usage)?);
        let surveyor = Runner {
            rules: &rules,
            settings: &settings,
            net: &net,
            environment: self.environment,
            known: None,
        };
        let (progress, place) = (Arc::clone(self.progress), self.place);
        let started_at = net.clock.now();
        let listen = Arc::new(move |sign| show_progress(&progress, place, sign));
        let survey = Box::pin(surveyor.run(self.stopped.clone(), listen)).await.map_err(to_command_error)?;
        notes.extend(survey.notes.iter().cloned());
        notes.extend(survey.remnants.as_ref().map(|left| describe_remnants(left, &settings.flags)));
        Ok((build_report(&surveyor, &survey, started_at, Vec::new()), notes))
    }
}

/// Clusters that are looked at at the same time.
const MAX_CONCURRENT: usize = 8;
