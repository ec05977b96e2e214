//! What a proxy answers to CONNECT.

use tokio::time::Instant;

use super::{ProxyDetail, ProxyServer, Way, authority};
use crate::model::evidence::Failure;
use crate::probe::Stream;
use crate::probe::net::Net;

/// Asks for a tunnel over a connection that is open already.
pub(in crate::probe) async fn ask(
    net: &Net,
    server: &ProxyServer,
    stream: Stream,
) -> (ProxyDetail, Result<Stream, Failure>) {
    let detail = ProxyDetail { proxy: server.label.clone(), ..ProxyDetail::default() };
    let within = net.timeout;
    let mut way = Way { net, server, within, until: Instant::now() + within, detail, address: None };
    let stream = way.ask(stream, &authority("management.azure.com", 443)).await;
    (way.detail, stream)
}
