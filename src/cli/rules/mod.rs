//! `arcprobe rules`: checks rules files, prints the merged rules and the JSON Schema of the format, compares them with a
//! table of the vendor.

mod listing;
mod merged;
mod pages;
pub(crate) mod vendor_diff;

use serde::Serialize;

use super::Environment;
use crate::cli::args::{RulesArgs, RulesCommand, ShowArgs, ShowFormat, ValidateArgs};
use crate::cli::exit::Exit;
use crate::model::evidence::sanitize_lines;
use crate::model::rules::{Cloud, RuleSet, RulesFile};
use crate::model::wording::format_count;
use crate::report::json::to_text;
use crate::rules::load::{load_file, to_yaml};
use crate::rules::{RulesError, ScopeError, did_you_mean};

/// What a part of the command comes to.
type Result<T, E = RulesCommandError> = std::result::Result<T, E>;

/// Why the command failed.
#[derive(Debug, thiserror::Error)]
pub enum RulesCommandError {
    /// Rules files that are no good.
    #[error("{}", join_errors(.0))]
    Rules(Vec<RulesError>),
    /// Something was asked for that does not exist.
    #[error(transparent)]
    Scope(#[from] ScopeError),
    /// A source that no endpoint of the cloud cites.
    #[error("no endpoint of {cloud} cites the source \"{word}\"{}\nsources are {}", did_you_mean(word, known.iter().map(String::as_str)), known.join(", "))]
    #[expect(missing_docs, reason = "the message says what the fields are")]
    UnknownSource { word: String, cloud: Cloud, known: Vec<String> },
    /// A saved page that cannot be read, with its name.
    #[error("{0}")]
    Page(String),
    /// A page that cannot be fetched, with its URL.
    #[error("{0}")]
    Unfetched(String),
    /// The user has stopped it.
    #[error("stopped")]
    Stopped,
    /// There is nothing to compare with.
    #[error(
        "name a page: a FILE, a URL, or with --source ID a source of the rules that is a page on the web"
    )]
    NoPage,
    /// There is nothing to show.
    #[error("there are no rules: without the built-in ones, give a file with --rules")]
    NoRules,
    /// This program's own fault.
    #[error("cannot write the rules: {0}")]
    Unwritable(String),
}

impl From<RulesError> for RulesCommandError {
    fn from(error: RulesError) -> Self {
        Self::Rules(vec![error])
    }
}

/// What came of the command.
#[derive(Clone, Debug)]
pub struct Done {
    /// For standard output.
    pub text: String,
    /// How to end.
    pub exit: Exit,
    /// Notes for standard error.
    pub notes: Vec<String>,
}

/// Does what was asked. With `verbose` a comparison lists what is the same.
///
/// # Errors
///
/// Rules files that are no good, an unknown rule set, region, feature or source, a page that cannot be read or fetched.
pub fn run(args: &RulesArgs, environment: &Environment, verbose: bool) -> Result<Done> {
    let text = match &args.command {
        RulesCommand::Validate(args) => validate(args),
        RulesCommand::Show(args) => show(args),
        RulesCommand::Diff(args) => return crate::cli::rules::vendor_diff::run(args, environment, verbose),
        RulesCommand::Schema => Ok(schema()),
    };
    Ok(Done { text: text?, exit: Exit::Ok, notes: Vec::new() })
}

/// One line for each file.
///
/// # Errors
///
/// What is wrong with any of the files; all are looked at.
pub fn validate(args: &ValidateArgs) -> Result<String> {
    let name = (!args.no_builtin_rules).then_some(CURRENT);
    let mut rules = RuleSet::load(name, &[], None)?;
    let mut lines = Vec::new();
    let mut errors = Vec::new();
    for path in &args.files {
        match load_file(path).and_then(|file| Ok((describe_counts(&file.rules), rules.add_layer(file)?))) {
            Ok((counts, ())) => lines.push(format!("{}: good ({counts})\n", path.display())),
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() {
        Ok(sanitize_lines(&lines.concat()))
    } else {
        Err(RulesCommandError::Rules(errors))
    }
}

/// The merged rules; with a location or features, the endpoints that fit.
///
/// # Errors
///
/// Rules files that are no good, an unknown rule set, region, feature or value.
pub fn show(args: &ShowArgs) -> Result<String> {
    render_rules(args, args.rules.load(args.cloud)?)
}

/// These rules as `rules show` shows them.
pub(crate) fn render_rules(args: &ShowArgs, rules: RuleSet) -> Result<String> {
    if args.location.is_none() && args.feature.is_empty() && args.output != ShowFormat::Csv {
        let file = merged::to_rules_file(&rules)?;
        return match args.output {
            ShowFormat::Text | ShowFormat::Csv => Ok(sanitize_lines(&merged::render_text(&rules))),
            ShowFormat::Yaml => render_yaml(&file),
            ShowFormat::Json => Ok(to_text(&file)),
        };
    }
    let rows = listing::list_rows(args, rules)?;
    match args.output {
        ShowFormat::Text => Ok(sanitize_lines(&listing::render_text(&rows))),
        ShowFormat::Yaml => render_yaml(&rows),
        ShowFormat::Json => Ok(to_text(&rows)),
        ShowFormat::Csv => Ok(listing::render_csv(&rows)),
    }
}

/// The JSON Schema of rules files, as it stands in `rules/schema.json`.
pub fn schema() -> String {
    to_text(&schemars::schema_for!(RulesFile))
}

fn describe_counts(rules: &RulesFile) -> String {
    let count = |n: usize, noun: &str| (n > 0).then(|| format_count(n, noun));
    let counts = [
        count(rules.features.len(), "feature"),
        count(rules.regions.len(), "region"),
        count(rules.endpoints.len(), "endpoint"),
    ];
    let counts: Vec<_> = counts.into_iter().flatten().collect();
    if counts.is_empty() { "nothing in it".to_owned() } else { counts.join(", ") }
}

/// YAML escapes control characters; what hides or reorders text becomes a blank, as it does in every other format.
fn render_yaml(value: &impl Serialize) -> Result<String> {
    to_yaml(value).map(|text| sanitize_lines(&text)).map_err(RulesCommandError::Unwritable)
}

fn join_errors(errors: &[RulesError]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n\n")
}

const CURRENT: &str = "current";
