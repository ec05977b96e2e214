//! One request whose answer is wanted and not only judged.
//!
//! It goes through the phases of a check, over the same code: resolver, diversions, trust and way out are the same, and
//! a failure keeps its phase and its cause.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::endpoint::{ProbeTarget, Prober};
use super::exchange::Reply;
use super::http::AbortOnDrop;
use super::recorder::CheckRecorder;
use crate::model::evidence::Observation;
use crate::model::plan::PlanItem;
use crate::probe::net::Net;

/// Walks the phases until one of the addresses has given a good answer, or all have failed. A redirection is an answer,
/// and is not followed.
pub async fn fetch(net: &Arc<Net>, request: &PlanItem) -> (Observation, Option<Reply>) {
    let started = Instant::now();
    let Some(target) = ProbeTarget::from_item(request) else { return (Observation::default(), None) };
    let recorder = CheckRecorder::new(started);
    let (keep, mut kept) = mpsc::channel(1);
    let prober =
        Prober { reply_sender: Some(keep), ..Prober::alone(Arc::clone(net), target, recorder.clone()) };
    // the prober drops its end when it is done; but an address that drops packets must not hold up another one's answer
    let task = AbortOnDrop::new(tokio::spawn(prober.run_check()));
    let reply = kept.recv().await;
    drop(task);
    (Observation { attempts: recorder.take_attempts(), took: started.elapsed(), not_run: None }, reply)
}
