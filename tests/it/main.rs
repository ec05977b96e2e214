//! The one integration test binary.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "helpers of tests are not recognised as tests")]

mod advise;
mod answers;
mod beside;
mod cli;
mod client;
#[cfg(all(target_os = "linux", feature = "cluster-tests"))]
mod cluster;
mod demo;
mod deploy;
mod diagnose;
mod discovery;
mod docs;
mod fake_api;
mod families;
mod hardship;
mod hostile;
mod inside;
mod kubeconfig;
mod lab;
mod lab_selftest;
mod later;
mod layering;
mod lookups;
mod manual;
#[cfg(all(target_os = "linux", feature = "network-tests"))]
mod netns;
mod no_proxy_oracles;
mod opinions;
mod phases;
mod plain_proxied;
mod prerequisites;
mod program;
mod proxied;
mod push;
mod reference;
mod report;
mod reports;
mod require;
mod requirements;
mod scale;
mod secrets;
mod several;
#[cfg(all(unix, not(target_os = "macos")))]
mod system_settings;
mod vendor_pages;
mod vendor_table;
