//! File descriptors, of which a process has only so many. That they are used up is our own trouble and never the network's: who
//! needs one waits until another probe gives one back.

use std::io;

use tokio::time::{Duration, Instant, sleep};

/// How many files this process may have open, after it has asked for more; `None` where the system does not say.
pub fn raise_file_limit() -> Option<u64> {
    rlimit::increase_nofile_limit(REQUESTED_FILE_LIMIT).ok()
}

/// Opens something; where no descriptor is left, tries again until one is, or `patience` is over.
pub(super) async fn open_with_retry<T>(
    patience: Duration,
    mut open: impl FnMut() -> io::Result<T>,
) -> io::Result<T> {
    let until = Instant::now() + patience;
    loop {
        match open() {
            Err(e) if is_out_of_descriptors(&e) && Instant::now() < until => sleep(RETRY_INTERVAL).await,
            opened => return opened,
        }
    }
}

/// `ENFILE` and `EMFILE`, which have these numbers on every Unix.
fn is_out_of_descriptors(error: &io::Error) -> bool {
    cfg!(unix) && matches!(error.raw_os_error(), Some(23 | 24))
}

/// The window of probes at its widest needs no more.
const REQUESTED_FILE_LIMIT: u64 = 4160;

/// A probe that needs no time-out is over in less.
const RETRY_INTERVAL: Duration = Duration::from_millis(10);
