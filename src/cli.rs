//! What can be typed, and how it becomes [`CheckSettings`](crate::settings::CheckSettings).

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
use ipnet::IpNet;

use crate::commands::explain::ExplainArgs;
use crate::commands::rules::RulesArgs;
use crate::proxy::Secret;
use crate::report::Format;
use crate::settings::{ConnectTo, Connectivity};

/// Checks the network that Azure Arc-enabled Kubernetes needs, and says what to open.
#[derive(Clone, Debug, Parser)]
#[command(name = "arcprobe", version, max_term_width = 100, after_help = NEXT)]
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
    /// Explain a finding or a failure word, without a network.
    Explain(ExplainArgs),
    /// Check rules files, show the merged rules, print their JSON Schema.
    Rules(RulesArgs),
    /// Find the cluster's networks, compute the proxy skip range, check a given one, find overlaps.
    Advise(Box<AdviseArgs>),
    /// Delete what a killed run left in a cluster.
    Cleanup(CleanupArgs),
    /// Print the RBAC objects that looking from inside a cluster needs.
    Rbac(RbacArgs),
    /// Carry out a task inside a cluster and write records to standard output.
    #[command(hide = true)]
    Agent(AgentArgs),
}

/// `arcprobe agent`.
#[derive(Clone, Debug, Args)]
pub struct AgentArgs {
    /// The task, as the workstation wrote it.
    #[arg(value_name = "FILE")]
    pub task: PathBuf,
}

/// `arcprobe advise`.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
#[derive(Clone, Debug, Args)]
pub struct AdviseArgs {
    /// Which cluster.
    #[command(flatten)]
    pub kube: KubeArgs,
    /// Read objects from the `*.json` files of a folder, as `kubectl get ... -A -o json` writes them, and ask no cluster.
    #[arg(long, value_name = "DIR")]
    pub from_files: Option<PathBuf>,
    /// Ask no cluster; what is known is given by flags.
    #[arg(long)]
    pub no_cluster: bool,
    /// Do not propose a Service to the API server that it has to refuse (a dry run; nothing is stored).
    #[arg(long)]
    pub no_dry_run: bool,
    /// Where a dry run says nothing (servers before 1.23): propose that Service for real. It has to be refused, and is
    /// deleted at once if it is not.
    #[arg(long, conflicts_with = "no_dry_run")]
    pub propose_service: bool,
    /// Read the agents' Secret with their proxy.
    #[arg(long)]
    pub read_secrets: bool,
    /// The service range. Repeatable.
    #[arg(long, value_parser = parse_network, value_name = "CIDR")]
    pub service_cidr: Vec<IpNet>,
    /// The pod range. Repeatable.
    #[arg(long, value_parser = parse_network, value_name = "CIDR")]
    pub pod_cidr: Vec<IpNet>,
    /// The networks of the nodes; they go into the skip range. Repeatable.
    #[arg(long, value_parser = parse_network, value_name = "CIDR")]
    pub node_cidr: Vec<IpNet>,
    /// An address or name of the API server. Repeatable.
    #[arg(long, value_name = "HOST")]
    pub api_server: Vec<String>,
    /// The domain of the cluster. [default: found, else cluster.local]
    #[arg(long, value_name = "DOMAIN")]
    pub cluster_domain: Option<String>,
    /// Something else that has to go around the proxy. Repeatable.
    #[arg(long, value_name = "ENTRY")]
    pub add: Vec<String>,
    /// The Azure cloud, for the endpoints that have to use the proxy.
    #[arg(long, default_value = "AzureCloud", value_name = "CLOUD")]
    pub cloud: String,
    /// The Azure region, for the endpoints that have to use the proxy.
    #[arg(short, long, alias = "region", value_name = "REGION")]
    pub location: Option<String>,
    /// How the cluster reaches Azure.
    #[arg(long, value_enum, value_name = "WAY")]
    pub connectivity: Option<Connectivity>,
    /// The proxy for https. [default: that of the installed agents, else `HTTPS_PROXY`]
    #[arg(long, value_parser = secret, value_name = "URL")]
    pub proxy_https: Option<Secret>,
    /// The proxy for http. [default: that of the installed agents, else `HTTP_PROXY`]
    #[arg(long, value_parser = secret, value_name = "URL")]
    pub proxy_http: Option<Secret>,
    /// The value to judge. [default: that of the installed agents, else `NO_PROXY`]
    #[arg(long, value_parser = secret, value_name = "LIST")]
    pub proxy_skip_range: Option<Secret>,
    /// The authority that the agents get; the commands name it.
    #[arg(long, alias = "custom-ca-cert", value_name = "FILE")]
    pub proxy_cert: Option<PathBuf>,
    /// Ignore the proxies of the environment.
    #[arg(long)]
    pub no_proxy: bool,
    /// Propose free private ranges for a new cluster, and ask no cluster.
    #[arg(long)]
    pub plan: bool,
    /// For --plan: networks to keep away from. Repeatable, comma list.
    #[arg(long, value_parser = parse_network, value_delimiter = ',', value_name = "CIDR")]
    pub avoid: Vec<IpNet>,
    /// For --plan: the length of the prefix of the pod range.
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u8).range(8..=28), value_name = "BITS")]
    pub pods: u8,
    /// For --plan: the length of the prefix of the service range.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u8).range(8..=28), value_name = "BITS")]
    pub services: u8,
    /// The format on standard output.
    #[arg(short, long, value_enum, default_value = "text", value_name = "FORMAT")]
    pub output: AdviseFormat,
    /// From which severity on the exit code tells.
    #[arg(long, value_enum, default_value_t, value_name = "SEVERITY")]
    pub fail_on: FailOn,
}

/// A rendering of the advice.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum AdviseFormat {
    /// One screen for people.
    Text,
    /// For programs: as `advice` of a report.
    Json,
}

/// `arcprobe cleanup`.
#[derive(Clone, Debug, Args)]
pub struct CleanupArgs {
    /// Which cluster.
    #[command(flatten)]
    pub kube: KubeArgs,
    /// Delete the objects of runs that are still on their way, too.
    #[arg(long)]
    pub force: bool,
}

/// `arcprobe rbac`.
#[derive(Clone, Debug, Args)]
pub struct RbacArgs {
    /// The namespace that the Jobs are going to run in.
    #[arg(short, long, default_value = "default", value_name = "NAMESPACE")]
    pub namespace: String,
    /// The user who gets the rights.
    #[arg(long, default_value = "USER", value_name = "NAME", conflicts_with = "service_account")]
    pub user: String,
    /// The service account that gets the rights instead.
    #[arg(long, value_name = "NAMESPACE:NAME", value_parser = parse_service_account)]
    pub service_account: Option<(String, String)>,
}

/// Which cluster.
#[derive(Clone, Debug, Args)]
pub struct KubeArgs {
    /// The kubeconfig file. [default: `KUBECONFIG`, which may be a list, else ~/.kube/config, else the pod's own account]
    #[arg(long, alias = "kubeconfig", overrides_with = "kube_config", value_name = "FILE")]
    pub kube_config: Option<PathBuf>,
    /// The context. [default: the current one]
    #[arg(long, alias = "context", value_name = "NAME")]
    pub kube_context: Option<String>,
    /// The namespace for the objects of a run. [default: the context's]
    #[arg(short, long, overrides_with = "namespace", value_name = "NAMESPACE")]
    pub namespace: Option<String>,
}

/// How to look from inside a cluster.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Inside a cluster (--from pod,node)")]
pub struct ClusterArgs {
    /// Which cluster.
    #[command(flatten)]
    pub kube: KubeArgs,
    /// Look from this node. [default: one that is ready and takes ordinary pods]
    #[arg(long, value_name = "NAME", conflicts_with = "every_node")]
    pub node: Option<String>,
    /// Look from every Linux node that is ready.
    #[arg(long)]
    pub every_node: bool,
    /// Agents at work at the same time.
    #[arg(long, default_value_t = 8, value_parser = parse_parallel, value_name = "N")]
    pub parallel_agents: usize,
    /// Run the agent from this image, and have it pulled. [default: nothing is pulled]
    #[arg(long, value_name = "IMAGE", conflicts_with = "agent_binary")]
    pub image: Option<String>,
    /// The agent for the nodes' architecture, as `cargo run --example pack_agent` makes it. [default: the one built in]
    #[arg(long, value_name = "FILE")]
    pub agent_binary: Option<PathBuf>,
    /// Leave the objects of the run in the cluster.
    #[arg(long)]
    pub keep: bool,
    /// Print the objects that would be created, and create none.
    #[arg(long)]
    pub dry_run: bool,
    /// Read the agents' Secret with their proxy, so that pods go the agents' way.
    #[arg(long)]
    pub read_secrets: bool,
    /// The proxy of the nodes' container runtime. [default: that of the pods]
    #[arg(long, value_parser = secret, value_name = "URL")]
    pub node_proxy_https: Option<Secret>,
    /// What goes around the proxy of the nodes' container runtime. [default: that of the pods]
    #[arg(long, value_parser = secret, value_name = "LIST", requires = "node_proxy_https")]
    pub node_proxy_skip_range: Option<Secret>,
}

/// How the screen looks.
#[derive(Clone, Debug, Args)]
pub struct ScreenArgs {
    /// Colour the report.
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    pub color: Colour,
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
    #[command(flatten)]
    pub scope: ScopeArgs,
    /// From where to look: workstation, pod, node.
    #[arg(long, value_delimiter = ',', default_value = "workstation", value_name = "VANTAGES")]
    pub from: Vec<String>,
    /// Check every endpoint from every vantage. [default: from where its callers live]
    #[arg(long)]
    pub all_vantages: bool,
    /// How to look from inside a cluster.
    #[command(flatten)]
    pub cluster: ClusterArgs,
    /// How to get out.
    #[command(flatten)]
    pub proxy: ProxyArgs,
    /// How to probe.
    #[command(flatten)]
    pub probe: ProbeArgs,
    /// Do not ask for the hosts below wildcards; what the rules know is probed.
    #[arg(long)]
    pub no_discovery: bool,
    /// The format of the report on standard output.
    #[arg(short, long, value_enum, default_value = "text", value_name = "FORMAT")]
    pub output: Format,
    /// Write the report to a file too; the ending gives the format. Repeatable.
    #[arg(long, value_name = "FILE")]
    pub save: Vec<PathBuf>,
    /// Write the authorities that re-sign TLS here to a PEM file, to be compared and given as --proxy-cert.
    #[arg(long, value_name = "FILE")]
    pub save_ca: Option<PathBuf>,
    /// From which severity on the exit code tells.
    #[arg(long, value_enum, default_value_t, value_name = "SEVERITY")]
    pub fail_on: FailOn,
}

/// What the rules are fitted to.
#[derive(Clone, Debug, Args)]
pub struct ScopeArgs {
    /// The Azure cloud: AzureCloud, AzureUSGovernment, AzureChinaCloud.
    #[arg(long, default_value = "AzureCloud", value_name = "CLOUD")]
    pub cloud: String,
    /// The Azure region, by name or display name.
    #[arg(short, long, alias = "region", value_parser = NonEmptyStringValueParser::new(), value_name = "REGION")]
    pub location: String,
    /// What is turned on for the cluster; `all`. Repeatable, comma list. [default: what az turns on by itself]
    #[arg(long, value_delimiter = ',', value_name = "FEATURES")]
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

/// How to probe.
#[derive(Clone, Debug, Args)]
pub struct ProbeArgs {
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

/// How to get out. What is not given comes from the environment: `HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY` in either case.
#[derive(Clone, Debug, Args)]
pub struct ProxyArgs {
    /// The proxy for https, as given to az. [default: `HTTPS_PROXY`]
    #[arg(long, value_parser = secret, value_name = "URL")]
    pub proxy_https: Option<Secret>,
    /// The proxy for http, as given to az. [default: `HTTP_PROXY`]
    #[arg(long, value_parser = secret, value_name = "URL")]
    pub proxy_http: Option<Secret>,
    /// What goes around the proxy, as given to az: comma list of addresses, CIDRs, names, suffixes. [default: `NO_PROXY`]
    #[arg(long, value_parser = secret, value_name = "LIST")]
    pub proxy_skip_range: Option<Secret>,
    /// Ignore the proxies of the environment.
    #[arg(long)]
    pub no_proxy: bool,
    /// Do not try directly what fails by way of a proxy.
    #[arg(long)]
    pub no_cross_check: bool,
}

/// A proxy's URL can hold a password. It is taken as it is, since a message of the parser would repeat it.
#[expect(clippy::unnecessary_wraps, reason = "the form that clap wants")]
fn secret(text: &str) -> Result<Secret, std::convert::Infallible> {
    Ok(Secret::new(text))
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

/// `500ms`, `5s`, `2m`, or plain seconds.
fn parse_duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("\"{text}\" is no duration; write it as 500ms, 5s, 2m or 1h30m");
    let seconds = text.parse::<f64>().ok().map(Duration::try_from_secs_f64);
    let duration = match seconds {
        Some(seconds) => seconds.map_err(|_| wrong())?,
        None => {
            text.parse::<jiff::SignedDuration>().ok().and_then(|d| d.try_into().ok()).ok_or_else(wrong)?
        }
    };
    let allowed = Duration::from_millis(1)..=Duration::from_secs(24 * 3600);
    if allowed.contains(&duration) {
        Ok(duration)
    } else {
        Err(format!("\"{text}\" is out of range; 1ms to 24h"))
    }
}

/// `10.0.0.53`, `10.0.0.53:5353`, `fd00::53`, `[fd00::53]:5353`.
fn parse_resolver(text: &str) -> Result<SocketAddr, String> {
    let address = text.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, 53));
    let address = address.or_else(|_| text.parse()).ok().filter(|a: &SocketAddr| a.port() > 0);
    address.ok_or_else(|| {
        format!("\"{text}\" is no address of a DNS server; write it as 10.0.0.53 or [fd00::53]:53")
    })
}

/// `HOST:PORT:ADDR:PORT`; IPv6 in brackets.
fn parse_connect_to(text: &str) -> Result<ConnectTo, String> {
    let wrong =
        || format!("\"{text}\" is no diversion; write it as HOST:PORT:ADDR:PORT, each part may be empty");
    let parts = split_outside_brackets(text);
    let [host, port, to_host, to_port] = parts.as_slice() else { return Err(wrong()) };
    let name = |part: &str| (!part.is_empty()).then(|| part.trim_matches(['[', ']']).to_owned());
    let number = |digits: &str| match digits {
        "" => Ok(None),
        digits => digits.parse::<u16>().ok().filter(|&p| p > 0).map(Some).ok_or_else(wrong),
    };
    Ok(ConnectTo { host: name(host), port: number(port)?, to_host: name(to_host), to_port: number(to_port)? })
}

fn split_outside_brackets(text: &str) -> Vec<&str> {
    let mut depth = 0;
    text.split(|c| {
        match c {
            '[' => depth += 1,
            ']' => depth -= 1,
            _ => {}
        }
        c == ':' && depth == 0
    })
    .collect()
}

/// `10.96.0.0/12`, without bits behind the mask.
fn parse_network(text: &str) -> Result<IpNet, String> {
    let wrong = || format!("\"{text}\" is no network; write it as 10.96.0.0/12");
    let net: IpNet = text.trim().parse().map_err(|_| wrong())?;
    if net == net.trunc() {
        Ok(net)
    } else {
        Err(format!("\"{text}\" has bits behind its mask; the network is {}", net.trunc()))
    }
}

/// `https://PREFIX.gw.arc.azure.com`, with or without scheme; the prefix.
fn parse_gateway(text: &str) -> Result<String, String> {
    let host = text
        .trim()
        .strip_prefix("https://")
        .unwrap_or(text.trim())
        .trim_end_matches('/')
        .to_ascii_lowercase();
    let prefix =
        host.strip_suffix(".gw.arc.azure.com").filter(|p| !p.is_empty() && !p.contains(['.', '/', ':']));
    let wrong =
        || format!("\"{text}\" is no URL of an Arc gateway; write it as https://PREFIX.gw.arc.azure.com");
    prefix.map(str::to_owned).ok_or_else(wrong)
}

/// `NAMESPACE:NAME`.
fn parse_service_account(text: &str) -> Result<(String, String), String> {
    let parts = text.split_once(':').filter(|(namespace, name)| !namespace.is_empty() && !name.is_empty());
    let (namespace, name) =
        parts.ok_or_else(|| format!("\"{text}\" is no service account; write it as NAMESPACE:NAME"))?;
    Ok((namespace.to_owned(), name.to_owned()))
}

fn parse_parallel(text: &str) -> Result<usize, String> {
    let number = text.parse::<usize>().ok().filter(|n| (1..=64).contains(n));
    number.ok_or_else(|| format!("\"{text}\" is not possible; allowed are 1 to 64"))
}

fn parse_concurrency(text: &str) -> Result<usize, String> {
    let number = text.parse::<usize>().ok().filter(|n| (1..=4096).contains(n));
    number.ok_or_else(|| format!("\"{text}\" is not possible; allowed are 1 to 4096"))
}

const NEXT: &str = "First run:  arcprobe check --location eastus";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        use clap::CommandFactory as _;
        Cli::command().debug_assert();
    }

    #[test]
    fn durations() {
        let table =
            [("500ms", 500), ("5s", 5_000), ("2m", 120_000), ("3", 3_000), ("0.25", 250), ("1h", 3_600_000)];
        for (text, ms) in table {
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(ms)), "{text}");
        }
        for text in ["", "x", "-1", "-5s", "0", "25h", "nan", "inf"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn resolvers() {
        assert_eq!(parse_resolver("10.0.0.53"), Ok("10.0.0.53:53".parse().unwrap()));
        assert_eq!(parse_resolver("fd00::53"), Ok("[fd00::53]:53".parse().unwrap()));
        assert_eq!(parse_resolver("127.0.0.1:5353"), Ok("127.0.0.1:5353".parse().unwrap()));
        for text in ["", "dns.example", "10.0.0.53:0", "10.0.0.53:65536", "10.0.0.53:", "fd00::53:x"] {
            assert!(parse_resolver(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_that_is_typed_makes_a_parser_panic(text in ".*", near in "[a-z0-9:.\\[\\] hms-]{0,40}") {
            for text in [&text, &near] {
                let _ = parse_duration(text).map(|d| assert!(!d.is_zero()));
                let _ = parse_resolver(text).map(|a| assert_ne!(a.port(), 0));
                let _ = parse_connect_to(text).map(|to| assert!(to.port != Some(0) && to.to_port != Some(0)));
                let _ = parse_concurrency(text).map(|n| assert_ne!(n, 0));
            }
        }

        #[test]
        fn diversions_come_back_part_by_part(port in 1_u16.., to_port in 1_u16.., ip: std::net::Ipv6Addr) {
            let to = parse_connect_to(&format!("a.example:{port}:[{ip}]:{to_port}")).unwrap();
            prop_assert_eq!(to.port, Some(port));
            prop_assert_eq!(to.to_port, Some(to_port));
            prop_assert_eq!(to.to_host, Some(ip.to_string()));
        }
    }

    #[test]
    fn diversions() {
        let all = parse_connect_to(":443::8443").unwrap();
        assert_eq!(all, ConnectTo { host: None, port: Some(443), to_host: None, to_port: Some(8443) });
        assert!(all.applies("any.example", 443) && !all.applies("any.example", 8084));
        let one = parse_connect_to("a.example:443:[::1]:99").unwrap();
        assert_eq!(one.to_host.as_deref(), Some("::1"));
        assert!(one.applies("A.example", 443) && !one.applies("b.example", 443));
        for text in ["", "a:b", "a:1:b:x", "a:0:b:1", "a:1:b:2:c"] {
            assert!(parse_connect_to(text).is_err(), "{text}");
        }
    }
}
