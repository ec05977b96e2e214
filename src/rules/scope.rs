//! From what was typed to what the rules are fitted to.

mod features;
mod regions;

use std::collections::BTreeMap;

use super::suggest::did_you_mean;
use crate::model::rules::scalars::check_host_name;
use crate::model::rules::{Cloud, PLACEHOLDERS, Region, RuleSet};
use crate::model::scope::{Connectivity, Scope};

pub use features::resolve_features;
pub use regions::resolve_region;

/// What was asked for.
#[derive(Clone, Debug)]
pub struct ScopeRequest {
    /// The cloud.
    pub cloud: Cloud,
    /// A region's name or display name, in any case and spacing.
    pub location: String,
    /// Feature ids, each a comma list; `all`; the defaults when empty.
    pub features: Vec<String>,
    /// How the cluster reaches Azure.
    pub connectivity: Connectivity,
    /// Values for placeholders, by name.
    pub values: BTreeMap<String, String>,
}

/// Why there is no scope. Each message says what would be right.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say what the variants and their fields are")]
pub enum ScopeError {
    #[error("unknown cloud \"{word}\"{}\nallowed are {}", did_you_mean(word, cloud_names()), cloud_names().join(", "))]
    UnknownCloud { word: String },
    #[error("unknown region \"{word}\"{guess}\nregions of {cloud} are {}\na name that looks like one of Azure's is accepted; any other needs an entry in a file given with --rules", known.join(", "))]
    UnknownRegion { word: String, guess: String, cloud: Cloud, known: Vec<String> },
    #[error("{region} is a region of {cloud}; pass --cloud {cloud}")]
    RegionOfOtherCloud { region: String, cloud: Cloud },
    #[error("clusters cannot be connected in {region}\nsupported regions of {cloud} are {}", supported.join(", "))]
    RegionWithoutArc { region: String, cloud: Cloud, supported: Vec<String> },
    #[error("unknown feature \"{word}\"{}\nallowed are {}, all", did_you_mean(word, as_strs(known)), known.join(", "))]
    UnknownFeature { word: String, known: Vec<String> },
    #[error("{feature} is not available in {cloud}\navailable are {}", supported.join(", "))]
    FeatureNotInCloud { feature: String, cloud: Cloud, supported: Vec<String> },
    #[error("{feature} does not work over a private link{}", explain_dependency(feature, needs))]
    FeatureNotOverPrivateLink { feature: String, needs: String },
    #[error("\"{word}\" is not NAME=VALUE")]
    NotAValue { word: String },
    #[error(
        "unknown value \"{name}\"{}\nallowed are\n{}",
        did_you_mean(name, settable_values()),
        settable_table()
    )]
    UnknownValue { name: String },
    #[error("the value of {name} cannot be part of a host name: {reason}")]
    BadValue { name: String, reason: String },
}

/// The scope that was asked for, and notes on what is not certain about it.
///
/// # Errors
///
/// Something that was asked for does not exist, or not in this cloud, or not with this connectivity.
pub fn resolve_scope(asked: &ScopeRequest, rules: &RuleSet) -> Result<(Scope, Vec<String>), ScopeError> {
    let region = resolve_region(&asked.location, asked.cloud, rules)?;
    let features = resolve_features(&asked.features, asked.cloud, asked.connectivity, rules)?;
    check_values(&asked.values)?;
    let notes = region_notes(&region, rules);
    let scope = Scope {
        cloud: asked.cloud,
        region,
        features,
        connectivity: asked.connectivity,
        values: asked.values.clone(),
    };
    Ok((scope, notes))
}

/// A cloud by its name, in any case.
///
/// # Errors
///
/// There is no such cloud.
pub fn parse_cloud(word: &str) -> Result<Cloud, ScopeError> {
    let found = Cloud::ALL.into_iter().find(|cloud| cloud.az_name().eq_ignore_ascii_case(word.trim()));
    found.ok_or_else(|| ScopeError::UnknownCloud { word: word.to_owned() })
}

/// `NAME=VALUE` pairs; a later one replaces an earlier one of that name.
///
/// # Errors
///
/// No `=`, an unknown name, or a value that cannot be part of a host name.
pub fn parse_values(pairs: &[String]) -> Result<BTreeMap<String, String>, ScopeError> {
    let split = |pair: &String| {
        let (name, value) =
            pair.split_once('=').ok_or_else(|| ScopeError::NotAValue { word: pair.clone() })?;
        Ok((name.trim().to_owned(), value.trim().to_owned()))
    };
    let values = pairs.iter().map(split).collect::<Result<_, _>>()?;
    check_values(&values)?;
    Ok(values)
}

/// What is uncertain about a region, as sentences without a full stop.
fn region_notes(region: &Region, rules: &RuleSet) -> Vec<String> {
    let name = &region.name;
    let note = if !rules.lists_region(region) {
        let date = rules.date_of_regions();
        Some(format!("the rules of {date} do not list the region {name}: it is newer, or misspelt"))
    } else if region.arc.is_none() {
        Some(format!("no source says whether clusters can be connected in {name}"))
    } else {
        None
    };
    note.into_iter().collect()
}

fn check_values(values: &BTreeMap<String, String>) -> Result<(), ScopeError> {
    for (name, value) in values {
        if !settable_values().contains(&name.as_str()) {
            return Err(ScopeError::UnknownValue { name: name.clone() });
        }
        check_host_name(value).map_err(|reason| ScopeError::BadValue { name: name.clone(), reason })?;
    }
    Ok(())
}

/// The region itself is given with its own flag.
fn settable_values() -> Vec<&'static str> {
    PLACEHOLDERS.iter().map(|(name, _)| *name).filter(|name| *name != "region").collect()
}

fn settable_table() -> String {
    let lines = PLACEHOLDERS.iter().filter(|(name, _)| *name != "region");
    lines.map(|(name, about)| format!("  {name:<20} {about}")).collect::<Vec<_>>().join("\n")
}

fn explain_dependency(feature: &str, needs: &str) -> String {
    if feature == needs { String::new() } else { format!(": it needs {needs}") }
}

fn cloud_names() -> [&'static str; 3] {
    Cloud::ALL.map(Cloud::az_name)
}

fn as_strs(list: &[String]) -> impl Iterator<Item = &str> {
    list.iter().map(String::as_str)
}

#[cfg(test)]
#[path = "scope_tests.rs"]
mod tests;
