//! A program that serves on the machine in the middle.

use std::fs::{self, File};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::namespace::Namespace;

/// Runs as long as the value lives.
pub(super) struct Daemon {
    child: Child,
}

impl Daemon {
    /// Starts it and waits until it takes connections.
    ///
    /// # Panics
    /// When it ends before, or takes too long; with what it said.
    pub(super) fn start(namespace: &Namespace, command: &mut Command, at: SocketAddr, log: &Path) -> Self {
        let output = File::create(log).unwrap();
        command.stdin(Stdio::null()).stdout(output.try_clone().unwrap()).stderr(output);
        let child = namespace.inside(|| command.spawn()).unwrap_or_else(|e| panic!("{command:?}: {e}"));
        let mut daemon = Self { child };
        let until = Instant::now() + SLOWEST_START;
        while namespace.inside(|| TcpStream::connect(at)).is_err() {
            let said = || fs::read_to_string(log).unwrap_or_default();
            assert!(daemon.child.try_wait().unwrap().is_none(), "{command:?} ended: {}", said());
            assert!(Instant::now() < until, "{command:?} does not listen at {at}: {}", said());
            sleep(Duration::from_millis(50));
        }
        daemon
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill(); // its helpers end when their standard input does
        let _ = self.child.wait();
    }
}

/// Servers give up root and then have to read, and write, in directories that the test made.
pub(super) fn open_to_all(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// Under load.
const SLOWEST_START: Duration = Duration::from_secs(20);
