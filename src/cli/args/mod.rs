//! What can be typed, and how it becomes [`CheckSettings`](crate::cluster::settings::CheckSettings).

mod advise;
mod cluster;
mod demo;
mod diagnose;
mod explain;
mod fetch;
mod manual;
mod parse;
mod report;
mod requirements;
mod rules;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};

pub use crate::cli::args::cluster::{AgentArgs, CleanupArgs, ClusterArgs, KubeArgs, RbacArgs};
pub use advise::AdviseArgs;
pub use demo::DemoArgs;
pub use diagnose::DiagnoseArgs;
pub use explain::ExplainArgs;
pub use fetch::FetchArgs;
pub use manual::{CompletionTarget, CompletionsArgs, ManArgs};
pub use report::ReportArgs;

use parse::{
    parse_concurrency, parse_connect_to, parse_duration, parse_gateway, parse_resolver, parse_secret,
};

pub use requirements::RequirementsArgs;
pub use rules::{DiffArgs, Page, RulesArgs, RulesCommand, ShowArgs, ShowFormat, ValidateArgs};

use crate::model::finding::Severity;
use crate::model::rules::{Cloud, RuleSet};
use crate::model::scope::Connectivity;
use crate::model::shell::Shell;
use crate::probe::settings::{ConnectTo, ProbeSettings};
use crate::proxy::{ProxyFlags, Secret};
use crate::report::Format;
use crate::rules::RulesError;

/// Checks the network that Azure Arc-enabled Kubernetes needs, and says what to open.
#[derive(Clone, Debug, Parser)]
#[command(name = "arcprobe", version, max_term_width = 100, after_help = FIRST_RUN)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// How the screen looks.
    #[command(flatten)]
    pub screen: ScreenArgs,
}

/// What the program can do.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Probe every endpoint that a cluster needs, judge, and report.
    Check(Box<CheckArgs>),
    /// Check a network with typical faults that the program brings, to see a report. Uses only the loopback interface.
    Demo(Box<DemoArgs>),
    /// Find the first broken link of a cluster that is not Connected, and what to do.
    Diagnose(Box<DiagnoseArgs>),
    /// List what has to be open for a cloud, region and features, for people, firewalls and proxies. Uses no network.
    Requirements(Box<RequirementsArgs>),
    /// Show a saved JSON report in any format; no network is needed.
    Report(ReportArgs),
    /// Explain a finding or a failure word, without a network.
    Explain(ExplainArgs),
    /// Check rules files, show the merged rules, compare them with a vendor's table, print their JSON Schema.
    Rules(RulesArgs),
    /// Find the cluster's networks, compute the proxy skip range, check a given one, find overlaps.
    Advise(Box<AdviseArgs>),
    /// Delete what a killed run left in a cluster.
    Cleanup(CleanupArgs),
    /// Print the RBAC objects that looking from inside a cluster, or diagnosing it, needs.
    Rbac(RbacArgs),
    /// Print a script that completes commands and flags in a shell.
    Completions(CompletionsArgs),
    /// Print the manual page, or write those of all commands to a folder.
    Man(ManArgs),
    /// Carry out a task inside a cluster and write records to standard output.
    #[command(hide = true)]
    Agent(AgentArgs),
}

/// How the screen looks.
#[derive(Clone, Debug, Args)]
pub struct ScreenArgs {
    /// Colour the report.
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    pub color: Colour,
    /// The shell that commands are printed for. [default: powershell on Windows, else bash]
    #[arg(long = "shell", global = true, value_enum, value_name = "SHELL")]
    pub command_shell: Option<Shell>,
    /// No progress and no hints on standard error.
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Show what went well too.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

/// When to colour.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, ValueEnum)]
pub enum Colour {
    /// On a terminal, unless `NO_COLOR` is set or the terminal is dumb.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// `arcprobe check`.
#[derive(Clone, Debug, Args)]
pub struct CheckArgs {
    /// What the rules are fitted to.
    #[command(flatten, next_help_heading = "What the cluster is going to be")]
    pub scope: ScopeArgs,
    /// From where to look: workstation, pod, node.
    #[arg(long, value_delimiter = ',', default_value = "workstation", value_name = "VANTAGES", help_heading = VANTAGE_HEADING)]
    pub from: Vec<String>,
    /// Check every endpoint from every vantage. [default: from where its callers live]
    #[arg(long, help_heading = VANTAGE_HEADING)]
    pub all_vantages: bool,
    /// How to look from inside a cluster.
    #[command(flatten, next_help_heading = "Inside a cluster (--from pod,node)")]
    pub cluster: ClusterArgs,
    /// How to get out.
    #[command(flatten, next_help_heading = "Proxies")]
    pub proxy: ProxyArgs,
    /// How to probe.
    #[command(flatten, next_help_heading = "How to probe")]
    pub probe: ProbeArgs,
    /// Also check what the cluster and this machine need: nodes, capacity, permissions, remnants, az, helm, resource providers.
    #[arg(long, help_heading = "What the cluster is going to be")]
    pub prerequisites: bool,
    /// Do not ask for the hosts below wildcards; what the rules know is probed.
    #[arg(long, help_heading = "How to probe")]
    pub no_discovery: bool,
    /// The format of the report on standard output.
    #[arg(short, long, value_enum, default_value = "text", value_name = "FORMAT", help_heading = OUTPUT_HEADING)]
    pub output: Format,
    /// Write the report to a file too; the ending gives the format. Repeatable.
    #[arg(long, value_name = "FILE", help_heading = OUTPUT_HEADING)]
    pub save: Vec<PathBuf>,
    /// Send the report after the run: as JSON to a webhook, as metrics to a Pushgateway (`/metrics/job/` in the path). Repeatable.
    #[arg(long, value_parser = parse_secret, value_name = "URL", help_heading = OUTPUT_HEADING)]
    pub push: Vec<Secret>,
    /// Write the authorities that re-sign TLS here to a PEM file, to be compared and given as --proxy-cert.
    #[arg(long, value_name = "FILE", help_heading = OUTPUT_HEADING)]
    pub save_ca: Option<PathBuf>,
    /// From which severity on the exit code tells.
    #[arg(long, value_enum, default_value_t, value_name = "SEVERITY", help_heading = OUTPUT_HEADING)]
    pub fail_on: FailOn,
    /// Look again and again until all that is required is met, or this time is over.
    #[arg(long, value_parser = parse_duration, allow_hyphen_values = true, value_name = "DURATION", help_heading = "How to probe")]
    pub wait: Option<Duration>,
    /// What is known and accepted for a time: a YAML file of codes, endpoints, reasons and days. Repeatable.
    #[arg(long, value_name = "FILE", help_heading = OUTPUT_HEADING)]
    pub waivers: Vec<PathBuf>,
    /// Compare with a saved JSON report; the exit code then tells what broke since.
    #[arg(long, value_name = "FILE", help_heading = OUTPUT_HEADING)]
    pub baseline: Option<PathBuf>,
}

/// What the rules are fitted to.
#[derive(Clone, Debug, Args)]
pub struct ScopeArgs {
    /// The Azure cloud: AzureCloud, AzureUSGovernment, AzureChinaCloud. [default: AzureCloud]
    #[arg(long, value_name = "CLOUD")]
    pub cloud: Option<String>,
    /// The Azure region, by name or display name. [default: that of the cluster, where one is asked and onboarded]
    #[arg(short, long, alias = "region", value_parser = NonEmptyStringValueParser::new(), value_name = "REGION")]
    pub location: Option<String>,
    /// What is turned on for the cluster; `all`. Repeatable, comma list. [default: what az turns on by itself]
    #[arg(long, value_delimiter = ',', value_parser = NonEmptyStringValueParser::new(), value_name = "FEATURES")]
    pub feature: Vec<String>,
    /// How the cluster reaches Azure.
    #[arg(long, value_enum, value_name = "WAY")]
    pub connectivity: Option<Connectivity>,
    /// The URL of the Arc gateway, as `az arcgateway show` has it; implies `--connectivity gateway`.
    #[arg(long, value_parser = parse_gateway, value_name = "URL")]
    pub gateway_url: Option<String>,
    /// A value that only you know, such as `vault=NAME` or `git_host=NAME`. Repeatable.
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub set: Vec<String>,
    /// Which rules.
    #[command(flatten)]
    pub rules: RuleFilesArgs,
}

impl ScopeArgs {
    /// The cloud that was typed, else the default.
    pub fn cloud(&self) -> &str {
        self.cloud.as_deref().unwrap_or(DEFAULT_CLOUD)
    }
}

/// Which rules.
#[derive(Clone, Debug, Default, Args)]
pub struct RuleFilesArgs {
    /// The generation of the built-in rules; old agents need older lists.
    #[arg(long, default_value = "current", value_name = "NAME")]
    pub rule_set: String,
    /// A rules file that adds to the rule set; the same id replaces. Repeatable.
    #[arg(long, value_name = "FILE")]
    pub rules: Vec<PathBuf>,
    /// Use only the files given with --rules.
    #[arg(long, requires = "rules")]
    pub no_builtin_rules: bool,
}

impl RuleFilesArgs {
    /// The rules that were chosen, of one cloud or all.
    ///
    /// # Errors
    /// An unknown rule set, or files that are no good.
    pub fn load(&self, cloud: Option<Cloud>) -> Result<RuleSet, RulesError> {
        let builtin = (!self.no_builtin_rules).then_some(self.rule_set.as_str());
        RuleSet::load(builtin, &self.rules, cloud)
    }
}

/// Where no other cloud is named.
pub const DEFAULT_CLOUD: &str = "AzureCloud";

/// How to probe.
#[derive(Clone, Debug, Args)]
pub struct ProbeArgs {
    /// Servers and authorities.
    #[command(flatten)]
    pub connection: ConnectionArgs,
    /// For each phase of a probe.
    #[arg(long, value_parser = parse_duration, allow_hyphen_values = true, default_value = "5s", value_name = "DURATION")]
    pub timeout: Duration,
    /// For the whole run; what is not measured by then is unverified.
    #[arg(long, value_parser = parse_duration, allow_hyphen_values = true, value_name = "DURATION")]
    pub deadline: Option<Duration>,
    /// Extra attempts after a time-out.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=10), value_name = "N")]
    pub retries: u32,
    /// Probes in flight. [default: chosen]
    #[arg(long, value_parser = parse_concurrency, value_name = "N")]
    pub concurrency: Option<usize>,
}

/// Servers to ask and connect to instead, and authorities to trust.
#[derive(Clone, Debug, Default, Args)]
pub struct ConnectionArgs {
    /// Ask this DNS server instead of the system's. Repeatable.
    #[arg(long, value_parser = parse_resolver, value_name = "IP[:PORT]")]
    pub resolver: Vec<SocketAddr>,
    /// Connect elsewhere for a host and port, as curl does; an empty part means any. Repeatable.
    #[arg(long, value_parser = parse_connect_to, value_name = "HOST:PORT:ADDR:PORT")]
    pub connect_to: Vec<ConnectTo>,
    /// PEM file that stands for the public trust store. [default: Mozilla's, built in]
    #[arg(long, value_name = "FILE")]
    pub public_roots: Option<PathBuf>,
    /// PEM or DER file of the authority that inspects TLS, as given to az.
    #[arg(long, alias = "custom-ca-cert", value_name = "FILE")]
    pub proxy_cert: Option<PathBuf>,
}

impl ConnectionArgs {
    /// With what is not about connections as it is by itself.
    pub fn settings(&self) -> ProbeSettings {
        ProbeSettings {
            resolvers: self.resolver.clone(),
            connect_to: self.connect_to.clone(),
            public_roots: self.public_roots.clone(),
            proxy_cert: self.proxy_cert.clone(),
            ..ProbeSettings::default()
        }
    }
}

/// How to get out.
#[derive(Clone, Debug, Args)]
pub struct ProxyArgs {
    /// Which proxies.
    #[command(flatten)]
    pub urls: ProxyUrlArgs,
    /// Do not try what fails another way: directly where it fails through a proxy, and with an ordinary HTTP client.
    #[arg(long)]
    pub no_cross_check: bool,
}

/// Which proxies. What is not given comes from the environment: `HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY` in either case.
#[derive(Clone, Debug, Default, Args)]
pub struct ProxyUrlArgs {
    /// The proxy for https, as given to az. [default: `HTTPS_PROXY`]
    #[arg(long, value_parser = parse_secret, value_name = "URL")]
    pub proxy_https: Option<Secret>,
    /// The proxy for http, as given to az. [default: `HTTP_PROXY`]
    #[arg(long, value_parser = parse_secret, value_name = "URL")]
    pub proxy_http: Option<Secret>,
    /// What goes around the proxy, as given to az: comma list of addresses, CIDRs, names, suffixes. [default: `NO_PROXY`]
    #[arg(long, value_parser = parse_secret, value_name = "LIST")]
    pub proxy_skip_range: Option<Secret>,
    /// Ignore the proxies of the environment.
    #[arg(long)]
    pub no_proxy: bool,
}

impl ProxyUrlArgs {
    /// As `proxy` takes them.
    pub fn flags(&self) -> ProxyFlags<'_> {
        ProxyFlags {
            https: self.proxy_https.as_ref().map(Secret::reveal),
            http: self.proxy_http.as_ref().map(Secret::reveal),
            skip_range: self.proxy_skip_range.as_ref().map(Secret::reveal),
            no_proxy: self.no_proxy,
            cloud: None,
        }
    }
}

/// A rendering of what has no other forms.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum PlainFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// From which severity on the exit code tells.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, ValueEnum)]
pub enum FailOn {
    /// Only what stops a cluster from being connected.
    #[default]
    Blocking,
    /// Warnings too (exit code 4).
    Warning,
}

impl FailOn {
    /// The least severity that counts.
    pub fn severity(self) -> Severity {
        match self {
            Self::Blocking => Severity::Blocking,
            Self::Warning => Severity::Warning,
        }
    }
}

/// Headings of `--help`.
const VANTAGE_HEADING: &str = "From where to look";
const OUTPUT_HEADING: &str = "What comes out";

/// What `arcprobe` alone shows.
pub const WELCOME: &str = "\
arcprobe checks the network that Azure Arc-enabled Kubernetes needs, and says what to open.

  arcprobe check --location eastus           probe all that a cluster needs, from this machine
  arcprobe demo                              see a report, of a network with faults that it brings
  arcprobe check -l eastus --from pod,node   the same from inside the cluster of the kubeconfig
  arcprobe diagnose                          why a cluster that was connected is not Connected
  arcprobe advise                            its networks, and the value for --proxy-skip-range
  arcprobe explain tls_intercepted           what a word of a report means, and what to do
  arcprobe report report.json -o html        a saved report as a page to pass on

`arcprobe --help` lists all commands, `arcprobe COMMAND --help` their flags.
";

const FIRST_RUN: &str = "First run:  arcprobe check --location eastus";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_definition_is_valid() {
        use clap::CommandFactory as _;
        Cli::command().debug_assert();
    }
}
