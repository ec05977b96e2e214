//! Names for reqwest, from the resolver of the run.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::model::evidence::Failure;
use crate::probe::net::Net;

/// Looks one host up, whatever name is asked for: that of the server, of its diversion or of the proxy.
pub(super) struct Names {
    net: Arc<Net>,
    host: Arc<str>,
}

impl Names {
    pub(super) fn new(net: &Arc<Net>, host: String) -> Self {
        Self { net: Arc::clone(net), host: host.into() }
    }
}

impl Resolve for Names {
    fn resolve(&self, _: Name) -> Resolving {
        let (net, host) = (Arc::clone(&self.net), Arc::clone(&self.host));
        Box::pin(async move {
            if &*host == "localhost" {
                // RFC 6761 6.3: no name server is asked
                let ips: [IpAddr; 2] = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
                return Ok(Box::new(ips.into_iter().map(|ip| SocketAddr::new(ip, 0))) as Addrs);
            }
            let lookup = net.resolver.lookup_with_search_list(&host).await;
            if let Some(failure) = lookup.failure.clone() {
                return Err(Unresolved(failure).into());
            }
            // the port of the URL takes the place of 0
            let addresses: Vec<_> = lookup
                .detail
                .addresses
                .iter()
                .take(MOST_ADDRESSES)
                .map(|&ip| SocketAddr::new(ip, 0))
                .collect();
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// A name that has no address.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.raw)]
pub(super) struct Unresolved(pub(super) Failure);

/// Names of content networks have a handful.
const MOST_ADDRESSES: usize = 16;
