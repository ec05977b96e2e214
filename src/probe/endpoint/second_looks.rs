//! Second looks at a handshake that breaks off. Each varies one thing, so that what it changes is the cause: the size of
//! segments, the version of TLS, the server name. They run beside the first one, within its time-out; through a proxy in tunnels of
//! their own.

use std::pin::pin;
use std::time::Duration;

use futures::future::{Either, join_all, select};
use rustls::pki_types::ServerName;
use tokio::time::{Instant, timeout};

use super::phases::PhaseRun;
use crate::model::evidence::{Attempt, Cause, Detail, Purpose};
use crate::model::rules::Protocol;
use crate::probe::io::Stream;
use crate::probe::tls::{self, ClientHelloForm};

/// A handshake that only explains what the first one met.
struct SecondLook<'a> {
    purpose: Purpose,
    max_segment: Option<u16>,
    hello: ClientHelloForm,
    name: &'a str,
}

impl PhaseRun<'_> {
    /// The handshake. What explains it is tried beside it where it stalls, and after it where it is cut off at once.
    pub(super) async fn handshake_with_second_looks(
        &self,
        stream: Stream,
        name: &ServerName<'static>,
    ) -> tls::Handshake<Stream> {
        let first = self.perform_handshake(stream, name, ClientHelloForm::Small, self.timeout());
        if self.purpose == Purpose::Direct {
            return first.await;
        }
        let deadline = Instant::now() + self.timeout();
        let is_open = |h: &tls::Handshake<Stream>| {
            failure_of(h).is_some_and(|cause| cause == Cause::TlsTimeout || is_cut_off(cause))
        };
        let at_stall = self.looks_at_stall();
        let looks = self.run_looks(&at_stall, deadline);
        let (handshake, mut attempts) = explain_stall(first, self.stall_limit(), is_open, looks).await;
        if self.server.is_some() && handshake.stream.is_ok() {
            self.prober.net.proxy_turns.record_tls();
        }
        if failure_of(&handshake).is_some_and(is_cut_off) {
            if attempts.is_empty() {
                attempts = self.run_looks(&self.looks_at_cut(), deadline).await;
            }
            attempts.retain(|attempt| attempt.purpose != Purpose::SmallSegments); // explains a stall only
        }
        for attempt in attempts {
            self.prober.recorder.add_attempt(attempt);
        }
        handshake
    }

    /// A large `ClientHello`, and in small segments where it stalls: whether it is the message or the packets.
    pub(super) async fn try_large_hello(&self) -> Vec<Attempt> {
        let deadline = Instant::now() + self.timeout();
        let large = |max_segment| SecondLook {
            purpose: Purpose::LargeHello,
            max_segment,
            hello: ClientHelloForm::Large,
            name: &self.target().host,
        };
        let (whole, small) = (large(None), [large(Some(SMALL_SEGMENT))]);
        let first = self.run_look(&whole, deadline);
        let has_stalled = |a: &Attempt| a.failed_step().is_some_and(|s| s.cause == Some(Cause::TlsTimeout));
        let looks = self.run_looks(&small, deadline);
        let (attempt, more) = explain_stall(first, self.stall_limit(), has_stalled, looks).await;
        std::iter::once(attempt).chain(more).collect()
    }

    fn looks_at_stall(&self) -> Vec<SecondLook<'_>> {
        let small_segments = SecondLook {
            purpose: Purpose::SmallSegments,
            max_segment: Some(SMALL_SEGMENT),
            hello: ClientHelloForm::Small,
            name: &self.target().host,
        };
        std::iter::once(small_segments).chain(self.looks_at_cut()).collect()
    }

    /// Once for each address; what is fetched is no check, and has no finding of its own to explain.
    fn looks_at_cut(&self) -> Vec<SecondLook<'_>> {
        if self.purpose != Purpose::Probe || self.prober.reply_sender.is_some() {
            return Vec::new();
        }
        let look = |purpose, hello, name| SecondLook { purpose, max_segment: None, hello, name };
        let other = self.prober.other_name.as_deref();
        std::iter::once(look(Purpose::OlderVersion, ClientHelloForm::Tls12, self.target().host.as_str()))
            .chain(other.map(|name| look(Purpose::OtherName, ClientHelloForm::Small, name)))
            .collect()
    }

    async fn run_looks(&self, looks: &[SecondLook<'_>], deadline: Instant) -> Vec<Attempt> {
        join_all(looks.iter().map(|look| self.run_look(look, deadline))).await
    }

    /// A connection and a handshake of their own.
    async fn run_look(&self, look: &SecondLook<'_>, deadline: Instant) -> Attempt {
        let mut attempt = Attempt { purpose: look.purpose, address: self.address, steps: Vec::new() };
        if !self.may_explain(look).await {
            return attempt;
        }
        let left = || deadline.saturating_duration_since(Instant::now());
        let connection = self.connect_again(&mut attempt, look.max_segment, left()).await;
        let (Some(stream), Ok(name)) = (connection, ServerName::try_from(look.name.to_owned())) else {
            return attempt;
        };
        let started = Instant::now();
        let handshake = self.perform_handshake(stream, &name, look.hello, left()).await;
        let (detail, failure) = (Detail::Tls(Box::new(handshake.detail)), handshake.stream.err());
        attempt.steps.push(self.prober.recorder.finish_step(detail, failure, started));
        attempt
    }

    /// A proxy that carries nothing for anybody is no matter of versions and names. Segments are a matter of the path to it.
    async fn may_explain(&self, look: &SecondLook<'_>) -> bool {
        let proof = self.prober.net.proxy_turns.carry_tls();
        self.server.is_none()
            || look.purpose == Purpose::SmallSegments
            || timeout(self.stall_limit(), proof).await.is_ok()
    }

    async fn perform_handshake(
        &self,
        stream: Stream,
        name: &ServerName<'static>,
        hello: ClientHelloForm,
        within: Duration,
    ) -> tls::Handshake<Stream> {
        let offer_http = self.target().protocol != Protocol::Tls;
        tls::perform_handshake(stream, name, hello, offer_http, self.prober.net.trust.provider(), within)
            .await
    }

    fn stall_limit(&self) -> Duration {
        self.timeout().mul_f64(STALL_FRACTION).min(MAX_STALL)
    }
}

/// Waits for something and, once it is late, for what explains a stall beside it; that counts only if it did stall.
async fn explain_stall<T>(
    first: impl Future<Output = T>,
    limit: Duration,
    has_stalled: impl Fn(&T) -> bool,
    looks: impl Future<Output = Vec<Attempt>>,
) -> (T, Vec<Attempt>) {
    let mut first = pin!(first);
    if let Ok(done) = timeout(limit, &mut first).await {
        return (done, Vec::new());
    }
    match select(first, pin!(looks)).await {
        Either::Left((done, looks)) if has_stalled(&done) => (done, looks.await),
        Either::Left((done, _)) => (done, Vec::new()),
        Either::Right((attempts, first)) => {
            let done = first.await;
            let attempts = if has_stalled(&done) { attempts } else { Vec::new() };
            (done, attempts)
        }
    }
}

fn failure_of(handshake: &tls::Handshake<Stream>) -> Option<Cause> {
    handshake.stream.as_ref().err().map(|failure| failure.cause)
}

fn is_cut_off(cause: Cause) -> bool {
    matches!(cause, Cause::TlsReset | Cause::TlsClosed)
}

/// A maximum segment size that fits through every tunnel (RFC 9293 3.7.1).
const SMALL_SEGMENT: u16 = 536;

/// Of a time-out: when a handshake counts as stalled; but no later than [`MAX_STALL`].
const STALL_FRACTION: f64 = 0.3;

/// Longer than any handshake over a satellite takes.
const MAX_STALL: Duration = Duration::from_millis(1500);
