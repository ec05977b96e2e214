//! `arcprobe rules diff`: a saved table of the vendor beside the rules.

use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, ValueEnum};
use serde::Serialize;

use super::merged::table;
use super::{CURRENT, RulesCommandError};
use crate::cli::FailOn;
use crate::commands::files::bounded;
use crate::evidence::{printable, printable_lines};
use crate::exit::Exit;
use crate::requirements::{Compared, Difference, Expected, Known, VendorTable, compare};
use crate::rules::model::{Cloud, Layer, RuleSet};
use crate::rules::{features, region};
use crate::settings::Connectivity;

/// `arcprobe rules diff`.
#[derive(Args, Clone, Debug)]
pub struct DiffArgs {
    /// The saved page: HTML, Markdown, or lines that begin with a host; `-` reads standard input
    #[arg(value_name = "TABLE")]
    pub table: PathBuf,
    /// The Azure cloud of the table
    #[arg(long, value_parser = crate::rules::cloud, default_value = "AzureCloud", value_name = "CLOUD")]
    pub cloud: Cloud,
    /// The Azure region that the table is for. [default: it has placeholders, or regions as examples]
    #[arg(short, long, visible_alias = "region", value_parser = NonEmptyStringValueParser::new(), value_name = "REGION")]
    pub location: Option<String>,
    /// Expect what these features need (comma list, repeatable; `all`). [default: what az turns on by itself]
    #[arg(long, value_delimiter = ',', value_parser = NonEmptyStringValueParser::new(), value_name = "FEATURE")]
    pub feature: Vec<String>,
    /// Expect what cites this source, an id below `sources:` of the rules
    #[arg(long, value_name = "ID", conflicts_with = "feature")]
    pub source: Option<String>,
    /// A generation of the built-in rules
    #[arg(long, default_value = CURRENT, value_name = "NAME")]
    pub rule_set: String,
    /// A rules file that adds to them; the same id replaces (repeatable)
    #[arg(long, value_name = "FILE")]
    pub rules: Vec<PathBuf>,
    /// Use the files of --rules only
    #[arg(long, requires = "rules")]
    pub no_builtin_rules: bool,
    /// The format
    #[arg(short, long, value_enum, default_value = "text", value_name = "FORMAT")]
    pub output: DiffFormat,
    /// Also tell by the exit code (4) what the rules have and the table has not
    #[arg(long, value_enum, default_value_t, value_name = "SEVERITY")]
    pub fail_on: FailOn,
}

/// A format of `rules diff`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum DiffFormat {
    /// For people; -v also lists what is the same.
    Text,
    /// For programs.
    Json,
}

/// What was compared, and what came of it.
#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    cloud: Cloud,
    region: Option<String>,
    features: Option<&'a [String]>,
    source: Option<&'a str>,
    rules: &'a [Layer],
    hosts_in_table: usize,
    passed_over: &'a [String],
    #[serde(flatten)]
    difference: &'a Difference,
}

/// What is to be written, and how to end: 3 if the rules lack something, 4 if the table does and that counts.
///
/// # Errors
///
/// A page that cannot be read, rules that are no good, an unknown region, feature or source.
pub(super) fn run(args: &DiffArgs, verbose: bool) -> Result<(String, Exit), RulesCommandError> {
    let name = (!args.no_builtin_rules).then_some(args.rule_set.as_str());
    let rules = RuleSet::choose(name, &args.rules, None)?;
    let is_piped = args.table.as_os_str() == "-";
    let file = if is_piped { "standard input".to_owned() } else { args.table.display().to_string() };
    let page = |problem: String| RulesCommandError::Page(problem);
    let bytes = bounded(&args.table, &file).map_err(|e| page(e.to_string()))?;
    let table = VendorTable::read(&bytes).map_err(|e| page(format!("{file}: {e}")))?;
    shown(args, &rules, (&table, &file), verbose)
}

/// A table that was read, beside rules.
pub(crate) fn shown(
    args: &DiffArgs,
    rules: &RuleSet,
    (table, file): (&VendorTable, &str),
    verbose: bool,
) -> Result<(String, Exit), RulesCommandError> {
    let with = Compared {
        cloud: args.cloud,
        region: args.location.as_deref().map(|name| region(name, args.cloud, rules).cloned()).transpose()?,
        expected: expected(args, rules)?,
    };
    let difference = compare(table, rules, &with);
    let document = Document {
        schema_version: 1,
        cloud: with.cloud,
        region: with.region.as_ref().map(|region| region.name.to_string()),
        features: match &with.expected {
            Expected::Features(on) => Some(on),
            Expected::Source(_) => None,
        },
        source: args.source.as_deref(),
        rules: &rules.layers,
        hosts_in_table: table.hosts.len(),
        passed_over: &table.passed_over,
        difference: &difference,
    };
    let text = match args.output {
        DiffFormat::Text => printable_lines(&text(&document, file, verbose)),
        DiffFormat::Json => super::json(&document)?,
    };
    Ok((text, exit(&difference, args.fail_on)))
}

fn expected(args: &DiffArgs, rules: &RuleSet) -> Result<Expected, RulesCommandError> {
    let Some(source) = &args.source else {
        let on = features(&args.feature, args.cloud, Connectivity::Direct, rules);
        return Ok(Expected::Features(on?));
    };
    let cites = |id: &&String| {
        let here = rules.endpoints.iter().filter(|endpoint| endpoint.cloud == Some(args.cloud));
        here.flat_map(|endpoint| &endpoint.sources).any(|cited| cited.as_str() == id.as_str())
    };
    if rules.sources.keys().filter(cites).any(|id| id == source) {
        return Ok(Expected::Source(source.clone()));
    }
    let known = rules.sources.keys().filter(cites).cloned().collect();
    Err(RulesCommandError::UnknownSource { word: source.clone(), cloud: args.cloud, known })
}

fn exit(difference: &Difference, fail_on: FailOn) -> Exit {
    match fail_on {
        _ if !difference.only_in_table.is_empty() => Exit::Unmet,
        FailOn::Warning if !difference.only_in_rules.is_empty() => Exit::Warnings,
        _ => Exit::Ok,
    }
}

fn text(document: &Document<'_>, file: &str, verbose: bool) -> String {
    let found = document.difference;
    let names: Vec<_> =
        document.rules.iter().map(|layer| format!("{} {}", layer.name, layer.revision)).collect();
    let scope = match (document.source, document.features) {
        (Some(source), _) => format!("what cites {source}"),
        (None, on) => format!("what these need: {}", on.unwrap_or_default().join(", ")),
    };
    let region = document.region.as_ref().map(|name| format!(" {name}")).unwrap_or_default();
    let mut text = table([
        ["table".to_owned(), format!("{} ({} hosts)", printable(file, 200), document.hosts_in_table)],
        ["rules".to_owned(), names.join(", ")],
        ["cloud".to_owned(), format!("{}{region}", document.cloud)],
        ["expected".to_owned(), scope],
    ]);
    let mut section = |title: &str, rows: Vec<[String; 4]>| {
        if !rows.is_empty() {
            let heading = format!("\n{title} ({})\n", rows.len());
            text.extend([heading, table(rows)]);
        }
    };
    let near = |near: &[String], who: &str| {
        if near.is_empty() { String::new() } else { format!("{who} {}", near.join(", ")) }
    };
    let only = found.only_in_table.iter().map(|only| {
        let place = format!("line {}", only.line);
        [String::new(), place_of(&only.host, only.port), place, near(&only.near, "the rules have")]
    });
    section("in the table, not in the rules", only.collect());
    let only = found.only_in_rules.iter().map(|only| {
        [
            String::new(),
            place_of(&only.host, Some(only.port)),
            format!("{}: {}", only.id, only.title),
            near(&only.near, "the table has"),
        ]
    });
    section("in the rules, not in the table", only.collect());
    section("in the table, in the rules of another cloud", known(&found.of_other_clouds));
    if verbose {
        section("in both", known(&found.in_both));
    }
    let passed_over = document
        .passed_over
        .iter()
        .map(|heading| [String::new(), heading.clone(), String::new(), String::new()]);
    section(
        "tables that were not read, for none of their columns is called Endpoint, URL, Host or the like",
        passed_over.collect(),
    );
    text + "\n" + &summary(found)
}

fn summary(found: &Difference) -> String {
    let (table, rules, both) = (found.only_in_table.len(), found.only_in_rules.len(), found.in_both.len());
    match (table, rules) {
        (0, 0) => format!("no difference; {both} hosts are in both\n"),
        _ => format!("the rules lack {table}, the table lacks {rules}; {both} hosts are in both\n"),
    }
}

fn known(all: &[Known]) -> Vec<[String; 4]> {
    let row = |known: &Known| {
        [String::new(), place_of(&known.host, known.port), known.ids.join(", "), String::new()]
    };
    all.iter().map(row).collect()
}

fn place_of(host: &str, port: Option<u16>) -> String {
    port.map_or(host.to_owned(), |port| format!("{host}:{port}"))
}
