//! Evidence becomes verdicts, findings and advice.
//!
//! - **Takes** a plan with its evidence, the objects that were read from a cluster, and waivers.
//! - **Gives** a [`Report`](crate::model::report::Report): [`verdict`] judges each check, [`diagnose`] explains the failed ones in few findings,
//!   [`networks`] and [`advise`] compute the skip range, [`connectivity`] finds the first broken stage of a cluster that hangs.
//! - **May touch** nothing outside: a saved report or evidence file is judged again without a network.

#[cfg(feature = "cli")]
pub mod advise;
pub mod answerer;
#[cfg(feature = "cli")]
pub mod conclude;
#[cfg(feature = "cli")]
pub mod connectivity;
#[cfg(feature = "cli")]
pub mod diagnose;
#[cfg(feature = "cli")]
pub mod explain;
#[cfg(feature = "cli")]
pub mod kube_objects;
#[cfg(feature = "cli")]
pub mod networks;
#[cfg(feature = "cli")]
mod nodes;
#[cfg(feature = "cli")]
pub mod prerequisites;
pub mod verdict;
#[cfg(feature = "cli")]
pub mod waivers;
