//! Rules files: what has to be open, for which product, cloud, region and feature.
//!
//! - **Takes** YAML files, the built-in ones among them, and what the user chose: cloud, region, features, values.
//! - **Gives** a checked [`RuleSet`](crate::model::rules::RuleSet), fitted to a scope; waivers and the catalogue of faults are read here too.
//!   What is wrong in a file is a problem with its line and what would be right.
//! - **May touch** files, and is the only user of a YAML parser.

#[cfg(feature = "cli")]
pub mod builtin;
pub mod expand;
#[cfg(feature = "cli")]
pub mod faults;
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
pub mod products;
#[cfg(feature = "cli")]
mod scope;
#[cfg(feature = "cli")]
mod suggest;
#[cfg(feature = "cli")]
mod validate;
#[cfg(feature = "cli")]
pub mod waivers;

#[cfg(feature = "cli")]
pub use problem::{InvalidFile, RulesError};
#[cfg(feature = "cli")]
pub use scope::{
    ScopeError, ScopeRequest, parse_cloud, parse_values, resolve_features, resolve_region, resolve_scope,
};
#[cfg(feature = "cli")]
pub(crate) use suggest::did_you_mean;
