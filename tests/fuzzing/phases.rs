//! Probes over a connection to a server that says what a fuzzer wants: the real phases, without a socket.

use std::cell::OnceCell;
use std::io;
use std::pin::Pin;
use std::sync::LazyLock;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::analysis::answerer::AnswerSource;
use crate::model::evidence::{Detail, Failure, ProxyDetail, TlsDetail, TrustStore};
use crate::model::plan::ProbeSpec;
use crate::model::rules::Protocol;
use crate::probe::exchange::Exchange;
use crate::probe::net::{Clock, Net, ProxyServer, Roots};
use crate::probe::proxy::ProxyDialer;
use crate::probe::settings::ProbeSettings;
use crate::probe::tls::ClientHelloForm;
use crate::probe::trust::CertificateExpectation;
use crate::probe::{Reply, Stream, greeting, http, tls, websocket};
use crate::proxy::Routes;

/// What a server does, and how its answer is read: the first byte of an input.
#[derive(Clone, Copy)]
pub(super) struct ServerBehavior(u8);

impl ServerBehavior {
    /// The manner, and what the server says.
    pub(super) fn split(input: &[u8]) -> Option<(Self, &[u8])> {
        input.split_first().map(|(first, rest)| (Self(*first), rest))
    }

    /// One of the lower four bits.
    pub(super) fn has(self, bit: u8) -> bool {
        self.0 & 1 << bit != 0
    }

    /// How many bytes come at a time.
    fn chunk_size(self) -> usize {
        match self.0 >> 4 {
            // '0' begins most seeds
            0 | 3 => usize::MAX,
            few => few.into(),
        }
    }
}

/// A phase, with its failure if it failed.
pub(super) type Phase = (Detail, Option<Failure>);

/// An answer to CONNECT.
pub(super) fn run_connect(input: &[u8]) -> Option<Phase> {
    let (manner, bytes) = ServerBehavior::split(input)?;
    let server = proxy_server(manner.has(0));
    let (detail, stream) = block_on(request_tunnel(&NET, &server, ScriptedStream::boxed(manner, bytes)));
    assert!(stream.is_err() || detail.status.is_some_and(|s| (200..300).contains(&s)), "{detail:?}");
    assert_headers_are_bounded(&detail.headers);
    Some(phase(Detail::Proxy, detail, stream.err()))
}

/// An answer to an HTTP request, and what is kept of it where it is wanted and not only judged.
pub(super) fn run_exchange(input: &[u8], spec: &ProbeSpec) -> Option<(Phase, Option<Reply>)> {
    let (manner, bytes) = ServerBehavior::split(input)?;
    let server = proxy_server(false);
    let (keep, mut kept) = mpsc::channel(1);
    let exchange = Exchange {
        proxy: manner.has(0).then_some(&server),
        reply_sender: manner.has(1).then_some(&keep),
        ..exchange_for(spec, manner.has(2).then_some(TrustStore::Public))
    };
    let (detail, failure) = block_on(http::run_exchange(ScriptedStream::boxed(manner, bytes), exchange));
    assert_headers_are_bounded(&detail.headers);
    assert!(detail.body.as_ref().is_none_or(|b| b.chars().count() <= 401), "{detail:?}");
    let reply = kept.try_recv().ok();
    assert!(reply.as_ref().is_none_or(|reply| reply.body.len() <= 256 * 1024 && failure.is_none()));
    Some((phase(Detail::Http, detail, failure), reply))
}

/// An answer to a WebSocket upgrade. `@ACCEPT@` stands for what proves that the server read the request.
pub(super) fn run_upgrade(input: &[u8], spec: &ProbeSpec) -> Option<Phase> {
    let (manner, bytes) = ServerBehavior::split(input)?;
    let exchange = exchange_for(spec, manner.has(2).then_some(TrustStore::Public));
    let stream = ScriptedStream::boxed(manner, bytes);
    let (detail, failure) = block_on(websocket::run_upgrade(stream, exchange, std::future::ready(())));
    assert_headers_are_bounded(&detail.headers);
    assert!(failure.is_some() || detail.status.is_some(), "{detail:?}");
    Some(phase(Detail::WebSocket, detail, failure))
}

/// The first words of git or SSH.
pub(super) fn run_greeting(input: &[u8]) -> Option<Phase> {
    let (manner, bytes) = ServerBehavior::split(input)?;
    let protocol = if manner.has(0) { Protocol::Git } else { Protocol::Ssh };
    let mut stream = ScriptedStream::new(manner, bytes);
    stream.speaks_first = true;
    let (detail, failure) = block_on(greeting::exchange_greeting(stream, protocol, HOST, TIMEOUT));
    Some(phase(Detail::Greeting, detail, failure))
}

/// What comes back to a ClientHello.
pub(super) fn run_handshake(input: &[u8]) -> Option<Phase> {
    let (manner, bytes) = ServerBehavior::split(input)?;
    let name = ServerName::try_from(HOST).ok()?;
    let hello = if manner.has(0) { ClientHelloForm::Large } else { ClientHelloForm::Small };
    let provider = NET.trust.provider();
    let handshake = block_on(tls::perform_handshake(
        ScriptedStream::boxed(manner, bytes),
        &name,
        hello,
        manner.has(1),
        provider,
        TIMEOUT,
    ));
    Some(phase(Detail::Tls, handshake.detail, handshake.stream.err()))
}

/// A chain that a server presents, leaf first.
pub(super) fn judge_chain(chain: &[CertificateDer<'static>], spec: &ProbeSpec) -> Phase {
    let mut detail = TlsDetail { server_name: HOST.into(), ..TlsDetail::default() };
    let Ok(name) = ServerName::try_from(HOST) else { return (Detail::Tls(Box::new(detail)), None) };
    let expected = CertificateExpectation { certificate: &spec.certificate, inspection: spec.inspection };
    let judged = NET.trust.judge_chain(chain, &name, NET.unix_time(), expected);
    assert!(judged.chain.len() <= 10, "{}", judged.chain.len());
    assert!(judged.chain.iter().all(|c| c.names.len() <= 20 && c.sha256.len() == 64));
    let failure = judged.record_in(&mut detail);
    phase(Detail::Tls, detail, failure)
}

/// Asks for a tunnel over a connection that is open already.
async fn request_tunnel(
    net: &Net,
    server: &ProxyServer,
    stream: Stream,
) -> (ProxyDetail, Result<Stream, Failure>) {
    let detail = ProxyDetail { proxy: server.label.clone(), ..ProxyDetail::default() };
    let within = net.timeout;
    let mut dialer =
        ProxyDialer { net, server, within, until: Instant::now() + within, detail, address: None };
    let stream = dialer.request_tunnel(stream, "management.azure.com:443").await;
    (dialer.detail, stream)
}

/// The host that is probed.
pub(super) const HOST: &str = "management.azure.com";

/// Nothing waits for it: a server that has said all closes the connection.
const TIMEOUT: Duration = Duration::from_secs(60);

fn exchange_for(spec: &ProbeSpec, trusted_by: Option<TrustStore>) -> Exchange<'_> {
    Exchange {
        source: AnswerSource { host: HOST, spec, trusted_by },
        port: 443,
        is_tls: true,
        timeout: TIMEOUT,
        products: NET.products(),
        now: NET.clock.now(),
        proxy: None,
        reply_sender: None,
    }
}

fn phase<D>(make: fn(Box<D>) -> Detail, detail: D, failure: Option<Failure>) -> Phase {
    (make(Box::new(detail)), failure)
}

fn assert_headers_are_bounded(headers: &std::collections::BTreeMap<String, String>) {
    assert!(headers.values().all(|value| value.chars().count() <= 201), "{headers:?}");
}

fn proxy_server(with_credentials: bool) -> ProxyServer {
    ProxyServer {
        id: crate::model::plan::ProxyId::Https,
        label: "http://proxy.example:3128".into(),
        host: "proxy.example".into(),
        port: 3128,
        is_tls: false,
        authorization: with_credentials.then(|| ::http::HeaderValue::from_static("Basic dTpw")),
    }
}

static NET: LazyLock<Net> = LazyLock::new(|| {
    let settings = ProbeSettings {
        resolvers: vec![([127, 0, 0, 1], 53).into()],
        timeout: TIMEOUT,
        ..ProbeSettings::default()
    };
    let net = Net::with_roots(&settings, &Routes::default(), Roots::default());
    Net { clock: Box::new(FixedClock), ..net }
});

/// Inputs have to mean the same tomorrow.
#[derive(Debug)]
struct FixedClock;

impl Clock for FixedClock {
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::from_second(1_795_000_000).unwrap_or_default()
    }
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    thread_local! {
        static RUNTIME: OnceCell<Runtime> = const { OnceCell::new() };
    }
    let build = || tokio::runtime::Builder::new_current_thread().enable_time().build();
    RUNTIME
        .with(|runtime| runtime.get_or_init(|| build().expect("a runtime without a reactor")).block_on(work))
}

/// A connection to a server that hears a request, says what it has to say, and closes.
struct ScriptedStream {
    answer: Vec<u8>,
    written: usize,
    chunk_size: usize,
    received: Vec<u8>,
    speaks_first: bool,
    waiting: Option<Waker>,
}

impl ScriptedStream {
    fn new(manner: ServerBehavior, answer: &[u8]) -> Self {
        let (piece, answer) = (manner.chunk_size(), answer.to_vec());
        Self {
            answer,
            written: 0,
            chunk_size: piece,
            received: Vec::new(),
            speaks_first: false,
            waiting: None,
        }
    }

    fn boxed(manner: ServerBehavior, answer: &[u8]) -> Stream {
        Box::new(Self::new(manner, answer))
    }

    /// Puts in what only who has read the request knows (RFC 6455 4.2.2).
    fn insert_accept_key(&mut self) {
        let request = String::from_utf8_lossy(&self.received).to_ascii_lowercase();
        let Some(at) = request.find("sec-websocket-key: ").map(|at| at + 19) else { return };
        let Some(key) = self.received.get(at..at + 24) else { return };
        let (key, mark) = (derive_accept_key(key), b"@ACCEPT@");
        if let Some(at) = self.answer.windows(mark.len()).position(|w| w == mark) {
            self.answer.splice(at..at + mark.len(), key.into_bytes());
        }
    }
}

impl AsyncRead for ScriptedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.received.is_empty() && !self.speaks_first {
            self.waiting = Some(context.waker().clone());
            return Poll::Pending;
        }
        if self.written == 0 {
            self.insert_accept_key();
        }
        let left = &self.answer[self.written..];
        let length = left.len().min(self.chunk_size).min(into.remaining());
        into.put_slice(&left[..length]);
        self.written += length;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for ScriptedStream {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.received.extend_from_slice(bytes);
        if let Some(waiting) = self.waiting.take() {
            waiting.wake();
        }
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
