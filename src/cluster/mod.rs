//! The probe step inside a Kubernetes cluster, and reading its objects.
//!
//! - **Takes** a kubeconfig, a plan's scope for each pod and node, and the packed agent.
//! - **Gives** evidence from each vantage, snapshots of networks and prerequisites, and the objects on which the diagnosis of a
//!   cluster rests.
//! - **May touch** the API server, and is the only user of kube. What it creates belongs to a Job and goes away with it. A
//!   cluster that does not answer is an error of its vantages; a kubeconfig that cannot be used ends the command.

mod access;
mod agents;
mod board;
mod case;
mod choice;
mod cleanup;
mod config;
mod delivery;
mod dialer;
mod dry_run;
mod error;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod job;
mod manifest;
mod nodes;
#[cfg(feature = "cli")]
pub mod payload;
mod prepare;
mod prerequisites;
mod quantity;
mod rights;
pub mod settings;
mod snapshot;
mod start;
#[cfg(feature = "cli")]
pub mod survey;

pub use access::{Access, AccessError};
pub use agents::{AgentProxies, proxies, region};
pub use case::{case, unreachable};
pub use cleanup::{Cleaned, cleanup};
pub use config::{ConfigError, server};
pub use delivery::{Listener, Looked, look, nowhere};
pub use dry_run::manifests;
pub use error::{ApiError, ApiFailure};
pub use job::{Step, Told};
pub use prepare::Order;
pub use prerequisites::prerequisites;
pub use rights::{rbac, rbac_for_diagnose};
pub use snapshot::{Proposal, snapshot};

/// A few letters that no other run has at the same time.
fn run_id() -> String {
    use sha2::{Digest as _, Sha256};
    let now = jiff::Timestamp::now().as_nanosecond();
    let digest = Sha256::digest(format!("{now} {}", std::process::id()));
    digest.iter().take(6).map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect()
}

/// Without those that look alike, and without vowels that make words.
const LETTERS: &[u8; 32] = b"bcdfghjkmnpqrstvwxyz234567892468";
