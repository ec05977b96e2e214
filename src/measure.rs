//! Looks from one vantage: discoveries and probes side by side, until all is measured or the run is cut short. The same code
//! runs on the workstation and in the cluster.

use std::sync::Arc;

use crate::discovery::Discoveries;
use crate::evidence::Evidence;
use crate::lookout::Lookout;
use crate::net::Net;
use crate::plan::Plan;
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

/// Completes when the user wants to stop (Ctrl-C) or the system does (SIGTERM); never where that cannot be heard.
pub async fn interruption() {
    let typed = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        () = typed => {}
        () = termination() => {}
    }
}

#[cfg(unix)]
async fn termination() {
    match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(mut signal) => drop(signal.recv().await),
        Err(_) => std::future::pending().await,
    }
}

#[cfg(not(unix))]
async fn termination() {
    std::future::pending().await
}
