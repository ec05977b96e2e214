//! Real networks: namespaces with links, routers, firewalls and proxies as they are installed in companies.
//!
//! Behind the feature `network-tests`, which changes nothing but that these tests exist. They need root on Linux; all
//! traffic stays inside the namespaces that they make, and these go away with the test. A test that cannot run says why,
//! and fails where the variable `CI` is `true`.
//!
//! The lab is the same as everywhere. It is started by a thread inside the namespace `outside`, where it listens on
//! 127.0.0.1; a translation of addresses brings to it what comes in for the addresses and ports of its hosts.

mod daemon;
mod firewalls;
mod fragment;
mod namespace;
mod network;
mod paths;
mod proxies;
mod proxies_selftest;
mod squid;
mod tinyproxy;

use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

/// Whether a test that needs these programs can run here; if not it has been said why.
///
/// # Panics
/// When it cannot run and `CI` is `true`.
fn ready(tools: &[&str]) -> bool {
    match obstacle(tools) {
        Some(obstacle) => possible(false, &obstacle),
        None => true,
    }
}

/// Says why something cannot run here.
///
/// # Panics
/// When it cannot and `CI` is `true`.
fn possible(is_possible: bool, obstacle: &str) -> bool {
    if !is_possible {
        assert!(std::env::var_os("CI").is_none_or(|v| v != "true"), "cannot run: {obstacle}");
        println!("skipped: {obstacle}");
    }
    is_possible
}

fn obstacle(tools: &[&str]) -> Option<String> {
    let is_root = std::fs::metadata("/proc/self").is_ok_and(|m| m.uid() == 0);
    if !is_root {
        return Some("only root may make network namespaces".into());
    }
    if let Some(missing) = ["ip", "nft"].iter().chain(tools).find(|name| tool(name).is_none()) {
        return Some(format!("the program {missing} is not installed"));
    }
    namespace::obstacle()
}

/// Where a program is; directories of the administrator are looked into even where they are not in the path.
fn tool(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut directories: Vec<PathBuf> = std::env::split_paths(&path).collect();
    directories.extend(["/usr/sbin", "/sbin"].map(PathBuf::from));
    directories.into_iter().map(|d| d.join(name)).find(|p| p.is_file())
}
