//! Everything that is shown of a report, and what is seen of an endpoint as a whole report.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use super::invariants;
use super::phases::{HOST, Phase};
use crate::analysis::advise::{AdviceInput, AzureEndpoint, build_advice};
use crate::analysis::conclude::{FinishedRun, VantageResult, conclude_run};
use crate::analysis::networks::Networks;
use crate::model::evidence::{
    Attempt, Cause, CertificateFileFlaw, CertificateSummary, Detail, Discovery, Evidence, Observation,
    Outcome, Purpose, Step, TlsDetail,
};
use crate::model::plan::{Action, Plan, PlanItem, PlannedCheck, ProbeSpec, ProxyId, Route, RouteKind};
use crate::model::report::{Advice, DeliveryMethod, Report, Vantage, VantageDetails};
use crate::model::rules::{Answer, Certificate, Cloud, Content, Protocol, RuleSet, Statuses};
use crate::model::scope::{Connectivity, Scope};
use crate::model::shell::Shell;
use crate::model::vantage::VantageKind;
use crate::plan::{self, PlanOptions, PlannedDiscovery};
use crate::proxy::Routes;
use crate::report::fleet::Fleet;
use crate::report::fleet::json::{SavedReport, parse, render as json_of};
use crate::report::text::TextOptions;
use crate::report::{Format, json, render, render_saved};
use crate::rules::{ScopeRequest, builtin, resolve_scope};

/// A narrow and a wide screen.
pub(super) const SCREENS: [TextOptions; 2] = [
    TextOptions { colour: false, width: 0, verbose: true, shell: Shell::Bash },
    TextOptions { colour: false, width: usize::MAX, verbose: false, shell: Shell::Bash },
];

/// What has to hold of a text.
type Check = fn(&str);

/// The formats that need no screen, with what has to hold of each.
const FORMATS: [(Format, Check); 6] = [
    (Format::Short, invariants::assert_printable),
    (Format::Junit, invariants::assert_xml),
    (Format::Markdown, invariants::assert_markdown),
    (Format::Html, invariants::assert_html),
    (Format::Sarif, |text| drop(invariants::assert_json(text))),
    (Format::Openmetrics, invariants::assert_openmetrics),
];

/// A report in every format: each of them in a test, and in a search one that its JSON chooses, which is four times as fast.
pub(super) fn check_report(report: &Report, input: usize) {
    let saved = json::render(report);
    let chosen = |place: usize| cfg!(test) || saved.bytes().map(usize::from).sum::<usize>() % 7 == place;
    for options in SCREENS.iter().filter(|_| chosen(6)) {
        let text = render(report, Format::Text, options);
        invariants::assert_printable(&text);
        invariants::assert_bounded(&text, input);
    }
    for (_, (format, holds)) in FORMATS.into_iter().enumerate().filter(|(place, _)| chosen(*place)) {
        let text = render(report, format, &SCREENS[0]);
        holds(&text);
        invariants::assert_bounded(&text, input);
    }
    invariants::assert_printable(&saved);
    let read = json::parse(saved.as_bytes()).unwrap_or_else(|e| panic!("{e}: {saved}"));
    assert_eq!(json::render(&read), saved, "a saved report comes back another one");
}

/// A report on several clusters in every format.
pub(super) fn check_fleet(fleet: &Fleet, input: usize) {
    let saved = SavedReport::Fleet(fleet.clone());
    let shown = |format| render_saved(&saved, format, &SCREENS[0]);
    for (format, holds) in FORMATS.into_iter().chain([(Format::Text, invariants::assert_printable as Check)])
    {
        let text = shown(format);
        holds(&text);
        // a page repeats what explains a finding in each of its clusters
        invariants::assert_bounded(&text, input + 4096 * fleet.clusters.len());
    }
    let text = shown(Format::Json);
    match parse(text.as_bytes()) {
        Ok(SavedReport::Fleet(read)) => {
            assert_eq!(json_of(&read), text, "a saved report comes back another one");
        }
        other => panic!("{other:?}: {text}"),
    }
}

/// The report of a run that saw this of an endpoint.
pub(super) fn check_phase((detail, failure): Phase, input: usize) {
    let outcome = if failure.is_some() { Outcome::Failed } else { Outcome::Reached };
    let is_lookup = matches!(detail, Detail::Resolve(_));
    let protocol = match &detail {
        Detail::WebSocket(_) => Protocol::Wss,
        Detail::Greeting(_) => Protocol::Ssh,
        _ => Protocol::Https,
    };
    let is_proxied = matches!(detail, Detail::Proxy(_));
    let step = Step {
        detail,
        outcome,
        cause: failure.as_ref().map(|f| f.cause),
        raw: failure.map(|f| f.raw),
        started: Duration::ZERO,
        took: Duration::from_millis(5),
    };
    let address = (!is_lookup && !is_proxied).then(|| ([203, 0, 113, 9], 443).into());
    let purpose = if is_lookup { Purpose::Lookup } else { Purpose::Probe };
    let attempts = vec![Attempt { purpose, address, steps: vec![step] }];
    let seen = Observation { attempts, took: Duration::from_millis(5), not_run: None };
    check_report(&report_on(planned_check(protocol, is_proxied), seen), input);
}

/// The report of a run in which this was seen of the endpoint.
pub(super) fn check_observation(seen: Observation, input: usize) {
    check_report(&report_on(planned_check(Protocol::Https, false), seen), input);
}

/// A report in which the endpoint is not met.
pub(super) fn unmet_report() -> Report {
    let detail = TlsDetail { authority: Some("Corp CA".into()), ..TlsDetail::default() };
    let step = Step {
        detail: Detail::Tls(Box::new(detail)),
        outcome: Outcome::Failed,
        cause: Some(Cause::TlsIntercepted),
        raw: Some("issued by Corp CA".into()),
        started: Duration::ZERO,
        took: Duration::from_millis(5),
    };
    let address = Some(([203, 0, 113, 9], 443).into());
    let attempts = vec![Attempt { purpose: Purpose::Probe, address, steps: vec![step] }];
    let seen = Observation { attempts, took: Duration::from_millis(5), not_run: None };
    report_on(planned_check(Protocol::Https, false), seen)
}

fn report_on(check: PlannedCheck, seen: Observation) -> Report {
    let vantage = Vantage {
        id: "workstation".into(),
        kind: VantageKind::Workstation,
        node: None,
        delivered: DeliveryMethod::Local,
        facts: VantageDetails::default(),
        error: None,
        error_kind: None,
    };
    let sighting = VantageResult {
        vantage,
        plan: Plan {
            vantage: VantageKind::Workstation,
            items: vec![PlanItem { check, action: Action::Probe(probe_spec(true)) }],
        },
        evidence: Evidence { observations: vec![seen], ..Evidence::default() },
        skip_range: None,
    };
    conclude(&[sighting], &[], &[])
}

/// Whom to ask for hosts.
pub(super) fn plan_all_discoveries(rules: &RuleSet) -> Vec<PlannedDiscovery> {
    let options = PlanOptions { all_endpoints: true, ..PlanOptions::default() };
    let direct = |_: &str, _, _| Route::direct("no proxy is given");
    plan::plan_discoveries(rules, &SCOPE, VantageKind::Pod, &options, direct)
}

/// A report with what came of questions for hosts.
pub(super) fn check_discoveries(discoveries: Vec<Discovery>, input: usize) {
    check_report(&Report { discoveries, ..empty_report() }, input);
}

/// A report with what `--proxy-cert` holds.
pub(super) fn check_proxy_cert(
    proxy_cert: &[CertificateSummary],
    flaws: &[CertificateFileFlaw],
    input: usize,
) {
    check_report(&conclude(&[], proxy_cert, flaws), input);
}

/// What is to be passed to az.
pub(super) fn advise_on(networks: &Networks, routes: &Routes) -> Advice {
    let endpoints = RULES.endpoints.iter().map(|e| AzureEndpoint {
        host: e.host.to_string(),
        port: e.port.0,
        is_private: false,
    });
    build_advice(&AdviceInput {
        networks,
        skipped: &[],
        routes,
        connectivity: None,
        region: Some("eastus"),
        cloud: None,
        features: &[],
        flags: &[],
        endpoints: &endpoints.collect::<Vec<_>>(),
        other_networks: &[],
        additions: &[],
        proxy_cert: None,
    })
}

/// A report of nothing.
pub(super) fn empty_report() -> Report {
    conclude(&[], &[], &[])
}

fn conclude(
    sightings: &[VantageResult],
    proxy_cert: &[CertificateSummary],
    proxy_cert_flaws: &[CertificateFileFlaw],
) -> Report {
    conclude_run(&FinishedRun {
        rules: &RULES,
        scope: &SCOPE,
        results: sightings,
        started_at: jiff::Timestamp::from_second(1_795_000_000).unwrap_or_default(),
        took: Duration::from_millis(5),
        interrupted: false,
        proxy_cert,
        proxy_cert_flaws,
        cluster: None,
        flags: &[],
        machine: None,
        advice: None,
    })
}

/// What is asked of the endpoint; JSON or anything may come back.
pub(super) fn probe_spec(wants_json: bool) -> ProbeSpec {
    let content = wants_json.then_some(Content::Json);
    ProbeSpec {
        method: crate::model::rules::Method::Get,
        path: "/subscriptions".into(),
        headers: BTreeMap::new(),
        answer: Answer {
            status: if wants_json { Statuses::Listed(Vec::new()) } else { Statuses::Any },
            content,
            patience: None,
            marks: Vec::new(),
        },
        marks: Vec::new(),
        certificate: Certificate { public: true, issuers: vec!["DigiCert".into()] },
        addresses: crate::model::rules::AddressClass::Public,
        inspection: crate::model::rules::Inspection::Tolerated,
        private_link: crate::model::rules::PrivateLink::Public,
    }
}

fn planned_check(protocol: Protocol, is_proxied: bool) -> PlannedCheck {
    let proxy = is_proxied.then(|| "http://proxy.example:3128".to_owned());
    let route = Route {
        kind: if is_proxied { RouteKind::Proxy } else { RouteKind::Direct },
        reason: if is_proxied { "--proxy-https".into() } else { "no proxy is given".into() },
        proxy,
        proxy_id: is_proxied.then_some(ProxyId::Https),
    };
    PlannedCheck {
        id: format!("workstation/core-arm/{HOST}").into(),
        endpoint: "core-arm".into(),
        defined: None,
        title: "Azure Resource Manager".into(),
        why: "az calls it".into(),
        breaks: "connecting does not work".into(),
        required: true,
        features: vec!["core".into()],
        callers: vec!["az-cli".into()],
        alternative: None,
        host: Some(HOST.into()),
        port: 443,
        protocol,
        pattern: None,
        vantage: "workstation".into(),
        route,
        inspection: crate::model::rules::Inspection::Tolerated,
        reason: "needed by core".into(),
    }
}

/// The rules of the public cloud.
pub(super) static RULES: LazyLock<RuleSet> =
    LazyLock::new(|| builtin::rule_set("current", Some(Cloud::AzureCloud)).unwrap_or_else(|e| panic!("{e}")));

/// A region of it.
pub(super) static SCOPE: LazyLock<Scope> = LazyLock::new(|| {
    let asked = ScopeRequest {
        cloud: Cloud::AzureCloud,
        location: "eastus".into(),
        features: Vec::new(),
        connectivity: Connectivity::Direct,
        values: BTreeMap::new(),
    };
    resolve_scope(&asked, &RULES).unwrap_or_else(|e| panic!("{e}")).0
});
