//! Checks the network that Azure Arc-enabled Kubernetes needs, phase by phase, and says what to open.
//!
//! ```text
//! rules/*.yaml --load--> RuleSet --plan--> Plan --probe--> Evidence --diagnose--> Findings --report--> text, JSON
//!                  I/O             pure           I/O                   pure                pure
//! ```
//!
//! Each arrow is one function from value to value. Evidence says what was seen, findings say what it means; a failure of
//! the network is data in a step, an error is this program's own.

pub mod analysis;
#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "cli")]
pub mod cluster;
#[cfg(all(feature = "cli", any(test, feature = "fuzzing")))]
#[doc(hidden)]
#[path = "../tests/fuzzing/mod.rs"]
pub mod fuzzing;
#[cfg(feature = "cli")]
pub mod loopback;
pub mod model;
pub mod plan;
pub mod probe;
pub mod proxy;
#[cfg(feature = "cli")]
pub mod report;
pub mod rules;

#[cfg(all(test, feature = "cli"))]
extern crate self as arcprobe;
#[cfg(all(test, feature = "cli"))]
#[path = "../tests/core/mod.rs"]
mod core_tests;
