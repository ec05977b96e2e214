//! Checks and reports in few words.

use std::net::SocketAddr;
use std::time::Duration;

use arcprobe::model::evidence::{
    Attempt, Cause, ConnectDetail, Detail, GreetingDetail, HttpDetail, Outcome, Phase, ProxyDetail, Purpose,
    ResolveDetail, Step, TlsDetail, TrustStore,
};
use arcprobe::model::finding::{Confidence, Finding, Remedy, Severity};
use arcprobe::model::plan::{PlannedCheck, Route, RouteKind, UnverifiedKind};
use arcprobe::model::report::{
    Advice, Check, CheckVerdict, DeliveryMethod, Report, RunInfo, Tool, Vantage, VantageDetails, Verdict,
};
use arcprobe::model::rules::{Cloud, Inspection, Layer, Protocol};
use arcprobe::model::scope::Connectivity;
use arcprobe::model::vantage::VantageKind;

/// The features of the samples, in order.
pub(super) const FEATURES: [&str; 4] = ["core", "onboarding-cli", "cluster-connect", "custom-locations"];

/// id, host or pattern, port, protocol, the features that need it, required.
type Endpoint =
    (&'static str, &'static str, u16, Protocol, &'static [&'static str], bool, Option<&'static str>);

const H: Protocol = Protocol::Https;
const W: Protocol = Protocol::Wss;
const CORE: &[&str] = &["core"];
const CLI: &[&str] = &["onboarding-cli"];
const CONNECT: &[&str] = &["cluster-connect", "custom-locations"];

#[rustfmt::skip]
const ENDPOINTS: &[Endpoint] = &[
    ("arm", "management.azure.com", 443, H, &["core", "onboarding-cli"], true, None),
    ("config-dp", "eastus.dp.kubernetesconfiguration.azure.com", 443, H, &["core", "onboarding-cli"], true, None),
    ("aad", "login.microsoftonline.com", 443, H, &["core", "onboarding-cli"], true, None),
    ("aad-regional", "eastus.login.microsoft.com", 443, H, CORE, true, None),
    ("aad-legacy", "login.windows.net", 443, H, CORE, true, None),
    ("mcr", "mcr.microsoft.com", 443, H, &["core", "onboarding-cli"], true, None),
    ("mcr-data", "eastus.data.mcr.microsoft.com", 443, H, CORE, true, Some("*.data.mcr.microsoft.com")),
    ("mcr-data", "westus.data.mcr.microsoft.com", 443, H, CORE, true, Some("*.data.mcr.microsoft.com")),
    ("his-global", "gbl.his.arc.azure.com", 443, H, CORE, true, None),
    ("his-regional", "eus.his.arc.azure.com", 443, H, CORE, true, None),
    ("gns", "guestnotificationservice.azure.com", 443, H, CONNECT, true, None),
    ("sts", "sts.windows.net", 443, H, CONNECT, true, None),
    ("relay", "g0-prod-bl2-010-sb.servicebus.windows.net", 443, W, CONNECT, true, Some("*.servicebus.windows.net")),
    ("relay", "g1-prod-bl2-010-sb.servicebus.windows.net", 443, W, CONNECT, true, Some("*.servicebus.windows.net")),
    ("relay", "g2-prod-bl2-010-sb.servicebus.windows.net", 443, W, CONNECT, true, Some("*.servicebus.windows.net")),
    ("graph", "graph.microsoft.com", 443, H, &["custom-locations"], true, None),
    ("obo", "eastus.obo.arc.azure.com", 8084, H, &["cluster-connect"], true, None),
    ("kubectl", "dl.k8s.io", 443, H, CLI, true, None),
    ("kubectl-cdn", "cdn.dl.k8s.io", 443, H, CLI, true, None),
    ("kubelogin", "github.com", 443, H, CLI, false, None),
    ("kubelogin-api", "api.github.com", 443, H, CLI, false, None),
    ("akams", "aka.ms", 443, H, CLI, false, None),
    ("monitor-dc", "dc.services.visualstudio.com", 443, H, CORE, true, None),
    ("monitor-handler", "global.handler.control.monitor.azure.com", 443, H, CORE, true, None),
    ("monitor-region", "eastus.handler.control.monitor.azure.com", 443, H, CORE, true, None),
    ("policy-data", "data.policy.core.windows.net", 443, H, CORE, true, None),
    ("policy-store", "store.policy.core.windows.net", 443, H, CORE, true, None),
    ("geneva", "gcs.prod.monitoring.core.windows.net", 443, H, CORE, true, None),
    ("geneva-acr", "linuxgeneva-microsoft.azurecr.io", 443, H, CORE, true, None),
    ("upstream-acr", "upstreamarc.azurecr.io", 443, H, CORE, true, None),
    ("git-ssh", "git.contoso.example", 22, Protocol::Ssh, CORE, true, None),
    ("defender", "eastus.cloud.defender.microsoft.com", 443, H, CORE, true, Some("*.cloud.defender.microsoft.com")),
];

/// All endpoints, met from one vantage.
pub(super) fn met_check(vantage: &str, route: &Route) -> Vec<Check> {
    let each = |(at, e): (usize, &Endpoint)| check(vantage, route, at, e);
    ENDPOINTS.iter().enumerate().map(each).collect()
}

fn check(vantage: &str, route: &Route, at: usize, endpoint: &Endpoint) -> Check {
    let &(id, host, port, protocol, features, required, pattern) = endpoint;
    let planned = PlannedCheck {
        id: format!("{vantage}/{id}/{host}").into(),
        endpoint: id.into(),
        defined: None,
        title: format!("can reach {id}"),
        why: "the agents call it".into(),
        breaks: "the cluster stays Connecting".into(),
        required,
        features: features.iter().map(ToString::to_string).collect(),
        callers: vec!["arc-agents".into()],
        alternative: id.starts_with("kubectl").then(|| "kubectl-download".into()),
        host: Some(host.into()),
        port,
        protocol,
        pattern: pattern.map(Into::into),
        vantage: vantage.into(),
        route: route.clone(),
        inspection: Inspection::Tolerated,
        reason: "needed by a feature that is on".into(),
    };
    let mut check = Check {
        planned,
        verdict: CheckVerdict::Met,
        phase: None,
        cause: None,
        unverified: None,
        note: None,
        inspected_by: None,
        proof: None,
        accepted: None,
        took: Duration::ZERO,
        attempts: Vec::new(),
    };
    let phases = phases(&check);
    set_attempts(&mut check, &phases, None, at);
    check
}

/// Turns a check into one that is unmet.
pub(super) fn fail_check(check: &mut Check, cause: Cause, took: u64, raw: &str) {
    let phase = cause.phase().unwrap();
    let before: Vec<Phase> = phases(check).into_iter().take_while(|p| *p < phase).collect();
    (check.verdict, check.phase, check.cause) = (CheckVerdict::Unmet, Some(phase), Some(cause));
    set_attempts(check, &before, Some((cause, took, raw)), 0);
}

/// Turns a check into one that could not be made.
pub(super) fn unverify_check(check: &mut Check, kind: UnverifiedKind) {
    (check.verdict, check.unverified) = (CheckVerdict::Unverified, Some(kind));
    check.attempts.clear();
    check.took = Duration::ZERO;
    if matches!(kind, UnverifiedKind::WildcardUnknown | UnverifiedKind::NotDiscovered) {
        check.planned.host = None;
    }
}

fn phases(check: &Check) -> Vec<Phase> {
    let mut phases = vec![Phase::Resolve, Phase::Connect];
    if check.planned.route.kind == RouteKind::Proxy {
        phases.push(Phase::Proxy);
    }
    phases.extend(match check.planned.protocol {
        Protocol::Wss => vec![Phase::Tls, Phase::WebSocket],
        Protocol::Ssh => vec![Phase::Greeting],
        _ => vec![Phase::Tls, Phase::Http],
    });
    phases
}

fn set_attempts(check: &mut Check, reached: &[Phase], failed: Option<(Cause, u64, &str)>, at: usize) {
    let mut now = Duration::from_millis(at as u64);
    let host = check.planned.host.clone().unwrap_or_default();
    let mut steps: Vec<Step> = Vec::new();
    for (index, &phase) in reached.iter().enumerate() {
        let took = Duration::from_micros(9_400 + 1_330 * (at * 7 % 23) as u64 + 8_000 * index as u64);
        steps.push(step(phase, &host, now, took));
        now += took;
    }
    if let Some((cause, ms, raw)) = failed {
        let mut step = step(cause.phase().unwrap(), &host, now, Duration::from_millis(ms));
        (step.outcome, step.cause, step.raw) = (Outcome::Failed, Some(cause), Some(raw.into()));
        steps.push(step);
        now += Duration::from_millis(ms);
    }
    check.took = now;
    let connection = steps.split_off(1);
    check.attempts = vec![Attempt { purpose: Purpose::Lookup, address: None, steps }];
    if !connection.is_empty() {
        let address = Some(SocketAddr::from(([203, 0, 113, 7], check.planned.port)));
        check.attempts.push(Attempt { purpose: Purpose::Probe, address, steps: connection });
    }
}

fn step(phase: Phase, host: &str, started: Duration, took: Duration) -> Step {
    let name = host.to_owned();
    let detail = match phase {
        Phase::Resolve => Detail::Resolve(Box::new(ResolveDetail { name, ..Default::default() })),
        Phase::Connect => Detail::Connect(Box::<ConnectDetail>::default()),
        Phase::Proxy => Detail::Proxy(Box::new(ProxyDetail { status: Some(200), ..Default::default() })),
        Phase::Tls => Detail::Tls(Box::new(TlsDetail {
            server_name: name,
            protocol: Some("TLSv1.3".into()),
            trusted_by: Some(TrustStore::Public),
            ..Default::default()
        })),
        Phase::Http => Detail::Http(Box::new(HttpDetail {
            request: "GET /".into(),
            status: Some(404),
            ..Default::default()
        })),
        Phase::WebSocket => Detail::WebSocket(Box::new(HttpDetail {
            request: "/$hc/arcprobe".into(),
            status: Some(401),
            ..Default::default()
        })),
        Phase::Greeting => Detail::Greeting(Box::new(GreetingDetail {
            protocol: "ssh".into(),
            banner: Some("SSH-2.0-OpenSSH_9.6".into()),
        })),
    };
    Step { detail, outcome: Outcome::Reached, cause: None, raw: None, started, took }
}

/// A finding over the checks that fit.
pub(super) fn finding(
    id: &str,
    severity: Severity,
    summary: &str,
    checks: &[Check],
    behind: impl Fn(&Check) -> bool,
) -> Finding {
    Finding {
        id: id.into(),
        severity,
        confidence: Confidence::High,
        summary: summary.into(),
        subject: String::new(),
        evidence: checks.iter().filter(|c| behind(c)).map(|c| c.planned.id.clone()).collect(),
        explanation: String::new(),
        consequence: String::new(),
        remedy: Remedy::default(),
        docs: vec![format!("arcprobe explain {id}")],
        accepted: None,
    }
}

/// A route past every proxy.
pub(super) fn direct() -> Route {
    Route::direct("no proxy is set")
}

/// A network position.
pub(super) fn vantage(kind: VantageKind, resolver: &str) -> Vantage {
    let facts = VantageDetails {
        resolvers: vec![resolver.parse().unwrap()],
        resolvers_from: Some("/etc/resolv.conf".into()),
        ..VantageDetails::default()
    };
    let local = kind == VantageKind::Workstation;
    Vantage {
        id: kind.as_str().into(),
        kind,
        node: (!local).then(|| "worker-2".into()),
        delivered: if local { DeliveryMethod::Local } else { DeliveryMethod::Configmap },
        facts,
        error: None,
        error_kind: None,
    }
}

/// A report over checks.
pub(super) fn report(verdict: Verdict, vantages: Vec<Vantage>, checks: Vec<Check>) -> Report {
    Report {
        schema_version: 1,
        tool: Tool { name: "arcprobe".into(), version: "0.1.0".into() },
        rules: vec![Layer {
            name: "azure-arc".into(),
            revision: "2026-09-24".into(),
            sha256: "5d2f0c8e4b7a1963".repeat(4),
        }],
        run: RunInfo {
            cluster: None,
            started_at: "2026-10-02T08:11:02Z".into(),
            took: Duration::from_millis(842),
            cloud: Cloud::AzureCloud,
            region: "eastus".into(),
            features: FEATURES.iter().map(ToString::to_string).collect(),
            connectivity: Connectivity::Direct,
            machine: None,
            flags: Vec::new(),
            interrupted: false,
            deadline_passed: false,
            proxy_cert: Vec::new(),
            proxy_cert_flaws: Vec::new(),
        },
        verdict,
        vantages,
        checks,
        discoveries: Vec::new(),
        findings: Vec::new(),
        prerequisites: Vec::new(),
        waivers: Vec::new(),
        advice: Advice::default(),
    }
}
