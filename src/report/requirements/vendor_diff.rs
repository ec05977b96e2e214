//! A vendor's table beside the rules: what the one has and the other has not.

use serde::Serialize;

use super::vendor_table::{self, ListedHost, Pattern, VendorTable};
use crate::model::rules::{Cloud, Endpoint, Region, RuleSet};
use crate::model::scope::{Connectivity, Scope};
use crate::rules::expand::{fill_template, is_region_placeholder};

/// What the rules are narrowed to.
#[derive(Clone, Debug)]
pub struct ComparisonScope {
    /// The cloud of the table.
    pub cloud: Cloud,
    /// The region of the table; `None` where it has placeholders, or regions as examples.
    pub region: Option<Region>,
    /// Which endpoints have to be in the table.
    pub expected: ExpectedEndpoints,
}

/// The endpoints of the rules that a table has to have.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ExpectedEndpoints {
    /// Those that one of these features needs.
    Features(Vec<String>),
    /// Those that cite this source.
    Source(String),
}

/// How a table and the rules differ.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Difference {
    /// In the table and in no rule, in the order of the table.
    pub only_in_table: Vec<OnlyInTable>,
    /// Expected by the rules and not in the table, in the order of the rules.
    pub only_in_rules: Vec<OnlyInRules>,
    /// In the table and in the rules of other clouds only.
    pub of_other_clouds: Vec<CoveredHost>,
    /// In both, in the order of the table.
    pub in_both: Vec<CoveredHost>,
}

/// Something that the rules lack.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct OnlyInTable {
    /// The host as the table has it; what stands for something is in braces.
    pub host: String,
    /// The port, if the table says it.
    pub port: Option<u16>,
    /// Of several pages: which, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<usize>,
    /// The line of the page.
    pub line: usize,
    /// What the rules have instead: another port of the host, or names below the wildcard.
    pub near: Vec<String>,
}

impl OnlyInTable {
    /// Where it stands, for people.
    pub fn host_and_port(&self) -> String {
        vendor_table::place(self.page, self.line)
    }
}

/// Something that the table lacks.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct OnlyInRules {
    /// The id of the endpoint.
    pub id: String,
    /// What is behind it.
    pub title: String,
    /// The host, with the region in it where that is known.
    pub host: String,
    /// The port.
    pub port: u16,
    /// What the table has instead: another port of the host, or names below the wildcard.
    pub near: Vec<String>,
}

/// A host of the table, and the endpoints that hold it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct CoveredHost {
    /// The host as the table has it.
    pub host: String,
    /// The port, if the table says it.
    pub port: Option<u16>,
    /// The endpoints of the rules.
    pub ids: Vec<String>,
}

/// Compares a table with rules of all clouds.
pub fn compare_with_rules(table: &VendorTable, rules: &RuleSet, with: &ComparisonScope) -> Difference {
    let rules: Vec<_> =
        rules.endpoints.iter().filter_map(|endpoint| RuleEndpoint::new(endpoint, with)).collect();
    let mut difference =
        Difference { only_in_table: vec![], only_in_rules: vec![], of_other_clouds: vec![], in_both: vec![] };
    let table: Vec<_> = table.hosts.iter().map(|listed| fill_region(listed, with)).collect();
    for listed in &table {
        let known = |is_here: bool| {
            let covering = rules
                .iter()
                .filter(|rule| (rule.endpoint.cloud == Some(with.cloud)) == is_here && rule.covers(listed));
            covering.map(|rule| rule.endpoint.id.to_string()).collect::<Vec<_>>()
        };
        let entry = |ids| CoveredHost { host: listed.host.to_string(), port: listed.port, ids };
        let (here, elsewhere) = (known(true), known(false));
        if !here.is_empty() {
            difference.in_both.push(entry(here));
        } else if !elsewhere.is_empty() {
            difference.of_other_clouds.push(entry(elsewhere));
        } else {
            difference.only_in_table.push(missing_in_rules(listed, &rules, with.cloud));
        }
    }
    let expected = rules
        .iter()
        .filter(|rule| rule.endpoint.cloud == Some(with.cloud) && is_expected(rule.endpoint, with));
    difference.only_in_rules = expected.filter_map(|rule| rule.missing_in(&table)).collect();
    difference
}

fn is_expected(endpoint: &Endpoint, with: &ComparisonScope) -> bool {
    match &with.expected {
        ExpectedEndpoints::Features(on) => {
            endpoint.features.iter().any(|id| on.iter().any(|on| on == id.as_str()))
        }
        ExpectedEndpoints::Source(id) => endpoint.sources.iter().any(|source| source.as_str() == id),
    }
}

/// With the region in place of what the table has for it.
fn fill_region(listed: &ListedHost, with: &ComparisonScope) -> ListedHost {
    let Some(region) = &with.region else { return listed.clone() };
    let names = ["region", "location", "region_name", "your_region", "azure_region"];
    let filled = names.iter().fold(listed.host.to_string(), |text, name| {
        text.replace(&format!("{{{name}}}"), region.name.as_str())
    });
    ListedHost { host: Pattern::parse(&filled).unwrap_or_else(|| listed.host.clone()), ..listed.clone() }
}

fn missing_in_rules(listed: &ListedHost, rules: &[RuleEndpoint<'_>], cloud: Cloud) -> OnlyInTable {
    let here = rules.iter().filter(|rule| rule.endpoint.cloud == Some(cloud));
    let near = here.filter(|rule| rule.template.covers(&listed.host) || listed.host.covers(&rule.pattern));
    OnlyInTable {
        host: listed.host.to_string(),
        port: listed.port,
        page: listed.page,
        line: listed.line,
        near: near.take(MAX_NEAR).map(|rule| format!("{} ({})", rule.place(), rule.endpoint.id)).collect(),
    }
}

/// An endpoint whose host is a name or a pattern, not something that only the user knows.
struct RuleEndpoint<'a> {
    endpoint: &'a Endpoint,
    /// As the rules have it.
    template: Pattern,
    /// With the region in it.
    pattern: Pattern,
    is_strict: bool,
}

impl<'a> RuleEndpoint<'a> {
    fn new(endpoint: &'a Endpoint, with: &ComparisonScope) -> Option<Self> {
        let template = Pattern::parse(&endpoint.host.as_str().to_ascii_lowercase())?;
        let filled =
            with.region.as_ref().filter(|region| Some(region.cloud) == endpoint.cloud).map(|region| {
                let scope = Scope {
                    cloud: with.cloud,
                    region: region.clone(),
                    features: Vec::new(),
                    connectivity: Connectivity::Direct,
                    values: std::collections::BTreeMap::new(),
                };
                fill_template(endpoint.host.as_str(), &scope)
            });
        // what the region itself lacks may stand in the table in any form
        let is_strict = filled
            .as_ref()
            .is_some_and(|filled| !filled.missing.iter().any(|name| is_region_placeholder(name)));
        let pattern = filled.and_then(|filled| Pattern::parse(&filled.as_str().to_ascii_lowercase()));
        Some(Self { endpoint, pattern: pattern.unwrap_or_else(|| template.clone()), template, is_strict })
    }

    fn place(&self) -> String {
        format!("{}:{}", self.pattern, self.endpoint.port.0)
    }

    fn has_port_of(&self, listed: &ListedHost) -> bool {
        listed.port.is_none_or(|port| port == self.endpoint.port.0)
    }

    /// Whether what the table has is opened with this endpoint. Regions that are examples are held by the template.
    fn covers(&self, listed: &ListedHost) -> bool {
        self.has_port_of(listed) && self.template.covers(&listed.host)
    }

    fn missing_in(&self, table: &[ListedHost]) -> Option<OnlyInRules> {
        let is_example = |listed: &ListedHost| {
            !self.is_strict && self.template.is_template() && self.template.covers(&listed.host)
        };
        let is_there = |listed: &&ListedHost| {
            self.has_port_of(listed) && (listed.host.covers(&self.pattern) || is_example(listed))
        };
        if table.iter().any(|listed| is_there(&listed)) {
            return None;
        }
        let near = table
            .iter()
            .filter(|listed| self.template.covers(&listed.host) || listed.host.covers(&self.pattern));
        let place = |listed: &ListedHost| match listed.port {
            Some(port) => format!("{}:{port} ({})", listed.host, listed.place()),
            None => format!("{} ({})", listed.host, listed.place()),
        };
        Some(OnlyInRules {
            id: self.endpoint.id.to_string(),
            title: self.endpoint.title.clone(),
            host: self.pattern.to_string(),
            port: self.endpoint.port.0,
            near: near.take(MAX_NEAR).map(place).collect(),
        })
    }
}

/// Of what stands there instead.
const MAX_NEAR: usize = 5;

#[cfg(test)]
#[path = "vendor_diff_tests.rs"]
mod tests;
