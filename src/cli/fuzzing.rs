//! What commands make of files, up to the text that they would write.

use serde_json::Value;

use super::diagnose;
use super::rules::{DiffArgs, DiffFormat, ShowArgs, ShowFormat, difference};
use crate::analysis::chain::Chain;
use crate::analysis::chain::azure::{self, AzureCluster};
use crate::analysis::chain::case::Case;
use crate::cli::args::{FailOn, FetchArgs};
use crate::model::faults::Catalogue;
use crate::model::report::Tool;
use crate::model::rules::{Cloud, RuleSet};
use crate::model::scope::Connectivity;
use crate::report::diagnosis::Diagnosis;
use crate::report::requirements::VendorTable;

/// An error as it stands on a screen.
pub(crate) fn complaint(error: &impl ToString) -> String {
    super::harmless(&error.to_string())
}

/// A judgement and the same as JSON; `None` where the evidence cannot be judged.
pub(crate) fn judged(
    case: &Case,
    catalogue: &Catalogue,
    azure: Option<&AzureCluster>,
) -> Option<(Chain, String)> {
    let chain = diagnose::judged(case, catalogue, azure, None).ok()?;
    let diagnosis = Diagnosis {
        schema_version: 1,
        tool: Tool { name: "arcprobe".into(), version: "0".into() },
        taken_at: case.taken_at.clone(),
        chain: chain.clone(),
        checks: Vec::new(),
    };
    let json = diagnose::pretty(&diagnosis).ok()?;
    Some((chain, json))
}

/// What `rules show` makes of rules in each of its formats.
pub(crate) fn rules_shown(rules: &RuleSet) -> Vec<(ShowFormat, String)> {
    let formats = [ShowFormat::Text, ShowFormat::Yaml, ShowFormat::Json, ShowFormat::Csv];
    let show = |output| {
        let args = ShowArgs { output, no_builtin_rules: true, ..BLANK };
        let shown = super::rules::formatted(&args, rules.clone());
        (output, shown.unwrap_or_else(|e| panic!("{e}")))
    };
    formats.map(show).into()
}

/// What `rules diff` makes of a table.
pub(crate) fn difference(table: &VendorTable, rules: &RuleSet) -> Vec<String> {
    let shown = |output| {
        let args = DiffArgs {
            pages: Vec::new(),
            cloud: Cloud::AzureCloud,
            location: None,
            feature: Vec::new(),
            source: None,
            rule_set: String::new(),
            rules: Vec::new(),
            no_builtin_rules: true,
            output,
            fail_on: FailOn::Warning,
            fetch: FetchArgs::default(),
        };
        let with = difference::compared(&args, rules).unwrap_or_else(|e| panic!("{e}"));
        let pages = vec![("page.md".to_owned(), table.clone())];
        difference::shown(&args, rules, &with, pages, true).unwrap_or_else(|e| panic!("{e}")).0
    };
    [DiffFormat::Text, DiffFormat::Json].map(shown).into()
}

const BLANK: ShowArgs = ShowArgs {
    cloud: None,
    location: None,
    feature: Vec::new(),
    connectivity: Connectivity::Direct,
    values: Vec::new(),
    rule_set: String::new(),
    rules: Vec::new(),
    no_builtin_rules: false,
    output: ShowFormat::Text,
};

/// What `--save-evidence` writes.
pub(crate) fn saved(case: &Case) -> Option<String> {
    diagnose::pretty(case).ok()
}

/// A document of az, and the cluster in it.
pub(crate) fn azure(text: &str, id: Option<&str>) -> Result<(Value, AzureCluster), azure::AzureError> {
    let document = azure::json(text)?;
    let cluster = azure::cluster(&document, id)?;
    Ok((document, cluster))
}
