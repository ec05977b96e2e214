//! Makes planned checks with what was seen of them, in one line each.
#![expect(clippy::unwrap_used, reason = "helpers of tests, where a panic is a failed test")]

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use arcprobe::analysis::verdict;
use arcprobe::model::evidence::*;
use arcprobe::model::plan::*;
use arcprobe::model::report::{Check, DeliveryMethod, Vantage, VantageDetails};
use arcprobe::model::rules::*;
use arcprobe::model::vantage::VantageKind;

pub(crate) const RESOLVER: &str = "10.0.0.53:53";

/// A planned check and what was seen of it.
#[derive(Clone, Debug)]
pub(crate) struct CheckCase {
    pub(crate) planned: PlannedCheck,
    pub(crate) action: Action,
    pub(crate) observation: Observation,
}

pub(crate) fn https(host: &str) -> CheckCase {
    CheckCase::new(host, 443, Protocol::Https)
}

pub(crate) fn wss(host: &str) -> CheckCase {
    CheckCase::new(host, 443, Protocol::Wss)
}

impl CheckCase {
    pub(crate) fn new(host: &str, port: u16, protocol: Protocol) -> Self {
        let planned = PlannedCheck {
            id: format!("{host}:{port}").into(),
            endpoint: host.split('.').next().unwrap().into(),
            defined: None,
            title: format!("the service at {host}"),
            why: "the agents call it".into(),
            breaks: format!("{} does not work", host.split('.').next().unwrap()),
            required: true,
            features: vec!["connect".into()],
            callers: vec!["az-cli".into(), "arc-agents".into()],
            alternative: None,
            host: Some(host.into()),
            port,
            protocol,
            pattern: None,
            vantage: "pod".into(),
            route: Route::direct("no proxy is given"),
            inspection: Inspection::Tolerated,
            reason: "needed by connect".into(),
        };
        Self { planned, action: Action::Probe(spec()), observation: Observation::default() }
    }

    pub(crate) fn optional(mut self) -> Self {
        self.planned.required = false;
        self
    }

    pub(crate) fn alternative(mut self, word: &str) -> Self {
        self.planned.alternative = Some(word.into());
        self
    }

    pub(crate) fn below_wildcard(mut self, pattern: &str) -> Self {
        self.planned.pattern = Some(pattern.into());
        self
    }

    pub(crate) fn through_proxy(mut self, proxy: &str) -> Self {
        self.planned.route = Route {
            kind: RouteKind::Proxy,
            proxy: Some(proxy.into()),
            proxy_id: Some(ProxyId::Https),
            reason: "--proxy-https".into(),
        };
        self
    }

    /// It works through no TLS inspection.
    pub(crate) fn uninspected(mut self) -> Self {
        self.planned.inspection = Inspection::Forbidden;
        self.spec(|spec| spec.inspection = Inspection::Forbidden)
    }

    pub(crate) fn spec(mut self, edit: impl FnOnce(&mut ProbeSpec)) -> Self {
        if let Action::Probe(spec) = &mut self.action {
            edit(spec);
        }
        self
    }

    pub(crate) fn unverified(mut self, kind: UnverifiedKind, text: &str) -> Self {
        self.action = Action::Unverified(Unverified { kind, text: text.into() });
        if self.planned.pattern.is_some() {
            self.planned.host = None;
        }
        self
    }

    pub(crate) fn not_run(mut self, why: NotRun) -> Self {
        self.observation.not_run = Some(why);
        self
    }

    /// The lookup fails, after one question to the usual resolver.
    pub(crate) fn unresolved(self, cause: Cause) -> Self {
        self.lookup(Outcome::Failed, Some(cause)).with_query(RESOLVER, Some(cause))
    }

    /// The lookup was settled by the failure of another one.
    pub(crate) fn lookup_failed_elsewhere(self, cause: Cause) -> Self {
        self.lookup(Outcome::Failed, Some(cause)).resolve(|d| d.source = LookupSource::Settled)
    }

    /// The lookup fails with an answer that is no address.
    pub(crate) fn sinkholed(self, address: &str) -> Self {
        let address = address.parse().unwrap();
        self.lookup(Outcome::Failed, Some(Cause::DnsSinkhole)).resolve(|d| d.addresses.push(address))
    }

    /// One more question about the name.
    pub(crate) fn with_query(self, server: &str, cause: Option<Cause>) -> Self {
        let query = DnsQuery {
            kind: DnsRecordType::A,
            server: server.parse().unwrap(),
            transport: DnsTransport::Udp,
            rcode: None,
            cause,
            answers: usize::from(cause.is_none()),
            truncated: false,
            answers_over_tcp: false,
            took: Duration::ZERO,
        };
        self.resolve(|d| d.queries.push(query))
    }

    /// The question for IPv6 addresses, to the usual resolver.
    pub(crate) fn with_query_for_ipv6(self, cause: Option<Cause>) -> Self {
        self.with_query(RESOLVER, cause).resolve(|d| d.queries.last_mut().unwrap().kind = DnsRecordType::Aaaa)
    }

    /// The address answers as the rules expect.
    pub(crate) fn good(self, address: &str) -> Self {
        self.attempt(Purpose::Probe, address, None)
    }

    /// The address fails.
    pub(crate) fn bad(self, address: &str, cause: Cause) -> Self {
        self.attempt(Purpose::Probe, address, Some(cause))
    }

    /// One more attempt; the lookup that it needs is made up on the way. Through a proxy the address is the proxy's.
    pub(crate) fn attempt(mut self, purpose: Purpose, address: &str, cause: Option<Cause>) -> Self {
        let ip: std::net::IpAddr = address.parse().unwrap();
        let is_tunnel = self.is_proxied() && purpose != Purpose::Direct;
        if !is_tunnel {
            self = self.with_lookup(purpose, ip);
        }
        let steps = self.steps(purpose, cause);
        let port = if is_tunnel { 3128 } else { self.planned.port };
        let address = Some(SocketAddr::new(ip, port)).filter(|_| !cause.is_some_and(is_before_proxy));
        self.observation.attempts.push(Attempt { purpose, address, steps });
        self
    }

    /// The last attempt was made with small segments.
    pub(crate) fn in_small_segments(mut self) -> Self {
        for step in &mut self.observation.attempts.last_mut().unwrap().steps {
            if let Detail::Connect(detail) = &mut step.detail {
                detail.max_segment = Some(536);
            }
        }
        self
    }

    /// The direct cross-check after a proxy failed.
    pub(crate) fn directly(self, address: &str, cause: Option<Cause>) -> Self {
        self.attempt(Purpose::Direct, address, cause)
    }

    fn is_proxied(&self) -> bool {
        self.planned.route.kind == RouteKind::Proxy
    }

    fn with_lookup(mut self, purpose: Purpose, ip: std::net::IpAddr) -> Self {
        if self.resolve_step().is_none() {
            self = self.lookup(Outcome::Reached, None).with_query(RESOLVER, None);
            if purpose == Purpose::Direct {
                self.observation.attempts.last_mut().unwrap().purpose = purpose;
            }
        }
        self.resolve(|d| {
            if !d.addresses.contains(&ip) {
                d.addresses.push(ip);
            }
        })
    }

    /// Edits what was measured at the proxy, in all attempts.
    pub(crate) fn proxy(mut self, edit: impl Fn(&mut ProxyDetail)) -> Self {
        for step in self.observation.attempts.iter_mut().flat_map(|a| &mut a.steps) {
            if let Detail::Proxy(detail) = &mut step.detail {
                edit(detail);
            }
        }
        self
    }

    /// Edits the connection of the last attempt.
    pub(crate) fn connect(mut self, edit: impl FnOnce(&mut ConnectDetail)) -> Self {
        let steps = &mut self.observation.attempts.last_mut().unwrap().steps;
        if let Some(Detail::Connect(detail)) = steps.first_mut().map(|s| &mut s.detail) {
            edit(detail);
        }
        self
    }

    /// Edits the TLS step of the last attempt.
    pub(crate) fn tls(mut self, edit: impl FnOnce(&mut TlsDetail)) -> Self {
        for step in &mut self.observation.attempts.last_mut().unwrap().steps {
            if let Detail::Tls(detail) = &mut step.detail {
                edit(detail);
                break;
            }
        }
        self
    }

    /// Edits the answer of the last attempt.
    pub(crate) fn http(mut self, edit: impl FnOnce(&mut HttpDetail)) -> Self {
        for step in &mut self.observation.attempts.last_mut().unwrap().steps {
            if let Detail::Http(detail) | Detail::WebSocket(detail) = &mut step.detail {
                edit(detail);
                break;
            }
        }
        self
    }

    /// Edits the lookup.
    pub(crate) fn resolve(mut self, edit: impl FnOnce(&mut ResolveDetail)) -> Self {
        if let Some(Detail::Resolve(detail)) = self.resolve_step() {
            edit(detail);
        }
        self
    }

    fn resolve_step(&mut self) -> Option<&mut Detail> {
        let steps = self.observation.attempts.iter_mut().flat_map(|a| &mut a.steps);
        steps.map(|s| &mut s.detail).find(|d| matches!(d, Detail::Resolve(_)))
    }

    fn lookup(mut self, outcome: Outcome, cause: Option<Cause>) -> Self {
        let name = self.planned.host.clone().unwrap();
        let detail = ResolveDetail { name, ..Default::default() };
        let steps = vec![step(Detail::Resolve(Box::new(detail)), outcome, cause)];
        self.observation.attempts.push(Attempt { purpose: Purpose::Lookup, address: None, steps });
        self
    }

    fn steps(&self, purpose: Purpose, cause: Option<Cause>) -> Vec<Step> {
        let phases = match purpose {
            Purpose::SmallSegments | Purpose::LargeHello | Purpose::OlderVersion | Purpose::OtherName => {
                vec![Phase::Connect, Phase::Tls]
            }
            Purpose::Reference => vec![Phase::Http],
            Purpose::PlainHttp => vec![Phase::Connect, Phase::Http],
            _ => self.phases(purpose),
        };
        let failing =
            cause.map(|c| c.phase().filter(|p| phases.contains(p)).unwrap_or(*phases.last().unwrap()));
        let mut steps = Vec::new();
        for phase in phases {
            let fails = failing == Some(phase);
            let outcome = if fails { Outcome::Failed } else { Outcome::Reached };
            steps.push(step(detail(phase), outcome, cause.filter(|_| fails)));
            if fails {
                break;
            }
        }
        steps
    }

    fn phases(&self, purpose: Purpose) -> Vec<Phase> {
        let is_tunnel = self.is_proxied() && purpose != Purpose::Direct;
        let mut phases = vec![if is_tunnel { Phase::Proxy } else { Phase::Connect }];
        if self.planned.protocol.uses_tls() {
            phases.push(Phase::Tls);
        }
        match self.planned.protocol {
            Protocol::Https | Protocol::Http => phases.push(Phase::Http),
            Protocol::Wss => phases.push(Phase::WebSocket),
            Protocol::Git | Protocol::Ssh => phases.push(Phase::Greeting),
            Protocol::Tls | Protocol::Tcp => {}
        }
        phases
    }
}

/// Whether there was no connection to the proxy.
fn is_before_proxy(cause: Cause) -> bool {
    let causes = [Cause::ProxyDns, Cause::ProxyRefused, Cause::ProxyTimeout, Cause::ProxyUnreachable];
    causes.contains(&cause)
}

/// Judges cases from one vantage.
pub(crate) fn judge_cases(kind: VantageKind, cases: Vec<CheckCase>) -> Vec<Check> {
    let (mut items, mut observations) = (Vec::new(), Vec::new());
    for mut case in cases {
        case.planned.id = format!("{kind}/{}", case.planned.id).into();
        case.planned.vantage = kind.into();
        items.push(PlanItem { check: case.planned, action: case.action });
        observations.push(case.observation);
    }
    let evidence = Evidence { observations, ..Default::default() };
    verdict::judge_checks(&Plan { vantage: kind, items }, &evidence)
}

pub(crate) fn vantage(kind: VantageKind) -> Vantage {
    Vantage {
        id: kind.into(),
        kind,
        node: None,
        delivered: DeliveryMethod::Local,
        facts: VantageDetails { resolvers: vec![RESOLVER.parse().unwrap()], ..Default::default() },
        error: None,
        error_kind: None,
    }
}

/// Endpoints that are all well.
pub(crate) fn healthy() -> Vec<CheckCase> {
    vec![
        https("management.azure.com").good("20.1.0.1"),
        https("login.microsoftonline.com").good("20.1.0.2"),
        https("mcr.microsoft.com").good("20.1.0.3"),
    ]
}

fn spec() -> ProbeSpec {
    ProbeSpec {
        method: Method::Get,
        path: "/".into(),
        headers: BTreeMap::new(),
        answer: Answer::default(),
        marks: Vec::new(),
        certificate: Certificate::default(),
        addresses: AddressClass::Public,
        inspection: Inspection::Tolerated,
        private_link: PrivateLink::Public,
    }
}

fn step(detail: Detail, outcome: Outcome, cause: Option<Cause>) -> Step {
    let raw = cause.map(|c| format!("raw text of {c}"));
    Step { detail, outcome, cause, raw, started: Duration::ZERO, took: Duration::ZERO }
}

fn detail(phase: Phase) -> Detail {
    match phase {
        Phase::Resolve => Detail::Resolve(Box::default()),
        Phase::Connect => Detail::Connect(Box::default()),
        Phase::Proxy => Detail::Proxy(Box::default()),
        Phase::Tls => Detail::Tls(Box::default()),
        Phase::Http => Detail::Http(Box::default()),
        Phase::WebSocket => Detail::WebSocket(Box::default()),
        Phase::Greeting => Detail::Greeting(Box::default()),
    }
}
