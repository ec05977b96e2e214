//! The probe step inside a Kubernetes cluster, and reading its objects.
//!
//! - **Takes** a kubeconfig, a plan's scope for each pod and node, and the packed agent.
//! - **Gives** evidence from each vantage, snapshots of networks and prerequisites, and the objects on which the diagnosis of a
//!   cluster rests.
//! - **May touch** the API server, and is the only user of kube. What it creates belongs to a Job and goes away with it. A
//!   cluster that does not answer is an error of its vantages; a kubeconfig that cannot be used ends the command.

mod agent_runner;
pub(crate) mod arc_agents;
mod cleanup;
mod client;
mod dialer;
mod dry_run;
mod error;
mod image_choice;
mod job_follower;
mod kubeconfig;
mod manifest;
pub(crate) mod nodes;
pub mod payload;
mod permissions;
pub(crate) mod pod_startup;
mod pod_watcher;
mod prepare;
pub(crate) mod prerequisites;
mod quantity;
mod reader;
pub mod runner;
pub mod settings;
mod snapshot;
pub(crate) mod support_bundle;

pub use crate::cluster::agent_runner::{AgentListener, AgentRun, Remnants, fail_all_runs, run_agents};
pub use crate::cluster::arc_agents::{ArcAgentProxies, read_arc_agent_proxies, read_arc_region};
pub use crate::cluster::client::{ClusterClient, ClusterClientError};
pub use crate::cluster::job_follower::{AgentOutput, AgentProgress};
pub use crate::cluster::kubeconfig::{ConfigError, resolve_server_url};
pub use crate::cluster::permissions::{rbac_for_diagnose, rbac_for_probe_pods};
pub use crate::cluster::support_bundle::{bundle_if_unreachable, collect_support_bundle};
pub use cleanup::{CleanupResult, clean_up_namespace};
pub use dry_run::list_planned_objects;
pub use error::{ApiError, ApiFailure};
pub use prepare::AgentRequest;
pub use prerequisites::read_prerequisites;
pub use reader::ClusterReader;
pub use snapshot::{Proposal, read_network_snapshot};
