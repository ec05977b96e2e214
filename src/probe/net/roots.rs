//! Authorities that are trusted, in a form that can travel to an agent.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::RootCertStore;
use rustls::pki_types::{Der, TrustAnchor};
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
        }
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

/// An agent is told whom to trust.
#[cfg(not(feature = "cli"))]
pub(crate) fn builtin_roots() -> RootCertStore {
    RootCertStore::empty()
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
