//! Tests of the core through its public face. They are built with the unit tests of the library (`cargo test --lib`): no
//! program and no server is needed, and `.ci/mutants` counts what they notice.

#![allow(clippy::unwrap_used, reason = "helpers of tests are not recognised as tests")]

mod judgement;
mod rules;
mod signatures;
mod tickets;
mod version_1;
