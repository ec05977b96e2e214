//! Authorities and certificates, made when the lab starts and dated from its clock.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io;
use std::sync::{Arc, Mutex};

use arcprobe::loopback::authorities::{
    Authority, authority_params, leaf_params, log_proof, make_key, make_root,
};
use jiff::Timestamp;
use rcgen::{Certificate, CertifiedIssuer, CustomExtension, DnType, KeyPair, SanType};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};

use super::{HOSTILE, LoopbackError, MARKUP, Tls, locked};

/// One certificate serves all names one label below this domain: benchmarks have hundreds of hosts there.
const WILDCARD_DOMAIN: &str = "lab.example";

/// Besides the own one in a leaf of [`Tls::LargeChain`]; each takes over 20 bytes.
const MORE_NAMES: usize = 100;

/// In a leaf of [`Tls::ManyNames`]: less than the 64 KiB that clients take.
const MOST_NAMES: usize = 1000;

/// Bytes of a certificate and of a chain of [`Tls::HugeChain`].
const LARGE: usize = 100_000;
const HUGE: usize = 10_000_000;

pub(super) struct Ca {
    now: Timestamp,
    /// Stands for the public roots; signs nothing but the intermediate.
    root: Authority,
    intermediate: Authority,
    /// Signs what the inspecting proxy shows.
    corporate: Authority,
    /// Is in nobody's store.
    unlisted: Authority,
    /// Nor is this one.
    hostile: Authority,
    leaf_key: KeyPair,
    provider: Arc<rustls::crypto::CryptoProvider>,
    configs: Mutex<HashMap<(Tls, String), Arc<ServerConfig>>>,
}

impl Ca {
    pub(super) fn new(now: Timestamp) -> Result<Self, LoopbackError> {
        let root = make_root("Lab Public Root", "Lab", now)?;
        let below = authority_params("Lab Public Intermediate", "Lab", now)?;
        Ok(Self {
            intermediate: CertifiedIssuer::signed_by(below, make_key()?, &root)?,
            corporate: make_root("Contoso Corporate Proxy CA", "Contoso", now)?,
            unlisted: make_root("Unlisted Private Root", "Fabrikam", now)?,
            hostile: make_root(&format!("{HOSTILE} Root {MARKUP}"), HOSTILE, now)?,
            root,
            leaf_key: make_key()?,
            provider: Arc::new(rustls::crypto::ring::default_provider()),
            configs: Mutex::default(),
            now,
        })
    }

    pub(super) fn root(&self) -> &CertificateDer<'static> {
        self.root.der()
    }

    pub(super) fn corporate(&self) -> &CertificateDer<'static> {
        self.corporate.der()
    }

    /// What a TLS server of this behaviour presents for the name; made once.
    pub(super) fn config(&self, tls: Tls, name: &str) -> Result<Arc<ServerConfig>, LoopbackError> {
        let name = match name.split_once('.') {
            Some((_, WILDCARD_DOMAIN)) => format!("*.{WILDCARD_DOMAIN}"),
            _ => name.to_owned(),
        };
        let mut configs = locked(&self.configs);
        Ok(match configs.entry((tls, name)) {
            Entry::Occupied(made) => Arc::clone(made.get()),
            Entry::Vacant(empty) => {
                let config = self.make(tls, &empty.key().1)?;
                Arc::clone(empty.insert(config))
            }
        })
    }

    fn make(&self, tls: Tls, name: &str) -> Result<Arc<ServerConfig>, LoopbackError> {
        let builder = ServerConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()?;
        let builder = if tls == Tls::RequiresClientCertificate {
            let mut roots = RootCertStore::empty();
            roots.add(self.root.der().clone())?;
            let provider = Arc::clone(&self.provider);
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            builder.with_client_cert_verifier(verifier.map_err(io::Error::other)?)
        } else {
            builder.with_no_client_auth()
        };
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(self.leaf_key.serialize_der()));
        let mut config = builder.with_single_cert(self.chain(tls, name)?, key)?;
        config.alpn_protocols =
            vec![if tls == Tls::OnlyHttp2 { b"h2".to_vec() } else { b"http/1.1".to_vec() }];
        config.send_tls13_tickets = 0; // nobody resumes, and a late ticket turns a clean close into a reset
        Ok(Arc::new(config))
    }

    /// Leaf first. The root is left out, as public servers do.
    fn chain(&self, tls: Tls, name: &str) -> Result<Vec<CertificateDer<'static>>, rcgen::Error> {
        let signed = |name, (from, to), by: &Authority| {
            let mut params = leaf_params(name, self.now, from, to)?;
            let more = match tls {
                Tls::LargeChain => MORE_NAMES,
                Tls::ManyNames => MOST_NAMES,
                _ => 0,
            };
            if matches!(tls, Tls::IncompleteChain | Tls::InterceptedAndLogged) {
                params.custom_extensions.push(log_proof());
            }
            for index in 0..more {
                params.subject_alt_names.push(other_name(index, name)?);
            }
            params.signed_by(&self.leaf_key, by)
        };
        let valid = (-1, 90);
        let (leaf, issuer) = match tls {
            Tls::SelfSigned => (leaf_params(name, self.now, -1, 90)?.self_signed(&self.leaf_key), None),
            Tls::UnknownIssuer => (signed(name, valid, &self.unlisted), Some(&self.unlisted)),
            Tls::HostileIssuer => (signed(name, valid, &self.hostile), Some(&self.hostile)),
            Tls::HostileNames => (self.hostile_leaf(name), Some(&self.hostile)),
            Tls::Intercepted | Tls::InterceptedAndLogged => {
                (signed(name, valid, &self.corporate), Some(&self.corporate))
            }
            Tls::IncompleteChain => (signed(name, valid, &self.intermediate), None),
            Tls::Expired => (signed(name, (-90, -3), &self.intermediate), Some(&self.intermediate)),
            Tls::NotYetValid => (signed(name, (3, 90), &self.intermediate), Some(&self.intermediate)),
            Tls::WrongName => (signed("other.example", valid, &self.intermediate), Some(&self.intermediate)),
            _ => (signed(name, valid, &self.intermediate), Some(&self.intermediate)),
        };
        let issuer = issuer.map(|authority| authority.der().clone());
        let mut chain: Vec<_> = std::iter::once(leaf?.der().clone()).chain(issuer).collect();
        if tls == Tls::HugeChain {
            chain.extend(std::iter::repeat_n(self.large()?, HUGE / LARGE));
        }
        Ok(chain)
    }

    /// Names that no authority would sign.
    fn hostile_leaf(&self, name: &str) -> Result<Certificate, rcgen::Error> {
        let mut params = leaf_params(name, self.now, -1, 90)?;
        params.distinguished_name.push(DnType::CommonName, format!("{MARKUP} {HOSTILE}"));
        params.distinguished_name.push(DnType::OrganizationName, HOSTILE);
        let ascii = |text: &str| text.chars().filter(char::is_ascii).collect::<String>();
        for text in [HOSTILE, MARKUP] {
            params.subject_alt_names.push(SanType::DnsName(ascii(text).try_into()?));
        }
        params.signed_by(&self.leaf_key, &self.hostile)
    }

    /// A certificate with [`LARGE`] bytes of nothing in it.
    fn large(&self) -> Result<CertificateDer<'static>, rcgen::Error> {
        let mut params = authority_params("Lab Large", "Lab", self.now)?;
        params.custom_extensions =
            vec![CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99_999], vec![0; LARGE])];
        Ok(params.signed_by(&self.leaf_key, &self.root)?.der().clone())
    }
}

fn other_name(index: usize, name: &str) -> Result<SanType, rcgen::Error> {
    Ok(SanType::DnsName(format!("other-{index}.{}", name.trim_start_matches("*.")).try_into()?))
}
