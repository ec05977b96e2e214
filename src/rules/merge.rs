//! Laying rules files on top of each other.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::load::{LoadedFile, load_file};
use super::problem::{InvalidFile, RulesError};
use super::{builtin, validate as check};
use crate::model::rules::{Cloud, Endpoint, RuleLocation, RuleSet};

impl RuleSet {
    /// The files as one, the first at the bottom.
    ///
    /// # Errors
    ///
    /// As [`RuleSet::add_layer`].
    pub fn from_layers(files: impl IntoIterator<Item = LoadedFile>) -> Result<Self, RulesError> {
        let mut rules = Self::default();
        for file in files {
            rules.add_layer(file)?;
        }
        Ok(rules)
    }

    /// A built-in rule set (none when `name` is `None`) with files laid on it in order, for one cloud or all.
    ///
    /// # Errors
    ///
    /// The name is unknown, or a file cannot be read or is no good.
    pub fn load(name: Option<&str>, files: &[PathBuf], cloud: Option<Cloud>) -> Result<Self, RulesError> {
        let mut rules = match name {
            Some(name) => builtin::rule_set(name, cloud)?,
            None => Self::default(),
        };
        for file in files {
            rules.add_layer(load_file(file)?)?;
        }
        Ok(match cloud {
            Some(cloud) => rules.for_cloud(cloud),
            None => rules,
        })
    }

    /// Adds a file: endpoints replace by cloud and id, features, regions and sources by id.
    ///
    /// # Errors
    ///
    /// [`RulesError::Invalid`] with everything that is wrong between the entries of the file, or between them and what is
    /// already here; the set is then as it was.
    pub fn add_layer(&mut self, file: LoadedFile) -> Result<(), RulesError> {
        let problems = check::find_problems(self, &file);
        if !problems.is_empty() {
            return Err(InvalidFile::rules_error(&file.name, file.text, problems));
        }
        let places = endpoint_locations(&file);
        self.locations.extend(places);
        self.layers.push(file.layer);
        let rules = file.rules;
        merge_by_key(&mut self.features, rules.features, |feature| feature.id.clone());
        merge_by_key(&mut self.regions, rules.regions, |region| region.name.clone());
        merge_by_key(&mut self.marks, rules.marks, |mark| mark.id.clone());
        let endpoints = rules.endpoints.into_iter().map(|e| Endpoint { cloud: e.cloud.or(rules.cloud), ..e });
        merge_by_key(&mut self.endpoints, endpoints, |endpoint| (endpoint.cloud, endpoint.id.clone()));
        self.sources.extend(rules.sources);
        Ok(())
    }

    /// The same rules with the endpoints of one cloud only. Regions stay: one of another cloud is then told apart from one that
    /// does not exist.
    #[must_use]
    pub fn for_cloud(mut self, cloud: Cloud) -> Self {
        self.endpoints.retain(|endpoint| endpoint.cloud == Some(cloud));
        self
    }
}

/// Where the endpoints of a file stand: at the first line that has their id as such. A file in the flow style of YAML, with several
/// entries in a line, has none.
fn endpoint_locations(file: &LoadedFile) -> Vec<(String, RuleLocation)> {
    let ids = file.text.lines().zip(1_u32..).filter_map(|(text, line)| {
        let id = text.trim_start().strip_prefix("- id:")?.split('#').next()?.trim();
        Some((id.trim_matches(['"', '\'']).to_owned(), line))
    });
    // an id of a feature may be that of an endpoint; the endpoints come last in a file
    let lines: BTreeMap<_, _> = ids.collect();
    let place = |line: &u32| RuleLocation { file: file.name.clone(), line: *line };
    let endpoints = file.rules.endpoints.iter().map(|endpoint| endpoint.id.to_string());
    endpoints.filter_map(|id| lines.get(&id).map(|line| (id.clone(), place(line)))).collect()
}

/// Quadratic, over a few hundred entries at most; only replacing entries keep the order of the files.
fn merge_by_key<T, K: Eq>(into: &mut Vec<T>, from: impl IntoIterator<Item = T>, key: impl Fn(&T) -> K) {
    for entry in from {
        match into.iter_mut().find(|old| key(old) == key(&entry)) {
            Some(old) => *old = entry,
            None => into.push(entry),
        }
    }
}
