//! Judges a presented chain against the stores in order: public roots, the CA that was configured, this machine's store.

mod judgement;
mod presented;
mod stores;

use std::fmt;
use std::sync::{Arc, LazyLock, OnceLock};

use rustls::client::WebPkiServerVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};

use super::certificate::{self, ParsedCertificate};
use super::descriptors;
use crate::model::evidence::{Cause, TrustStore};
use crate::model::rules::{Certificate, Inspection};
use crate::probe::net::roots::{PublicCertificates, Roots, TrustAnchors, builtin_roots};

pub(crate) use judgement::ChainJudgement;
use presented::{PresentedChain, UnknownIssuer};
#[cfg(feature = "cli")]
pub(super) use stores::client_config;
use stores::{build_verifier, system_verifier};

/// The stores. What is seldom needed is read when the first chain asks for it: the system's store costs tens of milliseconds.
pub struct ChainVerifier {
    provider: Arc<CryptoProvider>,
    public: Option<Arc<WebPkiServerVerifier>>,
    given: Option<Arc<WebPkiServerVerifier>>,
    system: OnceLock<Option<Arc<WebPkiServerVerifier>>>,
    known: LazyLock<KnownCertificates, Box<dyn FnOnce() -> KnownCertificates + Send>>,
}

/// Certificates of public CAs that vouch for nothing.
struct KnownCertificates {
    intermediates: Vec<ParsedCertificate>,
    retired: Option<Arc<WebPkiServerVerifier>>,
}

impl KnownCertificates {
    fn new(known: &PublicCertificates, provider: &Arc<CryptoProvider>) -> Self {
        Self {
            intermediates: known.intermediates().iter().map(certificate::parse_certificate).collect(),
            retired: build_verifier(known.retired_roots(), provider),
        }
    }
}

impl fmt::Debug for ChainVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChainVerifier").field("given", &self.given.is_some()).finish_non_exhaustive()
    }
}

/// What the rules expect of a certificate.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CertificateExpectation<'a> {
    pub(crate) certificate: &'a Certificate,
    pub(crate) inspection: Inspection,
}

/// Where a chain leads.
#[derive(Clone, Debug)]
struct ChainTrust {
    store: TrustStore,
    /// What is wrong with the certificate anyway.
    problem: Option<Cause>,
    /// The public intermediates that had to be added.
    completed_with: Vec<String>,
    /// Whether it ends in a public root that Mozilla's list has dropped.
    is_retired: bool,
}

impl ChainTrust {
    fn new(store: TrustStore, problem: Option<Cause>) -> Self {
        Self { store, problem, completed_with: Vec::new(), is_retired: false }
    }
}

impl ChainVerifier {
    /// Takes the stores over.
    pub fn new(roots: &Roots) -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let public = roots.public.as_ref().map_or_else(builtin_roots, TrustAnchors::to_store);
        let given = roots.given.as_ref().map(TrustAnchors::to_store);
        let (known, for_known) = (roots.known_public(), Arc::clone(&provider));
        let trust = Self {
            public: build_verifier(public, &provider),
            given: given.and_then(|roots| build_verifier(roots, &provider)),
            system: if roots.system { OnceLock::new() } else { OnceLock::from(None) },
            known: LazyLock::new(Box::new(move || KnownCertificates::new(&known(), &for_known))),
            provider,
        };
        if descriptors::raise_file_limit().is_some_and(|files| files < LOW_FILE_LIMIT) {
            // later there may be none left for it, and what is missing in the store would be taken for an interception
            trust.verifier_for(TrustStore::System);
        }
        trust
    }

    /// The one cryptography provider of the program.
    pub(crate) fn provider(&self) -> &Arc<CryptoProvider> {
        &self.provider
    }

    /// Says who trusts a chain, and if the endpoint cannot be used with it, why.
    pub(crate) fn judge_chain(
        &self,
        chain: &[CertificateDer<'static>],
        name: &ServerName<'static>,
        now: UnixTime,
        expected: CertificateExpectation<'_>,
    ) -> ChainJudgement {
        let parsed: Vec<_> =
            chain.iter().take(MAX_CHAIN_LENGTH).map(certificate::parse_certificate).collect();
        let Some(presented) = PresentedChain::new(&parsed, name, now) else {
            return ChainJudgement::without_certificate();
        };
        let trust = self.find_trust(&presented);
        ChainJudgement::new(&presented, trust, expected)
    }

    /// The first store that the chain leads to. Public comes first, whatever has to be added for it: what a public CA signed
    /// was not re-signed by anybody. A CA that was given counts as given, whoever else trusts it. A root that Mozilla's list has
    /// dropped vouches for nothing; that a chain ends there says no more than that nobody re-signed it.
    fn find_trust(&self, presented: &PresentedChain<'_>) -> ChainTrust {
        let in_store = |store| self.trust_by(presented, store, self.verifier_for(store)?);
        if let Some(public) = in_store(TrustStore::Public) {
            return public;
        }
        let retired = self.known.retired.as_ref();
        let retired = retired.and_then(|roots| self.trust_by(presented, TrustStore::Nobody, roots));
        let own = [TrustStore::Given, TrustStore::System].into_iter().find_map(in_store);
        let is_retired = retired.is_some();
        let trust = own.or(retired);
        let unknown = || ChainTrust::new(TrustStore::Nobody, Some(Cause::TlsUnknownIssuer));
        ChainTrust { is_retired, ..trust.unwrap_or_else(unknown) }
    }

    /// As it was presented, else with the public intermediates that the server left out or sent in a form that has expired.
    fn trust_by(
        &self,
        presented: &PresentedChain<'_>,
        store: TrustStore,
        verifier: &Arc<WebPkiServerVerifier>,
    ) -> Option<ChainTrust> {
        let as_sent = presented.problem_in(verifier, &[]);
        if as_sent == Ok(None) {
            return Some(ChainTrust::new(store, None));
        }
        let missing = presented.completed_by(&self.known.intermediates);
        let completed = match as_sent {
            Err(UnknownIssuer) | Ok(Some(Cause::TlsExpired)) if !missing.is_empty() => {
                let added = missing.iter().filter(|c| !presented.contains(c));
                presented.problem_in(verifier, &missing).ok().map(|problem| ChainTrust {
                    completed_with: added.map(|c| c.name()).collect(),
                    ..ChainTrust::new(store, problem)
                })
            }
            _ => None,
        };
        let as_sent = as_sent.ok().map(|problem| ChainTrust::new(store, problem));
        completed.filter(|trust| trust.problem.is_none() || as_sent.is_none()).or(as_sent)
    }

    fn verifier_for(&self, store: TrustStore) -> Option<&Arc<WebPkiServerVerifier>> {
        match store {
            TrustStore::Public => self.public.as_ref(),
            TrustStore::Given => self.given.as_ref(),
            TrustStore::System => self.system.get_or_init(|| system_verifier(&self.provider)).as_ref(),
            TrustStore::Nobody => None,
        }
    }
}

/// Open at a time.
const LOW_FILE_LIMIT: u64 = 256;

/// What is read of a presented chain. Real ones have two to four certificates.
const MAX_CHAIN_LENGTH: usize = 10;

#[cfg(test)]
mod trust_tests;
