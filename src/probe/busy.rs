//! Which probes of a run still measure, so that one that only waits for something to happen knows when to stop.

use std::collections::BTreeSet;

use tokio::sync::watch;

/// The probes of a run that still measure something, by their places in the run.
#[derive(Debug)]
pub(super) struct BusyProbes(watch::Sender<BTreeSet<usize>>);

impl Default for BusyProbes {
    fn default() -> Self {
        Self(watch::Sender::new(BTreeSet::new()))
    }
}

impl BusyProbes {
    pub(super) fn begin(&self, index: usize) {
        self.0.send_if_modified(|busy| busy.insert(index));
    }

    pub(super) fn end(&self, index: usize) {
        self.0.send_if_modified(|busy| busy.remove(&index));
    }

    /// Waits until no other probe measures. From now on this one only waits.
    pub(super) async fn wait_for_others(&self, index: usize) {
        self.end(index);
        let _ = self.0.subscribe().wait_for(BTreeSet::is_empty).await;
    }
}
