//! One check: look the name up, then try every address, or the proxy.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use futures::future::join_all;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::http::Reply;
use super::looks::LargeLooks;
use super::opinion::Opinions;
use super::trail::Seen;
use super::walk::Walk;
use crate::model::evidence::{Cause, Detail, Failure, Outcome, Purpose, Reach, ResolveDetail, Step};
use crate::model::plan::{Action, PlannedCheck, ProbeSpec, Route};
use crate::model::rules::{AddressClass, Protocol};
use crate::probe::net::{Net, ProxyServer};
use crate::probe::settings::ConnectTo;

/// What is probed.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) protocol: Protocol,
    pub(super) spec: ProbeSpec,
    pub(super) route: Route,
}

impl Target {
    /// `None` where nothing is to be sent.
    pub(super) fn of(check: &PlannedCheck) -> Option<Self> {
        let (Action::Probe(spec), Some(host)) = (&check.action, &check.host) else { return None };
        Some(Self {
            host: host.clone(),
            port: check.port,
            protocol: check.protocol,
            spec: spec.clone(),
            route: check.route.clone(),
        })
    }
}

/// One check on its way.
pub(super) struct Prober {
    pub(super) net: Arc<Net>,
    pub(super) target: Target,
    pub(super) seen: Seen,
    /// In the order of the run.
    pub(super) place: usize,
    pub(super) large_looks: Arc<LargeLooks>,
    pub(super) opinions: Arc<Opinions>,
    /// Where a good answer goes that is not only judged but wanted.
    pub(super) keep: Option<mpsc::Sender<Reply>>,
    /// When it has to be over, where that is before the time-outs of its phases.
    pub(super) until: Option<Instant>,
}

/// Where the connection goes: the target itself, or where `--connect-to` sends it.
pub(super) struct Destination {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) diverted: Option<String>,
}

impl Prober {
    /// Walks the check to its end. What it measures goes into `seen` as it comes.
    pub(super) async fn run(self) {
        let Some(server) = self.net.proxy(&self.target.route) else {
            return self.directly(Purpose::Probe).await;
        };
        let destination = self.destination();
        let probing = async {
            let reached = self.by_way_of(server, &destination).await;
            // what is fetched has to come the way that the agents go
            if reached.is_none() && self.net.cross_checks && self.keep.is_none() {
                self.directly(Purpose::Direct).await; // tells whether the proxy or the endpoint is at fault
            }
        };
        self.opinions.beside(&self, &destination, probing).await;
    }

    async fn directly(&self, purpose: Purpose) {
        let destination = self.destination();
        let Some(addresses) = self.resolve(purpose, &destination).await else { return };
        let walks = addresses
            .iter()
            .map(|&a| self.probe(purpose, SocketAddr::new(a, destination.port), &destination));
        let probing = async { drop(join_all(walks).await) };
        match purpose {
            Purpose::Probe => self.opinions.beside(self, &destination, probing).await,
            _ => probing.await,
        }
    }

    /// The name is the proxy's to look up: it may be the only one that can.
    async fn by_way_of(&self, server: &ProxyServer, destination: &Destination) -> Option<()> {
        let mut purpose = Purpose::Probe;
        for _ in 0..=self.net.retries {
            match self.through(purpose, server, destination).await {
                Ok(()) => return Some(()),
                Err(cause) if !cause.is_some_and(is_time_out) => return None,
                Err(_) => purpose = Purpose::Retry,
            }
        }
        None
    }

    /// Walks all phases once through a proxy.
    ///
    /// # Errors
    /// The cause of the failure.
    pub(super) async fn through(
        &self,
        purpose: Purpose,
        server: &ProxyServer,
        destination: &Destination,
    ) -> Result<(), Option<Cause>> {
        let diverted = destination.diverted.as_deref();
        let trail = self.seen.begin(purpose, None);
        let walk = Walk { prober: self, purpose, address: None, diverted, trail };
        let reached = Box::pin(walk.proxied(server, destination)).await;
        reached.ok_or_else(|| walk.trail.last_cause())
    }

    fn destination(&self) -> Destination {
        let (host, port) = (&self.target.host, self.target.port);
        let Some(to) = self.net.connect_to.iter().find(|c| c.applies(host, port)) else {
            return Destination { host: host.clone(), port, diverted: None };
        };
        let ConnectTo { to_host, to_port, .. } = to;
        let host = to_host.clone().unwrap_or_else(|| host.clone());
        let port = to_port.unwrap_or(port);
        Destination { diverted: Some(format!("{host}:{port}")), host, port }
    }

    /// The addresses to walk; `None` when the lookup failed.
    async fn resolve(&self, purpose: Purpose, destination: &Destination) -> Option<Vec<IpAddr>> {
        let purpose = if purpose == Purpose::Probe { Purpose::Lookup } else { purpose };
        let trail = self.seen.begin(purpose, None);
        let asked = Instant::now();
        let lookup = self.net.resolver.lookup(&destination.host).await;
        let mut detail = lookup.detail.clone();
        if destination.diverted.is_some() && detail.source == "literal" {
            detail.source = "connect_to".into();
        }
        let failure = lookup.failure.clone().or_else(|| self.sinkhole(&detail, destination));
        let mut step = self.seen.step(Detail::Resolve(Box::new(detail)), failure, asked.min(lookup.started));
        step.took = lookup.took; // the lookup's own time, though others may have waited for it
        if matches!(step_source(&step), "literal" | "connect_to") {
            step.outcome = Outcome::Skipped;
            step.raw = Some("an address needs no lookup".into());
        }
        let reached = step.outcome != Outcome::Failed;
        trail.push(step);
        reached.then(|| walked(&lookup.detail.addresses))
    }

    fn sinkhole(&self, detail: &ResolveDetail, destination: &Destination) -> Option<Failure> {
        let is_expected = self.target.spec.addresses == AddressClass::Any || destination.diverted.is_some();
        let leads_nowhere = detail.addresses.iter().all(|&a| Reach::of(a) == Reach::Nowhere);
        if is_expected || !leads_nowhere || detail.source == "literal" {
            return None;
        }
        let text: Vec<String> = detail.addresses.iter().map(ToString::to_string).collect();
        Some(Failure::new(Cause::DnsSinkhole, format!("the answer is {}", text.join(", "))))
    }

    /// One address: a probe, and more of them after time-outs where the user asked for that.
    async fn probe(&self, purpose: Purpose, address: SocketAddr, destination: &Destination) {
        let mut timed_out = Box::pin(self.walk(purpose, address, destination)).await;
        for _ in 0..self.net.retries {
            if !timed_out || purpose != Purpose::Probe {
                return;
            }
            timed_out = Box::pin(self.walk(Purpose::Retry, address, destination)).await;
        }
    }

    /// Walks all phases once; true when it ended in a time-out.
    pub(super) async fn walk(
        &self,
        purpose: Purpose,
        address: SocketAddr,
        destination: &Destination,
    ) -> bool {
        let trail = self.seen.begin(purpose, Some(address));
        let address = Some(address);
        let walk = Walk { prober: self, purpose, address, diverted: destination.diverted.as_deref(), trail };
        Box::pin(walk.phases()).await;
        walk.trail.last_cause().is_some_and(is_time_out)
    }
}

/// The addresses that are tried: both families in turn, so that many of one do not crowd out the other.
fn walked(addresses: &[IpAddr]) -> Vec<IpAddr> {
    let (v4, v6): (Vec<IpAddr>, Vec<IpAddr>) = addresses.iter().partition(|a| a.is_ipv4());
    let mut walked: Vec<IpAddr> = Vec::new();
    for place in 0..v4.len().max(v6.len()) {
        walked.extend(v4.get(place).into_iter().chain(v6.get(place)));
    }
    walked.truncate(MOST_ADDRESSES);
    walked.sort_by_key(IpAddr::is_ipv6);
    walked
}

fn step_source(step: &Step) -> &str {
    match &step.detail {
        Detail::Resolve(detail) => &detail.source,
        _ => "",
    }
}

fn is_time_out(cause: Cause) -> bool {
    matches!(
        cause,
        Cause::ProxyTimeout | Cause::TcpTimeout | Cause::TlsTimeout | Cause::HttpTimeout | Cause::WsTimeout
    )
}

/// Names of content networks have a handful.
const MOST_ADDRESSES: usize = 16;
