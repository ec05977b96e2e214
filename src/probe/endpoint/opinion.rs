//! A second opinion: where a probe fails, an ordinary client tries the same URL once, so that a defect of our own phases shows.
//!
//! A probe that hangs is late after a third of a time-out; the client gets the second third, beside it. A probe that fails at once
//! is followed by the client. If the client gets through, the phases are walked once more in the time that is left: the network
//! may have recovered in between. So silence still costs one time-out, and a healthy check costs nothing.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use futures::future::{Either, select};
use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::sync::OnceCell;
use tokio::time::{Instant, timeout};

use super::verifier::Verifier;
use super::{Destination, ProbeTarget, Prober};
use crate::analysis::answerer::AnswerSource;
use crate::model::evidence::{Attempt, Cause, Detail, Failure, HttpDetail, Outcome, Phase, Purpose};
use crate::model::plan::ProbeSpec;
use crate::model::rules::{Answer, Protocol};
use crate::probe::answer::record_answer;
use crate::probe::client::{Client, ClientError, Problem, Request, Response, WebUrl};
use crate::probe::exchange::Exchange;
use crate::probe::lock::lock;
use crate::probe::recorder::CheckRecorder;

/// The opinions of a run, by what is probed. Checks that ask for the same thing share one.
#[derive(Debug, Default)]
pub(in crate::probe) struct Opinions(Mutex<HashMap<String, Arc<Opinion>>>);

/// `None` where an ordinary client cannot take the way that the probe takes.
type Opinion = OnceCell<Option<Attempt>>;

impl Opinions {
    fn of(&self, target: &ProbeTarget) -> Arc<Opinion> {
        let mut opinions = lock(&self.0);
        Arc::clone(opinions.entry(format!("{target:?}")).or_default())
    }

    /// Waits for a probe, with a second opinion where it fails.
    pub(super) async fn beside(
        &self,
        prober: &Prober,
        destination: &Destination,
        probing: impl Future<Output = ()>,
    ) {
        if may_ask(prober) {
            Box::pin(wait(prober, destination, probing)).await;
        } else {
            probing.await;
        }
    }
}

async fn wait(prober: &Prober, destination: &Destination, probing: impl Future<Output = ()>) {
    let until = Instant::now() + prober.net.timeout;
    let mut probing = Box::pin(probing);
    let is_over = timeout(prober.net.timeout / 3, &mut probing).await.is_ok();
    let standing = || prober.recorder.read(Standing::of);
    match (is_over, standing()) {
        (true, Standing::BrokeOff) | (false, Standing::Open | Standing::BrokeOff) => {}
        (true, _) => return,
        (false, Standing::Settled) => return probing.await,
    }
    let asking = Box::pin(ask(prober, destination, until));
    let attempts = if is_over {
        asking.await
    } else {
        match select(probing, asking).await {
            Either::Left(((), asking)) if standing() == Standing::BrokeOff => asking.await,
            Either::Left(_) => return,
            Either::Right((attempts, probing)) => {
                probing.await;
                attempts
            }
        }
    };
    if standing() == Standing::BrokeOff {
        for attempt in attempts {
            prober.recorder.add_attempt(attempt);
        }
    }
}

/// What is fetched is no check; the first checks of a run are enough to show a defect, and bound what runs at a time.
fn may_ask(prober: &Prober) -> bool {
    let speaks_http = matches!(prober.target.protocol, Protocol::Https | Protocol::Http | Protocol::Wss);
    prober.net.second_opinions
        && speaks_http
        && prober.reply_sender.is_none()
        && prober.check_index < MOST_OPINIONS
}

/// How far the attempts at the service itself have come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Standing {
    /// One of them is on its way, and none has an answer.
    Open,
    /// One of them has an answer, good or bad.
    Settled,
    /// All of them broke off on the way.
    BrokeOff,
}

impl Standing {
    fn of(attempts: &[Attempt]) -> Self {
        let probes = attempts.iter().filter(|a| matches!(a.purpose, Purpose::Probe | Purpose::Retry));
        let each: Vec<_> = probes.map(Self::of_one).collect();
        match each.as_slice() {
            all if all.contains(&Self::Settled) => Self::Settled,
            [] => Self::Open,
            all if all.contains(&Self::Open) => Self::Open,
            _ => Self::BrokeOff,
        }
    }

    fn of_one(attempt: &Attempt) -> Self {
        let is_end = |phase| matches!(phase, Phase::Http | Phase::WebSocket);
        match attempt.steps.last() {
            Some(step) if step.outcome == Outcome::Failed => {
                let cause = step.cause.unwrap_or(Cause::Unknown);
                if cause.is_broken_exchange() { Self::BrokeOff } else { Self::Settled }
            }
            Some(step) if is_end(step.phase()) => Self::Settled,
            _ => Self::Open,
        }
    }
}

/// What an ordinary client saw and, if it got through, one more walk of the phases.
async fn ask(prober: &Prober, destination: &Destination, until: Instant) -> Vec<Attempt> {
    let opinion = prober.opinions.of(&prober.target);
    let Some(reference) = opinion.get_or_init(|| reference(prober)).await.clone() else { return Vec::new() };
    let address = reference.address.filter(|_| reference.failed_step().is_none());
    let mut attempts = vec![reference];
    if let Some(address) = address {
        attempts.extend(again(prober, destination, address, until).await);
    }
    attempts
}

async fn again(
    prober: &Prober,
    destination: &Destination,
    address: SocketAddr,
    until: Instant,
) -> Vec<Attempt> {
    let again = Prober {
        check_index: prober.check_index,
        large_hello_claims: Arc::clone(&prober.large_hello_claims),
        until: Some(until),
        // a recorder apart, so that it is seen how the first attempts ended
        ..Prober::alone(
            Arc::clone(&prober.net),
            prober.target.clone(),
            CheckRecorder::new(prober.recorder.run_started),
        )
    };
    match again.net.find_proxy(&again.target.route) {
        Some(server) => drop(again.through(Purpose::Retry, server, destination).await),
        None => drop(again.attempt_address(Purpose::Retry, address, destination).await),
    }
    again.recorder.take_attempts()
}

/// The attempt of the client; `None` where it cannot take the way that the probe takes.
async fn reference(prober: &Prober) -> Option<Attempt> {
    let Prober { net, target, .. } = prober;
    let spec = spec(target);
    let started = Instant::now();
    let verifier = Arc::new(Verifier::new(net, target));
    let route = target.route.clone();
    let client =
        Client::trusting(Arc::clone(net), move |_, _, _| route.clone(), verifier.config()?, net.timeout / 3)
            .with_headers(headers(&spec)?);
    let exchange = exchange(prober, &spec, &verifier);
    let url = format!("{}://{}{}", scheme(target), exchange.host_authority(), spec.path);
    let url = WebUrl::parse(&url).ok()?;
    let request = Request { method: spec.method.as_str().parse().ok()?, ..Request::get(url) };
    let (address, detail, failure) = match client.send(&request).await {
        Ok(response) => judged(response, prober, &spec, &verifier).await,
        Err(ClientError { problem: Problem::Diversion(_), .. }) => return None,
        Err(error) => {
            let raw = error.problem.to_string();
            let failure = verifier.failure().unwrap_or_else(|| Failure::new(error.cause(), raw));
            (None, HttpDetail::default(), Some(failure))
        }
    };
    let detail = HttpDetail { request: format!("{} {}", spec.method.as_str(), spec.path), ..detail };
    let step = prober.recorder.finish_step(Detail::Http(Box::new(detail)), failure, started);
    Some(Attempt { purpose: Purpose::Reference, address, steps: vec![step] })
}

/// The answer, by the same judgement as that of a probe.
async fn judged(
    response: Response,
    prober: &Prober,
    spec: &ProbeSpec,
    verifier: &Verifier,
) -> (Option<SocketAddr>, HttpDetail, Option<Failure>) {
    let exchange = exchange(prober, spec, verifier);
    let address = response.address();
    let mut detail = HttpDetail::default();
    record_answer(response.into_http(), &exchange, &mut detail).await;
    let failure = exchange.judge_answer(&detail);
    (address, detail, failure)
}

fn exchange<'a>(prober: &'a Prober, spec: &'a ProbeSpec, verifier: &Verifier) -> Exchange<'a> {
    let Prober { net, target, .. } = prober;
    Exchange {
        source: AnswerSource { host: &target.host, spec, trusted_by: verifier.trusted_by() },
        port: target.port,
        is_tls: target.protocol.uses_tls(),
        timeout: net.timeout,
        products: net.products(),
        now: net.clock.now(),
        proxy: net.find_proxy(&target.route).filter(|_| target.protocol == Protocol::Http),
        reply_sender: None,
    }
}

/// What is sent and wanted. An ordinary client asks for no WebSocket, so any answer of the service will do: it shows that TLS and
/// HTTP get through, and a failed upgrade is nothing that it could contradict.
fn spec(target: &ProbeTarget) -> ProbeSpec {
    match target.protocol {
        Protocol::Wss => ProbeSpec { answer: Answer::default(), ..target.spec.clone() },
        _ => target.spec.clone(),
    }
}

fn scheme(target: &ProbeTarget) -> &'static str {
    if target.protocol.uses_tls() { "https" } else { "http" }
}

/// `None` where one of them cannot be sent.
fn headers(spec: &ProbeSpec) -> Option<HeaderMap> {
    let header = |(name, value): (&String, &String)| {
        Some((HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?))
    };
    spec.headers.iter().map(header).collect()
}

/// In the order of the run. A client takes one connection at a time, where the questions to DNS of its probe are over.
const MOST_OPINIONS: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::evidence::ConnectDetail;

    #[test]
    fn the_client_is_asked_only_where_all_attempts_broke_off() {
        use Cause::{HttpBlockPage, HttpClosed, TcpTimeout, TlsExpired};
        use Standing::{BrokeOff, Open, Settled};
        let (good, running) = (vec![Ok(Phase::Connect), Ok(Phase::Http)], vec![Ok(Phase::Connect)]);
        let bad = |cause| vec![Err(cause)];
        let table = [
            (Open, vec![]),
            (Open, vec![running.clone()]),
            (Open, vec![running.clone(), bad(TcpTimeout)]),
            (Settled, vec![running.clone(), good.clone()]),
            (Settled, vec![running, bad(TlsExpired)]),
            (Settled, vec![bad(TcpTimeout), bad(HttpBlockPage)]),
            (Settled, vec![bad(TcpTimeout), good]),
            (BrokeOff, vec![bad(TcpTimeout), bad(HttpClosed)]),
        ];
        for (expected, seen) in table {
            let attempts: Vec<_> = seen.iter().map(|steps| attempt(Purpose::Probe, steps)).collect();
            assert_eq!(Standing::of(&attempts), expected, "{seen:?}");
        }
        // the direct way around a proxy is another question
        assert_eq!(Standing::of(&[attempt(Purpose::Direct, &[Ok(Phase::Http)])]), Open);
    }

    fn attempt(purpose: Purpose, steps: &[Result<Phase, Cause>]) -> Attempt {
        let seen = CheckRecorder::new(Instant::now());
        let step = |step: &Result<Phase, Cause>| {
            let detail = match step {
                Ok(Phase::Http) => Detail::Http(Box::default()),
                _ => Detail::Connect(Box::<ConnectDetail>::default()),
            };
            seen.finish_step(detail, step.err().map(|cause| Failure::new(cause, "")), Instant::now())
        };
        Attempt { purpose, address: None, steps: steps.iter().map(step).collect() }
    }
}
