//! Authorities that are trusted, in a form that can travel to an agent.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::RootCertStore;
#[cfg(feature = "cli")]
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, Der, TrustAnchor};
use serde::{Deserialize, Serialize};

/// The stores that chains are judged by.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Roots {
    /// What stands for the public roots; Mozilla's, built in, when `None`.
    pub public: Option<TrustAnchors>,
    /// What the agents are going to trust besides (`--proxy-cert`).
    pub given: Option<TrustAnchors>,
    /// Whether the store of the machine counts, too.
    pub system: bool,
    /// What else is known of the public CAs; what is built in, when `None` and the public roots are the built-in ones.
    #[serde(default)]
    pub known: Option<PublicCertificates>,
}

/// Certificates of public CAs that are no anchors; each is base64 of DER.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct PublicCertificates {
    /// What servers leave out: it completes chains.
    intermediates: Vec<String>,
    /// Roots that Mozilla's list has dropped without a fault: a chain that ends there is no inspection, and proves nothing else.
    retired: TrustAnchors,
}

/// A store of authorities.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TrustAnchors(Vec<SerializedAnchor>);

/// One authority, as RFC 5280 6.1.1 (d) has it; each part is base64 of DER.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct SerializedAnchor {
    subject: String,
    key: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name_constraints: Option<String>,
}

impl Roots {
    /// The same without anything of this machine: what an agent is to trust.
    #[must_use]
    pub fn for_agent(&self) -> Self {
        Self {
            public: Some(self.public.clone().unwrap_or_else(|| TrustAnchors::from_store(&builtin_roots()))),
            given: self.given.clone(),
            system: false,
            known: Some(self.known_public()()),
        }
    }

    /// What is known of the public CAs in addition to their roots. Most chains need none of it, so that it is read when it is called.
    pub(crate) fn known_public(&self) -> impl FnOnce() -> PublicCertificates + Send + 'static {
        let (known, has_builtin) = (self.known.clone(), self.public.is_none());
        move || {
            known.unwrap_or_else(|| {
                if has_builtin { builtin_certificates() } else { PublicCertificates::default() }
            })
        }
    }
}

impl PublicCertificates {
    /// Takes certificates over.
    pub fn new(intermediates: &[CertificateDer<'_>], retired: &RootCertStore) -> Self {
        let intermediates = intermediates.iter().map(|der| STANDARD.encode(der)).collect();
        Self { intermediates, retired: TrustAnchors::from_store(retired) }
    }

    pub(crate) fn intermediates(&self) -> Vec<CertificateDer<'static>> {
        self.intermediates.iter().filter_map(|text| STANDARD.decode(text).ok().map(Into::into)).collect()
    }

    pub(crate) fn retired_roots(&self) -> RootCertStore {
        self.retired.to_store()
    }
}

impl TrustAnchors {
    /// What a store holds.
    pub fn from_store(store: &RootCertStore) -> Self {
        Self(store.roots.iter().map(SerializedAnchor::from_anchor).collect())
    }

    /// The store. What is no base64 is left out: it cannot come from a store.
    pub fn to_store(&self) -> RootCertStore {
        RootCertStore { roots: self.0.iter().filter_map(SerializedAnchor::to_anchor).collect() }
    }
}

impl SerializedAnchor {
    fn from_anchor(anchor: &TrustAnchor<'_>) -> Self {
        let text = |der: &Der<'_>| STANDARD.encode(der.as_ref());
        Self {
            subject: text(&anchor.subject),
            key: text(&anchor.subject_public_key_info),
            name_constraints: anchor.name_constraints.as_ref().map(text),
        }
    }

    fn to_anchor(&self) -> Option<TrustAnchor<'static>> {
        let der = |text: &String| STANDARD.decode(text).ok().map(Der::from);
        Some(TrustAnchor {
            subject: der(&self.subject)?,
            subject_public_key_info: der(&self.key)?,
            name_constraints: self.name_constraints.as_ref().and_then(der),
        })
    }
}

/// Mozilla's store.
#[cfg(feature = "cli")]
pub(crate) fn builtin_roots() -> RootCertStore {
    RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() }
}

/// What stands in `rules/certificates`, with its sources.
#[cfg(feature = "cli")]
pub(crate) fn builtin_certificates() -> PublicCertificates {
    let read = |pem: &'static [u8]| CertificateDer::pem_slice_iter(pem).filter_map(Result::ok).collect();
    let intermediates: Vec<_> = read(include_bytes!("../../../rules/certificates/intermediates.pem"));
    let roots: Vec<_> = read(include_bytes!("../../../rules/certificates/retired-roots.pem"));
    let mut retired = RootCertStore::empty();
    retired.add_parsable_certificates(roots);
    PublicCertificates::new(&intermediates, &retired)
}

/// An agent gets whom to trust with its task.
#[cfg(not(feature = "cli"))]
pub(crate) fn builtin_roots() -> RootCertStore {
    RootCertStore::empty()
}

/// An agent gets what is known of them, too.
#[cfg(not(feature = "cli"))]
pub(crate) fn builtin_certificates() -> PublicCertificates {
    PublicCertificates::default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_survives_serialization() {
        let roots = Roots::default().for_agent();
        let json = serde_json::to_string(&roots).unwrap();
        assert!(json.len() < 150_000, "{} bytes have to fit into a Secret beside the plan", json.len());
        let back: Roots = serde_json::from_str(&json).unwrap();
        assert!(!back.system && back.given.is_none());
        assert_eq!(back.public.unwrap().to_store().roots, builtin_roots().roots);
    }
}
