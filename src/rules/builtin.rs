//! The rules that are built into the program.

use super::load::parse_rules;
use super::problem::RulesError;
use crate::model::rules::{Cloud, RuleSet};

/// A file of the folder `rules` with its path.
macro_rules! embed {
    ($name:literal) => {
        (concat!("rules/", $name), include_str!(concat!("../../rules/", $name)))
    };
}
/// The names of the built-in rule sets: today's, then those for older agents, named after the month of the lists.
pub const NAMES: [&str; 9] =
    ["current", "2020-01", "2020-10", "2021-02", "2021-09", "2022-12", "2023-09", "2024-10", "2025-04"];

/// A built-in rule set, for one cloud or all. Only the files that are needed are read: that is most of the time until the
/// first probe.
///
/// # Errors
///
/// [`RulesError::UnknownRuleSet`]; never [`RulesError::Invalid`], as a test reads all built-in files.
pub fn rule_set(name: &str, cloud: Option<Cloud>) -> Result<RuleSet, RulesError> {
    let mut rules = RuleSet::default();
    for (file, text) in select_files(name, cloud)? {
        rules.add_layer(parse_rules(file, text.as_bytes())?)?;
    }
    Ok(match cloud {
        Some(cloud) => rules.for_cloud(cloud),
        None => rules,
    })
}

/// All built-in files, by their paths in the repository.
pub fn all_files() -> impl Iterator<Item = (&'static str, &'static str)> {
    let clouds = Cloud::ALL.map(current_file).into_iter();
    std::iter::once(COMMON).chain(clouds).chain(GENERATIONS.iter().map(|&(_, file)| file))
}

type EmbeddedFile = (&'static str, &'static str);

fn select_files(name: &str, cloud: Option<Cloud>) -> Result<Vec<EmbeddedFile>, RulesError> {
    let mut files = vec![COMMON];
    match (name, cloud) {
        ("current", Some(cloud)) => files.push(current_file(cloud)),
        ("current", None) => files.extend(Cloud::ALL.map(current_file)),
        _ => {
            let generation = GENERATIONS.iter().find(|(known, _)| *known == name);
            let (_, file) = generation
                .ok_or_else(|| RulesError::UnknownRuleSet { name: name.to_owned(), known: &NAMES })?;
            files.push(*file);
        }
    }
    Ok(files)
}

fn current_file(cloud: Cloud) -> EmbeddedFile {
    match cloud {
        Cloud::AzureCloud => embed!("azure-public.yaml"),
        Cloud::AzureUSGovernment => embed!("azure-us-government.yaml"),
        Cloud::AzureChinaCloud => embed!("azure-china.yaml"),
    }
}

const COMMON: EmbeddedFile = embed!("azure.yaml");

const GENERATIONS: [(&str, EmbeddedFile); 8] = [
    ("2020-01", embed!("generations/2020-01.yaml")),
    ("2020-10", embed!("generations/2020-10.yaml")),
    ("2021-02", embed!("generations/2021-02.yaml")),
    ("2021-09", embed!("generations/2021-09.yaml")),
    ("2022-12", embed!("generations/2022-12.yaml")),
    ("2023-09", embed!("generations/2023-09.yaml")),
    ("2024-10", embed!("generations/2024-10.yaml")),
    ("2025-04", embed!("generations/2025-04.yaml")),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::rules::{DiscoveryMethod, Endpoint, PathTemplate, Protocol};

    #[test]
    fn every_rule_set_can_be_read() {
        for name in NAMES {
            for cloud in
                [None, Some(Cloud::AzureCloud), Some(Cloud::AzureUSGovernment), Some(Cloud::AzureChinaCloud)]
            {
                if let Err(error) = rule_set(name, cloud) {
                    panic!("{name} {cloud:?}\n{error}");
                }
            }
        }
    }

    /// Whoever is asked has one host and answers to the path that its kind of discovery needs.
    #[test]
    fn every_discovery_has_an_endpoint_to_ask() {
        for rules in NAMES.iter().map(|name| rule_set(name, None).unwrap()) {
            for endpoint in rules.endpoints.iter().filter(|e| e.discovery.is_some()) {
                let is_asked =
                    |e: &&Endpoint| e.cloud == endpoint.cloud && Some(&e.id) == endpoint.ask.as_ref();
                let asked = rules.endpoints.iter().find(is_asked).unwrap();
                let part = match endpoint.discovery.unwrap() {
                    DiscoveryMethod::NotificationAllowList => "/urls/allowlist?",
                    DiscoveryMethod::HisRegion => "/discovery?location={region}",
                    DiscoveryMethod::RegistryRedirect => "/v2/",
                };
                let is_manifest = |path: &PathTemplate| path.as_str().contains("/manifests/");
                assert!(endpoint.manifests.iter().all(is_manifest), "{}", endpoint.id);
                let needs_manifests = endpoint.discovery == Some(DiscoveryMethod::RegistryRedirect);
                assert_eq!(endpoint.manifests.is_empty(), !needs_manifests, "{}", endpoint.id);
                assert!(asked.request.path.as_str().contains(part), "{} asks {asked:?}", endpoint.id);
                assert!(!asked.host.is_wildcard(), "{} asks {asked:?}", endpoint.id);
            }
        }
    }

    /// Where TLS is inspected, only marks prove who answered.
    #[test]
    fn every_public_service_has_marks_that_are_sourced() {
        let rules = rule_set("current", None).unwrap();
        let speaks_http =
            |e: &&Endpoint| matches!(e.protocol, Protocol::Https | Protocol::Wss | Protocol::Http);
        for endpoint in rules.endpoints.iter().filter(speaks_http).filter(|e| e.certificate.public) {
            assert!(!rules.find_marks(&endpoint.answer.marks).is_empty(), "{}", endpoint.id);
        }
        for mark in &rules.marks {
            assert!(!mark.sources.is_empty(), "{}", mark.id);
            let is_used = |e: &Endpoint| e.answer.marks.contains(&mark.id);
            assert!(rules.endpoints.iter().any(is_used), "{} is used nowhere", mark.id);
        }
    }

    #[test]
    fn the_names_are_those_of_the_files() {
        let generations: Vec<_> = GENERATIONS.iter().map(|(name, _)| *name).collect();
        assert_eq!(NAMES[0], "current");
        assert_eq!(NAMES[1..], generations);
        assert_eq!(all_files().count(), 1 + Cloud::ALL.len() + generations.len());
    }

    #[test]
    fn one_cloud_reads_one_file_and_holds_its_endpoints_only() {
        let rules = rule_set("current", Some(Cloud::AzureChinaCloud)).unwrap();
        assert_eq!(rules.layers.len(), 2);
        assert!(rules.endpoints.iter().all(|e| e.cloud == Some(Cloud::AzureChinaCloud)));
    }

    #[test]
    fn an_unknown_rule_set_is_an_error_with_all_names() {
        let error = rule_set("2021-03", None).unwrap_err().to_string();
        assert_eq!(
            error,
            "unknown rule set \"2021-03\"; did you mean \"2021-02\"?\nallowed are current, 2020-01, 2020-10, 2021-02, \
             2021-09, 2022-12, 2023-09, 2024-10, 2025-04"
        );
    }
}
