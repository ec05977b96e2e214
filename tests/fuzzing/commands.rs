//! What commands make of files, up to the text that they would write.

use serde_json::Value;

use crate::analysis::connectivity::ConnectivityDiagnosis;
use crate::analysis::connectivity::azure::{self, AzureCluster};
use crate::analysis::connectivity::support_bundle::SupportBundle;
use crate::cli::args::{DiffArgs, FailOn, FetchArgs, PlainFormat, RuleFilesArgs, ShowArgs, ShowFormat};
use crate::cli::diagnose;
use crate::cli::rules::vendor_diff as difference;
use crate::model::faults::FaultCatalogue;
use crate::model::rules::{Cloud, RuleSet};
use crate::model::scope::Connectivity;
use crate::report::diagnosis;
use crate::report::json::to_text;
use crate::report::requirements::VendorTable;

/// An error as it stands on a screen.
pub(super) fn describe_error(error: &impl ToString) -> String {
    crate::cli::sanitize_for_terminal(&error.to_string())
}

/// A judgement and the same as JSON; `None` where the evidence cannot be judged.
pub(super) fn judge_and_render(
    case: &SupportBundle,
    catalogue: &FaultCatalogue,
    azure: Option<&AzureCluster>,
) -> Option<(ConnectivityDiagnosis, String)> {
    let chain = diagnose::judge_bundle(case, catalogue, azure, None).ok()?;
    let json = diagnosis::render(case.taken_at.clone(), chain.clone(), Vec::new());
    Some((chain, json))
}

/// What `rules show` makes of rules in each of its formats.
pub(super) fn render_rules(rules: &RuleSet) -> Vec<(ShowFormat, String)> {
    let formats = [ShowFormat::Text, ShowFormat::Yaml, ShowFormat::Json, ShowFormat::Csv];
    let show = |output| {
        let args = ShowArgs { output, ..EMPTY_ARGS };
        let shown = crate::cli::rules::render_rules(&args, rules.clone());
        (output, shown.unwrap_or_else(|e| panic!("{e}")))
    };
    formats.map(show).into()
}

/// What `rules diff` makes of a table.
pub(super) fn render_difference(table: &VendorTable, rules: &RuleSet) -> Vec<String> {
    let shown = |output| {
        let args = DiffArgs {
            pages: Vec::new(),
            cloud: Cloud::AzureCloud,
            location: None,
            feature: Vec::new(),
            source: None,
            rules: NO_RULES,
            output,
            fail_on: FailOn::Warning,
            fetch: FetchArgs::default(),
        };
        let with = difference::compared(&args, rules).unwrap_or_else(|e| panic!("{e}"));
        let pages = vec![("page.md".to_owned(), table.clone())];
        difference::render_difference(&args, rules, &with, pages, true).0
    };
    [PlainFormat::Text, PlainFormat::Json].map(shown).into()
}

const NO_RULES: RuleFilesArgs =
    RuleFilesArgs { rule_set: String::new(), rules: Vec::new(), no_builtin_rules: true };

const EMPTY_ARGS: ShowArgs = ShowArgs {
    cloud: None,
    location: None,
    feature: Vec::new(),
    connectivity: Connectivity::Direct,
    values: Vec::new(),
    rules: NO_RULES,
    output: ShowFormat::Text,
};

/// What `--save-evidence` writes.
pub(super) fn render_evidence(case: &SupportBundle) -> String {
    to_text(case)
}

/// A document of az, and the cluster in it.
pub(super) fn parse_azure(text: &str, id: Option<&str>) -> Result<(Value, AzureCluster), azure::AzureError> {
    let document = azure::parse_json(text)?;
    let cluster = azure::find_cluster(&document, id)?;
    Ok((document, cluster))
}
