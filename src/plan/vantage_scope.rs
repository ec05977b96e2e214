//! One vantage and what there is to look at from it: rules, scope, and the ways out. Pure.

use std::collections::BTreeMap;

use crate::model::plan::{Plan, Route};
use crate::model::rules::{Endpoint, Protocol, RuleSet};
use crate::model::scope::Scope;
use crate::model::vantage::VantageKind;
use crate::plan::{self, Discovered, PlanOptions, PlannedDiscovery};
use crate::proxy::Routes;

/// What plans for one vantage are made of.
#[derive(Clone, Copy, Debug)]
pub struct VantageScope<'a> {
    /// From where.
    pub vantage: VantageKind,
    /// What has to be reachable.
    pub rules: &'a RuleSet,
    /// What the rules are fitted to.
    pub scope: &'a Scope,
    /// The proxies in force there, and what goes around them.
    pub routes: &'a Routes,
    /// Which endpoints are looked at.
    pub selection: EndpointSelection,
    /// Whether the hosts below wildcards are asked for.
    pub discovery: bool,
}

/// Which endpoints are looked at from a vantage.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndpointSelection {
    /// Those whose callers live there.
    #[default]
    Callers,
    /// All, since the workstation is the only vantage and stands in for pods and nodes.
    StandsIn,
    /// All, since the user wants to see them from everywhere (`--all-vantages`).
    All,
}

impl VantageScope<'_> {
    /// Whom to ask for the hosts below wildcards.
    pub fn plan_discoveries(&self) -> Vec<PlannedDiscovery> {
        if !self.discovery {
            return Vec::new();
        }
        plan::plan_discoveries(
            self.rules,
            self.scope,
            self.vantage,
            &self.plan_options(BTreeMap::new()),
            self.route_lookup(),
        )
    }

    /// What is to be checked, after what was discovered.
    pub fn plan_checks(&self, discovered: BTreeMap<String, Discovered>) -> Plan {
        plan::build_plan(
            self.rules,
            self.scope,
            self.vantage,
            &self.plan_options(discovered),
            self.route_lookup(),
        )
    }

    /// The rules that this lookout needs, without the texts that only people read: what is sent to an agent.
    pub fn needed_rules(&self) -> RuleSet {
        let is_wanted = |e: &&Endpoint| {
            let is_asked = self
                .rules
                .endpoints
                .iter()
                .any(|other| other.ask.as_ref() == Some(&e.id) && other.cloud == e.cloud);
            plan::is_needed(e, self.scope) || is_asked
        };
        let bare = |e: &Endpoint| Endpoint {
            title: String::new(),
            why: String::new(),
            breaks: String::new(),
            callers: Vec::new(),
            sources: Vec::new(),
            note: None,
            ..e.clone()
        };
        RuleSet {
            layers: Vec::new(),
            regions: Vec::new(),
            sources: BTreeMap::new(),
            features: self.rules.features.clone(),
            marks: self.rules.marks.clone(),
            endpoints: self.rules.endpoints.iter().filter(is_wanted).map(bare).collect(),
            locations: BTreeMap::new(),
        }
    }

    fn route_lookup(&self) -> impl Fn(&str, u16, Protocol) -> Route {
        |host, port, protocol| self.routes.route_to(host, port, protocol)
    }

    fn plan_options(&self, discovered: BTreeMap<String, Discovered>) -> PlanOptions {
        PlanOptions {
            stands_in_for_cluster: self.selection == EndpointSelection::StandsIn,
            all_endpoints: self.selection == EndpointSelection::All,
            discovered,
        }
    }
}
