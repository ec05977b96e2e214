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

use std::collections::BTreeMap;

use crate::model::rules::HostName;

pub use crate::plan::discovery::{PlannedDiscovery, plan_discoveries};
pub use build::{build_plan, is_needed};

/// What a plan takes into account besides the rules.
#[derive(Clone, Debug, Default)]
pub struct PlanOptions {
    /// The workstation is the only vantage and stands in for pods and nodes: it checks everything.
    pub stands_in_for_cluster: bool,
    /// Every endpoint is checked from every vantage.
    pub all_endpoints: bool,
    /// What is known of the hosts of endpoints that somebody is asked for, by their ids. What is found replaces samples.
    pub discovered: BTreeMap<String, Discovered>,
}

/// What is known of the hosts of an endpoint that somebody is asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Discovered {
    /// Nothing yet; the endpoint is left out of the plan.
    Pending,
    /// Nothing yet, and it takes long: what the rules know is planned meanwhile.
    Late,
    /// They were found.
    Found(Vec<HostName>),
    /// They were not, and why.
    Failed(String),
}
