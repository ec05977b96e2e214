//! TLS over a connection that we own. The chain is recorded whatever it is, and judged afterwards.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::time_provider::TimeProvider;
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme, SupportedProtocolVersion,
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::classify;
use crate::model::evidence::{Cause, Failure, TlsDetail};
use crate::probe::lock::lock;
use crate::probe::net::{Clock as _, SystemClock};

/// What the first message looks like.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ClientHelloForm {
    /// As small as it comes: about 250 bytes.
    Small,
    /// About 1.5 kB, more than one packet: as large as those of runtimes that offer a post-quantum key share.
    Large,
    /// Small, and without TLS 1.3.
    Tls12,
}

/// A finished or failed handshake, with what the server presented either way.
pub(crate) struct Handshake<S> {
    pub(crate) stream: Result<TlsStream<S>, Failure>,
    pub(crate) detail: TlsDetail,
    pub(super) chain: Vec<CertificateDer<'static>>,
}

/// Shakes hands. `offer_http` asks for HTTP/1.1 by ALPN: an HTTP/2 connection could not be upgraded to a WebSocket.
pub(crate) async fn perform_handshake<S: AsyncRead + AsyncWrite + Unpin>(
    io: S,
    name: &ServerName<'static>,
    hello: ClientHelloForm,
    offer_http: bool,
    provider: &Arc<CryptoProvider>,
    within: Duration,
) -> Handshake<S> {
    let recorder = Arc::new(RecordingVerifier::new(provider));
    let mut detail = TlsDetail { server_name: name.to_str().into_owned(), ..TlsDetail::default() };
    let config = match build_config(&recorder, hello, offer_http) {
        Ok(config) => Arc::new(config),
        Err(e) => {
            return Handshake {
                stream: Err(Failure::new(Cause::Unknown, e.to_string())),
                detail,
                chain: vec![],
            };
        }
    };
    if hello == ClientHelloForm::Large {
        detail.hello_bytes = client_hello_length(&config, name);
    }
    let stream = match timeout(within, TlsConnector::from(config).connect(name.clone(), io)).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(e)) => Err(classify::classify_handshake_error(&e)),
        Err(_) => {
            Err(Failure::new(Cause::TlsTimeout, format!("no answer to the ClientHello within {within:?}")))
        }
    };
    if let Ok(stream) = &stream {
        record_session(stream.get_ref().1, &mut detail);
    }
    let chain = std::mem::take(&mut *lock(&recorder.chain));
    Handshake { stream, detail, chain }
}

fn build_config(
    recorder: &Arc<RecordingVerifier>,
    hello: ClientHelloForm,
    offer_http: bool,
) -> Result<ClientConfig, rustls::Error> {
    let (provider, versions) = if hello == ClientHelloForm::Tls12 {
        (without_tls13(&recorder.provider), TLS12_ALONE)
    } else {
        (Arc::clone(&recorder.provider), rustls::DEFAULT_VERSIONS)
    };
    let verifier: Arc<dyn ServerCertVerifier> = Arc::<RecordingVerifier>::clone(recorder);
    let mut config = ClientConfig::builder_with_details(provider, Arc::new(SystemTimeProvider))
        .with_protocol_versions(versions)?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    config.resumption = Resumption::disabled(); // every probe is a full handshake
    if offer_http {
        config.alpn_protocols.push(b"http/1.1".to_vec());
    }
    if hello == ClientHelloForm::Large {
        // names that no server knows fill the message; the key share that fills it in real clients is not in `ring`
        config.alpn_protocols.extend((0..5).map(|i| vec![b'a' + i; 247]));
    }
    Ok(config)
}

/// A client without TLS 1.3 names none of its suites either.
fn without_tls13(provider: &CryptoProvider) -> Arc<CryptoProvider> {
    let mut provider = provider.clone();
    provider.cipher_suites.retain(|suite| suite.version() == &rustls::version::TLS12);
    Arc::new(provider)
}

const TLS12_ALONE: &[&SupportedProtocolVersion] = &[&rustls::version::TLS12];

/// The time of this machine, whatever it is; that of the library panics before 1970, where clocks without a battery begin.
#[derive(Debug)]
pub(super) struct SystemTimeProvider;

impl TimeProvider for SystemTimeProvider {
    fn current_time(&self) -> Option<UnixTime> {
        let seconds = u64::try_from(SystemClock.now().as_second()).unwrap_or(0);
        Some(UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
    }
}

/// The length of the message as it goes out, by writing one that is thrown away.
fn client_hello_length(config: &Arc<ClientConfig>, name: &ServerName<'static>) -> Option<usize> {
    let mut connection = ClientConnection::new(Arc::clone(config), name.clone()).ok()?;
    let mut bytes = Vec::new();
    connection.write_tls(&mut bytes).ok()?;
    Some(bytes.len())
}

fn record_session(connection: &ClientConnection, detail: &mut TlsDetail) {
    detail.protocol = connection.protocol_version().and_then(|v| v.as_str()).map(|v| v.replace('_', "."));
    detail.cipher = connection.negotiated_cipher_suite().and_then(|s| s.suite().as_str()).map(str::to_owned);
    detail.group =
        connection.negotiated_key_exchange_group().and_then(|g| g.name().as_str()).map(str::to_owned);
    detail.alpn =
        connection.alpn_protocol().map(|p| crate::model::evidence::sanitize(&String::from_utf8_lossy(p), 40));
}

/// Accepts every chain and keeps it. Signatures over the handshake are checked anyway.
#[derive(Debug)]
pub(super) struct RecordingVerifier {
    provider: Arc<CryptoProvider>,
    chain: Mutex<Vec<CertificateDer<'static>>>,
}

impl RecordingVerifier {
    pub(super) fn new(provider: &Arc<CryptoProvider>) -> Self {
        Self { provider: Arc::clone(provider), chain: Mutex::default() }
    }
}

impl ServerCertVerifier for RecordingVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let chain =
            std::iter::once(end_entity).chain(intermediates).map(|c| c.clone().into_owned()).collect();
        *lock(&self.chain) = chain;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
