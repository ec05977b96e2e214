//! Filling the placeholders of hosts and paths.

use crate::model::rules::scalars::placeholder_names;
use crate::model::scope::Scope;

/// A template with its placeholders filled, as far as they are known.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FilledTemplate {
    /// The names of the placeholders without a value, in order.
    pub missing: Vec<String>,
    template: String,
}

/// Fills a host pattern or a path.
pub fn fill_template(template: &str, scope: &Scope) -> FilledTemplate {
    let mut filled = template.to_owned();
    let mut missing = Vec::new();
    for name in placeholder_names(template) {
        match placeholder_value(name, scope) {
            Some(value) => filled = filled.replace(&format!("{{{name}}}"), value),
            None => missing.push(name.to_owned()),
        }
    }
    FilledTemplate { missing, template: filled }
}

/// The wildcard that a template becomes when nobody knows the short code of the region: the names that a discovery can
/// give lie below it. A wildcard stays what it is.
pub fn wildcard_for_template(template: &str, scope: &Scope) -> String {
    let mut unknown = scope.clone();
    unknown.region.his_code = None;
    unknown.values.remove("his_code");
    fill_template(template, &unknown).firewall_pattern()
}

impl FilledTemplate {
    /// The text, if nothing is missing; a wildcard keeps its `*.`.
    pub fn complete(&self) -> Option<&str> {
        self.missing.is_empty().then_some(self.template.as_str())
    }

    /// What is known is filled in; the rest stands as it was.
    pub fn as_str(&self) -> &str {
        &self.template
    }

    /// The form that a firewall rule takes: from the left up to the label with something missing, all is `*`.
    pub fn firewall_pattern(&self) -> String {
        replace_with_star(&self.template, &self.missing)
    }

    /// The form for lists: `*` for what a region lacks, `{name}` for what the user can give.
    pub fn display_pattern(&self) -> String {
        let of_region: Vec<_> =
            self.missing.iter().filter(|name| is_region_placeholder(name)).cloned().collect();
        replace_with_star(&self.template, &of_region)
    }

    /// The first thing missing that only the user knows.
    pub fn missing_value(&self) -> Option<&str> {
        self.missing.iter().map(String::as_str).find(|name| !is_region_placeholder(name))
    }
}

/// Whether a placeholder is a property of the region rather than of the user's own set-up.
pub fn is_region_placeholder(name: &str) -> bool {
    matches!(name, "region" | "his_code" | "geography")
}

/// A value that was given wins over that of the region: the user may know a code that the rules do not.
fn placeholder_value<'a>(name: &str, scope: &'a Scope) -> Option<&'a str> {
    let given = scope.values.get(name).map(String::as_str);
    given.or_else(|| match name {
        "region" => Some(scope.region.name.as_str()),
        "his_code" => scope.region.his_code.as_ref().map(crate::model::rules::Id::as_str),
        "geography" => scope.region.geography.as_ref().map(crate::model::rules::Id::as_str),
        _ => None,
    })
}

fn replace_with_star(template: &str, missing: &[String]) -> String {
    let ends = missing.iter().filter_map(|name| {
        let at = template.rfind(&format!("{{{name}}}"))?;
        Some(template[at..].find('.').map_or(template.len(), |dot| at + dot))
    });
    match ends.max() {
        Some(end) => format!("*{}", &template[end..]),
        None => template.to_owned(),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::model::rules::{Cloud, Region};
    use crate::model::scope::Connectivity;

    /// A scope in eastus, with or without what the rules may not know of a region.
    pub(crate) fn eastus_scope(codes: bool, values: &[(&str, &str)]) -> Scope {
        let region = Region {
            name: "eastus".parse().unwrap(),
            title: "East US".to_owned(),
            cloud: Cloud::AzureCloud,
            his_code: codes.then(|| "eus".parse().unwrap()),
            his_code_basis: None,
            geography: codes.then(|| "northamerica".parse().unwrap()),
            arc: Some(true),
            note: None,
        };
        let values: BTreeMap<_, _> = values.iter().map(|&(k, v)| (k.to_owned(), v.to_owned())).collect();
        let features = vec!["core".to_owned()];
        Scope { cloud: Cloud::AzureCloud, region, features, connectivity: Connectivity::Direct, values }
    }

    #[test]
    fn templates_are_filled_as_far_as_values_are_known() {
        let table = [
            // template, region codes known, complete, pattern, listed
            ("a.example.com", true, Some("a.example.com"), "a.example.com", "a.example.com"),
            (
                "{region}.dp.example.com",
                false,
                Some("eastus.dp.example.com"),
                "eastus.dp.example.com",
                "eastus.dp.example.com",
            ),
            (
                "{his_code}.his.example.com",
                true,
                Some("eus.his.example.com"),
                "eus.his.example.com",
                "eus.his.example.com",
            ),
            ("{his_code}.his.example.com", false, None, "*.his.example.com", "*.his.example.com"),
            ("{geography}-ats.his.example.com", false, None, "*.his.example.com", "*.his.example.com"),
            ("a.{geography}.example.com", false, None, "*.example.com", "*.example.com"),
            (
                "*.{region}.example.com",
                false,
                Some("*.eastus.example.com"),
                "*.eastus.example.com",
                "*.eastus.example.com",
            ),
            ("{vault}.vault.example.com", true, None, "*.vault.example.com", "{vault}.vault.example.com"),
            ("{git_host}", true, None, "*", "{git_host}"),
            (
                "{vault}.{region}-1.example.com",
                true,
                None,
                "*.eastus-1.example.com",
                "{vault}.eastus-1.example.com",
            ),
            (
                "/list?location={region}",
                true,
                Some("/list?location=eastus"),
                "/list?location=eastus",
                "/list?location=eastus",
            ),
        ];
        for (template, codes, complete, pattern, listed) in table {
            let filled = fill_template(template, &eastus_scope(codes, &[]));
            assert_eq!(filled.complete(), complete, "{template}");
            assert_eq!(filled.firewall_pattern(), pattern, "{template}");
            assert_eq!(filled.display_pattern(), listed, "{template}");
        }
    }

    #[test]
    fn a_value_set_by_the_user_wins() {
        let scope = eastus_scope(false, &[("his_code", "xyz"), ("vault", "mine")]);
        assert_eq!(
            fill_template("{his_code}.{vault}.example.com", &scope).complete(),
            Some("xyz.mine.example.com")
        );
        assert_eq!(fill_template("{workspace_id}.example.com", &scope).missing_value(), Some("workspace_id"));
    }
}
