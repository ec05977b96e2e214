//! What a proxy answers to CONNECT.

use tokio::time::Instant;

use super::{ProxyDetail, ProxyDialer, ProxyServer, format_authority};
use crate::model::evidence::Failure;
use crate::probe::Stream;
use crate::probe::net::Net;

/// Asks for a tunnel over a connection that is open already.
pub(in crate::probe) async fn request_tunnel(
    net: &Net,
    server: &ProxyServer,
    stream: Stream,
) -> (ProxyDetail, Result<Stream, Failure>) {
    let detail = ProxyDetail { proxy: server.label.clone(), ..ProxyDetail::default() };
    let within = net.timeout;
    let mut dialer =
        ProxyDialer { net, server, within, until: Instant::now() + within, detail, address: None };
    let stream = dialer.request_tunnel(stream, &format_authority("management.azure.com", 443)).await;
    (dialer.detail, stream)
}
