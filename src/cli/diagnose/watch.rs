//! `arcprobe diagnose --watch`: reads again and again, tells which links change, and proves the one that hangs.

use std::time::Duration;

use tokio::time::Instant;

use super::{collect_bundle, judge_bundle, probe_cluster, vantage_to_probe};
use crate::analysis::connectivity::support_bundle::SupportBundle;
use crate::analysis::connectivity::{ConnectivityDiagnosis, ConnectivityVerdict, StageResult, StageState};
use crate::cli::args::{DiagnoseArgs, PlainFormat};
use crate::cli::check_run::watch_shutdown;
use crate::cli::settings::kube_choice;
use crate::cli::{CommandError, Console, Environment, Result, print_output, start_runtime};
use crate::cluster::{ClusterClient, ClusterReader};
use crate::model::faults::{FaultCatalogue, Stage};
use crate::probe::settings::ProbeSettings;
use crate::probe::vantage_run::{Shutdown, wait_for_shutdown as until_stopped};
use crate::report;

/// The first link that does not hold yet and why, and since when.
#[derive(Default)]
struct StuckStage {
    first: Option<(Stage, String)>,
    since: Option<Instant>,
    is_reported: bool,
}

impl StuckStage {
    /// Whether a link hangs for so long now, and that was not told yet.
    fn newly_stuck(
        &mut self,
        chain: &ConnectivityDiagnosis,
        now: Instant,
        patience: Duration,
    ) -> Option<Stage> {
        // what is broken tells more than what could not be read
        let by_state = [StageState::Broken, StageState::Waiting, StageState::Unknown];
        let link = by_state.iter().find_map(|state| chain.links.iter().find(|l| l.state == *state));
        let first = link.map(|l| (l.link, l.why.clone()));
        if first != self.first {
            *self = Self { first, since: Some(now), is_reported: false };
        }
        let is_over = self.since.is_some_and(|since| now.duration_since(since) >= patience);
        if !is_over || self.is_reported {
            return None;
        }
        self.is_reported = true;
        self.first.as_ref().map(|(link, _)| *link)
    }
}

/// Reads again and again and tells what changes, until every link holds, the deadline passes or the user has seen enough. What
/// was read last is judged as ever; whether the user stopped is told with it.
pub(super) fn watch_cluster(
    args: &DiagnoseArgs,
    catalogue: &FaultCatalogue,
    environment: &Environment,
    screen: &Console,
) -> Result<(SupportBundle, bool)> {
    let choice = kube_choice(&args.cluster.kube);
    let runtime = start_runtime()?;
    let stopped = watch_shutdown(&runtime);
    let probe = ProbeSettings { deadline: args.probe.deadline, ..ProbeSettings::default() };
    let access = runtime.run_until_stopped(ClusterClient::open(&choice, environment, &probe))?;
    let access = access.map_err(CommandError::from_access_error)?;
    let until = args.probe.deadline.map(|limit| Instant::now() + limit);
    let mut shown: Vec<StageResult> = Vec::new();
    let mut needed = None;
    let mut stuck = StuckStage::default();
    let mut last = None;
    loop {
        let reader = ClusterReader::new(access.clone());
        let read = Box::pin(collect_bundle(&reader, args.cluster.read_secrets, needed.as_ref()));
        let case = match (runtime.run_until_stopped(read), last) {
            (Ok(case), _) => case,
            // what was read before is judged as ever
            (Err(CommandError::Stopped), Some(last)) => return Ok((last, true)),
            (Err(e), _) => return Err(e),
        };
        needed.clone_from(&case.prerequisites);
        let chain = judge_bundle(&case, catalogue, None, None)?;
        let is_new = |state: &&StageResult| {
            !shown.iter().any(|s| s.link == state.link && s.state == state.state && s.why == state.why)
        };
        let changed: Vec<_> = chain.links.iter().filter(is_new).cloned().collect();
        let is_text = args.output == PlainFormat::Text;
        if !changed.is_empty() && is_text {
            print_output(&report::connectivity::render_changes(&case.taken_at, &changed, &screen.text))?;
        }
        if let Some(link) = stuck.newly_stuck(&chain, Instant::now(), args.patience).filter(|_| is_text) {
            let chain = probe_stuck_stage(args, (&case, chain.clone()), catalogue, environment, screen)?;
            print_output(&report::connectivity::render_stuck_stage(
                link,
                args.patience,
                &chain,
                &screen.text,
            ))?;
        }
        let is_over =
            chain.verdict == ConnectivityVerdict::Healthy || until.is_some_and(|t| Instant::now() >= t);
        shown = chain.links;
        let wait = async {
            tokio::time::timeout(READ_INTERVAL, until_stopped(stopped.clone(), Shutdown::Graceful))
                .await
                .is_ok()
        };
        let is_stopped = !is_over && runtime.block_on(wait);
        if is_over || is_stopped {
            return Ok((case, is_stopped));
        }
        last = Some(case);
    }
}

/// The chain with what probes say of the link that hangs, where they can say something.
fn probe_stuck_stage(
    args: &DiagnoseArgs,
    (case, chain): (&SupportBundle, ConnectivityDiagnosis),
    catalogue: &FaultCatalogue,
    environment: &Environment,
    screen: &Console,
) -> Result<ConnectivityDiagnosis> {
    let vantage = vantage_to_probe(&chain).filter(|_| !args.no_probe);
    let Some(vantage) = vantage else { return Ok(chain) };
    match probe_cluster(args, (case, None), None, vantage, environment, screen)? {
        Some(report) => judge_bundle(case, catalogue, None, Some(&report)),
        None => Ok(chain),
    }
}

/// Between two looks.
const READ_INTERVAL: Duration = Duration::from_secs(3);
