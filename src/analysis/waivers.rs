//! What is known to be wrong and accepted for a time: waivers turn findings and unmet checks into accepted ones. Pure.

use jiff::civil::Date;

use crate::analysis::verdict::{WAIVER_EXPIRED, judge_report};
use crate::model::finding::{Confidence, Finding, Remedy, Severity};
use crate::model::ids::CheckId;
use crate::model::report::{AppliedWaiver, Check, CheckVerdict, Report, WaiverState};
use crate::model::waiver::{Waiver, WaiverRef};

impl Waiver {
    fn matches_host(&self, host: &str) -> bool {
        let (host, wanted) = (host.to_ascii_lowercase(), self.endpoint.to_ascii_lowercase());
        match wanted.strip_prefix('*') {
            Some("") => true,
            Some(suffix) => host.len() > suffix.len() && host.ends_with(suffix),
            None => host == wanted,
        }
    }

    /// Whether it is about this check; of its code nothing is said here.
    fn matches_check(&self, check: &Check) -> bool {
        let host = check.planned.host.as_deref().or(check.planned.pattern.as_deref()).unwrap_or_default();
        self.vantage.as_deref().is_none_or(|wanted| wanted == check.planned.vantage.kind())
            && self.matches_host(host)
    }

    fn to_waiver_ref(&self) -> WaiverRef {
        WaiverRef { code: self.code.clone(), reason: self.reason.clone(), until: self.until.to_string() }
    }
}

/// Applies waivers on a day: what they fit is accepted, one that is over fails if it still fits, and each is listed.
pub fn apply_waivers(mut report: Report, waivers: &[Waiver], today: Date) -> Report {
    for waiver in waivers {
        let is_over = waiver.until < today;
        let checks = unmet_checks(&report, waiver);
        let findings = matching_findings(&report, waiver, &checks);
        let state = match (checks.is_empty() && findings.is_empty(), is_over) {
            (true, _) => WaiverState::Unused,
            (false, true) => WaiverState::Expired,
            (false, false) => WaiverState::Used,
        };
        if state == WaiverState::Used {
            accept_findings(&mut report, waiver, &checks, &findings);
        }
        if state == WaiverState::Expired {
            report.findings.push(expired_finding(waiver, &checks));
        }
        report.waivers.push(AppliedWaiver {
            code: waiver.code.clone(),
            endpoint: waiver.endpoint.clone(),
            vantage: waiver.vantage.clone(),
            reason: waiver.reason.clone(),
            until: waiver.until.to_string(),
            state,
            checks,
        });
    }
    report.findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    report.verdict = judge_report(&report);
    report
}

/// The unmet checks that a waiver is about: by the word for their failure, or by a finding that they show.
fn unmet_checks(report: &Report, waiver: &Waiver) -> Vec<CheckId> {
    let shown: Vec<_> =
        report.findings.iter().filter(|f| f.id == waiver.code).flat_map(|f| &f.evidence).collect();
    let has_code = |check: &Check| {
        check.cause.is_some_and(|cause| cause.word() == waiver.code) || shown.contains(&&check.planned.id)
    };
    let fits = |check: &&Check| {
        check.verdict == CheckVerdict::Unmet && waiver.matches_check(check) && has_code(check)
    };
    report.checks.iter().filter(fits).map(|check| check.planned.id.clone()).collect()
}

/// Findings with the code of a waiver of which it takes all; those without checks are taken by their subject.
fn matching_findings(report: &Report, waiver: &Waiver, checks: &[CheckId]) -> Vec<usize> {
    let is_accepted = |id: &CheckId| {
        let check = report.checks.iter().find(|c| c.planned.id == *id);
        checks.contains(id) || check.is_some_and(|c| c.accepted.is_some() || c.verdict != CheckVerdict::Unmet)
    };
    let takes = |finding: &Finding| {
        let has_unmet = finding
            .evidence
            .iter()
            .any(|id| report.checks.iter().any(|c| c.planned.id == *id && c.verdict == CheckVerdict::Unmet));
        let is_whole = finding.evidence.iter().all(is_accepted);
        let by_subject = finding.id == waiver.code && waiver.matches_host(&finding.subject);
        let by_checks = finding.evidence.iter().any(|id| checks.contains(id));
        if has_unmet { is_whole && by_checks } else { by_subject }
    };
    let all = report.findings.iter().enumerate();
    all.filter(|(_, f)| f.severity > Severity::Info && takes(f)).map(|(place, _)| place).collect()
}

fn accept_findings(report: &mut Report, waiver: &Waiver, checks: &[CheckId], findings: &[usize]) {
    for check in report.checks.iter_mut().filter(|check| checks.contains(&check.planned.id)) {
        check.accepted = Some(waiver.to_waiver_ref());
    }
    let mut accepted = Vec::new();
    for place in findings {
        let Some(finding) = report.findings.get_mut(*place) else { continue };
        finding.severity = Severity::Info;
        finding.accepted = Some(waiver.to_waiver_ref());
        accepted.push(finding.id.clone());
    }
    // what the finding of a prerequisite accepts is no obstacle
    for item in &mut report.prerequisites {
        if item.finding.as_ref().is_some_and(|id| accepted.contains(id)) {
            item.accepted = Some(waiver.to_waiver_ref());
        }
    }
}

fn expired_finding(waiver: &Waiver, checks: &[CheckId]) -> Finding {
    Finding {
        id: WAIVER_EXPIRED.into(),
        severity: Severity::Blocking,
        confidence: Confidence::High,
        summary: format!("The waiver of {} for {} ended on {}", waiver.code, waiver.endpoint, waiver.until),
        subject: waiver.endpoint.clone(),
        evidence: checks.to_vec(),
        explanation: format!(
            "It was accepted because: {}. It is seen still.",
            waiver.reason.trim_end_matches('.')
        ),
        consequence: "What was accepted for a time counts again.".into(),
        remedy: Remedy {
            text: "Mend it, or have it accepted for longer: give the waiver a later day.".into(),
            commands: Vec::new(),
        },
        docs: vec!["arcprobe explain waiver_expired".into()],
        accepted: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::report::Verdict;
    use crate::report::json;

    const TODAY: Date = jiff::civil::date(2026, 11, 28);
    const YESTERDAY: Date = jiff::civil::date(2026, 11, 27);

    fn mixed() -> Report {
        json::parse(include_bytes!("../../fixtures/reports/mixed.json")).unwrap()
    }

    fn waiver(code: &str, endpoint: &str, until: Date) -> Waiver {
        Waiver {
            code: code.into(),
            endpoint: endpoint.into(),
            vantage: None,
            reason: "CHG-1234, until the proxy is replaced.".into(),
            until,
        }
    }

    /// A waiver for each failure that the report has.
    fn waivers_for_all_causes(report: &Report, until: Date) -> Vec<Waiver> {
        let causes = report.checks.iter().filter_map(|c| c.cause).map(crate::model::evidence::Cause::word);
        let causes: std::collections::BTreeSet<_> = causes.collect();
        causes.into_iter().map(|cause| waiver(cause, "*", until)).collect()
    }

    #[test]
    fn accepted_failures_no_longer_block_and_stay_visible() {
        let report = mixed();
        assert_eq!(report.verdict, Verdict::Blocked);
        let accepted = apply_waivers(report.clone(), &waivers_for_all_causes(&report, TODAY), TODAY);
        assert_ne!(accepted.verdict, Verdict::Blocked);
        assert!(
            accepted.findings.iter().all(|f| f.severity < Severity::Blocking),
            "{:#?}",
            accepted.findings
        );
        let unmet = |r: &Report| r.checks.iter().filter(|c| c.verdict == CheckVerdict::Unmet).count();
        assert_eq!(unmet(&accepted), unmet(&report), "they are unmet still");
        let by = accepted.findings.iter().find_map(|f| f.accepted.as_ref()).unwrap();
        let (until, reason) = (by.until.as_str(), by.reason.as_str());
        assert_eq!((until, reason), ("2026-11-28", "CHG-1234, until the proxy is replaced."));
        assert!(accepted.waivers.iter().all(|w| w.state == WaiverState::Used && !w.checks.is_empty()));
    }

    #[test]
    fn an_expired_waiver_fails_and_an_unused_one_is_listed() {
        let report = mixed();
        let expired = apply_waivers(report.clone(), &waivers_for_all_causes(&report, YESTERDAY), TODAY);
        assert_eq!(expired.verdict, Verdict::Blocked);
        let is_expired_waiver =
            |f: &Finding| f.id == "waiver_expired" && f.summary.ends_with("ended on 2026-11-27");
        assert!(expired.findings.iter().any(is_expired_waiver));
        assert!(expired.checks.iter().all(|c| c.accepted.is_none()));
        let unused = apply_waivers(report.clone(), &[waiver("proxy_tls", "nowhere.example", TODAY)], TODAY);
        assert_eq!((unused.verdict, unused.waivers[0].state), (report.verdict, WaiverState::Unused));
        assert_eq!(unused.findings, report.findings);
    }

    #[test]
    fn an_expired_waiver_fails_though_only_something_optional_is_unmet() {
        let mut report = mixed();
        for check in &mut report.checks {
            check.planned.required = false;
        }
        let waivers = waivers_for_all_causes(&report, YESTERDAY);
        assert_eq!(apply_waivers(report, &waivers, TODAY).verdict, Verdict::Blocked);
    }

    #[test]
    fn a_finding_is_accepted_only_with_all_of_its_checks() {
        let report = mixed();
        let host = |id: &CheckId| {
            report.checks.iter().find(|c| c.planned.id == *id).unwrap().planned.host.clone().unwrap()
        };
        let hosts = |f: &Finding| f.evidence.iter().map(host).collect::<std::collections::BTreeSet<_>>();
        let several = |f: &&Finding| f.severity > Severity::Info && hosts(f).len() > 1;
        let several = report.findings.iter().find(several).unwrap();
        let hosts = hosts(several);
        let one = waiver(&several.id, hosts.first().unwrap(), TODAY);
        let partly = apply_waivers(report.clone(), &[one], TODAY);
        let severity = |r: &Report| r.findings.iter().find(|f| f.id == several.id).unwrap().severity;
        assert_eq!(severity(&partly), several.severity);
        assert!(partly.checks.iter().any(|c| c.accepted.is_some()));
        let rest: Vec<_> = hosts.iter().map(|host| waiver(&several.id, host, TODAY)).collect();
        assert_eq!(severity(&apply_waivers(report.clone(), &rest, TODAY)), Severity::Info);
    }

    #[test]
    fn endpoints_are_hosts_suffixes_or_all() {
        let table = [
            ("*", "a.example", true),
            ("*.example", "a.example", true),
            ("*.example", "example", false),
            ("*.example", "A.B.EXAMPLE", true),
            ("a.example", "a.example", true),
            ("a.example", "b.a.example", false),
            ("*.example", "notexample", false),
        ];
        for (endpoint, host, fits) in table {
            assert_eq!(waiver("x", endpoint, TODAY).matches_host(host), fits, "{endpoint} {host}");
        }
    }
}
