//! Checks the network that Azure Arc-enabled Kubernetes needs, phase by phase, and says what to open.
//!
//! ```text
//! rules/*.yaml --load--> RuleSet --plan--> Plan --probe--> Evidence --diagnose--> Findings --report--> text, JSON
//!                  I/O             pure           I/O                   pure                pure
//! ```
//!
//! Each arrow is one function from value to value. Evidence says what was seen, findings say what it means; a failure of
//! the network is data in a step, an error is this program's own.

#[cfg(feature = "cli")]
pub mod advise;
pub mod agent;
#[cfg(feature = "cli")]
pub mod chain;
#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "cli")]
pub mod cluster;
#[cfg(feature = "cli")]
pub mod commands;
#[cfg(feature = "cli")]
pub mod conclude;
#[cfg(feature = "cli")]
pub mod diagnose;
pub mod discovery;
pub mod evidence;
#[cfg(feature = "cli")]
pub mod exit;
#[cfg(feature = "cli")]
pub mod explain;
pub mod finding;
#[cfg(all(feature = "cli", any(test, feature = "fuzzing")))]
#[doc(hidden)]
pub mod fuzzing;
#[cfg(feature = "cli")]
pub mod lab;
pub mod lookout;
pub mod measure;
pub mod net;
pub mod networks;
#[cfg(feature = "cli")]
pub mod payload;
pub mod plan;
#[cfg(feature = "cli")]
pub mod prerequisites;
pub mod probe;
#[cfg(feature = "cli")]
pub mod progress;
pub mod proxy;
pub mod report;
#[cfg(feature = "cli")]
pub mod requirements;
pub mod rules;
pub mod settings;
#[cfg(feature = "cli")]
pub mod survey;
pub mod vantage;
pub mod verdict;
#[cfg(feature = "cli")]
pub mod waivers;

#[cfg(all(test, feature = "cli"))]
extern crate self as arcprobe;
#[cfg(all(test, feature = "cli"))]
#[path = "../tests/core/mod.rs"]
mod core_tests;
