//! A connection for somebody else's protocol (the Kubernetes API): our resolver, our time-outs, our way through a proxy.

use std::net::{IpAddr, SocketAddr};

use tokio::time::Instant;

use super::connect::connect_to_any;
use super::io::Stream;
use super::proxy;
use crate::model::evidence::Failure;
use crate::model::host_port::HostPort;
use crate::model::plan::Route;
use crate::probe::net::Net;

/// Opens a connection to a host as people write it; addresses are tried in order, and each gets its share of the time.
///
/// # Errors
/// The failure of the name, of the last address, or of the proxy on the way.
pub async fn dial(net: &Net, route: &Route, host: &str, port: u16) -> Result<Stream, Failure> {
    if let Some(server) = net.find_proxy(route) {
        let target = Some(HostPort::new(host, port));
        return proxy::open_tunnel(net, server, target, None, net.timeout).await.stream;
    }
    let lookup = net.resolver.lookup_with_search_list(host).await;
    if let Some(failure) = &lookup.failure {
        return Err(failure.clone());
    }
    let to = |ip: &IpAddr| SocketAddr::new(*ip, port);
    let addresses: Vec<_> = lookup.detail.addresses.iter().take(MAX_ADDRESSES).map(to).collect();
    let (_, stream) = connect_to_any(&addresses, None, Instant::now() + net.timeout).await?;
    Ok(Box::new(stream))
}

/// Names of API servers lead to a handful.
const MAX_ADDRESSES: usize = 6;
