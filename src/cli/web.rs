//! The ordinary client with what was typed for it.

use std::sync::Arc;
use std::time::Duration;

use super::{CommandError, Environment};
use crate::cli::args::FetchArgs;
use crate::probe::client::Client;
use crate::probe::net::Net;
use crate::probe::settings::ProbeSettings;
use crate::proxy::{self, ProxyFlags, ResolvedProxies, Routes, Secret};

/// A client, and what is worth saying about its proxies.
pub(super) fn client(
    args: &FetchArgs,
    environment: &Environment,
    within: Duration,
) -> Result<(Client, Vec<String>), CommandError> {
    let flags = ProxyFlags {
        https: args.proxy_https.as_ref().map(Secret::reveal),
        http: args.proxy_http.as_ref().map(Secret::reveal),
        skip_range: args.proxy_skip_range.as_ref().map(Secret::reveal),
        no_proxy: args.no_proxy,
    };
    let ResolvedProxies { routes, advice } =
        proxy::resolve_proxies(&flags, environment).map_err(CommandError::usage)?;
    let settings = ProbeSettings {
        resolvers: args.resolver.clone(),
        connect_to: args.connect_to.clone(),
        public_roots: args.public_roots.clone(),
        proxy_cert: args.proxy_cert.clone(),
        timeout: args.timeout,
        ..ProbeSettings::default()
    };
    let net = Arc::new(Net::new(&settings, &routes).map_err(CommandError::usage)?);
    Ok((on_routes(net, routes, within), advice))
}

/// A client that takes the same routes as the probes of a run.
pub(super) fn on_routes(net: Arc<Net>, routes: Routes, within: Duration) -> Client {
    Client::new(net, move |host, port, protocol| routes.route_to(host, port, protocol), within)
}
