//! Rules, a scope and a vantage become an ordered list of checks.
//!
//! - **Takes** a [`RuleSet`](crate::model::rules::RuleSet), a scope, the routes of the proxies, and the hosts that were discovered.
//! - **Gives** a [`Plan`](crate::model::plan::Plan): what is probed, by which route and why, and what cannot be.
//! - **May touch** nothing outside: equal arguments give equal plans, so that workstation and cluster plan alike.

mod build;
mod discovery;
mod display;
mod reason;
mod target;
pub mod vantage_scope;

pub use crate::plan::discovery::{Discovered, PlannedDiscovery, plan_discoveries};
pub use build::{PlanOptions, build_plan, is_needed};
