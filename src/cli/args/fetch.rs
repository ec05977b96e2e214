//! How something on the web is fetched.

use std::time::Duration;

use clap::Args;

use super::parse::parse_duration;
use super::{ConnectionArgs, ProxyUrlArgs};

/// How pages are fetched. Proxies that are not given come from the environment, as for `check`.
#[derive(Clone, Debug, Default, Args)]
pub struct FetchArgs {
    /// Which proxies.
    #[command(flatten)]
    pub proxy: ProxyUrlArgs,
    /// Servers and authorities.
    #[command(flatten)]
    pub connection: ConnectionArgs,
    /// For the connection, and for each part of the answer
    #[arg(long, value_parser = parse_duration, allow_hyphen_values = true, default_value = "10s", value_name = "DURATION")]
    pub timeout: Duration,
}
