//! The list of what has to be open: the file format, how it is read and how it is fitted to a cloud and region.

pub mod builtin;
mod check;
pub mod expand;
mod features;
pub mod load;
mod locate;
mod merge;
pub mod model;
mod problem;
mod scalars;
mod scope;
mod statuses;
mod suggest;
mod unique;
mod visit;

pub use features::features;
pub use problem::{Invalid, RulesError};
pub use scope::{Asked, ScopeError, cloud, region, scope, values};
