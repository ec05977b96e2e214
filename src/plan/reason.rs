//! Why a check is in a plan, in one line.

use super::PlanOptions;
use crate::model::rules::{CallerVantage, Endpoint, RuleSet};
use crate::model::vantage::VantageKind;
use crate::model::wording::{join_with_and, pluralize};

/// Such as `core is on by default; called by config-agent in pods`.
pub(super) fn describe_reason(
    endpoint: &Endpoint,
    features: &[&str],
    vantage: VantageKind,
    options: &PlanOptions,
    rules: &RuleSet,
) -> String {
    let places: Vec<_> = endpoint.vantages.iter().map(|caller| describe_caller_location(*caller)).collect();
    let by = match &endpoint.callers[..] {
        [] => String::new(),
        callers => format!("by {} ", join_with_and(callers)),
    };
    let called = format!("called {by}{}", join_with_and(&places));
    let on = describe_features(features, rules);
    format!("{on}; {called}{}", describe_stand_in(endpoint, vantage, options))
}

fn describe_features(features: &[&str], rules: &RuleSet) -> String {
    let is_default = |id: &&str| rules.features.iter().any(|f| f.default && f.id.as_str() == *id);
    let (default, asked): (Vec<_>, Vec<_>) = features.iter().copied().partition(is_default);
    let clause = |ids: &[&str], how: &str| {
        let verb = pluralize(ids.len(), "is", "are");
        (!ids.is_empty()).then(|| format!("{} {verb} {how}", join_with_and(ids)))
    };
    let clauses = [clause(&default, "on by default"), clause(&asked, "on")];
    clauses.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn describe_stand_in(endpoint: &Endpoint, vantage: VantageKind, options: &PlanOptions) -> &'static str {
    let here = |caller: &CallerVantage| matches!(caller, CallerVantage::Workstation | CallerVantage::Browser);
    let elsewhere = endpoint.vantages.iter().any(|c| matches!(c, CallerVantage::Pod | CallerVantage::Node));
    if vantage == VantageKind::Workstation
        && options.stands_in_for_cluster
        && elsewhere
        && !endpoint.vantages.iter().any(here)
    {
        return "; this machine stands in for them";
    }
    ""
}

fn describe_caller_location(caller: CallerVantage) -> &'static str {
    match caller {
        CallerVantage::Workstation => "on the workstation",
        CallerVantage::Pod => "in pods",
        CallerVantage::Node => "on nodes",
        CallerVantage::Browser => "in the browser",
        CallerVantage::Cloud => "in Azure",
    }
}
