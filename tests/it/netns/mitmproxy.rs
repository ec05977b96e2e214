//! Mitmproxy, as it is installed: it inspects whatever comes, WebSockets too.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::daemon::{Daemon, open_to_all};
use super::network::{MIDDLE, Network, RESOLVER};
use crate::require::require;

/// A mitmproxy in the middle of a network.
pub(super) struct Mitmproxy {
    _daemon: Daemon,
    ca: PathBuf,
}

/// What it needs in addition to `ip` and `nft`.
pub(super) const TOOLS: &[&str] = &["mitmdump", "unshare"];

impl Mitmproxy {
    /// Starts it at the port of all proxies of these tests. It asks the system's resolver, so that it gets a `resolv.conf` of
    /// its own, in a mount namespace.
    pub(super) fn start(network: &Network) -> Self {
        let directory = network.lab.directory().join("mitmproxy");
        fs::create_dir_all(&directory).unwrap();
        open_to_all(&directory, 0o755);
        let resolver = directory.join("resolv.conf");
        fs::write(&resolver, format!("nameserver {RESOLVER}\noptions timeout:1 attempts:1\n")).unwrap();
        let script = "mount --bind \"$1\" /etc/resolv.conf && shift && exec \"$@\"";
        let mut command = Command::new(require("unshare").unwrap());
        command.args(["--mount", "sh", "-c", script, "sh"]).arg(&resolver).arg(require("mitmdump").unwrap());
        command.args(["--listen-host", &MIDDLE.to_string(), "--listen-port", "3128", "--set"]);
        command.arg(format!("confdir={}", directory.display())).arg("--set");
        command.arg(format!("ssl_verify_upstream_trusted_ca={}", network.lab.roots().display()));
        let log = directory.join("output.log");
        let daemon = Daemon::start(&network.middle, &mut command, (MIDDLE, 3128).into(), &log);
        Self { _daemon: daemon, ca: directory.join("mitmproxy-ca-cert.pem") }
    }

    /// PEM file of the CA that signs what it shows.
    pub(super) fn ca(&self) -> &Path {
        &self.ca
    }
}
