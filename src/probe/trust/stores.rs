//! Verifiers for the stores of certificates.

use std::sync::Arc;

#[cfg(feature = "cli")]
use rustls::ClientConfig;
use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::crypto::CryptoProvider;

#[cfg(feature = "cli")]
use crate::probe::net::roots::{Roots, TrustAnchors, builtin_roots};

/// `None` for an empty store.
pub(super) fn build_verifier(
    roots: RootCertStore,
    provider: &Arc<CryptoProvider>,
) -> Option<Arc<WebPkiServerVerifier>> {
    // an empty store is the only way for this to fail
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider)).build().ok()
}

#[cfg(feature = "cli")]
pub(super) fn system_verifier(provider: &Arc<CryptoProvider>) -> Option<Arc<WebPkiServerVerifier>> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    build_verifier(roots, provider)
}

/// An agent's machine is an image of somebody else; its store says nothing.
#[cfg(not(feature = "cli"))]
pub(super) fn system_verifier(_: &Arc<CryptoProvider>) -> Option<Arc<WebPkiServerVerifier>> {
    None
}

/// What a client that only wants to know whether it may trust a server works with: all three stores as one.
#[cfg(feature = "cli")]
pub(crate) fn client_config(roots: &Roots) -> ClientConfig {
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
