//! The part of the program that measures inside a cluster: what it is told ([`Task`]), what it tells ([`Record`]), and how
//! that travels over a log ([`framing`]). [`run_task`] carries a task out; the rest is pure and known to both sides.

pub mod framing;
mod record;
mod run;
mod task;

pub use record::{AgentFailure, CheckObservation, Hello, Record, RunSummary};
pub use run::run_task;
pub use task::{Task, TaskError, TaskParseError, TaskProxies};

/// The version that writes and reads both; the two sides have to be of one build.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
