//! The one integration test binary.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "helpers of tests are not recognised as tests")]

mod judgement;
mod lab;
mod lab_selftest;
mod reports;
