//! What can be typed for `arcprobe advise`.

use std::path::PathBuf;

use clap::Args;
use ipnet::IpNet;

use super::parse::{parse_domain, parse_entry, parse_host, parse_network};
use super::{FailOn, KubeArgs, PlainFormat, ProxyUrlArgs};
use crate::model::scope::Connectivity;

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
    #[arg(long, value_parser = parse_host, value_name = "HOST")]
    pub api_server: Vec<String>,
    /// The domain of the cluster. [default: found, else cluster.local]
    #[arg(long, value_parser = parse_domain, value_name = "DOMAIN")]
    pub cluster_domain: Option<String>,
    /// Something else that has to go around the proxy. Repeatable.
    #[arg(long, value_parser = parse_entry, value_name = "ENTRY")]
    pub add: Vec<String>,
    /// The Azure cloud, for the endpoints that have to use the proxy.
    #[arg(long, default_value = super::DEFAULT_CLOUD, value_name = "CLOUD")]
    pub cloud: String,
    /// The Azure region, for the endpoints that have to use the proxy.
    #[arg(short, long, alias = "region", value_name = "REGION")]
    pub location: Option<String>,
    /// How the cluster reaches Azure.
    #[arg(long, value_enum, value_name = "WAY")]
    pub connectivity: Option<Connectivity>,
    /// The authority that the agents get; the commands name it.
    #[arg(long, alias = "custom-ca-cert", value_name = "FILE")]
    pub proxy_cert: Option<PathBuf>,
    /// Which proxies.
    #[command(
        flatten,
        next_help_heading = "Proxies, and the skip range to judge; the agents' own where not given"
    )]
    pub proxy: ProxyUrlArgs,
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
    pub output: PlainFormat,
    /// From which severity on the exit code tells.
    #[arg(long, value_enum, default_value_t, value_name = "SEVERITY")]
    pub fail_on: FailOn,
}
