//! Roles of networks, and sources about them that could not be read.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::words::words;

/// What a network or an address is to a cluster.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The addresses of Services.
    Services,
    /// The addresses of pods.
    Pods,
    /// The addresses of nodes.
    Nodes,
    /// The API server, as the kubeconfig or the endpoints of its Service name it.
    ApiServer,
    /// The Service of the cluster's DNS.
    ClusterDns,
    /// The outbound proxy.
    Proxy,
    /// A DNS server that this machine asks.
    Resolver,
    /// A private address that a name of Azure leads to.
    PrivateEndpoint,
    /// Where Docker's bridge is on most machines.
    DockerBridge,
    /// A network that this machine has a route to.
    Route,
}

words!(Role::describe {
    Services = "the service range", Pods = "the pod range", Nodes = "nodes", ApiServer = "the API server",
    ClusterDns = "the cluster's DNS", Proxy = "the proxy", Resolver = "a DNS server",
    PrivateEndpoint = "a private endpoint", DockerBridge = "Docker's bridge",
    Route = "a network of this machine",
});

/// A source that was not read.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct UnreadSource {
    /// Such as `ConfigMap kube-system/kubeadm-config`.
    pub source: String,
    /// Forbidden, absent, or what went wrong.
    pub why: String,
}
