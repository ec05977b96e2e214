//! A page that several unrelated hosts send is nobody's of them: the same stranger answers for all.

use std::collections::{BTreeMap, BTreeSet};

use super::attempts::{decisive_failure, probe_attempts};
use crate::analysis::answerer::{base_domain, strip_tags};
use crate::model::evidence::{BodyForm, Cause, HttpDetail, Phase, TrustStore};
use crate::model::plan::UnverifiedKind;
use crate::model::report::{Check, CheckVerdict, Proof};

/// Calls what was recognized at one host by the same name wherever it turns up, and what unrelated hosts have alike too. What TLS
/// proves is left alone.
pub(super) fn spread_recognized_pages(checks: &mut [Check]) {
    let recognized = recognized_pages(checks);
    let shared = shared_answers(checks);
    for check in checks {
        let Some(answer) = doubtful_answer(check) else { continue };
        let page = answer.page_sha256.as_ref();
        let status = answer.status.unwrap_or_default();
        if page.is_some_and(|page| recognized.contains(page)) {
            block(check, format!("{status} with the page that was recognized at another host"));
        } else if is_unmarked(check)
            && shared.contains(&signature(answer, check.planned.host.as_deref().unwrap_or_default()))
        {
            let note = format!("{status} with what unrelated hosts answer, too");
            if answer.content == Some(BodyForm::Empty) { doubt(check, note) } else { block(check, note) }
        }
    }
}

/// The digests of pages that were recognized as a stranger's.
fn recognized_pages(checks: &[Check]) -> BTreeSet<String> {
    let blocked = checks.iter().filter(|check| check.cause == Some(Cause::HttpBlockPage));
    let answers = blocked.filter_map(|check| decisive_failure(&check.attempts)?.0.http());
    answers.filter_map(|answer| answer.page_sha256.clone()).collect()
}

/// What several unrelated hosts answer, without a mark of their own.
fn shared_answers(checks: &[Check]) -> BTreeSet<String> {
    let mut domains: BTreeMap<String, (usize, BTreeSet<String>)> = BTreeMap::new();
    for check in checks.iter().filter(|check| is_unmarked(check)) {
        if let (Some(answer), Some(host)) = (doubtful_answer(check), &check.planned.host) {
            let (needed, seen) = domains.entry(signature(answer, host)).or_default();
            *needed = if has_words(answer) { UNRELATED_WITH_WORDS } else { UNRELATED };
            seen.insert(base_domain(host));
        }
    }
    domains.retain(|_, (needed, seen)| seen.len() >= *needed);
    domains.into_keys().collect()
}

/// What makes two answers the same: the page, or where they redirect to, but for the host that was asked; without either, the little
/// that there is.
fn signature(answer: &HttpDetail, host: &str) -> String {
    let of = |name: &str| answer.headers.get(name).map(String::as_str).unwrap_or_default();
    match (&answer.page_sha256, of("location")) {
        (Some(page), _) => page.clone(),
        (None, "") => format!("{:?} {} {}", answer.status, of("server"), of("content-type")),
        (None, place) => format!("to {}", place.to_ascii_lowercase().replace(&host.to_ascii_lowercase(), "")),
    }
}

/// Whether a body says anything: `{}` is what anybody sends.
fn has_words(answer: &HttpDetail) -> bool {
    let text = answer.body.as_deref().map(strip_tags).unwrap_or_default();
    text.split(|c: char| !c.is_alphabetic()).filter(|word| word.len() > 1).take(2).count() == 2
}

/// The answer that a check which is not unmet stands on, where TLS does not prove who gave it.
fn doubtful_answer(check: &Check) -> Option<&HttpDetail> {
    let is_open = check.verdict == CheckVerdict::Met || check.unverified == Some(UnverifiedKind::Unproven);
    let attempt = probe_attempts(&check.attempts).find(|a| a.failed_step().is_none())?;
    let trusted_by = attempt.tls().map(|tls| tls.trusted_by);
    let is_proven =
        matches!(trusted_by, Some(None | Some(TrustStore::Public))) || check.proof == Some(Proof::Tls);
    attempt.http().filter(|_| is_open && !is_proven)
}

fn is_unmarked(check: &Check) -> bool {
    check.proof == Some(Proof::Form) || check.unverified == Some(UnverifiedKind::Unproven)
}

fn block(check: &mut Check, note: String) {
    check.verdict = CheckVerdict::Unmet;
    (check.phase, check.cause) = (Some(Phase::Http), Some(Cause::HttpBlockPage));
    (check.unverified, check.proof, check.note) = (None, None, Some(note));
}

fn doubt(check: &mut Check, note: String) {
    check.verdict = CheckVerdict::Unverified;
    (check.unverified, check.proof, check.note) = (Some(UnverifiedKind::Unproven), None, Some(note));
}

/// Two services can send the same little by chance, or because one company runs both; three hosts of unrelated domains hardly.
const UNRELATED: usize = 3;

/// The same words without a mark of either service come from neither: what services of one company share has their marks.
const UNRELATED_WITH_WORDS: usize = 2;
