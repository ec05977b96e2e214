//! Checks the network that Azure Arc-enabled Kubernetes needs, phase by phase, and says what to open.
//!
//! ```text
//! rules/*.yaml --load--> RuleSet --plan--> Plan --probe--> Evidence --diagnose--> Findings --report--> text, JSON
//!                  I/O             pure           I/O                   pure                pure
//! ```
//!
//! Each arrow is one function from value to value. Evidence says what was seen, findings say what it means; a failure of
//! the network is data in a step, an error is this program's own.

pub mod agent;
pub mod cli;
pub mod commands;
pub mod conclude;
pub mod diagnose;
pub mod discovery;
pub mod evidence;
pub mod exit;
pub mod explain;
pub mod finding;
pub mod lookout;
pub mod measure;
pub mod net;
pub mod plan;
pub mod probe;
pub mod progress;
pub mod proxy;
pub mod report;
pub mod rules;
pub mod settings;
pub mod vantage;
pub mod verdict;
