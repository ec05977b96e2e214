//! Evidence becomes verdicts, findings and advice.

#[cfg(feature = "cli")]
pub mod advise;
#[cfg(feature = "cli")]
pub mod chain;
#[cfg(feature = "cli")]
pub mod conclude;
#[cfg(feature = "cli")]
pub mod diagnose;
#[cfg(feature = "cli")]
pub mod explain;
pub mod networks;
#[cfg(feature = "cli")]
pub mod prerequisites;
pub mod verdict;
#[cfg(feature = "cli")]
pub mod waivers;
