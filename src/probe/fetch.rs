//! One request whose answer is wanted and not only judged.
//!
//! It goes through the phases of a check, over the same code: resolver, diversions, trust and way out are the same, and
//! a failure keeps its phase and its cause.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::http::{AbortOnDrop, Reply};
use super::looks::LargeLooks;
use super::one::{Prober, Target};
use super::opinion::Opinions;
use super::trail::Seen;
use crate::model::evidence::Observation;
use crate::model::plan::PlannedCheck;
use crate::probe::net::Net;

/// Walks the phases until one of the addresses has given a good answer, or all have failed. A redirection is an answer,
/// and is not followed.
pub async fn fetch(net: &Arc<Net>, check: &PlannedCheck) -> (Observation, Option<Reply>) {
    let started = Instant::now();
    let Some(target) = Target::of(check) else { return (Observation::default(), None) };
    let seen = Seen::new(started);
    let (keep, mut kept) = mpsc::channel(1);
    let prober = Prober {
        net: Arc::clone(net),
        target,
        seen: seen.clone(),
        place: 0,
        large_looks: Arc::<LargeLooks>::default(),
        opinions: Arc::<Opinions>::default(),
        keep: Some(keep),
        until: None,
    };
    // the prober drops its end when it is done; but an address that drops packets must not hold up another one's answer
    let task = AbortOnDrop::new(tokio::spawn(prober.run()));
    let reply = kept.recv().await;
    drop(task);
    (Observation { attempts: seen.take(), took: started.elapsed(), not_run: None }, reply)
}
