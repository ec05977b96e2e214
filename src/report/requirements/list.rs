//! The list itself: from rules and scope to what has to be open.

use std::collections::HashMap;

use super::host::Host;
use super::{ActiveFeature, Origin, Requirement, Requirements, SourcePage, sanitize_text};
use crate::model::rules::{
    CallerVantage, Endpoint, HostPattern, Inspection, PLACEHOLDERS, PrivateLink, RuleSet,
};
use crate::model::scope::{Connectivity, Scope};
use crate::plan::is_needed;
use crate::rules::expand::{FilledTemplate, fill_template};

/// Everything that a cluster needs, in the order of the rules. With `expand` the hosts that the rules know stand in place
/// of their wildcard.
pub fn list_requirements(rules: &RuleSet, scope: &Scope, expand: bool) -> Requirements {
    let needed = || rules.endpoints.iter().filter(|endpoint| is_needed(endpoint, scope));
    let (called, uncalled): (Vec<_>, Vec<_>) =
        needed().partition(|endpoint| !caller_vantages(endpoint).is_empty());
    let mut items: Vec<_> =
        called.iter().flat_map(|e| DraftEntry { endpoint: e, scope, rules, expand }.expand_hosts()).collect();
    add_alternative_remarks(&mut items);
    Requirements {
        cloud: scope.cloud,
        region: scope.region.name.to_string(),
        connectivity: scope.connectivity,
        features: active_features(&scope.features, rules),
        layers: rules.layers.clone(),
        origin: Origin::Rules,
        notes: uncalled.iter().map(|endpoint| describe_called_from_azure(endpoint, scope)).collect(),
        items,
    }
}

/// The features that are on, with their titles.
pub(super) fn active_features(on: &[String], rules: &RuleSet) -> Vec<ActiveFeature> {
    let title =
        |id: &String| rules.features.iter().find(|f| f.id.as_str() == id).map(|f| sanitize_text(&f.title));
    on.iter().map(|id| ActiveFeature { id: id.clone(), title: title(id).unwrap_or_default() }).collect()
}

/// From where something is called that has to be let out. Azure's own calls need nothing here.
pub(super) fn caller_vantages(endpoint: &Endpoint) -> Vec<CallerVantage> {
    endpoint.vantages.iter().copied().filter(|caller| *caller != CallerVantage::Cloud).collect()
}

/// The pages that say so.
pub(super) fn list_sources(endpoint: &Endpoint, rules: &RuleSet) -> Vec<SourcePage> {
    let fact = |id: &crate::model::rules::Id| {
        let source = rules.sources.get(id.as_str())?;
        let date = source.dated.as_ref().or(source.read.as_ref());
        Some(SourcePage { page: sanitize_text(&source.page), date: date.map(ToString::to_string) })
    };
    endpoint.sources.iter().filter_map(fact).collect()
}

/// Whether a private link carries it in this scope.
pub(super) fn is_private(endpoint: &Endpoint, connectivity: Connectivity) -> bool {
    connectivity == Connectivity::PrivateLink && endpoint.private_link == PrivateLink::Private
}

fn describe_called_from_azure(endpoint: &Endpoint, scope: &Scope) -> String {
    let host = fill_template(endpoint.host.as_str(), scope).display_pattern();
    format!("left out: {host}, which Azure calls, not the cluster ({})", endpoint.id)
}

/// An endpoint on its way into the list.
struct DraftEntry<'a> {
    endpoint: &'a Endpoint,
    scope: &'a Scope,
    rules: &'a RuleSet,
    expand: bool,
}

impl DraftEntry<'_> {
    fn expand_hosts(&self) -> Vec<Requirement> {
        let filled = fill_template(self.endpoint.host.as_str(), self.scope);
        if let Some(name) = filled.complete().filter(|_| !self.endpoint.host.is_wildcard()) {
            // values that fit each on their own can make a name that is too long
            let host = Host::parse(name).unwrap_or_else(|_| Host::Placeholder(name.to_owned()));
            return vec![self.new_requirement(host, None)];
        }
        let pattern = filled.firewall_pattern();
        let Ok(below) = Host::parse(&pattern) else {
            let remark = filled
                .missing_value()
                .map(|name| format!("needs --set {name}=NAME ({})", describe_placeholder(name)));
            return vec![self.new_requirement(Host::Placeholder(filled.display_pattern()), remark)];
        };
        let samples = self.sample_hosts(&pattern);
        if samples.is_empty() {
            return vec![self.new_requirement(below, self.explain_wildcard(&filled))];
        }
        let remark = format!("known below {pattern}; there may be more");
        samples.into_iter().map(|host| self.new_requirement(host, Some(remark.clone()))).collect()
    }

    /// The hosts that the rules know below a wildcard, if they are asked for.
    fn sample_hosts(&self, pattern: &str) -> Vec<Host> {
        let Ok(pattern) = pattern.parse::<HostPattern>() else { return Vec::new() };
        let known =
            self.endpoint.samples.iter().filter(|sample| self.expand && pattern.covers(sample.as_str()));
        known.map(|sample| Host::Name(sample.as_str().to_ascii_lowercase())).collect()
    }

    fn explain_wildcard(&self, filled: &FilledTemplate) -> Option<String> {
        let region = &self.scope.region.name;
        match (filled.missing_value(), filled.missing.first()) {
            (Some(name), _) => Some(format!("--set {name}=NAME narrows it ({})", describe_placeholder(name))),
            (None, Some(name)) if name == "his_code" => {
                Some(format!("the short code of {region} is not known"))
            }
            (None, Some(name)) => Some(format!("the {name} of {region} is not known")),
            (None, None) => self.expand.then(|| "no host below it is known".to_owned()),
        }
    }

    fn new_requirement(&self, host: Host, remark: Option<String>) -> Requirement {
        let Self { endpoint: e, scope, rules, .. } = self;
        let is_on = |id: &&crate::model::rules::Id| scope.features.iter().any(|on| on == id.as_str());
        let is_private = is_private(e, scope.connectivity);
        let private = is_private.then(|| "by the private link".to_owned());
        Requirement {
            id: e.id.to_string(),
            title: sanitize_text(&e.title),
            host,
            port: e.port.0,
            protocol: e.protocol,
            may_be_inspected: Some(e.inspection != Inspection::Forbidden),
            need: e.need,
            why: sanitize_text(&e.why),
            from: caller_vantages(e),
            callers: e.callers.iter().map(|caller| sanitize_text(caller)).collect(),
            features: e.features.iter().filter(is_on).map(ToString::to_string).collect(),
            alternative: e.alternative.as_ref().map(ToString::to_string),
            is_private,
            sources: list_sources(e, rules),
            fixes: Vec::new(),
            remarks: private.into_iter().chain(remark).collect(),
        }
    }
}

fn describe_placeholder(name: &str) -> &'static str {
    PLACEHOLDERS.iter().find(|(known, _)| *known == name).map_or("", |(_, about)| about)
}

/// Those that replace each other name each other.
pub(super) fn add_alternative_remarks(items: &mut [Requirement]) {
    let mut groups: HashMap<String, Vec<String>> = HashMap::new();
    for item in items.iter() {
        let Some(word) = &item.alternative else { continue };
        let ids = groups.entry(word.clone()).or_default();
        let target = format!("{}:{}", item.host, item.port);
        if ids.len() < MAX_NAMED && !ids.contains(&target) {
            ids.push(target);
        }
    }
    for item in items.iter_mut() {
        let group = item.alternative.as_ref().and_then(|word| groups.get(word));
        let own = format!("{}:{}", item.host, item.port);
        let others: Vec<_> = group.into_iter().flatten().filter(|target| **target != own).cloned().collect();
        if !others.is_empty() {
            item.remarks.push(format!("this or {} is enough", others.join(" or ")));
        }
    }
}

/// Of endpoints that replace each other; our own rules have pairs.
const MAX_NAMED: usize = 5;
