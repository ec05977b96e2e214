//! Why a check is in a plan, in one line.

use super::PlanOptions;
use crate::model::rules::{CallerVantage, Endpoint, RuleSet};
use crate::model::vantage::VantageKind;

/// Such as `core is on by default; called by config-agent in pods`.
pub(super) fn describe_reason(
    endpoint: &Endpoint,
    features: &[&str],
    vantage: VantageKind,
    options: &PlanOptions,
    rules: &RuleSet,
) -> String {
    let places: Vec<_> = endpoint.vantages.iter().map(|caller| describe_caller_location(*caller)).collect();
    let called = match format_list(&endpoint.callers) {
        callers if callers.is_empty() => format!("called {}", format_list(&places)),
        callers => format!("called by {callers} {}", format_list(&places)),
    };
    let on = describe_features(features, rules);
    format!("{on}; {called}{}", describe_stand_in(endpoint, vantage, options))
}

fn describe_features(features: &[&str], rules: &RuleSet) -> String {
    let is_default = |id: &&str| rules.features.iter().any(|f| f.default && f.id.as_str() == *id);
    let (default, asked): (Vec<_>, Vec<_>) = features.iter().copied().partition(is_default);
    let clause = |ids: &[&str], how: &str| {
        let verb = if ids.len() == 1 { "is" } else { "are" };
        (!ids.is_empty()).then(|| format!("{} {verb} {how}", format_list(ids)))
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

/// `a`, `a and b`, `a, b and c`.
fn format_list<S: AsRef<str>>(words: &[S]) -> String {
    let words: Vec<_> = words.iter().map(AsRef::as_ref).collect();
    match words.split_last() {
        None => String::new(),
        Some((last, [])) => (*last).to_owned(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}
