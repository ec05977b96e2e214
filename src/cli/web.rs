//! The ordinary client with what was typed for it.

use std::sync::Arc;
use std::time::Duration;

use super::{CommandError, Environment, Result};
use crate::cli::args::FetchArgs;
use crate::probe::client::Client;
use crate::probe::net::Net;
use crate::probe::settings::ProbeSettings;
use crate::proxy::{ResolvedProxies, Routes};

/// A client, and what is worth saying about its proxies.
pub(super) fn client(
    args: &FetchArgs,
    environment: &Environment,
    within: Duration,
) -> Result<(Client, Vec<String>)> {
    let ResolvedProxies { routes, advice } = super::pac::resolve_proxies(&args.proxy.flags(), environment)?;
    let settings = ProbeSettings { timeout: args.timeout, ..args.connection.settings() };
    let net = Arc::new(Net::new(&settings, &routes).map_err(CommandError::usage)?);
    Ok((on_routes(net, routes, within), advice))
}

/// A client that takes the same routes as the probes of a run.
pub(super) fn on_routes(net: Arc<Net>, routes: Routes, within: Duration) -> Client {
    Client::new(net, move |host, port, protocol| routes.route_to(host, port, protocol), within)
}
