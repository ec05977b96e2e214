//! Tinyproxy, as it is installed.

use std::fs;
use std::process::Command;

use super::daemon::{Daemon, open_to_all};
use super::network::{MIDDLE, Network, RESOLVER};
use crate::require::require;

/// What it needs in addition to `ip` and `nft`.
pub(super) const TOOLS: &[&str] = &["tinyproxy", "unshare"];

/// Nobody without credentials, not every name, and tunnels to port 443 only.
pub(super) const STRICT: &str =
    "BasicAuth user secret\nFilter \"FILTER\"\nFilterExtended On\nFilterDefaultDeny No\nConnectPort 443";

/// Starts it at the port of all proxies of these tests, with further lines of configuration. It asks the system's
/// resolver, so that it gets a `resolv.conf` of its own, in a mount namespace.
pub(super) fn start(network: &Network, lines: &str) -> Daemon {
    let directory = network.lab.directory().join("tinyproxy");
    fs::create_dir_all(&directory).unwrap();
    open_to_all(&directory, 0o755);
    let file = |name: &str, text: &str| {
        let path = directory.join(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let filter = file("filter", "^blocked\\.lab\\.example$\n");
    let resolver = file("resolv.conf", &format!("nameserver {RESOLVER}\noptions timeout:1 attempts:1\n"));
    let configuration = file(
        "tinyproxy.conf",
        &format!(
            "Listen {MIDDLE}\nPort 3128\nTimeout 10\nMaxClients 50\n{}\n",
            lines.replace("FILTER", &filter)
        ),
    );
    let script = "mount --bind \"$1\" /etc/resolv.conf && exec \"$2\" -d -c \"$3\"";
    let mut command = Command::new(require("unshare").unwrap());
    command.args(["--mount", "sh", "-c", script, "sh", &resolver]);
    command.arg(require("tinyproxy").unwrap()).arg(&configuration);
    Daemon::start(&network.middle, &mut command, (MIDDLE, 3128).into(), &directory.join("output.log"))
}
