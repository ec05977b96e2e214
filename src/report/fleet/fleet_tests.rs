use super::*;
use crate::model::plan::UnverifiedKind;
use crate::report::json;

fn member(context: &str, report: Option<Report>) -> Member {
    let error = report.is_none().then(|| "no answer".to_owned());
    Member { context: context.into(), server: None, error, report }
}

fn report(name: &str) -> Report {
    let path = format!("{}/fixtures/reports/{name}.json", env!("CARGO_MANIFEST_DIR"));
    json::parse(&std::fs::read(path).unwrap()).unwrap()
}

fn fleet(members: Vec<Member>) -> Fleet {
    let course =
        FleetRun { started_at: jiff::Timestamp::UNIX_EPOCH, took: Duration::ZERO, interrupted: false };
    Fleet::new(members, course)
}

#[test]
fn the_worst_verdict_counts() {
    let table = [
        (vec![Some("all-met"), Some("all-met")], Verdict::Ready),
        (vec![Some("all-met"), Some("warnings")], Verdict::ReadyWithWarnings),
        (vec![Some("warnings"), None], Verdict::Incomplete),
        (vec![None, Some("mixed"), Some("all-met")], Verdict::Blocked),
    ];
    for (reports, verdict) in table {
        let names = ["a", "b", "c"].iter();
        let members = names.zip(&reports).map(|(name, known)| member(name, known.map(report)));
        assert_eq!(fleet(members.collect()).verdict, verdict, "{reports:?}");
    }
}

/// One kind at other endpoints, or about something else, is another cause.
#[test]
fn the_same_finding_about_another_subject_is_not_shared() {
    let one = report("mixed");
    let mut other = one.clone();
    for finding in &mut other.findings {
        finding.subject.push_str(" of somebody else");
        finding.evidence.clear();
    }
    let table = [(one.clone(), one.findings.len()), (other, 0)];
    for (second, shared) in table {
        let fleet = fleet(vec![member("a", Some(one.clone())), member("b", Some(second))]);
        assert_eq!(fleet.shared.len(), shared);
    }
    // twice in one cluster is not shared
    let mut twice = one.clone();
    twice.findings.extend(one.findings.clone());
    let fleet = fleet(vec![member("a", Some(twice)), member("b", Some(report("all-met")))]);
    assert!(fleet.shared.is_empty());
}

/// Another authority, another resolver: not the same, though the same endpoints are behind it.
#[test]
fn findings_about_different_subjects_are_not_shared() {
    let with = |subject: &str| {
        let mut report = report("dead-resolver");
        subject.clone_into(&mut report.findings[0].subject);
        member(subject, Some(report))
    };
    let shared = |first: &str, second: &str| fleet(vec![with(first), with(second)]).shared.len();
    assert_eq!(shared("10.0.0.53", "10.0.0.53"), 1);
    assert_eq!(shared("10.0.0.53", "172.16.9.9"), 0);
    // of endpoints one is enough, by whatever name the region has for it
    assert_eq!(shared("management.azure.com", "management.azure.com and 3 more"), 1);
    assert_eq!(shared("3 hosts below eastus.x.example", "2 hosts below westeurope.x.example"), 1);
}

/// What an API server says is the same where only its own names differ.
#[test]
fn unreachable_clusters_share_a_cause_when_the_error_is_the_same() {
    let unreachable = |context: &str, why: &str| {
        let server = format!("https://{context}.example:6443");
        let mut report = report("dead-resolver");
        report.checks.iter_mut().for_each(|check| check.unverified = Some(UnverifiedKind::NoVantage));
        report.findings[0].explanation =
            format!("What was said: {why} (context \"{context}\", server {server}).");
        Member { server: Some(server), ..member(context, Some(report)) }
    };
    let shared = |second| fleet(vec![unreachable("aa", "refused"), unreachable("bb", second)]).shared.len();
    assert_eq!((shared("refused"), shared("no answer within 15 s")), (1, 0));
}

/// What is accepted in one of two is not theirs in common any more; nor is there a place for it in the text.
#[test]
fn verdict_and_shared_causes_are_computed_again_after_a_change() {
    let both = fleet(vec![member("a", Some(report("mixed"))), member("b", Some(report("mixed")))]);
    let none = both.map_reports(|report| Report { findings: Vec::new(), verdict: Verdict::Ready, ..report });
    assert!(none.shared.is_empty());
    assert_eq!(none.verdict, Verdict::Ready);
}

#[test]
fn a_report_is_selected_by_its_context() {
    let all = || fleet(vec![member("a", Some(report("all-met"))), member("b", None)]);
    assert!(all().into_report("a").is_ok());
    let error = |context: &str| all().into_report(context).unwrap_err().to_string();
    assert_eq!(error("c"), "there is no context \"c\" in it; there are a, b");
    assert_eq!(error("b"), "context \"b\" could not be looked at: no answer");
}

/// A thousand findings in each of two clusters, none of them alike: the time is in proportion.
#[test]
fn comparing_many_findings_takes_linear_time() {
    let mut large = report("mixed");
    let one = large.findings[0].clone();
    large.findings = (0..20_000)
        .map(|n| Finding { subject: format!("endpoint {n}"), evidence: Vec::new(), ..one.clone() })
        .collect();
    let fleet = fleet(vec![member("a", Some(large.clone())), member("b", Some(large))]);
    assert_eq!(fleet.shared.len(), 20_000);
}
