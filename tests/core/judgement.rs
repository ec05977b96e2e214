//! Observations -> verdicts -> findings, without a network.

mod answerers;
mod connections;
mod edges;
mod goldens;
mod handshakes;
mod inside;
mod make;
mod names;
mod properties;
mod proxies;
mod services;
mod skip_ranges;
mod verdicts;
