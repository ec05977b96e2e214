//! The list itself: from rules and scope to what has to be open.

use std::collections::HashMap;

use super::host::Host;
use super::{Fact, Origin, Requirement, Requirements, Topic, bounded};
use crate::model::rules::{
    CallerVantage, Endpoint, HostPattern, Inspection, PLACEHOLDERS, PrivateLink, RuleSet,
};
use crate::model::scope::{Connectivity, Scope};
use crate::plan::is_needed;
use crate::rules::expand::{Filled, fill};

/// Everything that a cluster needs, in the order of the rules. With `expand` the hosts that the rules know stand in place
/// of their wildcard.
pub fn list(rules: &RuleSet, scope: &Scope, expand: bool) -> Requirements {
    let needed = || rules.endpoints.iter().filter(|endpoint| is_needed(endpoint, scope));
    let (called, uncalled): (Vec<_>, Vec<_>) = needed().partition(|endpoint| !from(endpoint).is_empty());
    let mut items: Vec<_> = called.iter().flat_map(|e| Draft { e, scope, rules, expand }.all()).collect();
    tell_alternatives(&mut items);
    Requirements {
        cloud: scope.cloud,
        region: scope.region.name.to_string(),
        connectivity: scope.connectivity,
        topics: topics(&scope.features, rules),
        layers: rules.layers.clone(),
        origin: Origin::Rules,
        notes: uncalled.iter().map(|endpoint| called_from_azure(endpoint, scope)).collect(),
        items,
    }
}

/// The features that are on, with their titles.
pub(super) fn topics(on: &[String], rules: &RuleSet) -> Vec<Topic> {
    let title = |id: &String| rules.features.iter().find(|f| f.id.as_str() == id).map(|f| bounded(&f.title));
    on.iter().map(|id| Topic { id: id.clone(), title: title(id).unwrap_or_default() }).collect()
}

/// From where something is called that has to be let out. Azure's own calls need nothing here.
pub(super) fn from(endpoint: &Endpoint) -> Vec<CallerVantage> {
    endpoint.vantages.iter().copied().filter(|caller| *caller != CallerVantage::Cloud).collect()
}

/// The pages that say so.
pub(super) fn facts(endpoint: &Endpoint, rules: &RuleSet) -> Vec<Fact> {
    let fact = |id: &crate::model::rules::Id| {
        let source = rules.sources.get(id.as_str())?;
        let date = source.dated.as_ref().or(source.read.as_ref());
        Some(Fact { page: bounded(&source.page), date: date.map(ToString::to_string) })
    };
    endpoint.sources.iter().filter_map(fact).collect()
}

/// Whether a private link carries it in this scope.
pub(super) fn is_private(endpoint: &Endpoint, connectivity: Connectivity) -> bool {
    connectivity == Connectivity::PrivateLink && endpoint.private_link == PrivateLink::Private
}

fn called_from_azure(endpoint: &Endpoint, scope: &Scope) -> String {
    let host = fill(endpoint.host.as_str(), scope).listed();
    format!("left out: {host}, which Azure calls, not the cluster ({})", endpoint.id)
}

/// An endpoint on its way into the list.
struct Draft<'a> {
    e: &'a Endpoint,
    scope: &'a Scope,
    rules: &'a RuleSet,
    expand: bool,
}

impl Draft<'_> {
    fn all(&self) -> Vec<Requirement> {
        let filled = fill(self.e.host.as_str(), self.scope);
        if let Some(name) = filled.complete().filter(|_| !self.e.host.is_wildcard()) {
            // values that fit each on their own can make a name that is too long
            let host = Host::parse(name).unwrap_or_else(|_| Host::Open(name.to_owned()));
            return vec![self.one(host, None)];
        }
        let pattern = filled.pattern();
        let Ok(below) = Host::parse(&pattern) else {
            let remark =
                filled.missing_value().map(|name| format!("needs --set {name}=NAME ({})", about(name)));
            return vec![self.one(Host::Open(filled.listed()), remark)];
        };
        let samples = self.samples(&pattern);
        if samples.is_empty() {
            return vec![self.one(below, self.why_wildcard(&filled))];
        }
        let remark = format!("known below {pattern}; there may be more");
        samples.into_iter().map(|host| self.one(host, Some(remark.clone()))).collect()
    }

    /// The hosts that the rules know below a wildcard, if they are asked for.
    fn samples(&self, pattern: &str) -> Vec<Host> {
        let Ok(pattern) = pattern.parse::<HostPattern>() else { return Vec::new() };
        let known = self.e.samples.iter().filter(|sample| self.expand && pattern.covers(sample.as_str()));
        known.map(|sample| Host::Name(sample.as_str().to_ascii_lowercase())).collect()
    }

    fn why_wildcard(&self, filled: &Filled) -> Option<String> {
        let region = &self.scope.region.name;
        match (filled.missing_value(), filled.missing.first()) {
            (Some(name), _) => Some(format!("--set {name}=NAME narrows it ({})", about(name))),
            (None, Some(name)) if name == "his_code" => {
                Some(format!("the short code of {region} is not known"))
            }
            (None, Some(name)) => Some(format!("the {name} of {region} is not known")),
            (None, None) => self.expand.then(|| "no host below it is known".to_owned()),
        }
    }

    fn one(&self, host: Host, remark: Option<String>) -> Requirement {
        let Self { e, scope, rules, .. } = self;
        let is_on = |id: &&crate::model::rules::Id| scope.features.iter().any(|on| on == id.as_str());
        let is_private = is_private(e, scope.connectivity);
        let private = is_private.then(|| "by the private link".to_owned());
        Requirement {
            id: e.id.to_string(),
            title: bounded(&e.title),
            host,
            port: e.port.0,
            protocol: e.protocol,
            may_be_inspected: Some(e.inspection != Inspection::Forbidden),
            need: e.need,
            why: bounded(&e.why),
            from: from(e),
            callers: e.callers.iter().map(|caller| bounded(caller)).collect(),
            features: e.features.iter().filter(is_on).map(ToString::to_string).collect(),
            alternative: e.alternative.as_ref().map(ToString::to_string),
            is_private,
            facts: facts(e, rules),
            remarks: private.into_iter().chain(remark).collect(),
        }
    }
}

fn about(name: &str) -> &'static str {
    PLACEHOLDERS.iter().find(|(known, _)| *known == name).map_or("", |(_, about)| about)
}

/// Those that replace each other name each other.
pub(super) fn tell_alternatives(items: &mut [Requirement]) {
    let mut groups: HashMap<String, Vec<String>> = HashMap::new();
    for item in items.iter() {
        let Some(word) = &item.alternative else { continue };
        let ids = groups.entry(word.clone()).or_default();
        let target = format!("{}:{}", item.host, item.port);
        if ids.len() < MOST_NAMED && !ids.contains(&target) {
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
const MOST_NAMED: usize = 5;
