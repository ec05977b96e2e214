//! The list of what has to be open: the file format, how it is read and how it is fitted to a cloud and region.

#[cfg(feature = "cli")]
pub mod builtin;
#[cfg(feature = "cli")]
mod check;
pub mod expand;
#[cfg(feature = "cli")]
pub mod faults;
#[cfg(feature = "cli")]
mod features;
#[cfg(feature = "cli")]
pub mod load;
#[cfg(feature = "cli")]
mod locate;
#[cfg(feature = "cli")]
mod merge;
#[cfg(feature = "cli")]
pub mod prerequisites;
#[cfg(feature = "cli")]
mod problem;
#[cfg(feature = "cli")]
mod scope;
#[cfg(feature = "cli")]
mod suggest;
#[cfg(feature = "cli")]
pub mod waivers;

#[cfg(feature = "cli")]
pub use features::features;
#[cfg(feature = "cli")]
pub use problem::{Invalid, RulesError};
#[cfg(feature = "cli")]
pub use scope::{Asked, ScopeError, cloud, region, scope, values};
#[cfg(feature = "cli")]
pub(crate) use suggest::did_you_mean;
