//! One check: look the name up, then try every address, or the proxy.

mod counted_stream;
#[cfg_attr(not(feature = "cli"), path = "no_opinion.rs")]
mod opinion;
mod phases;
mod second_looks;
#[cfg(feature = "cli")]
mod verifier;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::busy::BusyProbes;
use super::exchange::Reply;
use super::large_hello::LargeHelloClaims;
use super::recorder::CheckRecorder;
use crate::analysis::verdict::attempts::{probe_attempts, refusal_status};
use crate::model::evidence::{
    AddressScope, Attempt, Cause, Detail, Failure, LookupSource, Outcome, Purpose, ResolveDetail,
};
use crate::model::host_port::HostPort;
use crate::model::plan::{Action, PlanItem, ProbeSpec, Route};
use crate::model::rules::{AddressClass, Protocol};
use crate::probe::net::{Net, ProxyServer};
use crate::probe::settings::ConnectTo;

pub(super) use opinion::Opinions;
use phases::PhaseRun;

/// What is probed.
#[derive(Clone, Debug)]
pub(super) struct ProbeTarget {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) protocol: Protocol,
    pub(super) spec: ProbeSpec,
    pub(super) route: Route,
}

impl ProbeTarget {
    /// `None` where nothing is to be sent.
    pub(super) fn from_item(item: &PlanItem) -> Option<Self> {
        let check = &item.check;
        let (Action::Probe(spec), Some(host)) = (&item.action, &check.host) else { return None };
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
    pub(super) target: ProbeTarget,
    pub(super) recorder: CheckRecorder,
    /// In the order of the run.
    pub(super) check_index: usize,
    pub(super) large_hello_claims: Arc<LargeHelloClaims>,
    /// Another name that is probed with TLS in this run.
    pub(super) other_name: Option<String>,
    pub(super) opinions: Arc<Opinions>,
    pub(super) busy: Arc<BusyProbes>,
    /// Where a good answer goes that is not only judged but wanted.
    pub(super) reply_sender: Option<mpsc::Sender<Reply>>,
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
    /// Outside of the checks of a run.
    pub(super) fn alone(net: Arc<Net>, target: ProbeTarget, recorder: CheckRecorder) -> Self {
        Self {
            net,
            target,
            recorder,
            check_index: 0,
            large_hello_claims: Arc::default(),
            other_name: None,
            opinions: Arc::default(),
            busy: Arc::default(),
            reply_sender: None,
            until: None,
        }
    }

    /// Walks the check to its end. What it measures goes into `seen` as it comes.
    pub(super) async fn run_check(self) {
        let Some(server) = self.net.find_proxy(&self.target.route) else {
            return self.probe_directly(Purpose::Probe).await;
        };
        let destination = self.find_destination();
        let probing = async {
            let reached = self.probe_through_proxy(server, &destination).await;
            // what is fetched has to come the way that the agents go
            if reached.is_none() && self.net.cross_checks && self.reply_sender.is_none() {
                self.probe_directly(Purpose::Direct).await; // tells whether the proxy or the endpoint is at fault
            }
        };
        self.opinions.beside(&self, &destination, probing).await;
    }

    async fn probe_directly(&self, purpose: Purpose) {
        let destination = self.find_destination();
        let Some(addresses) = self.resolve_name(purpose, &destination).await else { return };
        let walks = addresses
            .iter()
            .map(|&a| self.probe_address(purpose, SocketAddr::new(a, destination.port), &destination));
        let probing = async { drop(join_all(walks).await) };
        match purpose {
            Purpose::Probe => self.opinions.beside(self, &destination, probing).await,
            _ => probing.await,
        }
    }

    /// The name is the proxy's to look up: it may be the only one that can.
    async fn probe_through_proxy(&self, server: &ProxyServer, destination: &Destination) -> Option<()> {
        let mut purpose = Purpose::Probe;
        for _ in 0..=self.net.retries {
            let burst = self.net.proxy_turns.join_burst().await;
            let outcome = self.through(purpose, server, destination).await;
            drop(burst);
            match outcome {
                Ok(()) => return Some(()),
                Err(cause) if cause.is_some_and(is_timeout) => purpose = Purpose::Retry,
                Err(_) => return self.retry_after_burst(server, destination).await,
            }
        }
        None
    }

    /// A refusal may be about how many connections are open, and not about this host: once more with fewer.
    async fn retry_after_burst(&self, server: &ProxyServer, destination: &Destination) -> Option<()> {
        let refusal = self.recorder.read(|attempts| find_limit(probe_attempts(attempts).last()?))?;
        let pause = match refusal {
            Refusal::TooMany => RATE_PAUSE,
            Refusal::Unstated if self.net.proxy_turns.is_alone() => return None,
            Refusal::Unstated => Duration::ZERO,
        };
        // who watches a WebSocket in the burst waits for all that measure, and this one only waits
        self.busy.end(self.check_index);
        let _turn = self.net.proxy_turns.wait_for_quiet(pause).await;
        self.busy.begin(self.check_index);
        self.through(Purpose::Retry, server, destination).await.ok()
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
        let recorder = self.recorder.begin_attempt(purpose, None);
        let server = Some(server);
        let walk = PhaseRun { prober: self, purpose, address: None, server, destination, recorder };
        let reached = Box::pin(walk.run_through_proxy()).await;
        reached.ok_or_else(|| walk.recorder.last_cause())
    }

    fn find_destination(&self) -> Destination {
        let (host, port) = (&self.target.host, self.target.port);
        let Some(to) = self.net.connect_to.iter().find(|c| c.applies_to(host, port)) else {
            return Destination { host: host.clone(), port, diverted: None };
        };
        let ConnectTo { to_host, to_port, .. } = to;
        let host = to_host.clone().unwrap_or_else(|| host.clone());
        let port = to_port.unwrap_or(port);
        Destination { diverted: Some(HostPort::new(&host, port).to_string()), host, port }
    }

    /// The addresses to walk; `None` when the lookup failed.
    async fn resolve_name(&self, purpose: Purpose, destination: &Destination) -> Option<Vec<IpAddr>> {
        let purpose = if purpose == Purpose::Probe { Purpose::Lookup } else { purpose };
        let trail = self.recorder.begin_attempt(purpose, None);
        let started = Instant::now();
        let lookup = self.net.resolver.lookup_name(&destination.host).await;
        let mut detail = lookup.detail.clone();
        if destination.diverted.is_some() && detail.source == LookupSource::Literal {
            detail.source = LookupSource::ConnectTo;
        }
        let is_address = matches!(detail.source, LookupSource::Literal | LookupSource::ConnectTo);
        let failure = lookup.failure.clone().or_else(|| self.detect_sinkhole(&detail, destination));
        let mut step = self.recorder.finish_step(
            Detail::Resolve(Box::new(detail)),
            failure,
            started.min(lookup.started),
        );
        step.took = lookup.took; // the lookup's own time, though others may have waited for it
        if is_address {
            step.outcome = Outcome::Skipped;
            step.raw = Some("an address needs no lookup".into());
        }
        let reached = step.outcome != Outcome::Failed;
        trail.push_step(step);
        reached.then(|| select_addresses(&lookup.detail.addresses))
    }

    fn detect_sinkhole(&self, detail: &ResolveDetail, destination: &Destination) -> Option<Failure> {
        let is_expected = self.target.spec.addresses == AddressClass::Any || destination.diverted.is_some();
        let leads_nowhere =
            detail.addresses.iter().all(|&a| AddressScope::classify(a) == AddressScope::Nowhere);
        if is_expected || !leads_nowhere || detail.source == LookupSource::Literal {
            return None;
        }
        let text: Vec<String> = detail.addresses.iter().map(ToString::to_string).collect();
        Some(Failure::new(Cause::DnsSinkhole, format!("the answer is {}", text.join(", "))))
    }

    /// One address: a probe, and more of them after time-outs where the user asked for that.
    async fn probe_address(&self, purpose: Purpose, address: SocketAddr, destination: &Destination) {
        let mut timed_out = Box::pin(self.attempt_address(purpose, address, destination)).await;
        for _ in 0..self.net.retries {
            if !timed_out || purpose != Purpose::Probe {
                return;
            }
            timed_out = Box::pin(self.attempt_address(Purpose::Retry, address, destination)).await;
        }
    }

    /// Walks all phases once; true when it ended in a time-out.
    pub(super) async fn attempt_address(
        &self,
        purpose: Purpose,
        address: SocketAddr,
        destination: &Destination,
    ) -> bool {
        let recorder = self.recorder.begin_attempt(purpose, Some(address));
        let address = Some(address);
        let walk = PhaseRun { prober: self, purpose, address, server: None, destination, recorder };
        Box::pin(walk.run_directly()).await;
        walk.recorder.last_cause().is_some_and(is_timeout)
    }
}

/// The addresses that are tried: both families in turn, so that many of one do not crowd out the other.
fn select_addresses(addresses: &[IpAddr]) -> Vec<IpAddr> {
    let (v4, v6): (Vec<IpAddr>, Vec<IpAddr>) = addresses.iter().partition(|a| a.is_ipv4());
    let mut walked: Vec<IpAddr> = Vec::new();
    for place in 0..v4.len().max(v6.len()) {
        walked.extend(v4.get(place).into_iter().chain(v6.get(place)));
    }
    walked.truncate(MAX_ADDRESSES);
    walked.sort_by_key(IpAddr::is_ipv6);
    walked
}

/// A refusal that can have its reason in the number of connections.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Refusal {
    /// 429.
    TooMany,
    /// 403 or a closed connection: squid's `maxconn` and `client_ip_max_connections`.
    Unstated,
}

fn find_limit(attempt: &Attempt) -> Option<Refusal> {
    match (attempt.failed_step()?.cause?, refusal_status(attempt)) {
        (Cause::ProxyDenied, Some(429)) => Some(Refusal::TooMany),
        (Cause::ProxyDenied, Some(403)) | (Cause::ProxyClosed, _) => Some(Refusal::Unstated),
        _ => None,
    }
}

fn is_timeout(cause: Cause) -> bool {
    matches!(
        cause,
        Cause::ProxyTimeout | Cause::TcpTimeout | Cause::TlsTimeout | Cause::HttpTimeout | Cause::WsTimeout
    )
}

/// Limits count by the second.
const RATE_PAUSE: Duration = Duration::from_secs(1);

/// Names of content networks have a handful.
const MAX_ADDRESSES: usize = 16;
