//! Two reports compared.

use std::net::IpAddr;
use std::time::Duration;

use arcprobe::model::evidence::{CertificateSummary, Detail, TrustStore};
use arcprobe::model::plan::UnverifiedKind;
use arcprobe::model::report::{CheckVerdict, Report};
use arcprobe::report::diff::{Diff, compare, text};

use super::samples::ALL;
use super::{NARROW, build, read, tampered};

fn steps(report: &mut Report) -> impl Iterator<Item = &mut arcprobe::model::evidence::Step> {
    report.checks.iter_mut().flat_map(|c| &mut c.attempts).flat_map(|a| &mut a.steps)
}

fn is_empty_diff(diff: &Diff) -> bool {
    let json = serde_json::to_value(diff).unwrap();
    json.as_object().unwrap().values().all(|value| value.as_array().is_none_or(Vec::is_empty))
}

#[test]
fn a_report_does_not_differ_from_itself() {
    for (name, _) in ALL {
        let report = read(name);
        let diff = compare(&report, &report);
        assert!(is_empty_diff(&diff) && !diff.has_regressions() && !diff.has_warnings(), "{name}: {diff:#?}");
    }
}

#[test]
fn a_diff_lists_what_broke_and_what_was_fixed() {
    let (good, bad) = (read("all-met"), read("dead-resolver"));
    let broke = compare(&bad, &good);
    assert!(broke.has_regressions());
    insta::assert_snapshot!("dead-resolver-diff", text::render(&broke, &NARROW));
    let fixed = compare(&good, &bad);
    assert!(!fixed.has_regressions() && fixed.newly_unmet.is_empty());
    // what another check takes the place of was never missed
    assert_eq!(fixed.fixed.len(), broke.newly_unmet.len() - 1);
    insta::assert_snapshot!("all-met-diff", text::render(&fixed, &NARROW));
}

/// A check that nobody asked for before counts if it is unmet; one that is met, or gone, does not.
#[test]
fn added_checks_count_only_when_unmet() {
    let whole = read("dead-resolver");
    let mut part = whole.clone();
    part.checks.truncate(10);
    let diff = compare(&whole, &part);
    assert!(diff.has_regressions() && diff.newly_unmet.iter().all(|change| !change.in_older));
    assert_eq!((diff.newly_unmet.len(), diff.added.len(), diff.removed.len()), (22, 22, 0));
    let diff = compare(&part, &whole);
    assert!(!diff.has_regressions() && diff.removed.len() == 22);
}

#[test]
fn optional_and_unverified_checks_only_warn() {
    let older = read("all-met");
    let mut newer = older.clone();
    for check in newer.checks.iter_mut().filter(|c| c.planned.endpoint == "akams") {
        build::fail_check(check, arcprobe::model::evidence::Cause::TcpReset, 9, "reset");
    }
    let diff = compare(&newer, &older);
    assert!(!diff.has_regressions() && diff.has_warnings() && diff.newly_unmet.len() == 1);
    let mut newer = older.clone();
    build::unverify_check(&mut newer.checks[0], UnverifiedKind::NotRun);
    let diff = compare(&newer, &older);
    assert!(!diff.has_regressions() && diff.has_warnings() && diff.no_longer_verified.len() == 1);
}

#[test]
fn a_diff_lists_changed_cas_and_addresses() {
    let mut older = read("all-met");
    let chain = |authority: &str| vec![CertificateSummary { issuer: authority.into(), ..Default::default() }];
    let set = |report: &mut Report, authority: &str, store: TrustStore, addresses: [[u8; 4]; 2]| {
        for step in steps(report) {
            match &mut step.detail {
                Detail::Tls(tls) => {
                    (tls.chain, tls.authority) = (chain(authority), Some(authority.into()));
                    tls.trusted_by = Some(store);
                }
                Detail::Resolve(lookup) => lookup.addresses = addresses.map(IpAddr::from).to_vec(),
                _ => {}
            }
        }
    };
    let here = [[20, 1, 2, 3], [20, 1, 2, 4]];
    set(&mut older, "CN=Public Root", TrustStore::Public, here);
    let mut newer = older.clone();
    set(&mut newer, "CN=Public Root", TrustStore::Public, [[20, 1, 2, 4], [20, 9, 9, 9]]);
    assert!(is_empty_diff(&compare(&newer, &older)), "one address in common is the same service");
    set(&mut newer, "CN=Inspection", TrustStore::Nobody, [[10, 0, 0, 4], [10, 0, 0, 5]]);
    let diff = compare(&newer, &older);
    let with_tls = older.checks.iter().filter(|c| c.planned.endpoint != "git-ssh").count();
    assert!(diff.authorities.len() >= with_tls - 1 && diff.addresses.len() == older.checks.len());
    let text = text::render(&diff, &NARROW);
    assert!(text.contains("CN=Inspection (not public) now"), "{text}");
    assert!(text.contains("20.1.2.3 and 20.1.2.4 before, 10.0.0.4 and 10.0.0.5 now"), "{text}");
}

#[test]
fn slower_phases_and_changed_rules_are_listed() {
    let older = read("all-met");
    let mut newer = older.clone();
    for step in steps(&mut newer).filter(|step| matches!(step.detail, Detail::Tls(_))) {
        step.took += Duration::from_millis(120);
    }
    newer.rules[0].revision = "2026-10-30".into();
    newer.run.region = "westeurope".into();
    let diff = compare(&newer, &older);
    assert_eq!(diff.slower.len(), 1, "{:?}", diff.slower);
    let text = text::render(&diff, &NARROW);
    for part in [
        "tls from workstation: ",
        "azure-arc: 2026-09-24",
        "the region differ: before eastus, now westeurope",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert!(!diff.has_regressions() && !diff.has_warnings());
}

/// Whatever two files say, nothing but text reaches the terminal, and nothing breaks down.
#[test]
fn hostile_reports_can_be_compared() {
    for (name, _) in ALL {
        let mut evil = tampered(name);
        evil.checks.iter_mut().for_each(|check| check.took = Duration::MAX);
        evil.checks.iter_mut().for_each(|check| check.verdict = CheckVerdict::Unmet);
        for diff in [compare(&evil, &read(name)), compare(&read(name), &evil), compare(&evil, &evil)] {
            let bad = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}' || c == '\u{200b}';
            assert!(!text::render(&diff, &NARROW).contains(bad), "{name}");
            assert!(!diff.to_json().contains(bad), "{name}");
        }
    }
}
