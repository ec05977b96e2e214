//! An agent in a cluster carries no ordinary client: nobody gives a second opinion there.

use super::{Destination, Prober};

/// None.
#[derive(Debug, Default)]
pub(in crate::probe) struct Opinions;

impl Opinions {
    /// Waits for a probe.
    pub(super) async fn beside(&self, _: &Prober, _: &Destination, probing: impl Future<Output = ()>) {
        probing.await;
    }
}
