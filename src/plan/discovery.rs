//! Whom to ask for the hosts below wildcards. Pure.

use super::PlanOptions;
use super::build::{CheckBuilder, is_called_from, is_needed};
use super::target::{CheckTarget, find_missing_value};
use crate::model::plan::{Action, PlanItem, Route};
use crate::model::rules::{
    CallerVantage, DiscoveryMethod, Endpoint, HostPattern, Method, PathTemplate, Protocol, RuleSet,
};
use crate::model::scope::Scope;
use crate::model::vantage::VantageKind;
use crate::rules::expand::{fill_template, wildcard_for_template};

/// A question for the hosts of an endpoint.
#[derive(Clone, Debug)]
pub struct PlannedDiscovery {
    /// The id of the endpoint whose hosts are looked for.
    pub endpoint: String,
    /// How they are found.
    pub method: DiscoveryMethod,
    /// What every one of them has to lie below.
    pub wildcard: HostPattern,
    /// The host that the rules have, where they have one.
    pub expected: Option<String>,
    /// The first request, in the form of a check.
    pub request: PlanItem,
    /// The paths of the manifests that lead to a registry's data host.
    pub manifests: Vec<String>,
}

/// Whom to ask from a vantage, in the order of the rules: one question for each needed endpoint with a discovery.
pub fn plan_discoveries(
    rules: &RuleSet,
    scope: &Scope,
    vantage: VantageKind,
    options: &PlanOptions,
    route: impl Fn(&str, u16, Protocol) -> Route,
) -> Vec<PlannedDiscovery> {
    let ask = |endpoint| plan_discovery(endpoint, rules, scope, vantage, options, &route);
    rules
        .endpoints
        .iter()
        .filter(|endpoint| is_needed(endpoint, scope) && is_called_from(endpoint, scope, vantage, options))
        .filter_map(ask)
        .collect()
}

fn plan_discovery(
    endpoint: &Endpoint,
    rules: &RuleSet,
    scope: &Scope,
    vantage: VantageKind,
    options: &PlanOptions,
    route: impl Fn(&str, u16, Protocol) -> Route,
) -> Option<PlannedDiscovery> {
    let (method, id) = (endpoint.discovery?, endpoint.ask.as_ref()?);
    let never_probed = endpoint.vantages.iter().all(|caller| *caller == CallerVantage::Cloud);
    if never_probed || find_missing_value(endpoint, scope).is_some() {
        return None;
    }
    let asked = rules.endpoints.iter().find(|e| e.id == *id && e.cloud == endpoint.cloud)?;
    let fill_path = |path: &PathTemplate| fill_template(path.as_str(), scope).as_str().to_owned();
    let pattern = wildcard_for_template(endpoint.host.as_str(), scope).parse::<HostPattern>();
    let expected = fill_template(endpoint.host.as_str(), scope).complete().map(str::to_owned);
    Some(PlannedDiscovery {
        endpoint: endpoint.id.to_string(),
        method,
        manifests: endpoint.manifests.iter().map(fill_path).collect(),
        wildcard: pattern.ok().filter(HostPattern::is_wildcard)?,
        expected: expected.filter(|_| !endpoint.host.is_wildcard()),
        request: plan_request(
            asked,
            &CheckBuilder { endpoint: asked, scope, vantage, options, rules },
            route,
        )?,
    })
}

/// The asked endpoint's own request; where the rules look only whether it answers (HEAD), the answer itself is wanted.
fn plan_request(
    asked: &Endpoint,
    draft: &CheckBuilder<'_>,
    route: impl Fn(&str, u16, Protocol) -> Route,
) -> Option<PlanItem> {
    let host = fill_template(asked.host.as_str(), draft.scope).complete()?.to_owned();
    if asked.host.is_wildcard() || find_missing_value(asked, draft.scope).is_some() {
        return None;
    }
    let mut request =
        draft.build_item(CheckTarget { host: Some(host), pattern: None, unverified: None }, route);
    if let Action::Probe(spec) = &mut request.action {
        spec.method = Method::Get;
    }
    Some(request)
}
