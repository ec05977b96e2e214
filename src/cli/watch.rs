//! `arcprobe diagnose --watch`: reads again and again, tells which links change, and proves the one that hangs.

use std::time::Duration;

use tokio::time::Instant;

use super::check::stop_signal;
use super::diagnose::{judged, probe, taken, worth_probing};
use super::{CommandError, Environment, Screen, runtime, show};
use crate::analysis::chain::case::Case;
use crate::analysis::chain::{Answer, Chain, LinkState, State};
use crate::cli::args::{DiagnoseArgs, DiagnoseFormat};
use crate::cluster::Access;
use crate::model::faults::{Catalogue, Link};
use crate::probe::measure::{Stop, until as until_stopped};
use crate::probe::settings::ProbeSettings;
use crate::report;

/// The first link that does not hold yet and why, and since when.
#[derive(Default)]
struct Hanging {
    first: Option<(Link, String)>,
    since: Option<Instant>,
    is_told: bool,
}

impl Hanging {
    /// Whether a link hangs for so long now, and that was not told yet.
    fn is_due(&mut self, chain: &Chain, now: Instant, patience: Duration) -> Option<Link> {
        // what is broken tells more than what could not be read
        let by_state = [State::Broken, State::Waiting, State::Unknown];
        let link = by_state.iter().find_map(|state| chain.links.iter().find(|l| l.state == *state));
        let first = link.map(|l| (l.link, l.why.clone()));
        if first != self.first {
            *self = Self { first, since: Some(now), is_told: false };
        }
        let is_over = self.since.is_some_and(|since| now.duration_since(since) >= patience);
        if !is_over || self.is_told {
            return None;
        }
        self.is_told = true;
        self.first.as_ref().map(|(link, _)| *link)
    }
}

/// Reads again and again and tells what changes, until every link holds, the deadline passes or the user has seen enough. What
/// was read last is judged as ever; whether the user stopped is told with it.
pub(super) fn watch(
    args: &DiagnoseArgs,
    catalogue: &Catalogue,
    environment: &Environment,
    screen: &Screen,
) -> Result<(Case, bool), CommandError> {
    let choice = super::settings::kube(&args.cluster.kube);
    let runtime = runtime()?;
    let stopped = stop_signal(&runtime);
    let probe = ProbeSettings { deadline: args.probe.deadline, ..ProbeSettings::default() };
    let access = runtime.until_stopped(Access::open(&choice, environment, &probe))?;
    let access = access.map_err(CommandError::inaccessible)?;
    let until = args.probe.deadline.map(|limit| Instant::now() + limit);
    let mut shown: Vec<LinkState> = Vec::new();
    let mut needed = None;
    let mut hanging = Hanging::default();
    let mut last = None;
    loop {
        let read = Box::pin(taken(&access, args.cluster.read_secrets, needed.as_ref()));
        let case = match (runtime.until_stopped(read), last) {
            (Ok(case), _) => case,
            // what was read before is judged as ever
            (Err(CommandError::Stopped), Some(last)) => return Ok((last, true)),
            (Err(e), _) => return Err(e),
        };
        needed.clone_from(&case.prerequisites);
        let chain = judged(&case, catalogue, None, None)?;
        let is_new = |state: &&LinkState| {
            !shown.iter().any(|s| s.link == state.link && s.state == state.state && s.why == state.why)
        };
        let changed: Vec<_> = chain.links.iter().filter(is_new).cloned().collect();
        let is_text = args.output == DiagnoseFormat::Text;
        if !changed.is_empty() && is_text {
            show(&report::chain::changes(&case.taken_at, &changed, &screen.text))?;
        }
        if let Some(link) = hanging.is_due(&chain, Instant::now(), args.patience).filter(|_| is_text) {
            let chain = proven(args, (&case, chain.clone()), catalogue, environment, screen)?;
            show(&report::chain::hangs(link, args.patience, &chain, &screen.text))?;
        }
        let is_over = chain.verdict == Answer::Healthy || until.is_some_and(|t| Instant::now() >= t);
        shown = chain.links;
        let wait = async {
            tokio::time::timeout(BETWEEN, until_stopped(stopped.clone(), Stop::Asked)).await.is_ok()
        };
        let is_stopped = !is_over && runtime.block_on(wait);
        if is_over || is_stopped {
            return Ok((case, is_stopped));
        }
        last = Some(case);
    }
}

/// The chain with what probes say of the link that hangs, where they can say something.
fn proven(
    args: &DiagnoseArgs,
    (case, chain): (&Case, Chain),
    catalogue: &Catalogue,
    environment: &Environment,
    screen: &Screen,
) -> Result<Chain, CommandError> {
    let vantage = worth_probing(&chain).filter(|_| !args.no_probe);
    let Some(vantage) = vantage else { return Ok(chain) };
    match probe(args, (case, None), vantage, environment, screen)? {
        Some(report) => judged(case, catalogue, None, Some(&report)),
        None => Ok(chain),
    }
}

/// Between two looks.
const BETWEEN: Duration = Duration::from_secs(3);
