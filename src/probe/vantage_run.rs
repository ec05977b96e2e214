//! Looks from one vantage: discoveries and probes side by side, until all is measured or the run is cut short. The same code
//! runs on the workstation and in the cluster.

use std::sync::Arc;

use tokio::sync::watch;

use crate::model::evidence::Evidence;
use crate::model::plan::Plan;
use crate::plan::vantage_scope::VantageScope;
use crate::probe::discovery::Discoveries;
use crate::probe::net::Net;
use crate::probe::{self, ProbeEvent, RunLimits};

/// Measures what a lookout plans. The plan that is returned is the last one, with what was discovered on the way.
pub async fn measure_vantage(
    lookout: &VantageScope<'_>,
    net: Arc<Net>,
    bounds: RunLimits,
    stop: impl Future<Output = ()>,
    listen: impl FnMut(ProbeEvent<'_>),
) -> (Plan, Evidence) {
    let mut discoveries = Discoveries::new(lookout.plan_discoveries(), lookout.vantage);
    let answers = discoveries.send_requests(&net);
    let plan = |news| lookout.plan_checks(discoveries.apply_trigger(news));
    let (plan, evidence) = probe::run_with_discoveries(answers, plan, net, bounds, stop, listen).await;
    (plan, Evidence { discoveries: discoveries.into_answers(), ..evidence })
}

/// How urgently the user wants to stop.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum Shutdown {
    /// Not at all.
    #[default]
    None,
    /// Soon: what is on its way may end, and a cluster is cleared up.
    Graceful,
    /// At once: whatever is left behind.
    Immediate,
}

/// Completes when the user wants to stop, at least so urgently.
pub async fn wait_for_shutdown(mut stopped: watch::Receiver<Shutdown>, urgency: Shutdown) {
    if stopped.wait_for(|stop| *stop >= urgency).await.is_err() {
        // nobody is there any more who could want it
        std::future::pending::<()>().await;
    }
}

/// Completes when the user wants to stop (Ctrl-C) or the system does (SIGTERM, SIGHUP); never where that cannot be heard.
pub async fn wait_for_interrupt() {
    let typed = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        () = typed => {}
        () = signals::wait_for_sigterm() => {}
        () = signals::wait_for_sighup() => {}
    }
}

#[cfg(unix)]
mod signals {
    use tokio::signal::unix::{SignalKind, signal};

    pub(crate) async fn wait_for_sigterm() {
        wait_for_signal(SignalKind::terminate()).await;
    }

    /// The terminal is closed, or the connection to the machine is over. Who started us with `nohup` wants that not to matter:
    /// where it cannot be seen whether it does, the system's own way is kept.
    pub(crate) async fn wait_for_sighup() {
        if is_ignored(SIGHUP) {
            std::future::pending::<()>().await;
        }
        wait_for_signal(SignalKind::hangup()).await;
    }

    /// proc(5): a mask in hexadecimal digits, the first signal in its lowest bit.
    fn is_ignored(signal: u32) -> bool {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
        mask.is_none_or(|mask| mask >> (signal - 1) & 1 == 1)
    }

    const SIGHUP: u32 = 1;

    async fn wait_for_signal(kind: SignalKind) {
        match signal(kind) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending().await,
        }
    }
}

#[cfg(not(unix))]
mod signals {
    pub(crate) use std::future::pending as wait_for_sigterm;
    pub(crate) use std::future::pending as wait_for_sighup;
}
