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

use super::certificate::{self, ParsedCertificate};
use super::{appliance, classify, descriptors};
use crate::model::evidence::{Cause, CertificateSummary, Failure, TrustStore};
use crate::model::rules::{Certificate, Inspection};
use crate::probe::net::roots::{Roots, TrustAnchors, builtin_roots};

/// The three stores. The system's is read when the first chain is not publicly trusted: it costs tens of milliseconds.
pub struct ChainVerifier {
    provider: Arc<CryptoProvider>,
    public: Option<Arc<WebPkiServerVerifier>>,
    given: Option<Arc<WebPkiServerVerifier>>,
    system: OnceLock<Option<Arc<WebPkiServerVerifier>>>,
}

impl fmt::Debug for ChainVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trust").field("given", &self.given.is_some()).finish_non_exhaustive()
    }
}

/// What the rules expect of a certificate.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CertificateExpectation<'a> {
    pub(crate) certificate: &'a Certificate,
    pub(crate) inspection: Inspection,
}

/// What came of judging a chain.
#[derive(Clone, Debug)]
pub(crate) struct ChainJudgement {
    pub(crate) chain: Vec<CertificateSummary>,
    pub(crate) trusted_by: TrustStore,
    pub(crate) ca: Option<String>,
    pub(crate) appliance: Option<&'static str>,
    pub(crate) failure: Option<Failure>,
}

impl ChainVerifier {
    /// Takes the stores over.
    pub fn new(roots: &Roots) -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let public = roots.public.as_ref().map_or_else(builtin_roots, TrustAnchors::to_store);
        let given = roots.given.as_ref().map(TrustAnchors::to_store);
        let trust = Self {
            public: build_verifier(public, &provider),
            given: given.and_then(|roots| build_verifier(roots, &provider)),
            system: if roots.system { OnceLock::new() } else { OnceLock::from(None) },
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
        let parsed: Vec<ParsedCertificate> =
            chain.iter().take(MAX_CHAIN_LENGTH).map(certificate::parse_certificate).collect();
        let Some((leaf, rest)) = chain.split_first() else {
            return ChainJudgement::without_certificate();
        };
        let presented = PresentedChain { leaf, rest, name, now };
        let (trusted_by, problem) = self.find_trusting_store(&presented, &parsed);
        let failure = chain_failure(trusted_by, problem, &parsed, expected);
        let authority = parsed.last().map(|last| ca_name(&last.summary));
        let appliance = parsed
            .iter()
            .find_map(|p| appliance::find_in_ca_name(&p.summary.issuer))
            .filter(|_| trusted_by != TrustStore::Public);
        let chain = summarize_chain(chain, parsed, trusted_by);
        ChainJudgement { chain, trusted_by, ca: authority, appliance, failure }
    }

    /// The first store that the chain leads to, and what is wrong with the certificate all the same.
    fn find_trusting_store(
        &self,
        presented: &PresentedChain<'_>,
        parsed: &[ParsedCertificate],
    ) -> (TrustStore, Option<Cause>) {
        let stores = [TrustStore::Public, TrustStore::System, TrustStore::Given];
        for store in stores {
            let Some(verifier) = self.verifier_for(store) else { continue };
            match presented.verify_with(verifier, parsed) {
                Some(Cause::TlsUnknownIssuer | Cause::Unknown) => {}
                problem => return (store, problem),
            }
        }
        (TrustStore::Nobody, Some(Cause::TlsUnknownIssuer))
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

struct PresentedChain<'a> {
    leaf: &'a CertificateDer<'static>,
    rest: &'a [CertificateDer<'static>],
    name: &'a ServerName<'static>,
    now: UnixTime,
}

impl PresentedChain<'_> {
    /// What is wrong, seen by one store; `TlsUnknownIssuer` when the chain does not lead there at all.
    ///
    /// A certificate that is out of its time is refused before its issuer is looked for, so the issuer is judged again
    /// at a time at which the leaf was valid: an expired certificate of an unknown authority is, first of all, the work
    /// of an unknown authority.
    fn verify_with(
        &self,
        verifier: &Arc<WebPkiServerVerifier>,
        parsed: &[ParsedCertificate],
    ) -> Option<Cause> {
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
        result.err().map(|e| classify::classify_certificate_error(&e))
    }
}

impl ChainJudgement {
    fn without_certificate() -> Self {
        Self {
            chain: Vec::new(),
            trusted_by: TrustStore::Nobody,
            ca: None,
            appliance: None,
            failure: Some(Failure::new(Cause::Unknown, "the server presented no certificate")),
        }
    }
}

fn chain_failure(
    trusted_by: TrustStore,
    problem: Option<Cause>,
    parsed: &[ParsedCertificate],
    expected: CertificateExpectation<'_>,
) -> Option<Failure> {
    let leaf = parsed.first()?;
    let issuer = parsed.last().map(|p| p.summary.issuer.as_str()).unwrap_or_default();
    let is_known_family = expected.certificate.issuers.iter().any(|family| issuer.contains(family.as_str()));
    let is_publicly_issued = leaf.is_publicly_issued || (is_known_family && !leaf.is_self_issued);
    let cause = match (trusted_by, problem) {
        (TrustStore::Public, problem) => problem?,
        // a store of this machine can hold public authorities that Mozilla dropped
        (TrustStore::System, problem) if !expected.certificate.public || leaf.is_publicly_issued => problem?,
        (TrustStore::Given, problem)
            if !expected.certificate.public || expected.inspection == Inspection::Tolerated =>
        {
            problem?
        }
        (TrustStore::System | TrustStore::Given, _) => Cause::TlsIntercepted,
        (TrustStore::Nobody, _) if parsed.len() == 1 && leaf.is_self_issued => Cause::TlsSelfSigned,
        (TrustStore::Nobody, _) if is_publicly_issued && !parsed.iter().any(|p| p.is_self_issued) => {
            Cause::TlsIncompleteChain
        }
        (TrustStore::Nobody, _) if expected.certificate.public => Cause::TlsIntercepted,
        (TrustStore::Nobody, _) => Cause::TlsUnknownIssuer,
    };
    Some(Failure::new(cause, describe_chain_failure(cause, leaf, parsed)))
}

fn describe_chain_failure(cause: Cause, leaf: &ParsedCertificate, parsed: &[ParsedCertificate]) -> String {
    let authority = parsed.last().map(|last| ca_name(&last.summary)).unwrap_or_default();
    let leaf = &leaf.summary;
    match cause {
        Cause::TlsExpired => {
            format!("valid until {}", leaf.not_after.as_deref().unwrap_or("an unreadable time"))
        }
        Cause::TlsNotYetValid => {
            format!("valid from {}", leaf.not_before.as_deref().unwrap_or("an unreadable time"))
        }
        Cause::TlsNameMismatch => format!("the certificate is for {}", list_certificate_names(leaf)),
        _ => format!("issued by {authority}"),
    }
}

fn list_certificate_names(leaf: &CertificateSummary) -> String {
    match leaf.names.as_slice() {
        [] => certificate::short_name(&leaf.subject),
        names => names.iter().take(4).cloned().collect::<Vec<_>>().join(", "),
    }
}

/// The last presented certificate is the authority itself when it signs itself, else it names the authority.
fn ca_name(last: &CertificateSummary) -> String {
    certificate::short_name(&last.issuer)
}

fn summarize_chain(
    chain: &[CertificateDer<'static>],
    parsed: Vec<ParsedCertificate>,
    trusted_by: TrustStore,
) -> Vec<CertificateSummary> {
    let keeps_der = trusted_by != TrustStore::Public;
    let whole = |(der, parsed): (&CertificateDer<'static>, ParsedCertificate)| CertificateSummary {
        der: (keeps_der && der.len() <= MAX_DER_BYTES).then(|| certificate::encode_base64(der)),
        ..parsed.summary
    };
    chain.iter().zip(parsed).map(whole).collect()
}

fn build_verifier(roots: RootCertStore, provider: &Arc<CryptoProvider>) -> Option<Arc<WebPkiServerVerifier>> {
    // an empty store is the only way for this to fail
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider)).build().ok()
}

#[cfg(feature = "cli")]
fn system_verifier(provider: &Arc<CryptoProvider>) -> Option<Arc<WebPkiServerVerifier>> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    build_verifier(roots, provider)
}

/// What a client that only wants to know whether it may trust a server works with: all three stores as one.
#[cfg(feature = "cli")]
pub(super) fn client_config(roots: &Roots) -> ClientConfig {
    let mut store = roots.public.as_ref().map_or_else(builtin_roots, TrustAnchors::to_store);
    store.roots.extend(roots.given.iter().flat_map(|given| given.to_store().roots));
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
const LOW_FILE_LIMIT: u64 = 256;

/// Real chains have two to four.
const MAX_CHAIN_LENGTH: usize = 10;

/// In bytes; real certificates have one to three thousand.
const MAX_DER_BYTES: usize = 16 * 1024;
