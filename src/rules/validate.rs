//! What a rules file gets wrong beyond the form of its values: entries that clash, or refer to what is not there.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::load::LoadedFile;
use super::locate::{EntryIndex, key_span, value_span};
use super::problem::Problem;
use super::suggest::did_you_mean;
use crate::model::rules::{Endpoint, Id, Mark, Protocol, RuleSet};

/// All problems of a file that is going to be laid on a rule set, in the order of the file's sections.
pub(super) fn find_problems(base: &RuleSet, file: &LoadedFile) -> Vec<Problem> {
    let check = RulesValidator {
        text: &file.text,
        entries: EntryIndex::new(&file.text),
        base,
        file,
        features: known_features(base, file),
        sources: known_sources(base, file),
        marks: known_marks(base, file),
    };
    let mut problems = check.find_duplicates();
    problems.extend(check.check_feature_needs());
    for (n, mark) in file.rules.marks.iter().enumerate() {
        problems.extend(check.check_mark(mark, EntryRef("marks", n)));
    }
    for (n, endpoint) in file.rules.endpoints.iter().enumerate() {
        problems.extend(check.check_endpoint(endpoint, EntryRef("endpoints", n)));
    }
    problems
}

struct RulesValidator<'a> {
    text: &'a str,
    entries: EntryIndex<'a>,
    base: &'a RuleSet,
    file: &'a LoadedFile,
    features: BTreeSet<&'a str>,
    sources: BTreeSet<&'a str>,
    marks: BTreeSet<&'a str>,
}

/// A top-level list and the number of an entry in it.
#[derive(Clone, Copy)]
struct EntryRef(&'static str, usize);

impl RulesValidator<'_> {
    fn entry_span(&self, EntryRef(section, n): EntryRef) -> Range<usize> {
        self.entries.entry_span(section, n)
    }

    fn value_span(&self, place: EntryRef, key: &str, word: Option<&str>) -> Range<usize> {
        value_span(self.text, &self.entry_span(place), key, word)
    }

    fn find_duplicates(&self) -> Vec<Problem> {
        let rules = &self.file.rules;
        let features = rules.features.iter().map(|f| f.id.to_string());
        let regions = rules.regions.iter().map(|r| r.name.to_string());
        let mut problems = self.find_repeated_ids("features", "id", features);
        problems.extend(self.find_repeated_ids("regions", "name", regions));
        problems.extend(self.find_repeated_ids("marks", "id", rules.marks.iter().map(|m| m.id.to_string())));
        let cloud =
            |e: &Endpoint| e.cloud.or(rules.cloud).map_or("no cloud", crate::model::rules::Cloud::az_name);
        let endpoints = rules.endpoints.iter().map(|e| format!("{} in {}", e.id, cloud(e)));
        problems.extend(self.find_repeated_ids("endpoints", "id", endpoints));
        problems
    }

    fn find_repeated_ids(
        &self,
        section: &'static str,
        key: &str,
        ids: impl Iterator<Item = String>,
    ) -> Vec<Problem> {
        let mut seen = BTreeMap::new();
        let mut problems = Vec::new();
        for (n, id) in ids.enumerate() {
            if let Some(first) = seen.insert(id.clone(), n) {
                let place = |n| self.id_span(section, key, n, &id);
                problems.push(duplicate_problem(section.trim_end_matches('s'), &id, place(n), place(first)));
                seen.insert(id, first);
            }
        }
        problems
    }

    fn id_span(&self, section: &'static str, key: &str, n: usize, id: &str) -> Range<usize> {
        let id = id.split(' ').next();
        self.value_span(EntryRef(section, n), key, id)
    }

    fn check_feature_needs(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (n, feature) in self.file.rules.features.iter().enumerate() {
            let place = EntryRef("features", n);
            let needs = feature.needs.iter().map(crate::model::rules::Id::as_str);
            problems.extend(
                needs.filter_map(|id| self.check_reference("feature", &self.features, id, place, "needs")),
            );
        }
        problems
    }

    fn check_mark(&self, mark: &Mark, place: EntryRef) -> Vec<Problem> {
        let source = |id: &Id| self.check_reference("source", &self.sources, id.as_str(), place, "sources");
        let mut problems: Vec<_> = mark.sources.iter().filter_map(source).collect();
        if mark.any.is_empty() {
            let at = self.value_span(place, "any", None);
            problems
                .push(Problem::new(at, format!("any is empty: no answer would have the mark {}", mark.id)));
        }
        problems
    }

    fn check_endpoint(&self, endpoint: &Endpoint, place: EntryRef) -> Vec<Problem> {
        let mut problems = Vec::new();
        problems.extend(self.check_cloud(endpoint, place));
        problems.extend(self.check_lists(endpoint, place));
        for id in &endpoint.features {
            problems.extend(self.check_reference("feature", &self.features, id.as_str(), place, "features"));
        }
        for id in &endpoint.sources {
            problems.extend(self.check_reference("source", &self.sources, id.as_str(), place, "sources"));
        }
        for id in &endpoint.answer.marks {
            problems.extend(self.check_reference("mark", &self.marks, id.as_str(), place, "marks"));
        }
        problems.extend(self.check_wildcard_protocol(endpoint, place));
        problems.extend(self.check_samples(endpoint, place));
        problems.extend(self.check_discovery(endpoint, place));
        problems
    }

    fn check_cloud(&self, endpoint: &Endpoint, place: EntryRef) -> Option<Problem> {
        if endpoint.cloud.or(self.file.rules.cloud).is_some() {
            return None;
        }
        let at = self.value_span(place, "id", Some(endpoint.id.as_str()));
        let problem = Problem::new(at, format!("the endpoint {} belongs to no cloud", endpoint.id));
        Some(problem.with_help(
            "give \"cloud\" for it or for the file: AzureCloud, AzureUSGovernment or AzureChinaCloud",
        ))
    }

    fn check_lists(&self, endpoint: &Endpoint, place: EntryRef) -> Option<Problem> {
        let (name, help) = match endpoint {
            e if e.features.is_empty() => ("features", "name the features that need it, such as core"),
            e if e.vantages.is_empty() => ("vantages", "allowed are workstation, pod, node, browser, cloud"),
            _ => return None,
        };
        let at = self.value_span(place, name, None);
        let message = format!("{name} is empty: the endpoint {} would never be checked", endpoint.id);
        Some(Problem::new(at, message).with_help(help))
    }

    fn check_reference(
        &self,
        kind: &str,
        known: &BTreeSet<&str>,
        id: &str,
        place: EntryRef,
        list: &str,
    ) -> Option<Problem> {
        if known.contains(id) {
            return None;
        }
        let guess = did_you_mean(id, known.iter().copied());
        let at = self.word_span(place, list, id);
        let problem = Problem::new(at, format!("unknown {kind} \"{id}\"{guess}"));
        let names: Vec<_> = known.iter().copied().collect();
        let help = if names.is_empty() {
            "none is declared".to_owned()
        } else {
            format!("known are {}", names.join(", "))
        };
        Some(problem.with_help(help))
    }

    /// A word of a list, not a longer word that holds it.
    fn word_span(&self, place: EntryRef, list: &str, word: &str) -> Range<usize> {
        let fallback = || self.value_span(place, list, None);
        let entry = self.entry_span(place);
        let Some(key) = key_span(self.text, &entry, list) else { return fallback() };
        let rest = &self.text[key.end..entry.end];
        let part = |c: char| c.is_ascii_alphanumeric() || c == '-';
        let whole = |&at: &usize| !rest[..at].ends_with(part) && !rest[at + word.len()..].starts_with(part);
        let found = rest.match_indices(word).map(|(at, _)| at).find(whole);
        found.map_or_else(fallback, |at| key.end + at..key.end + at + word.len())
    }

    /// Without TLS or HTTP nothing tells one host from another, so a firewall cannot allow such a wildcard by name.
    fn check_wildcard_protocol(&self, endpoint: &Endpoint, place: EntryRef) -> Option<Problem> {
        let named = !matches!(endpoint.protocol, Protocol::Tcp | Protocol::Git | Protocol::Ssh);
        if named || !endpoint.host.is_wildcard() {
            return None;
        }
        let at = self.value_span(place, "protocol", Some(endpoint.protocol.as_str()));
        let message = format!("a wildcard cannot be allowed for {}: no host name is sent", endpoint.protocol);
        Some(Problem::new(at, message).with_help("allowed with a wildcard are https, wss, http, tls"))
    }

    fn check_samples(&self, endpoint: &Endpoint, place: EntryRef) -> Vec<Problem> {
        if endpoint.samples.is_empty() {
            return Vec::new();
        }
        if !endpoint.host.is_wildcard() {
            let at = self.value_span(place, "samples", None);
            let message = format!("samples are for wildcards, and {} is none", endpoint.host);
            return vec![Problem::new(at, message).with_help("take them out, or begin the host with \"*.\"")];
        }
        let outside = endpoint.samples.iter().filter(|sample| !endpoint.host.covers(sample.as_str()));
        let problem = |sample: &crate::model::rules::HostName| {
            let at = self.value_span(place, "samples", Some(sample.as_str()));
            Problem::new(at, format!("the sample {sample} does not lie below {}", endpoint.host))
        };
        outside.map(problem).collect()
    }

    /// A discovery needs somebody to ask, and nobody is asked without one.
    fn check_discovery(&self, endpoint: &Endpoint, place: EntryRef) -> Option<Problem> {
        match (endpoint.discovery, &endpoint.ask) {
            (Some(_), None) => {
                let at = self.value_span(place, "discovery", None);
                let problem = Problem::new(at, format!("the discovery of {} asks nobody", endpoint.id));
                Some(problem.with_help("give \"ask\": the id of the endpoint that knows the names"))
            }
            (None, Some(_)) => {
                let at = self.value_span(place, "ask", None);
                let problem = Problem::new(at, format!("nothing is discovered for {}", endpoint.id));
                Some(problem.with_help("take \"ask\" out, or give \"discovery\""))
            }
            (Some(_), Some(id)) if !self.has_endpoint(endpoint, id) => {
                let at = self.value_span(place, "ask", Some(id.as_str()));
                let problem = Problem::new(at, format!("unknown endpoint \"{id}\" to ask"));
                Some(problem.with_help("it has to be an endpoint of the same cloud"))
            }
            _ => None,
        }
    }

    /// Whether there is another endpoint of this id in the same cloud, in this file or below it.
    fn has_endpoint(&self, endpoint: &Endpoint, id: &Id) -> bool {
        let rules = &self.file.rules;
        let cloud = endpoint.cloud.or(rules.cloud);
        let has = |of: &[Endpoint], default| of.iter().any(|e| e.id == *id && e.cloud.or(default) == cloud);
        *id != endpoint.id && (has(&rules.endpoints, rules.cloud) || has(&self.base.endpoints, None))
    }
}

fn duplicate_problem(kind: &str, id: &str, second: Range<usize>, first: Range<usize>) -> Problem {
    Problem::new(second, format!("the {kind} {id} is given twice")).with_related(first, "first here")
}

fn known_features<'a>(base: &'a RuleSet, file: &'a LoadedFile) -> BTreeSet<&'a str> {
    base.features.iter().chain(&file.rules.features).map(|feature| feature.id.as_str()).collect()
}

fn known_sources<'a>(base: &'a RuleSet, file: &'a LoadedFile) -> BTreeSet<&'a str> {
    base.sources.keys().chain(file.rules.sources.keys()).map(String::as_str).collect()
}

fn known_marks<'a>(base: &'a RuleSet, file: &'a LoadedFile) -> BTreeSet<&'a str> {
    base.marks.iter().chain(&file.rules.marks).map(|mark| mark.id.as_str()).collect()
}
