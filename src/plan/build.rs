//! Making a plan out of rules.

use std::collections::BTreeSet;

use super::target::{CheckTarget, resolve_targets};
use super::{PlanOptions, reason};
use crate::model::ids::{CheckId, VantageId};
use crate::model::plan::{Action, Plan, PlanItem, PlannedCheck, ProbeSpec, Route};
use crate::model::rules::{
    AddressClass, CallerVantage, Endpoint, Gateway, Need, PrivateLink, Protocol, RuleSet,
};
use crate::model::scope::{Connectivity, Scope};
use crate::model::vantage::VantageKind;
use crate::rules::expand::fill_template;

/// What is to be checked from one vantage, in the order of the rules. `route` says how to get to a host and port.
pub fn build_plan(
    rules: &RuleSet,
    scope: &Scope,
    vantage: VantageKind,
    options: &PlanOptions,
    route: impl Fn(&str, u16, Protocol) -> Route,
) -> Plan {
    let mut items: Vec<_> = rules
        .endpoints
        .iter()
        .filter(|endpoint| is_needed(endpoint, scope) && is_called_from(endpoint, scope, vantage, options))
        .flat_map(|endpoint| {
            let targets = resolve_targets(endpoint, scope, options.discovered.get(endpoint.id.as_str()));
            let make =
                |target| CheckBuilder { endpoint, scope, vantage, options, rules }.build_item(target, &route);
            targets.into_iter().map(make).collect::<Vec<_>>()
        })
        .collect();
    let mut seen = BTreeSet::new();
    items.retain(|item| seen.insert(item.check.id.clone()));
    Plan { vantage, items }
}

/// Whether somebody needs an endpoint in this scope, past the Arc gateway where there is one.
pub fn is_needed(endpoint: &Endpoint, scope: &Scope) -> bool {
    let is_on = endpoint.cloud == Some(scope.cloud) && !enabled_features(endpoint, scope).is_empty();
    is_on
        && (!is_carried(endpoint, scope) || endpoint.vantages.iter().any(|caller| bypasses_gateway(*caller)))
}

/// Whether the Arc gateway takes over what pods ask of an endpoint.
fn is_carried(endpoint: &Endpoint, scope: &Scope) -> bool {
    scope.connectivity == Connectivity::Gateway && endpoint.gateway == Gateway::Carried
}

/// Whether a caller does not go through the gateway: its proxy is a pod, which neither az nor a container runtime asks.
fn bypasses_gateway(caller: CallerVantage) -> bool {
    matches!(caller, CallerVantage::Workstation | CallerVantage::Node | CallerVantage::Browser)
}

pub(super) fn is_called_from(
    endpoint: &Endpoint,
    scope: &Scope,
    vantage: VantageKind,
    options: &PlanOptions,
) -> bool {
    let carried = is_carried(endpoint, scope);
    let mut callers = endpoint.vantages.iter().filter(|caller| !carried || bypasses_gateway(**caller));
    let stands_in = vantage == VantageKind::Workstation && options.stands_in_for_cluster;
    options.all_endpoints || stands_in || callers.any(|caller| vantage_of_caller(*caller) == vantage)
}

/// The vantage that a caller is checked from. A browser runs on a machine like the one that runs this program; what Azure
/// calls cannot be checked anywhere, and is listed once, with the workstation.
fn vantage_of_caller(caller: CallerVantage) -> VantageKind {
    match caller {
        CallerVantage::Pod => VantageKind::Pod,
        CallerVantage::Node => VantageKind::Node,
        CallerVantage::Workstation | CallerVantage::Browser | CallerVantage::Cloud => {
            VantageKind::Workstation
        }
    }
}

/// The features that are on and need an endpoint.
fn enabled_features<'a>(endpoint: &'a Endpoint, scope: &Scope) -> Vec<&'a str> {
    let on = |id: &&str| scope.features.iter().any(|feature| feature == id);
    endpoint.features.iter().map(crate::model::rules::Id::as_str).filter(on).collect()
}

/// An endpoint and all that its checks depend on.
pub(super) struct CheckBuilder<'a> {
    pub(super) endpoint: &'a Endpoint,
    pub(super) scope: &'a Scope,
    pub(super) vantage: VantageKind,
    pub(super) options: &'a PlanOptions,
    pub(super) rules: &'a RuleSet,
}

impl CheckBuilder<'_> {
    pub(super) fn build_item(
        &self,
        mut target: CheckTarget,
        route: impl Fn(&str, u16, Protocol) -> Route,
    ) -> PlanItem {
        let action = match target.unverified.take() {
            Some(unverified) => Action::Unverified(unverified),
            None => Action::Probe(self.build_probe_spec()),
        };
        PlanItem { check: self.build_check(target, route), action }
    }

    fn build_check(&self, target: CheckTarget, route: impl Fn(&str, u16, Protocol) -> Route) -> PlannedCheck {
        let Self { endpoint, scope, vantage, .. } = self;
        let features = enabled_features(endpoint, scope);
        let name = target.host.as_deref().or(target.pattern.as_deref()).unwrap_or_default().to_owned();
        PlannedCheck {
            id: CheckId::new(&VantageId::from(*vantage), endpoint.id.as_str(), &name),
            endpoint: endpoint.id.to_string(),
            defined: self.rules.locations.get(endpoint.id.as_str()).cloned(),
            title: endpoint.title.clone(),
            why: endpoint.why.clone(),
            breaks: endpoint.breaks.clone(),
            required: endpoint.need == Need::Required && !self.is_doubtful(),
            reason: reason::describe_reason(endpoint, &features, *vantage, self.options, self.rules),
            features: features.into_iter().map(str::to_owned).collect(),
            callers: endpoint.callers.clone(),
            alternative: endpoint.alternative.as_ref().map(ToString::to_string),
            port: endpoint.port.0,
            protocol: endpoint.protocol,
            vantage: VantageId::from(*vantage),
            route: route(&name, endpoint.port.0, endpoint.protocol),
            inspection: endpoint.inspection,
            host: target.host,
            pattern: target.pattern,
        }
    }

    /// Whether only nodes call what the gateway carries: a container runtime has a proxy of its own and does not ask the pod of
    /// the gateway, yet the vendor's list counts such hosts among those that the gateway carries.
    fn is_doubtful(&self) -> bool {
        let mut around = self.endpoint.vantages.iter().filter(|caller| bypasses_gateway(**caller));
        is_carried(self.endpoint, self.scope) && around.all(|caller| *caller == CallerVantage::Node)
    }

    fn build_probe_spec(&self) -> ProbeSpec {
        let Self { endpoint, scope, .. } = self;
        let private =
            scope.connectivity == Connectivity::PrivateLink && endpoint.private_link == PrivateLink::Private;
        ProbeSpec {
            method: endpoint.request.method,
            path: fill_template(endpoint.request.path.as_str(), scope).as_str().to_owned(),
            headers: endpoint.request.headers.clone(),
            answer: endpoint.answer.clone(),
            marks: self.rules.find_marks(&endpoint.answer.marks),
            certificate: endpoint.certificate.clone(),
            addresses: if private { AddressClass::Private } else { endpoint.addresses },
            inspection: endpoint.inspection,
            private_link: endpoint.private_link,
        }
    }
}

#[cfg(test)]
#[path = "build_tests.rs"]
mod tests;
