//! What holds for any network, however strange.

use std::collections::HashMap;

use arcprobe::analysis::diagnose::{Context, diagnose_run};
use arcprobe::model::evidence::{Cause, NotRun, Phase, ProxyDetail, Purpose};
use arcprobe::model::finding::Severity;
use arcprobe::model::report::{Check, CheckVerdict};
use arcprobe::model::rules::Protocol;
use arcprobe::model::vantage::VantageKind;
use arcprobe::proxy::{Origin, SkipRange, Sourced};
use proptest::prelude::*;
use proptest::sample::select;

use super::make::{CheckCase, judge_cases, vantage};

const HOSTS: &[&str] = &[
    "a.azure.com",
    "b.azure.com",
    "c.his.arc.azure.com",
    "d.his.arc.azure.com",
    "mcr.microsoft.com",
    "single",
];
const ADDRESSES: &[&str] = &["20.0.0.1", "20.0.0.2", "10.0.0.1", "2603::1"];
const PROTOCOLS: &[Protocol] = &[Protocol::Https, Protocol::Wss, Protocol::Tls, Protocol::Git, Protocol::Tcp];

/// A check with up to three attempts of any kind and outcome.
fn case() -> impl Strategy<Value = CheckCase> {
    let attempt = (purpose(), select(ADDRESSES), prop::option::of(select(Cause::ALL)));
    (
        select(HOSTS),
        select(&[443_u16, 443, 8084, 22][..]),
        select(PROTOCOLS),
        any::<(bool, bool)>(),
        proxy(),
        prop::collection::vec(attempt, 0..3),
        prop::option::weighted(0.2, select(&[NotRun::Deadline, NotRun::Broken][..])),
        prop::option::weighted(0.3, select(Cause::ALL)),
    )
        .prop_map(|(host, port, protocol, (required, either), proxy, attempts, left, lookup)| {
            let mut case = CheckCase::new(host, port, protocol);
            case.planned.required = required;
            case.planned.alternative = either.then(|| "either".into());
            if let Some((word, _)) = &proxy {
                case = case.through_proxy(word);
            }
            case = match lookup {
                Some(word) => case.unresolved(word),
                None => {
                    attempts.into_iter().fold(case, |c, (purpose, at, word)| c.attempt(purpose, at, word))
                }
            };
            case.observation.not_run = left;
            match proxy {
                Some((_, measured)) => case.proxy(|d| d.clone_from(&measured)),
                None => case,
            }
        })
}

/// A proxy, and what it may have said whatever came of it.
fn proxy() -> impl Strategy<Value = Option<(&'static str, ProxyDetail)>> {
    let label = select(&["http://proxy:3128", "https://other.corp:8443"][..]);
    let reason = select(&["ERR_DNS_FAIL 0", "ERR_CONNECT_FAIL 110", ""][..]);
    let status = prop::option::of(select(&[200_u16, 403, 405, 407, 502, 504][..]));
    let offers = prop::collection::vec(select(&["Negotiate", "NTLM", "basic"][..]), 0..3);
    let detail =
        (reason, status, offers, any::<(bool, bool)>()).prop_map(|(reason, status, offers, flags)| {
            ProxyDetail {
                address: flags.0.then(|| "10.0.0.9:3128".parse().unwrap()),
                with_credentials: flags.1,
                tls_cause: flags.0.then_some(Cause::TlsNotTls),
                headers: [("x-squid-error".to_owned(), reason.to_owned())].into(),
                offers: offers.into_iter().map(str::to_owned).collect(),
                status,
                ..ProxyDetail::default()
            }
        });
    prop::option::of((label, detail))
}

fn purpose() -> impl Strategy<Value = Purpose> {
    let looks = [
        Purpose::SmallSegments,
        Purpose::LargeHello,
        Purpose::Direct,
        Purpose::PlainHttp,
        Purpose::Reference,
        Purpose::OlderVersion,
        Purpose::OtherName,
    ];
    prop_oneof![2 => Just(Purpose::Probe), 1 => Just(Purpose::Retry), 3 => select(looks.to_vec())]
}

/// Verdicts that do not go with what was seen, as an older or a foreign program may have saved them.
fn forged() -> impl Strategy<Value = Option<(Cause, Phase)>> {
    prop::option::weighted(0.2, (select(Cause::ALL), select(&Phase::ALL[..])))
}

fn checks() -> impl Strategy<Value = Vec<Check>> {
    prop::collection::vec((case(), any::<bool>(), forged()), 0..40).prop_map(|drawn| {
        let mut checks = Vec::new();
        for (number, (mut case, is_pod, forged)) in drawn.into_iter().enumerate() {
            case.planned.id = number.to_string().into();
            let kind = if is_pod { VantageKind::Pod } else { VantageKind::Workstation };
            let mut check = judge_cases(kind, vec![case]).remove(0);
            if let (CheckVerdict::Unmet, Some((cause, phase))) = (check.verdict, forged) {
                (check.cause, check.phase) = (Some(cause), Some(phase));
            }
            checks.push(check);
        }
        checks
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn every_unmet_check_is_explained_exactly_once(checks in checks(), interrupted: bool) {
        let vantages = [vantage(VantageKind::Workstation), vantage(VantageKind::Pod)];
        let skip_range = Sourced::new(SkipRange::parse("*.example.com,10.*,example.com"), Origin::Variable("NO_PROXY".into()));
        let skip_range = Some(&skip_range);
        let context = Context { vantages: &vantages, interrupted, skip_range, ..Context::default() };
        let findings = diagnose_run(&checks, &context);
        let mut explained: HashMap<&str, usize> = HashMap::new();
        for id in findings.iter().filter(|f| f.severity > Severity::Info).flat_map(|f| &f.evidence) {
            *explained.entry(id).or_default() += 1;
        }
        for check in checks.iter().filter(|c| c.verdict == CheckVerdict::Unmet) {
            prop_assert_eq!(explained.get(check.planned.id.as_str()), Some(&1), "{}: {:?}", check.planned.id, check.cause);
        }
        for finding in &findings {
            prop_assert!(!finding.summary.is_empty() && !finding.subject.is_empty(), "{:?}", finding);
        }
        let is_blocked = arcprobe::analysis::verdict::judge_run(&checks, &findings, &[], false)
            == arcprobe::model::report::Verdict::Blocked;
        prop_assert_eq!(is_blocked, findings.iter().any(|f| f.severity == Severity::Blocking));
    }
}
