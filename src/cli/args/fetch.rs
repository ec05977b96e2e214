//! How something on the web is fetched.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::parse::{parse_connect_to, parse_duration, parse_resolver, parse_secret};
use crate::probe::settings::ConnectTo;
use crate::proxy::Secret;

/// How pages are fetched. Proxies that are not given come from the environment, as for `check`.
#[derive(Clone, Debug, Default, Args)]
pub struct FetchArgs {
    /// The proxy for https URLs. [default: `HTTPS_PROXY`]
    #[arg(long, value_parser = parse_secret, value_name = "URL")]
    pub proxy_https: Option<Secret>,
    /// The proxy for http URLs. [default: `HTTP_PROXY`]
    #[arg(long, value_parser = parse_secret, value_name = "URL")]
    pub proxy_http: Option<Secret>,
    /// Hosts that need no proxy. [default: `NO_PROXY`]
    #[arg(long, value_parser = parse_secret, value_name = "LIST")]
    pub proxy_skip_range: Option<Secret>,
    /// Ignore the proxies of the environment
    #[arg(long)]
    pub no_proxy: bool,
    /// PEM or DER file of a CA that is trusted too, such as that of a proxy that inspects TLS
    #[arg(long, alias = "custom-ca-cert", value_name = "FILE")]
    pub proxy_cert: Option<PathBuf>,
    /// PEM file that stands for the public trust store. [default: Mozilla's, built in]
    #[arg(long, value_name = "FILE")]
    pub public_roots: Option<PathBuf>,
    /// Ask this DNS server instead of the system's (repeatable)
    #[arg(long, value_parser = parse_resolver, value_name = "IP[:PORT]")]
    pub resolver: Vec<SocketAddr>,
    /// Connect elsewhere for a host and port, as curl does (repeatable)
    #[arg(long, value_parser = parse_connect_to, value_name = "HOST:PORT:ADDR:PORT")]
    pub connect_to: Vec<ConnectTo>,
    /// For the connection, and for each part of the answer
    #[arg(long, value_parser = parse_duration, allow_hyphen_values = true, default_value = "10s", value_name = "DURATION")]
    pub timeout: Duration,
}
