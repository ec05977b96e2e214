//! Why a check is in a plan, in one line.

use super::build::PlanOptions;
use crate::model::rules::{CallerVantage, Endpoint, RuleSet};
use crate::model::vantage::VantageKind;

/// Such as `core is on by default; called by config-agent in pods`.
pub(super) fn of(
    endpoint: &Endpoint,
    features: &[&str],
    vantage: VantageKind,
    options: &PlanOptions,
    rules: &RuleSet,
) -> String {
    let places: Vec<_> = endpoint.vantages.iter().map(|caller| place(*caller)).collect();
    let called = match listed(&endpoint.callers) {
        callers if callers.is_empty() => format!("called {}", listed(&places)),
        callers => format!("called by {callers} {}", listed(&places)),
    };
    let on = turned_on(features, rules);
    format!("{on}; {called}{}", stand_in(endpoint, vantage, options))
}

fn turned_on(features: &[&str], rules: &RuleSet) -> String {
    let is_default = |id: &&str| rules.features.iter().any(|f| f.default && f.id.as_str() == *id);
    let (default, asked): (Vec<_>, Vec<_>) = features.iter().copied().partition(is_default);
    let clause = |ids: &[&str], how: &str| {
        let verb = if ids.len() == 1 { "is" } else { "are" };
        (!ids.is_empty()).then(|| format!("{} {verb} {how}", listed(ids)))
    };
    let clauses = [clause(&default, "on by default"), clause(&asked, "on")];
    clauses.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn stand_in(endpoint: &Endpoint, vantage: VantageKind, options: &PlanOptions) -> &'static str {
    let here = |caller: &CallerVantage| matches!(caller, CallerVantage::Workstation | CallerVantage::Browser);
    let elsewhere = endpoint.vantages.iter().any(|c| matches!(c, CallerVantage::Pod | CallerVantage::Node));
    if vantage == VantageKind::Workstation
        && options.stands_in
        && elsewhere
        && !endpoint.vantages.iter().any(here)
    {
        return "; this machine stands in for them";
    }
    ""
}

fn place(caller: CallerVantage) -> &'static str {
    match caller {
        CallerVantage::Workstation => "on the workstation",
        CallerVantage::Pod => "in pods",
        CallerVantage::Node => "on nodes",
        CallerVantage::Browser => "in the browser",
        CallerVantage::Cloud => "in Azure",
    }
}

/// `a`, `a and b`, `a, b and c`.
fn listed<S: AsRef<str>>(words: &[S]) -> String {
    let words: Vec<_> = words.iter().map(AsRef::as_ref).collect();
    match words.split_last() {
        None => String::new(),
        Some((last, [])) => (*last).to_owned(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}
