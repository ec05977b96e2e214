//! Judging a presented chain against three stores: public roots, this machine's, and the authority given for the agents.

use std::fmt;
use std::sync::{Arc, OnceLock};

#[cfg(feature = "cli")]
use rustls::ClientConfig;
use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};

use super::certificate::{self, Parsed};
use super::{appliance, classify, descriptors};
use crate::model::evidence::{Cause, CertificateSummary, Failure, TrustStore};
use crate::model::rules::{Certificate, Inspection};
use crate::probe::net::{Anchors, Roots, builtin};

/// The three stores. The system's is read when the first chain is not publicly trusted: it costs tens of milliseconds.
pub struct Trust {
    provider: Arc<CryptoProvider>,
    public: Option<Arc<WebPkiServerVerifier>>,
    given: Option<Arc<WebPkiServerVerifier>>,
    system: OnceLock<Option<Arc<WebPkiServerVerifier>>>,
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trust").field("given", &self.given.is_some()).finish_non_exhaustive()
    }
}

/// What the rules expect of a certificate.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected<'a> {
    pub(super) certificate: &'a Certificate,
    pub(super) inspection: Inspection,
}

/// What came of judging a chain.
#[derive(Clone, Debug)]
pub(super) struct Judgement {
    pub(super) chain: Vec<CertificateSummary>,
    pub(super) trusted_by: TrustStore,
    pub(super) authority: Option<String>,
    pub(super) appliance: Option<&'static str>,
    pub(super) failure: Option<Failure>,
}

impl Trust {
    /// Takes the stores over.
    pub fn new(roots: &Roots) -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let public = roots.public.as_ref().map_or_else(builtin, Anchors::store);
        let given = roots.given.as_ref().map(Anchors::store);
        let trust = Self {
            public: verifier(public, &provider),
            given: given.and_then(|roots| verifier(roots, &provider)),
            system: if roots.system { OnceLock::new() } else { OnceLock::from(None) },
            provider,
        };
        if descriptors::limit().is_some_and(|files| files < FEW_FILES) {
            // later there may be none left for it, and what is missing in the store would be taken for an interception
            trust.store(TrustStore::System);
        }
        trust
    }

    /// The one cryptography provider of the program.
    pub(super) fn provider(&self) -> &Arc<CryptoProvider> {
        &self.provider
    }

    /// Says who trusts a chain, and if the endpoint cannot be used with it, why.
    pub(super) fn judge(
        &self,
        chain: &[CertificateDer<'static>],
        name: &ServerName<'static>,
        now: UnixTime,
        expected: Expected<'_>,
    ) -> Judgement {
        let parsed: Vec<Parsed> = chain.iter().take(LONGEST_CHAIN).map(certificate::parse).collect();
        let Some((leaf, rest)) = chain.split_first() else {
            return Judgement::without_certificate();
        };
        let presented = Presented { leaf, rest, name, now };
        let (trusted_by, problem) = self.trusted_by(&presented, &parsed);
        let failure = failure_of(trusted_by, problem, &parsed, expected);
        let authority = parsed.last().map(|last| authority_of(&last.summary));
        let appliance = parsed
            .iter()
            .find_map(|p| appliance::in_authority(&p.summary.issuer))
            .filter(|_| trusted_by != TrustStore::Public);
        let chain = summaries(chain, parsed, trusted_by);
        Judgement { chain, trusted_by, authority, appliance, failure }
    }

    /// The first store that the chain leads to, and what is wrong with the certificate all the same.
    fn trusted_by(&self, presented: &Presented<'_>, parsed: &[Parsed]) -> (TrustStore, Option<Cause>) {
        let stores = [TrustStore::Public, TrustStore::System, TrustStore::Given];
        for store in stores {
            let Some(verifier) = self.store(store) else { continue };
            match presented.verify(verifier, parsed) {
                Some(Cause::TlsUnknownIssuer | Cause::Unknown) => {}
                problem => return (store, problem),
            }
        }
        (TrustStore::Nobody, Some(Cause::TlsUnknownIssuer))
    }

    fn store(&self, store: TrustStore) -> Option<&Arc<WebPkiServerVerifier>> {
        match store {
            TrustStore::Public => self.public.as_ref(),
            TrustStore::Given => self.given.as_ref(),
            TrustStore::System => self.system.get_or_init(|| system_verifier(&self.provider)).as_ref(),
            TrustStore::Nobody => None,
        }
    }
}

struct Presented<'a> {
    leaf: &'a CertificateDer<'static>,
    rest: &'a [CertificateDer<'static>],
    name: &'a ServerName<'static>,
    now: UnixTime,
}

impl Presented<'_> {
    /// What is wrong, seen by one store; `TlsUnknownIssuer` when the chain does not lead there at all.
    ///
    /// A certificate that is out of its time is refused before its issuer is looked for, so the issuer is judged again
    /// at a time at which the leaf was valid: an expired certificate of an unknown authority is, first of all, the work
    /// of an unknown authority.
    fn verify(&self, verifier: &Arc<WebPkiServerVerifier>, parsed: &[Parsed]) -> Option<Cause> {
        let problem = self.verify_at(verifier, self.now)?;
        if !matches!(problem, Cause::TlsExpired | Cause::TlsNotYetValid) {
            return Some(problem);
        }
        let leaf = parsed.first()?;
        let middle = leaf.not_before / 2 + leaf.not_after / 2;
        let then =
            UnixTime::since_unix_epoch(std::time::Duration::from_secs(u64::try_from(middle).unwrap_or(0)));
        match self.verify_at(verifier, then) {
            Some(Cause::TlsUnknownIssuer) => Some(Cause::TlsUnknownIssuer),
            _ => Some(problem),
        }
    }

    fn verify_at(&self, verifier: &Arc<WebPkiServerVerifier>, at: UnixTime) -> Option<Cause> {
        let result = verifier.verify_server_cert(self.leaf, self.rest, self.name, &[], at);
        result.err().map(|e| classify::certificate(&e))
    }
}

impl Judgement {
    fn without_certificate() -> Self {
        Self {
            chain: Vec::new(),
            trusted_by: TrustStore::Nobody,
            authority: None,
            appliance: None,
            failure: Some(Failure::new(Cause::Unknown, "the server presented no certificate")),
        }
    }
}

fn failure_of(
    trusted_by: TrustStore,
    problem: Option<Cause>,
    parsed: &[Parsed],
    expected: Expected<'_>,
) -> Option<Failure> {
    let leaf = parsed.first()?;
    let issuer = parsed.last().map(|p| p.summary.issuer.as_str()).unwrap_or_default();
    let is_known_family = expected.certificate.issuers.iter().any(|family| issuer.contains(family.as_str()));
    let is_public_make = leaf.is_public_make || (is_known_family && !leaf.is_self_issued);
    let cause = match (trusted_by, problem) {
        (TrustStore::Public, problem) => problem?,
        // a store of this machine can hold public authorities that Mozilla dropped
        (TrustStore::System, problem) if !expected.certificate.public || leaf.is_public_make => problem?,
        (TrustStore::Given, problem)
            if !expected.certificate.public || expected.inspection == Inspection::Tolerated =>
        {
            problem?
        }
        (TrustStore::System | TrustStore::Given, _) => Cause::TlsIntercepted,
        (TrustStore::Nobody, _) if parsed.len() == 1 && leaf.is_self_issued => Cause::TlsSelfSigned,
        (TrustStore::Nobody, _) if is_public_make && !parsed.iter().any(|p| p.is_self_issued) => {
            Cause::TlsIncompleteChain
        }
        (TrustStore::Nobody, _) if expected.certificate.public => Cause::TlsIntercepted,
        (TrustStore::Nobody, _) => Cause::TlsUnknownIssuer,
    };
    Some(Failure::new(cause, text_of(cause, leaf, parsed)))
}

fn text_of(cause: Cause, leaf: &Parsed, parsed: &[Parsed]) -> String {
    let authority = parsed.last().map(|last| authority_of(&last.summary)).unwrap_or_default();
    let leaf = &leaf.summary;
    match cause {
        Cause::TlsExpired => {
            format!("valid until {}", leaf.not_after.as_deref().unwrap_or("an unreadable time"))
        }
        Cause::TlsNotYetValid => {
            format!("valid from {}", leaf.not_before.as_deref().unwrap_or("an unreadable time"))
        }
        Cause::TlsNameMismatch => format!("the certificate is for {}", names_of(leaf)),
        _ => format!("issued by {authority}"),
    }
}

fn names_of(leaf: &CertificateSummary) -> String {
    match leaf.names.as_slice() {
        [] => certificate::short_name(&leaf.subject),
        names => names.iter().take(4).cloned().collect::<Vec<_>>().join(", "),
    }
}

/// The last presented certificate is the authority itself when it signs itself, else it names the authority.
fn authority_of(last: &CertificateSummary) -> String {
    certificate::short_name(&last.issuer)
}

fn summaries(
    chain: &[CertificateDer<'static>],
    parsed: Vec<Parsed>,
    trusted_by: TrustStore,
) -> Vec<CertificateSummary> {
    let keep = trusted_by != TrustStore::Public;
    let whole = |(der, parsed): (&CertificateDer<'static>, Parsed)| CertificateSummary {
        der: (keep && der.len() <= LARGEST_KEPT).then(|| certificate::base64(der)),
        ..parsed.summary
    };
    chain.iter().zip(parsed).map(whole).collect()
}

fn verifier(roots: RootCertStore, provider: &Arc<CryptoProvider>) -> Option<Arc<WebPkiServerVerifier>> {
    // an empty store is the only way for this to fail
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider)).build().ok()
}

#[cfg(feature = "cli")]
fn system_verifier(provider: &Arc<CryptoProvider>) -> Option<Arc<WebPkiServerVerifier>> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    verifier(roots, provider)
}

/// What a client that only wants to know whether it may trust a server works with: all three stores as one.
#[cfg(feature = "cli")]
pub(super) fn client_config(roots: &Roots) -> ClientConfig {
    let mut store = roots.public.as_ref().map_or_else(builtin, Anchors::store);
    store.roots.extend(roots.given.iter().flat_map(|given| given.store().roots));
    if roots.system {
        store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring knows the versions that it comes with")
        .with_root_certificates(store)
        .with_no_client_auth();
    config.alpn_protocols.push(b"http/1.1".to_vec());
    config
}

/// An agent's machine is an image of somebody else; its store says nothing.
#[cfg(not(feature = "cli"))]
fn system_verifier(_: &Arc<CryptoProvider>) -> Option<Arc<WebPkiServerVerifier>> {
    None
}

/// Open at a time.
const FEW_FILES: u64 = 256;

/// Real chains have two to four.
const LONGEST_CHAIN: usize = 10;

/// In bytes; real certificates have one to three thousand.
const LARGEST_KEPT: usize = 16 * 1024;
