//! The types that the steps exchange, and nothing that acts on them.
//!
//! - **Holds** what a rules file says ([`rules`]), what was seen ([`evidence`]), what is concluded from it ([`finding`], [`report`]),
//!   and the small values that several rooms share.
//! - **Takes and gives** nothing: the other rooms fill and read these types.
//! - **May touch** serde, schemars, jiff and ipnet; no other room, no file, no network, no clock.

pub mod command;
pub mod evidence;
#[cfg(feature = "cli")]
pub mod faults;
pub mod finding;
pub mod host_port;
pub mod ids;
pub mod networks;
pub mod plan;
#[cfg(feature = "cli")]
pub mod prerequisite_facts;
#[cfg(feature = "cli")]
pub mod prerequisite_rules;
pub mod products;
pub mod report;
pub mod rules;
pub mod run_flags;
pub mod scope;
pub mod secret;
pub mod shell;
#[cfg(feature = "cli")]
pub mod shown_text;
#[cfg(feature = "cli")]
pub mod signature;
pub mod source;
pub mod system_proxy;
pub mod text;
pub mod vantage;
#[cfg(feature = "cli")]
pub mod version;
pub mod waiver;
mod windows_commands;
pub mod wording;
pub(crate) mod words;
