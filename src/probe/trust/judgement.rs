//! What becomes of a chain: the failure in the words of the contract, and what is kept of the certificates.

use super::presented::PresentedChain;
use super::{CertificateExpectation, ChainTrust};
use crate::model::evidence::{Cause, CertificateSummary, Failure, TlsDetail, TrustStore};
use crate::model::rules::Inspection;
use crate::probe::certificate::{self, ParsedCertificate};

/// What came of judging a chain.
#[derive(Clone, Debug)]
pub(crate) struct ChainJudgement {
    pub(crate) chain: Vec<CertificateSummary>,
    pub(crate) trusted_by: TrustStore,
    pub(crate) ca: Option<String>,
    /// The public intermediates that the server left out.
    pub(crate) completed_with: Vec<String>,
    /// The public root that the chain ends in and Mozilla's list has dropped.
    pub(crate) retired_root: Option<String>,
    /// The root that the chain of a certificate with log entries ends in, where only this machine or `--proxy-cert` knows it.
    pub(crate) unlisted_root: Option<String>,
    pub(crate) failure: Option<Failure>,
}

impl ChainJudgement {
    pub(super) fn new(
        presented: &PresentedChain<'_>,
        trust: ChainTrust,
        expected: CertificateExpectation<'_>,
    ) -> Self {
        let certificates = presented.certificates;
        let ca = certificate::short_name(&presented.last().summary.issuer);
        let cause = chain_failure(&trust, presented, expected);
        let is_unlisted = is_unlisted_public(&trust, presented, expected);
        Self {
            chain: certificates.iter().map(|c| summarize(c, trust.store)).collect(),
            trusted_by: trust.store,
            failure: cause
                .map(|cause| Failure::new(cause, describe_failure(cause, presented.leaf(), &ca, expected))),
            completed_with: trust.completed_with,
            retired_root: trust.is_retired.then(|| ca.clone()),
            unlisted_root: is_unlisted.then(|| ca.clone()),
            ca: Some(ca),
        }
    }

    pub(super) fn without_certificate() -> Self {
        Self {
            chain: Vec::new(),
            trusted_by: TrustStore::Nobody,
            ca: None,
            completed_with: Vec::new(),
            retired_root: None,
            unlisted_root: None,
            failure: Some(Failure::new(Cause::Unknown, "the server presented no certificate")),
        }
    }

    /// Writes down what was found; the failure is the caller's to keep.
    pub(crate) fn record_in(self, detail: &mut TlsDetail) -> Option<Failure> {
        detail.chain = self.chain;
        detail.trusted_by = Some(self.trusted_by);
        detail.authority = self.ca;
        detail.completed_with = self.completed_with;
        detail.retired_root = self.retired_root;
        detail.unlisted_root = self.unlisted_root;
        self.failure
    }
}

/// Names prove nothing: any CA may be called Microsoft. Nor does a pointer to the issuer's certificate, which a re-signed one can
/// carry, too; entries in public logs are what nobody but a public CA gets.
fn chain_failure(
    trust: &ChainTrust,
    presented: &PresentedChain<'_>,
    expected: CertificateExpectation<'_>,
) -> Option<Cause> {
    let (leaf, is_public) = (presented.leaf(), expected.certificate.public);
    let is_open_ended = !presented.last().is_self_issued;
    match trust.store {
        TrustStore::Public => trust.problem,
        _ if trust.is_retired || is_unlisted_public(trust, presented, expected) => trust.problem,
        TrustStore::System if !is_public => trust.problem,
        TrustStore::Given if !is_public || expected.inspection == Inspection::Tolerated => trust.problem,
        TrustStore::System | TrustStore::Given => Some(Cause::TlsIntercepted),
        TrustStore::Nobody if presented.certificates.len() == 1 && leaf.is_self_issued => {
            Some(Cause::TlsSelfSigned)
        }
        TrustStore::Nobody if leaf.is_logged && is_open_ended => Some(Cause::TlsIncompleteChain),
        TrustStore::Nobody if is_public => Some(Cause::TlsIntercepted),
        TrustStore::Nobody => Some(Cause::TlsUnknownIssuer),
    }
}

/// A certificate with log entries whose root this machine's owners trust and our list does not hold: probably a public root that
/// is younger than the list. Entries can be copied, so that only the answer proves who gave it.
fn is_unlisted_public(
    trust: &ChainTrust,
    presented: &PresentedChain<'_>,
    expected: CertificateExpectation<'_>,
) -> bool {
    let is_known_here = matches!(trust.store, TrustStore::System | TrustStore::Given);
    expected.certificate.public && is_known_here && !trust.is_retired && presented.leaf().is_logged
}

fn describe_failure(
    cause: Cause,
    leaf: &ParsedCertificate,
    ca: &str,
    expected: CertificateExpectation<'_>,
) -> String {
    let leaf = &leaf.summary;
    let usual = &expected.certificate.issuers;
    match cause {
        Cause::TlsExpired => {
            format!("valid until {}", leaf.not_after.as_deref().unwrap_or("an unreadable time"))
        }
        Cause::TlsNotYetValid => {
            format!("valid from {}", leaf.not_before.as_deref().unwrap_or("an unreadable time"))
        }
        Cause::TlsNameMismatch => format!("the certificate is for {}", list_certificate_names(leaf)),
        // words for people: what a CA is called decides nothing
        Cause::TlsIntercepted if !usual.is_empty() => {
            format!("issued by {ca}, where the service's own come from {}", usual.join(" or "))
        }
        _ => format!("issued by {ca}"),
    }
}

fn list_certificate_names(leaf: &CertificateSummary) -> String {
    match leaf.names.as_slice() {
        [] => certificate::short_name(&leaf.subject),
        names => names.iter().take(4).cloned().collect::<Vec<_>>().join(", "),
    }
}

fn summarize(certificate: &ParsedCertificate, trusted_by: TrustStore) -> CertificateSummary {
    let keeps_der = trusted_by != TrustStore::Public && certificate.der.len() <= MAX_DER_BYTES;
    CertificateSummary {
        der: keeps_der.then(|| certificate::encode_base64(&certificate.der)),
        ..certificate.summary.clone()
    }
}

/// In bytes; real certificates have one to three thousand.
const MAX_DER_BYTES: usize = 16 * 1024;
