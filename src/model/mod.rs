//! The types that the steps exchange, and nothing that acts on them.

pub mod evidence;
#[cfg(feature = "cli")]
pub mod facts;
#[cfg(feature = "cli")]
pub mod faults;
pub mod finding;
#[cfg(feature = "cli")]
pub mod needs;
pub mod report;
pub mod rules;
pub mod secret;
pub mod settings;
pub mod vantage;
#[cfg(feature = "cli")]
pub mod version;
