//! `arcprobe rules diff`: tables of the vendor, compared with the rules.

use serde::Serialize;

use super::merged::render_table;
use super::pages::{Read, read_all};
use super::{Done, Result, RulesCommandError};
use crate::cli::Environment;
use crate::cli::args::{DiffArgs, FailOn, PlainFormat};
use crate::cli::exit::Exit;
use crate::model::evidence::{sanitize, sanitize_lines};
use crate::model::host_port::HostPort;
use crate::model::rules::{Cloud, Layer, RuleSet};
use crate::model::scope::Connectivity;
use crate::report::requirements::{
    ComparisonScope, CoveredHost, Difference, ExpectedEndpoints, VendorTable, compare_with_rules,
};
use crate::rules::{resolve_features, resolve_region};

/// What was compared, and what came of it.
#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    cloud: Cloud,
    region: Option<String>,
    features: Option<&'a [String]>,
    source: Option<&'a str>,
    rules: &'a [Layer],
    pages: &'a [PageRead],
    hosts_in_table: usize,
    skipped_tables: &'a [String],
    #[serde(flatten)]
    difference: &'a Difference,
}

/// A page, as the document names it.
#[derive(Serialize)]
struct PageRead {
    name: String,
    hosts: usize,
}

/// What is to be written, and how to end: 3 if the rules lack something, 4 if the pages do and that counts.
///
/// # Errors
///
/// A page that cannot be read or fetched, rules that are no good, an unknown region, feature or source.
pub(super) fn run(args: &DiffArgs, environment: &Environment, verbose: bool) -> Result<Done> {
    let rules = args.rules.load(None)?;
    // a wrong question is worth no request
    let with = compared(args, &rules)?;
    let (pages, notes) = read_all(args, &rules, environment)?;
    let (text, exit) = render_difference(args, &rules, &with, pages, verbose);
    Ok(Done { text, exit, notes })
}

/// What the rules are narrowed to.
pub(crate) fn compared(args: &DiffArgs, rules: &RuleSet) -> Result<ComparisonScope> {
    Ok(ComparisonScope {
        cloud: args.cloud,
        region: args.location.as_deref().map(|name| resolve_region(name, args.cloud, rules)).transpose()?,
        expected: expected_endpoints(args, rules)?,
    })
}

/// Compares pages that were read with rules.
pub(crate) fn render_difference(
    args: &DiffArgs,
    rules: &RuleSet,
    with: &ComparisonScope,
    pages: Vec<Read>,
    verbose: bool,
) -> (String, Exit) {
    let (names, tables): (Vec<_>, Vec<_>) = pages.into_iter().unzip();
    let counts = tables.iter().map(|table| table.hosts.len());
    let pages: Vec<_> = names.into_iter().zip(counts).map(|(name, hosts)| PageRead { name, hosts }).collect();
    let table = VendorTable::joined(tables);
    let difference = compare_with_rules(&table, rules, with);
    let document = Document {
        schema_version: 1,
        cloud: with.cloud,
        region: with.region.as_ref().map(|region| region.name.to_string()),
        features: match &with.expected {
            ExpectedEndpoints::Features(on) => Some(on),
            ExpectedEndpoints::Source(_) => None,
        },
        source: args.source.as_deref(),
        rules: &rules.layers,
        pages: &pages,
        hosts_in_table: table.hosts.len(),
        skipped_tables: &table.skipped_tables,
        difference: &difference,
    };
    let text = match args.output {
        PlainFormat::Text => sanitize_lines(&render_text(&document, verbose)),
        PlainFormat::Json => crate::report::json::to_text(&document),
    };
    (text, exit_for_difference(&difference, args.fail_on))
}

fn expected_endpoints(args: &DiffArgs, rules: &RuleSet) -> Result<ExpectedEndpoints> {
    let Some(source) = &args.source else {
        let on = resolve_features(&args.feature, args.cloud, Connectivity::Direct, rules);
        return Ok(ExpectedEndpoints::Features(on?));
    };
    let cites = |id: &&String| {
        let here = rules.endpoints.iter().filter(|endpoint| endpoint.cloud == Some(args.cloud));
        here.flat_map(|endpoint| &endpoint.sources).any(|cited| cited.as_str() == id.as_str())
    };
    if rules.sources.keys().filter(cites).any(|id| id == source) {
        return Ok(ExpectedEndpoints::Source(source.clone()));
    }
    let known = rules.sources.keys().filter(cites).cloned().collect();
    Err(RulesCommandError::UnknownSource { word: source.clone(), cloud: args.cloud, known })
}

fn exit_for_difference(difference: &Difference, fail_on: FailOn) -> Exit {
    match fail_on {
        _ if !difference.only_in_table.is_empty() => Exit::Unmet,
        FailOn::Warning if !difference.only_in_rules.is_empty() => Exit::Warnings,
        _ => Exit::Ok,
    }
}

fn render_text(document: &Document<'_>, verbose: bool) -> String {
    let found = document.difference;
    let names: Vec<_> =
        document.rules.iter().map(|layer| format!("{} {}", layer.name, layer.revision)).collect();
    let scope = match (document.source, document.features) {
        (Some(source), _) => format!("what cites {source}"),
        (None, on) => format!("what these need: {}", on.unwrap_or_default().join(", ")),
    };
    let region = document.region.as_ref().map(|name| format!(" {name}")).unwrap_or_default();
    let labels = std::iter::once("table").chain(std::iter::repeat("and"));
    let pages = document.pages.iter().zip(labels).map(|(page, label)| {
        [label.to_owned(), format!("{} ({} hosts)", sanitize(&page.name, 200), page.hosts)]
    });
    let mut text = render_table(pages.chain([
        ["rules".to_owned(), names.join(", ")],
        ["cloud".to_owned(), format!("{}{region}", document.cloud)],
        ["expected".to_owned(), scope],
    ]));
    let mut section = |title: &str, rows: Vec<[String; 4]>| {
        if !rows.is_empty() {
            let heading = format!("\n{title} ({})\n", rows.len());
            text.extend([heading, render_table(rows)]);
        }
    };
    let near = |near: &[String], who: &str| {
        if near.is_empty() { String::new() } else { format!("{who} {}", near.join(", ")) }
    };
    let only = found.only_in_table.iter().map(|only| {
        [
            String::new(),
            host_and_port(&only.host, only.port),
            only.host_and_port(),
            near(&only.near, "the rules have"),
        ]
    });
    section("in the table, not in the rules", only.collect());
    let only = found.only_in_rules.iter().map(|only| {
        [
            String::new(),
            host_and_port(&only.host, Some(only.port)),
            format!("{}: {}", only.id, only.title),
            near(&only.near, "the table has"),
        ]
    });
    section("in the rules, not in the table", only.collect());
    section("in the table, in the rules of another cloud", covered_rows(&found.of_other_clouds));
    if verbose {
        section("in both", covered_rows(&found.in_both));
    }
    let skipped_tables = document
        .skipped_tables
        .iter()
        .map(|heading| [String::new(), heading.clone(), String::new(), String::new()]);
    section(
        "tables that were not read, for none of their columns is called Endpoint, URL, Host or the like",
        skipped_tables.collect(),
    );
    text + "\n" + &describe_summary(found)
}

fn describe_summary(found: &Difference) -> String {
    let (table, rules, both) = (found.only_in_table.len(), found.only_in_rules.len(), found.in_both.len());
    match (table, rules) {
        (0, 0) => format!("no difference; {both} hosts are in both\n"),
        _ => format!("the rules lack {table}, the table lacks {rules}; {both} hosts are in both\n"),
    }
}

fn covered_rows(all: &[CoveredHost]) -> Vec<[String; 4]> {
    let row = |known: &CoveredHost| {
        [String::new(), host_and_port(&known.host, known.port), known.ids.join(", "), String::new()]
    };
    all.iter().map(row).collect()
}

fn host_and_port(host: &str, port: Option<u16>) -> String {
    HostPort { host, port }.to_string()
}
