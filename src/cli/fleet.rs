//! `check --kube-context a,b,c`: the same check of several clusters at the same time, and what they have in common.

use std::sync::Arc;
use std::time::Instant;

use futures::StreamExt as _;
use tokio::sync::watch;

use super::check::{found_region, judged, refused, show_sign, stop_signal};
use super::files::{open_all, save_saved};
use super::push::Push;
use super::settings::Prepared;
use super::{CommandError, Environment, Screen, runtime, show};
use crate::cli::args::{CheckArgs, ScopeArgs};
use crate::cli::exit::Exit;
use crate::cli::progress::Progress;
use crate::cluster::survey::Surveyor;
use crate::cluster::{self, AccessError};
use crate::model::report::Report;
use crate::model::waiver::Waiver;
use crate::probe::measure::{Stop, until};
use crate::probe::net::Net;
use crate::probe::settings::ProbeSettings;
use crate::report;
use crate::report::fleet::json::Saved;
use crate::report::fleet::{Course, Fleet, MOST_CLUSTERS, Member};

/// The contexts that were named, where there are several.
///
/// # Errors
/// A name that is empty or stands twice, or a flag that is about one cluster.
pub(super) fn contexts(args: &CheckArgs) -> Result<Option<Vec<String>>, CommandError> {
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
    if names.len() > MOST_CLUSTERS {
        return usage(format!("{} clusters; at most {MOST_CLUSTERS} are looked at in a run", names.len()));
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
    screen: &Screen,
) -> Result<Exit, CommandError> {
    let each: Vec<CheckArgs> = contexts.iter().map(|context| at(args, context)).collect();
    let files = open_all(&args.save)?;
    let push = Push::prepare(args, environment)?;
    let runtime = runtime()?;
    let mut servers = Vec::new();
    for one in &each {
        let choice = super::settings::kube(&one.cluster.kube);
        servers.push(runtime.block_on(cluster::server(&choice, environment)).map_err(CommandError::usage)?);
        // what is wrong with the other flags is wrong for all, and told before anything is looked at
        if one.scope.location.is_some() {
            super::settings::check(one, environment)?;
        }
    }
    let waivers = super::waivers::read(&args.waivers)?;
    let (started_at, started) = (jiff::Timestamp::now(), Instant::now());
    let progress = Arc::new(Progress::new(!screen.shows_progress));
    progress.start(0);
    let stopped = stop_signal(&runtime);
    let looks = each.iter().enumerate().map(|(place, args)| {
        let look = Look { args, place, environment, progress: &progress, stopped: stopped.clone() };
        look.member(&waivers)
    });
    let looked: Vec<_> = runtime.block_on(futures::stream::iter(looks).buffered(AT_ONCE).collect());
    progress.done();
    let mut members = Vec::new();
    let mut refusals = Vec::new();
    for (Looked { mut member, notes, refused }, server) in looked.into_iter().zip(servers) {
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
    let course = Course { started_at, took: started.elapsed(), interrupted: *stopped.borrow() > Stop::No };
    let saved = Saved::Several(Fleet::of(members, course));
    let shown = show(&report::render_saved(&saved, args.output, &screen.text));
    // whatever became of the screen: what was measured is not lost
    let kept = save_saved(&saved, files, screen);
    push.send(&|format| report::render_saved(&saved, format, &screen.plain()));
    shown.and(kept)?;
    Ok(super::check::exit_of(&saved, args.fail_on.severity()))
}

/// The arguments for one of the clusters.
fn at(args: &CheckArgs, context: &str) -> CheckArgs {
    let mut one = args.clone();
    one.cluster.kube.kube_context = Some(context.to_owned());
    one
}

/// What came of a cluster.
struct Looked {
    member: Member,
    notes: Vec<String>,
    /// Why nothing could be looked at, where that is no answer of the cluster; the member has it too.
    refused: Option<CommandError>,
}

/// One cluster of a run.
struct Look<'a> {
    args: &'a CheckArgs,
    place: usize,
    environment: &'a Environment,
    progress: &'a Arc<Progress>,
    stopped: watch::Receiver<Stop>,
}

impl Look<'_> {
    /// The cluster with its report, or why there is none; and what is worth knowing besides.
    async fn member(self, waivers: &[Waiver]) -> Looked {
        let context = self.args.cluster.kube.kube_context.clone().unwrap_or_default();
        let member = Member { context, server: None, error: None, report: None };
        let mut looked = Looked { member, notes: Vec::new(), refused: None };
        let args = match self.located().await {
            Ok((args, notes)) => {
                looked.notes = notes;
                args
            }
            Err(why) => {
                looked.member.error = Some(why);
                return looked;
            }
        };
        match Box::pin(self.look(&args)).await {
            Ok((report, notes)) => {
                looked.notes.extend(notes);
                looked.member.report = Some(super::waivers::apply(report, waivers));
            }
            Err(e) => {
                looked.member.error = Some(super::harmless(&e.to_string()));
                looked.refused = Some(e);
            }
        }
        looked
    }

    /// The arguments with a region, or why it is not known.
    async fn located(&self) -> Result<(CheckArgs, Vec<String>), String> {
        if self.args.scope.location.is_some() {
            return Ok((self.args.clone(), Vec::new()));
        }
        let choice = super::settings::kube(&self.args.cluster.kube);
        let probe = ProbeSettings { deadline: self.args.probe.deadline, ..ProbeSettings::default() };
        let found = tokio::select! {
            found = found_region(&choice, self.environment, &probe) => found,
            () = until(self.stopped.clone(), Stop::Asked) => return Err("stopped before it was looked at".to_owned()),
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
            Err(e @ AccessError::Config(_)) => Err(e.to_string()),
            Err(e) => Err(format!("its region cannot be read: {e}; --location REGION gives one for all clusters")),
        }
    }

    async fn look(&self, args: &CheckArgs) -> Result<(Report, Vec<String>), CommandError> {
        let Prepared { rules, settings, mut notes } = super::settings::check(args, self.environment)?;
        let net = Arc::new(Net::new(&settings.probe, &settings.routes).map_err(CommandError::usage)?);
        let surveyor =
            Surveyor { rules: &rules, settings: &settings, net: &net, environment: self.environment };
        let (progress, place) = (Arc::clone(self.progress), self.place);
        let started_at = net.clock.now();
        let listen = Arc::new(move |sign| show_sign(&progress, place, sign));
        let survey = Box::pin(surveyor.survey(self.stopped.clone(), listen)).await.map_err(refused)?;
        notes.extend(survey.notes.iter().cloned());
        Ok((judged(&surveyor, &survey, started_at), notes))
    }
}

/// Clusters that are looked at at the same time.
const AT_ONCE: usize = 8;
