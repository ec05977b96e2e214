//! Real networks: namespaces with links, routers, firewalls and proxies as they are installed in companies.
//!
//! Behind the feature `network-tests`, which changes nothing but that these tests exist. They need root on Linux; all
//! traffic stays inside the namespaces that they make, and these go away with the test.
//!
//! The lab is the same as everywhere. It is started by a thread inside the namespace `outside`, where it listens on
//! 127.0.0.1; a translation of addresses brings to it what comes in for the addresses and ports of its hosts.

mod daemon;
mod firewalls;
mod fragment;
mod mitmproxy;
mod names;
mod namespace;
mod network;
mod paths;
mod proxies;
mod proxies_selftest;
mod squid;
mod story;
mod tinyproxy;

use crate::require::{is_root, require, require_that};

/// Whether a test that needs these programs can run here; if not it has been said why.
///
/// # Panics
/// When it cannot run and `CI` is set.
#[track_caller]
fn ready(tools: &[&str]) -> bool {
    require_that(is_root(), "only root may make network namespaces")
        && ["ip", "nft"].iter().chain(tools).all(|tool| require(tool).is_some())
        && namespace::obstacle().is_none_or(|obstacle| require_that(false, &obstacle))
}
