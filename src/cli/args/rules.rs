//! What can be typed for `arcprobe rules`.

use std::convert::Infallible;
use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand, ValueEnum};

use super::{FailOn, FetchArgs, PlainFormat, RuleFilesArgs};
use crate::model::rules::Cloud;
use crate::model::scope::Connectivity;
use crate::proxy::Secret;

/// `arcprobe rules`.
#[derive(Args, Clone, Debug)]
pub struct RulesArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: RulesCommand,
}

/// What to do with rules.
#[derive(Subcommand, Clone, Debug)]
pub enum RulesCommand {
    /// Check rules files
    Validate(ValidateArgs),
    /// Print the rules, or the endpoints that a cluster in a region needs
    Show(Box<ShowArgs>),
    /// Compare the rules with the vendor's network requirements, as pages on the web or saved ones
    Diff(Box<DiffArgs>),
    /// Print the JSON Schema of rules files
    Schema,
}

/// `arcprobe rules validate`.
#[derive(Args, Clone, Debug)]
pub struct ValidateArgs {
    /// The files; each may refer to what the built-in rules and the files before it declare
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Check the files on their own
    #[arg(long)]
    pub no_builtin_rules: bool,
}

/// `arcprobe rules show`.
#[derive(Args, Clone, Debug)]
pub struct ShowArgs {
    /// The Azure cloud
    #[arg(long, value_parser = crate::rules::parse_cloud)]
    pub cloud: Option<Cloud>,
    /// The Azure region: lists the endpoints that a cluster there needs
    #[arg(short, long, visible_alias = "region")]
    pub location: Option<String>,
    /// Lists the endpoints of these features only (comma list, repeatable; `all`)
    #[arg(long, value_delimiter = ',', value_parser = NonEmptyStringValueParser::new(), value_name = "FEATURE")]
    pub feature: Vec<String>,
    /// How the cluster reaches Azure
    #[arg(long, value_enum, default_value = "direct")]
    pub connectivity: Connectivity,
    /// A value for a placeholder in host names, such as vault=NAME (repeatable)
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub values: Vec<String>,
    /// Which rules
    #[command(flatten)]
    pub rules: RuleFilesArgs,
    /// The format
    #[arg(short, long, value_enum, default_value = "text")]
    pub output: ShowFormat,
}

/// A format of `rules show`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
#[expect(missing_docs, reason = "the names of the formats")]
pub enum ShowFormat {
    Text,
    Yaml,
    Json,
    Csv,
}

/// `arcprobe rules diff`.
#[derive(Args, Clone, Debug)]
pub struct DiffArgs {
    /// The pages: URLs or files with HTML, Markdown, or lines that begin with a host; `-` reads standard input. [default: the
    /// page of --source]
    #[arg(value_name = "FILE|URL", value_parser = Page::parse)]
    pub pages: Vec<Page>,
    /// The Azure cloud of the pages
    #[arg(long, value_parser = crate::rules::parse_cloud, default_value = "AzureCloud", value_name = "CLOUD")]
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
    /// Which rules
    #[command(flatten)]
    pub rules: RuleFilesArgs,
    /// The format; -v also lists what is the same in that for people
    #[arg(short, long, value_enum, default_value = "text", value_name = "FORMAT")]
    pub output: PlainFormat,
    /// Also tell by the exit code (4) what the rules have and the table has not
    #[arg(long, value_enum, default_value_t, value_name = "SEVERITY")]
    pub fail_on: FailOn,
    /// How to fetch pages
    #[command(flatten, next_help_heading = "How to fetch pages")]
    pub fetch: FetchArgs,
}

/// A page, as it was typed.
#[derive(Clone, Debug)]
pub enum Page {
    /// A file, or standard input for `-`.
    File(PathBuf),
    /// A URL, which may hold a password.
    Web(Secret),
}

impl Page {
    /// What begins as a URL is one.
    #[expect(clippy::unnecessary_wraps, reason = "the form that clap wants")]
    pub(in crate::cli) fn parse(text: &str) -> Result<Self, Infallible> {
        let begins = |scheme: &str| text.get(..scheme.len()).is_some_and(|t| t.eq_ignore_ascii_case(scheme));
        let is_url = begins("http://") || begins("https://");
        Ok(if is_url { Self::Web(Secret::new(text)) } else { Self::File(text.into()) })
    }
}
