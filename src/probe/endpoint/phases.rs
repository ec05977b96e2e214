//! One attempt: a connection to one address, or through a proxy, walked through the phases of its protocol.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::client::TlsStream;

use super::counted_stream::CountedStream;
use super::{Destination, ProbeTarget, Prober};
use crate::analysis::answerer::AnswerSource;
use crate::model::evidence::{
    Attempt, Cause, ConnectDetail, Detail, Failure, Purpose, TlsDetail, TrustStore,
};
use crate::model::host_port::HostPort;
use crate::model::plan::ProbeSpec;
use crate::model::rules::{Method, Protocol};
use crate::probe::connect::connect_tcp;
use crate::probe::exchange::Exchange;
use crate::probe::http;
use crate::probe::io::{Io, Stream};
use crate::probe::net::ProxyServer;
use crate::probe::proxy::ProxyConnection;
use crate::probe::recorder::AttemptRecorder;
use crate::probe::trust::CertificateExpectation;
use crate::probe::{appliance, greeting, proxy, websocket};

/// One attempt at one address.
pub(super) struct PhaseRun<'a> {
    pub(super) prober: &'a Prober,
    pub(super) purpose: Purpose,
    /// `None` where the proxy is connected to.
    pub(super) address: Option<SocketAddr>,
    pub(super) server: Option<&'a ProxyServer>,
    pub(super) destination: &'a Destination,
    pub(super) recorder: AttemptRecorder,
}

impl PhaseRun<'_> {
    pub(super) async fn run_directly(&self) -> Option<()> {
        let stream = self.run_connect(self.address?).await?;
        match self.target().protocol {
            Protocol::Https | Protocol::Wss | Protocol::Tls => Box::pin(self.run_with_tls(stream)).await,
            _ => self.run_without_tls(stream).await,
        }
    }

    /// What comes over a connection without TLS.
    async fn run_without_tls(&self, stream: Stream) -> Option<()> {
        match self.target().protocol {
            Protocol::Git | Protocol::Ssh => self.run_greeting(stream).await,
            Protocol::Http => self.run_http(stream, None).await,
            _ => Some(()),
        }
    }

    /// All phases through a proxy. Plain HTTP goes to it in absolute form, everything else through a tunnel.
    pub(super) async fn run_through_proxy(&self) -> Option<()> {
        let started = Instant::now();
        let opened = self.open_tunnel(self.server?, None, self.timeout()).await;
        if let Some(address) = opened.address {
            self.recorder.set_address(address);
        }
        let failure = opened.stream.as_ref().err().cloned();
        self.recorder.record_step(Detail::Proxy(Box::new(opened.detail)), failure, started);
        let stream = opened.stream.ok()?;
        match self.target().protocol {
            Protocol::Https | Protocol::Wss | Protocol::Tls => Box::pin(self.run_inside_tls(stream)).await.1,
            _ => self.run_without_tls(stream).await,
        }
    }

    async fn open_tunnel(
        &self,
        server: &ProxyServer,
        max_segment: Option<u16>,
        within: Duration,
    ) -> ProxyConnection {
        let is_plain = self.target().protocol == Protocol::Http;
        let target = HostPort::new(&self.destination.host, self.destination.port);
        proxy::open_tunnel(&self.prober.net, server, (!is_plain).then_some(target), max_segment, within).await
    }

    pub(super) fn target(&self) -> &ProbeTarget {
        &self.prober.target
    }

    /// How long a phase may take that begins now. Whole milliseconds, since reports quote it.
    pub(super) fn timeout(&self) -> Duration {
        self.timeout_within(self.prober.net.timeout)
    }

    fn timeout_within(&self, most: Duration) -> Duration {
        self.prober.until.map_or(most, |until| {
            let left = until.saturating_duration_since(Instant::now()).min(most);
            Duration::from_millis(u64::try_from(left.as_millis()).unwrap_or(u64::MAX))
        })
    }

    /// The same for the answer of a service that is known to be slow.
    fn answer_timeout(&self) -> Duration {
        let patience = self.target().spec.answer.patience.map_or(1, |times| u32::from(times.get()));
        self.timeout_within(self.prober.net.timeout * patience)
    }

    async fn run_connect(&self, address: SocketAddr) -> Option<Stream> {
        let started = Instant::now();
        let result = connect_tcp(address, None, self.timeout()).await;
        let detail = self.describe_connection(result.as_ref().ok(), None);
        match result {
            Ok(stream) => {
                self.recorder.record_step(detail, None, started);
                Some(Box::new(CountedStream::new(stream, self.recorder.clone())))
            }
            Err(failure) => {
                self.recorder.record_step(detail, Some(failure), started);
                None
            }
        }
    }

    async fn run_greeting(&self, stream: Stream) -> Option<()> {
        let started = Instant::now();
        let target = self.target();
        let (detail, failure) =
            greeting::exchange_greeting(stream, target.protocol, &target.host, self.timeout()).await;
        self.recorder.record_step(Detail::Greeting(Box::new(detail)), failure, started)
    }

    async fn run_http(&self, io: impl Io + 'static, trusted_by: Option<TrustStore>) -> Option<()> {
        let started = Instant::now();
        let (detail, failure) = http::run_exchange(io, self.build_exchange(trusted_by)).await;
        self.recorder.record_step(Detail::Http(Box::new(detail)), failure, started)
    }

    async fn run_websocket(&self, io: TlsStream<Stream>, trusted_by: TrustStore) -> Option<()> {
        let started = Instant::now();
        let others = self.prober.busy.wait_for_others(self.prober.check_index);
        let (detail, failure) =
            websocket::run_upgrade(io, self.build_exchange(Some(trusted_by)), others).await;
        self.recorder.record_step(Detail::WebSocket(Box::new(detail)), failure, started)
    }

    fn build_exchange(&self, trusted_by: Option<TrustStore>) -> Exchange<'_> {
        let target = self.target();
        Exchange {
            source: AnswerSource { host: &target.host, spec: &target.spec, trusted_by },
            port: target.port,
            is_tls: target.protocol.uses_tls(),
            timeout: self.answer_timeout(),
            products: self.prober.net.products(),
            now: self.prober.net.clock.now(),
            proxy: self.server.filter(|_| target.protocol == Protocol::Http),
            reply_sender: self.prober.reply_sender.as_ref(),
        }
    }

    /// TLS and what comes inside it. Beside it, once for each address of the run, a handshake with a large ClientHello:
    /// it takes as long as TLS and HTTP together, so that it costs no time of its own.
    async fn run_with_tls(&self, stream: Stream) -> Option<()> {
        let (looks, place) = (&self.prober.large_hello_claims, self.prober.check_index);
        // a look explains a check: what is fetched is none, and a cross-check is an explanation itself
        let may_claim = self.prober.reply_sender.is_none() && self.purpose != Purpose::Direct;
        let Some(address) = self.address.filter(|&a| may_claim && looks.claim(a, place)) else {
            return self.run_inside_tls(stream).await.1;
        };
        let mut large = Box::pin(self.try_large_hello());
        let mut main = pin!(self.run_inside_tls(stream));
        let mut explanation = None;
        let (shook_hands, reached) = loop {
            tokio::select! {
                done = &mut main => break done,
                attempts = &mut large, if explanation.is_none() => explanation = Some(attempts),
            }
        };
        if shook_hands {
            let attempts = match explanation {
                Some(attempts) => attempts,
                None => large.await,
            };
            for attempt in attempts {
                self.prober.recorder.add_attempt(attempt);
            }
        } else {
            looks.release(address, place); // says nothing here; another check at this address may look
        }
        reached
    }

    /// Whether hands were shaken at all, and whether the check reached its end.
    async fn run_inside_tls(&self, stream: Stream) -> (bool, Option<()>) {
        let Some((stream, trusted_by)) = self.run_tls(stream).await else {
            return (self.recorder.has_presented_chain(), None);
        };
        let reached = match self.target().protocol {
            Protocol::Wss => self.run_websocket(stream, trusted_by).await,
            Protocol::Tls => Some(()),
            _ => self.run_http(stream, Some(trusted_by)).await,
        };
        (true, reached)
    }

    async fn run_tls(&self, stream: Stream) -> Option<(TlsStream<Stream>, TrustStore)> {
        let started = Instant::now();
        let name = match ServerName::try_from(self.target().host.clone()) {
            Ok(name) => name,
            Err(e) => {
                let failure = Failure::new(Cause::Unknown, e.to_string());
                self.recorder.record_step(Detail::Tls(Box::default()), Some(failure), started);
                return None;
            }
        };
        let handshake = self.handshake_with_second_looks(stream, &name).await;
        let mut detail = handshake.detail;
        let mut failure = handshake.stream.as_ref().err().cloned();
        let mut trusted_by = TrustStore::Nobody;
        if !handshake.chain.is_empty() {
            let judgement = self.judge_chain(&handshake.chain, &name);
            trusted_by = judgement.trusted_by;
            let refused = judgement.record_in(&mut detail);
            detail.appliance = appliance::find_in_chain(self.prober.net.products(), &detail);
            failure = match failure {
                // the handshake broke over something in the chain itself; what the chain is tells more
                Some(f) if f.cause == Cause::Unknown => refused.or(Some(f)),
                f => f.or(refused),
            };
        }
        let took_until = Instant::now();
        let stream = self.fetch_server_date(handshake.stream.ok(), &mut detail, failure.as_ref()).await;
        self.ask_in_plain_http(failure.as_ref()).await;
        let mut step = self.prober.recorder.finish_step(Detail::Tls(Box::new(detail)), failure, started);
        step.took = took_until.saturating_duration_since(started);
        self.recorder.push_step(step);
        stream.filter(|_| self.recorder.last_cause().is_none()).map(|s| (s, trusted_by))
    }

    fn judge_chain(
        &self,
        chain: &[rustls::pki_types::CertificateDer<'static>],
        name: &ServerName<'static>,
    ) -> crate::probe::trust::ChainJudgement {
        let spec = &self.target().spec;
        let expected = CertificateExpectation { certificate: &spec.certificate, inspection: spec.inspection };
        self.prober.net.trust.judge_chain(chain, name, self.prober.net.unix_time(), expected)
    }

    /// A certificate that is out of its time raises the question whose clock is wrong; the server's `Date` answers it.
    async fn fetch_server_date(
        &self,
        stream: Option<TlsStream<Stream>>,
        detail: &mut TlsDetail,
        failure: Option<&Failure>,
    ) -> Option<TlsStream<Stream>> {
        let out_of_time = |f: &Failure| matches!(f.cause, Cause::TlsExpired | Cause::TlsNotYetValid);
        if !failure.is_some_and(out_of_time) || self.target().protocol == Protocol::Tls {
            return stream;
        }
        let bare = self.bare_spec();
        if let Some((date, skew)) = http::fetch_date(stream?, self.build_bare_exchange(&bare)).await {
            detail.server_date = Some(date);
            detail.clock_skew_s = Some(skew);
        }
        None
    }

    /// For whom nobody vouches yet: nothing of the endpoint's own request goes out.
    fn bare_spec(&self) -> ProbeSpec {
        let spec = self.target().spec.clone();
        ProbeSpec { method: Method::Get, path: "/".to_owned(), headers: BTreeMap::new(), ..spec }
    }

    fn build_bare_exchange<'b>(&'b self, bare: &'b ProbeSpec) -> Exchange<'b> {
        let exchange = self.build_exchange(None);
        let source = AnswerSource { spec: bare, ..exchange.source };
        Exchange { source, timeout: self.timeout(), reply_sender: None, ..exchange }
    }

    /// Who speaks no TLS may speak HTTP, and say who it is.
    async fn ask_in_plain_http(&self, failure: Option<&Failure>) {
        let is_asked = self.purpose == Purpose::Probe
            && self.address.is_some()
            && failure.is_some_and(|f| f.cause == Cause::TlsNotTls);
        if !is_asked {
            return;
        }
        let recorder = &self.prober.recorder;
        let mut attempt = Attempt { purpose: Purpose::PlainHttp, address: self.address, steps: Vec::new() };
        if let Some(stream) = self.connect_again(&mut attempt, None, self.timeout()).await {
            let (bare, started) = (self.bare_spec(), Instant::now());
            let exchange = Exchange { is_tls: false, ..self.build_bare_exchange(&bare) };
            let (detail, failure) = http::run_exchange(stream, exchange).await;
            attempt.steps.push(recorder.finish_step(Detail::Http(Box::new(detail)), failure, started));
        }
        recorder.add_attempt(attempt);
    }

    /// A second connection or tunnel, as a step of a second look.
    pub(super) async fn connect_again(
        &self,
        attempt: &mut Attempt,
        max_segment: Option<u16>,
        within: Duration,
    ) -> Option<Stream> {
        let started = Instant::now();
        let (detail, connection) = if let Some(server) = self.server {
            let opened = self.open_tunnel(server, max_segment, within).await;
            attempt.address = opened.address;
            (Detail::Proxy(Box::new(opened.detail)), opened.stream)
        } else {
            let connection = connect_tcp(self.address?, max_segment, within).await;
            let detail = self.describe_connection(connection.as_ref().ok(), max_segment);
            (detail, connection.map(|stream| Box::new(stream) as Stream))
        };
        let failure = connection.as_ref().err().cloned();
        attempt.steps.push(self.prober.recorder.finish_step(detail, failure, started));
        connection.ok()
    }

    fn describe_connection(&self, stream: Option<&TcpStream>, max_segment: Option<u16>) -> Detail {
        Detail::Connect(Box::new(ConnectDetail {
            local: stream.and_then(|s| s.local_addr().ok()),
            max_segment,
            connect_to: self.destination.diverted.clone(),
            retransmissions: None,
        }))
    }
}
