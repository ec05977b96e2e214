//! Scenarios of TLS.

use arcprobe::model::evidence::{
    Cause, CertificateFileFlaw, CertificateSummary, Purpose, TlsDetail, TrustStore,
};
use arcprobe::model::plan::UnverifiedKind;
use arcprobe::model::report::Verdict::{Blocked, ReadyWithWarnings};

use super::goldens::Scenario;
use super::make::{CheckCase, healthy, https, wss};
use super::verdicts::skewed;

pub(super) fn scenarios() -> Vec<Scenario> {
    let blocked = |name, ids, case| {
        let mut cases = healthy();
        cases.push(case);
        Scenario::new(name, Blocked, ids, cases)
    };
    vec![
        blocked("clock-wrong", &["clock_wrong", "stands_in"], host().bad(AT, Cause::TlsExpired).tls(skewed)),
        Scenario::new("clock-drifts", ReadyWithWarnings, &["clock_wrong", "stands_in"], drifting()),
        Scenario::new(
            "tls-inspected",
            Blocked,
            &["tls_inspection", "wildcard_unverified", "stands_in"],
            inspected(),
        ),
        Scenario::new(
            "tls-inspected-trusted",
            Blocked,
            &["tls_inspection_forbidden", "tls_inspection_trusted", "stands_in"],
            inspected_with_given(),
        ),
        Scenario::new(
            "proxy-cert-unsuitable",
            Blocked,
            &["tls_inspection", "wildcard_unverified", "proxy_cert_unfit", "stands_in"],
            inspected(),
        )
        .giving(vec![CertificateSummary {
            subject: "CN=proxy.corp.example".into(),
            not_before: Some("2024-01-01T00:00:00Z".into()),
            not_after: Some("2025-01-01T00:00:00Z".into()),
            ..CertificateSummary::default()
        }]),
        Scenario::new("proxy-cert-form", ReadyWithWarnings, &["proxy_cert_unfit", "stands_in"], healthy())
            .giving_file(vec![issuing_ca()], FLAWS.to_vec()),
        Scenario::new(
            "chain-completed",
            ReadyWithWarnings,
            &["clients_may_distrust", "clients_may_distrust", "stands_in"],
            completed(),
        ),
        blocked(
            "path-mtu",
            &["path_mtu", "stands_in"],
            host().bad(AT, Cause::TlsTimeout).attempt(Purpose::SmallSegments, AT, None),
        ),
        blocked(
            "large-hello",
            &["large_hello_dropped", "stands_in"],
            host().good(AT).attempt(Purpose::LargeHello, AT, Some(Cause::TlsTimeout)),
        ),
        blocked(
            "path-mtu-of-hellos",
            &["path_mtu", "stands_in"],
            host()
                .good(AT)
                .attempt(Purpose::LargeHello, AT, Some(Cause::TlsTimeout))
                .attempt(Purpose::LargeHello, AT, None)
                .in_small_segments(),
        ),
        blocked(
            "tls13-filtered",
            &["tls13_filtered", "stands_in"],
            host().bad(AT, Cause::TlsReset).attempt(Purpose::OlderVersion, AT, None).attempt(
                Purpose::OtherName,
                AT,
                Some(Cause::TlsReset),
            ),
        ),
        blocked(
            "sni-filtered",
            &["sni_filtered", "stands_in"],
            cut_off().attempt(Purpose::OtherName, AT, None),
        ),
        blocked("sni-perhaps-filtered", &["sni_filtered", "stands_in"], cut_off()),
        blocked(
            "address-perhaps-filtered",
            &["sni_filtered", "stands_in"],
            cut_off().attempt(Purpose::OtherName, AT, Some(Cause::TlsReset)),
        ),
        blocked("certificate-bad", &["certificate_bad", "stands_in"], host().bad(AT, Cause::TlsNameMismatch)),
        blocked("tls-refused", &["tls_refused", "stands_in"], host().bad(AT, Cause::TlsAlert)),
    ]
}

const AT: &str = "20.1.0.4";

fn host() -> CheckCase {
    https("gbl.his.arc.azure.com")
}

const FLAWS: &[CertificateFileFlaw] = &[
    CertificateFileFlaw::Der,
    CertificateFileFlaw::ByteOrderMark,
    CertificateFileFlaw::Utf16,
    CertificateFileFlaw::Indented,
    CertificateFileFlaw::JoinedBlocks,
    CertificateFileFlaw::PrivateKey,
];

/// Without its root.
fn issuing_ca() -> CertificateSummary {
    CertificateSummary {
        subject: "CN=Corp Issuing CA, O=Corp".into(),
        issuer: "CN=Corp Root CA, O=Corp".into(),
        is_ca: true,
        ..CertificateSummary::default()
    }
}

/// Whatever the version.
fn cut_off() -> CheckCase {
    host().bad(AT, Cause::TlsReset).attempt(Purpose::OlderVersion, AT, Some(Cause::TlsReset))
}

fn drifting() -> Vec<CheckCase> {
    healthy().into_iter().map(|c| c.http(|h| h.clock_skew_s = Some(900))).collect()
}

fn resigned(case: CheckCase, by: TrustStore) -> CheckCase {
    case.tls(|t| (t.authority, t.trusted_by) = (Some("CN=Corp Root CA,O=Corp".into()), Some(by)))
}

fn completed() -> Vec<CheckCase> {
    let missing = |case: CheckCase| case.tls(|t| t.completed_with = vec!["Microsoft TLS RSA Root G2".into()]);
    let mut cases = healthy();
    cases.push(missing(host().good(AT)));
    cases.push(missing(https("management.azure.com").good("20.1.0.1")));
    let root = |t: &mut TlsDetail| t.retired_root = Some("DigiCert Global Root CA".into());
    cases.push(https("login.partner.microsoftonline.cn").good("20.1.0.9").tls(root));
    cases
}

fn inspected() -> Vec<CheckCase> {
    let bad = |host, at| resigned(https(host).bad(at, Cause::TlsIntercepted), TrustStore::System);
    let ca = CertificateSummary { sha256: "0a1b".repeat(16), is_ca: true, ..CertificateSummary::default() };
    let relay = wss("*.servicebus.windows.net").below_wildcard("*.servicebus.windows.net").uninspected();
    vec![
        bad("management.azure.com", "20.1.0.1").tls(|t| t.chain.push(ca)),
        bad("login.microsoftonline.com", "20.1.0.2"),
        relay.unverified(UnverifiedKind::NotDiscovered, "the notification service could not be asked"),
    ]
}

fn inspected_with_given() -> Vec<CheckCase> {
    vec![
        resigned(https("management.azure.com").good("20.1.0.1"), TrustStore::Given)
            .http(|h| h.mark = Some("header x-ms-request-id".into())),
        resigned(host().bad(AT, Cause::TlsIntercepted), TrustStore::Given),
    ]
}
