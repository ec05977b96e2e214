//! Fewer connections at a time: a refusal by a proxy may be about the burst in which a run asks, and not about the host.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{RwLock, RwLockReadGuard, Semaphore, SemaphorePermit, watch};
use tokio::time::{sleep, timeout};

/// Who may ask a proxy when. The first tries of all checks are a burst; what was refused waits for its end.
#[derive(Debug)]
pub(crate) struct ProxyTurns {
    burst: RwLock<()>,
    joined: AtomicUsize,
    quiet: Semaphore,
    carries_tls: watch::Sender<bool>,
}

impl Default for ProxyTurns {
    fn default() -> Self {
        Self {
            burst: RwLock::default(),
            joined: AtomicUsize::new(0),
            quiet: Semaphore::new(MAX_QUIET),
            carries_tls: watch::Sender::new(false),
        }
    }
}

impl ProxyTurns {
    /// A place in the burst.
    pub(super) async fn join_burst(&self) -> RwLockReadGuard<'_, ()> {
        self.joined.fetch_add(1, Ordering::Relaxed);
        self.burst.read().await
    }

    /// Whether nobody else asked: no limit on connections explains a refusal then.
    pub(super) fn is_alone(&self) -> bool {
        self.joined.load(Ordering::Relaxed) <= 1
    }

    /// Records that hands were shaken in a tunnel.
    pub(super) fn record_tls(&self) {
        self.carries_tls.send_if_modified(|carries| !std::mem::replace(carries, true));
    }

    /// Waits for the first tunnel of the run in which hands are shaken: until then a handshake that breaks off says nothing of its
    /// host.
    pub(super) async fn carry_tls(&self) {
        let _ = self.carries_tls.subscribe().wait_for(|carries| *carries).await;
    }

    /// Waits for the end of the burst, if it ends soon, and for a turn among the few.
    pub(super) async fn wait_for_quiet(&self, pause: Duration) -> Option<SemaphorePermit<'_>> {
        // one that hangs holds up nobody else for its whole time-out
        let _ = timeout(MAX_WAIT, self.burst.write()).await;
        sleep(pause).await;
        self.quiet.acquire().await.ok()
    }
}

/// A browser opens more.
const MAX_QUIET: usize = 2;

/// Longer than a healthy proxy takes for all checks of a run.
const MAX_WAIT: Duration = Duration::from_millis(1500);
