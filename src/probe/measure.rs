//! Looks from one vantage: discoveries and probes side by side, until all is measured or the run is cut short. The same code
//! runs on the workstation and in the cluster.

use std::sync::Arc;

use tokio::sync::watch;

use crate::model::evidence::Evidence;
use crate::model::plan::Plan;
use crate::plan::lookout::Lookout;
use crate::probe::discovery::Discoveries;
use crate::probe::net::Net;
use crate::probe::{self, Bounds, Event};

/// Measures what a lookout plans. The plan that is returned is the last one, with what was discovered on the way.
pub async fn measure(
    lookout: &Lookout<'_>,
    net: Arc<Net>,
    bounds: Bounds,
    stop: impl Future<Output = ()>,
    listen: impl FnMut(Event<'_>),
) -> (Plan, Evidence) {
    let mut discoveries = Discoveries::new(lookout.asks(), lookout.vantage);
    let answers = discoveries.ask(&net);
    let plan = |news| lookout.plan(discoveries.hear(news));
    let (plan, evidence) = probe::run_and_ask(answers, plan, net, bounds, stop, listen).await;
    (plan, Evidence { inquiries: discoveries.into_answers(), ..evidence })
}

/// How urgently the user wants to stop.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum Stop {
    /// Not at all.
    #[default]
    No,
    /// Soon: what is on its way may end, and a cluster is cleared up.
    Asked,
    /// At once: whatever is left behind.
    Insisted,
}

/// Completes when the user wants to stop, at least so urgently.
pub async fn until(mut stopped: watch::Receiver<Stop>, urgency: Stop) {
    if stopped.wait_for(|stop| *stop >= urgency).await.is_err() {
        // nobody is there any more who could want it
        std::future::pending::<()>().await;
    }
}

/// Completes when the user wants to stop (Ctrl-C) or the system does (SIGTERM, SIGHUP); never where that cannot be heard.
pub async fn interruption() {
    let typed = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        () = typed => {}
        () = ended_by::terminate() => {}
        () = ended_by::hangup() => {}
    }
}

#[cfg(unix)]
mod ended_by {
    use tokio::signal::unix::{SignalKind, signal};

    pub(crate) async fn terminate() {
        heard(SignalKind::terminate()).await;
    }

    /// The terminal is closed, or the connection to the machine is over. Who started us with `nohup` wants that not to matter:
    /// where it cannot be seen whether it does, the system's own way is kept.
    pub(crate) async fn hangup() {
        if is_ignored(HANGUP) {
            std::future::pending::<()>().await;
        }
        heard(SignalKind::hangup()).await;
    }

    /// proc(5): a mask in hexadecimal digits, the first signal in its lowest bit.
    fn is_ignored(signal: u32) -> bool {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
        mask.is_none_or(|mask| mask >> (signal - 1) & 1 == 1)
    }

    const HANGUP: u32 = 1;

    async fn heard(kind: SignalKind) {
        match signal(kind) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending().await,
        }
    }
}

#[cfg(not(unix))]
mod ended_by {
    pub(crate) use std::future::pending as terminate;
    pub(crate) use std::future::pending as hangup;
}
