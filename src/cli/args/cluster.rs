//! What can be typed about a cluster.

use std::path::PathBuf;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use super::parse::{parse_parallel, parse_secret, parse_service_account};
use crate::proxy::Secret;

/// `arcprobe agent`.
#[derive(Clone, Debug, Args)]
pub struct AgentArgs {
    /// The task, as the workstation wrote it.
    #[arg(value_name = "FILE")]
    pub task: PathBuf,
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
    /// Print the rights that `diagnose` reads with, instead.
    #[arg(long, conflicts_with = "namespace")]
    pub diagnose: bool,
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
    /// The context; `check` takes several as a comma list. [default: the current one]
    #[arg(long, alias = "context", value_parser = NonEmptyStringValueParser::new(), value_name = "NAME")]
    pub kube_context: Option<String>,
    /// The namespace for the objects of a run. [default: the context's]
    #[arg(short, long, overrides_with = "namespace", value_name = "NAMESPACE")]
    pub namespace: Option<String>,
}

/// How to look from inside a cluster.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
#[derive(Clone, Debug, Args)]
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
    #[arg(long, value_parser = parse_secret, value_name = "URL")]
    pub node_proxy_https: Option<Secret>,
    /// What goes around the proxy of the nodes' container runtime. [default: that of the pods]
    #[arg(long, value_parser = parse_secret, value_name = "LIST", requires = "node_proxy_https")]
    pub node_proxy_skip_range: Option<Secret>,
}
