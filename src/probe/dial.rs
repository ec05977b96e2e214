//! A connection for somebody else's protocol (the Kubernetes API): our resolver, our time-outs, our way through a proxy.

use std::net::SocketAddr;

use tokio::time::Instant;

use super::connect::connect_tcp;
use super::io::Stream;
use super::proxy;
use crate::model::evidence::{Cause, Failure};
use crate::model::host_port::HostPort;
use crate::model::plan::Route;
use crate::probe::net::Net;

/// Opens a connection to a host as people write it; addresses are tried in order, and each gets its share of the time.
///
/// # Errors
/// The failure of the name, of the last address, or of the proxy on the way.
pub async fn dial(net: &Net, route: &Route, host: &str, port: u16) -> Result<Stream, Failure> {
    if let Some(server) = net.find_proxy(route) {
        return proxy::open_tunnel(net, server, Some(HostPort::new(host, port)), net.timeout).await.stream;
    }
    let lookup = net.resolver.lookup_with_search_list(host).await;
    if let Some(failure) = &lookup.failure {
        return Err(failure.clone());
    }
    let until = Instant::now() + net.timeout;
    let addresses = &lookup.detail.addresses;
    let mut last = Failure::new(Cause::DnsNoData, "no address");
    for (index, &address) in addresses.iter().enumerate().take(MAX_ADDRESSES) {
        let remaining = until.saturating_duration_since(Instant::now());
        let share = remaining / u32::try_from(addresses.len() - index).unwrap_or(1);
        let address = SocketAddr::new(address, port);
        match connect_tcp(address, None, share).await {
            Ok(stream) => return Ok(Box::new(stream)),
            Err(failure) => last = Failure::new(failure.cause, format!("{address}: {}", failure.raw)),
        }
    }
    Err(last)
}

/// Names of API servers lead to a handful.
const MAX_ADDRESSES: usize = 6;
