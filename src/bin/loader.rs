//! `arcprobe-loader PIECE... -- ARGUMENT...`: puts the agent together from the pieces that fit into ConfigMaps, and becomes
//! it. It has to do without a shell, a writable root and a privilege, and it shares a ConfigMap with the first piece: so it
//! has no standard library, only a handful of system calls (the standard library alone would be larger than a ConfigMap).
//!
//! Only `cargo run --example pack_agent` builds it for real, with the profile `tiny`; elsewhere it is an empty program.

#![cfg_attr(all(panic = "abort", target_os = "linux"), no_std, no_main)]

#[cfg(not(all(panic = "abort", target_os = "linux")))]
fn main() {}

#[cfg(all(panic = "abort", target_os = "linux"))]
extern crate alloc;

#[cfg(all(panic = "abort", target_os = "linux"))]
#[path = "loader/real.rs"]
mod real;
