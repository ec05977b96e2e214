//! The judgement of chains that probes use, for an ordinary client.

use std::sync::{Arc, Mutex};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};

use super::ProbeTarget;
use crate::model::evidence::{Failure, TrustStore};
use crate::model::rules::{Certificate, Inspection};
use crate::probe::lock::lock;
use crate::probe::net::Net;
use crate::probe::tls::{RecordingVerifier, SystemTimeProvider};
use crate::probe::trust::{CertificateExpectation, ChainJudgement};

/// Judges the chain of an endpoint by its rules, and that of a proxy on the way by the rules for proxies, before anything is sent.
#[derive(Debug)]
pub(super) struct Verifier {
    net: Arc<Net>,
    proxy: Option<String>,
    certificate: Certificate,
    inspection: Inspection,
    signatures: RecordingVerifier,
    judged: Mutex<Option<ChainJudgement>>,
}

impl Verifier {
    pub(super) fn new(net: &Arc<Net>, target: &ProbeTarget) -> Self {
        Self {
            net: Arc::clone(net),
            proxy: net
                .find_proxy(&target.route)
                .filter(|server| server.is_tls)
                .map(|server| server.host.clone()),
            certificate: target.spec.certificate.clone(),
            inspection: target.spec.inspection,
            signatures: RecordingVerifier::new(net.trust.provider()),
            judged: Mutex::default(),
        }
    }

    /// What an ordinary client sends, with this judgement.
    pub(super) fn config(self: &Arc<Self>) -> Option<ClientConfig> {
        let verifier: Arc<dyn ServerCertVerifier> = Arc::<Self>::clone(self);
        let provider = Arc::clone(self.net.trust.provider());
        let mut config = ClientConfig::builder_with_details(provider, Arc::new(SystemTimeProvider))
            .with_safe_default_protocol_versions()
            .ok()?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth();
        config.alpn_protocols.push(b"http/1.1".to_vec());
        Some(config)
    }

    /// Who vouches for the endpoint's chain; `None` where there was none.
    pub(super) fn trusted_by(&self) -> Option<TrustStore> {
        self.last(|judgement| Some(judgement.trusted_by))
    }

    /// Why the endpoint's chain was refused.
    pub(super) fn failure(&self) -> Option<Failure> {
        self.last(|judgement| judgement.failure.clone())
    }

    fn last<T>(&self, read: impl FnOnce(&ChainJudgement) -> Option<T>) -> Option<T> {
        lock(&self.judged).as_ref().and_then(read)
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let chain: Vec<_> =
            std::iter::once(end_entity).chain(intermediates).map(|c| c.clone().into_owned()).collect();
        let is_proxy = self.proxy.as_deref() == Some(&*name.to_str());
        let own = Certificate { public: false, issuers: Vec::new() };
        let expected = if is_proxy {
            CertificateExpectation { certificate: &own, inspection: Inspection::Tolerated }
        } else {
            CertificateExpectation { certificate: &self.certificate, inspection: self.inspection }
        };
        let judgement = self.net.trust.judge_chain(&chain, &name.to_owned(), self.net.unix_time(), expected);
        let refused = judgement.failure.as_ref().map(|failure| Error::General(failure.raw.clone()));
        if !is_proxy {
            *lock(&self.judged) = Some(judgement);
        }
        refused.map_or_else(|| Ok(ServerCertVerified::assertion()), Err)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signatures.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signatures.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.signatures.supported_verify_schemes()
    }
}
