//! Authorities and certificates, made when the lab starts and dated from its clock.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, CustomExtension, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose, SanType, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};

use super::{HOSTILE, LabError, MARKUP, Tls, locked};

type Authority = CertifiedIssuer<'static, KeyPair>;

/// One certificate serves all names one label below this domain: benchmarks have hundreds of hosts there.
const WILDCARD_DOMAIN: &str = "lab.example";

/// What a client may fetch the intermediate from; nobody serves it.
const AIA_URL: &str = "http://aia.lab.example/intermediate.crt";

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
    pub(super) fn new(now: Timestamp) -> Result<Self, LabError> {
        let root = own_root("Lab Public Root", "Lab", now)?;
        let below = authority("Lab Public Intermediate", "Lab", now)?;
        Ok(Self {
            intermediate: CertifiedIssuer::signed_by(below, key()?, &root)?,
            corporate: own_root("Contoso Corporate Proxy CA", "Contoso", now)?,
            unlisted: own_root("Unlisted Private Root", "Fabrikam", now)?,
            hostile: own_root(&format!("{HOSTILE} Root {MARKUP}"), HOSTILE, now)?,
            root,
            leaf_key: key()?,
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
    pub(super) fn config(&self, tls: Tls, name: &str) -> Result<Arc<ServerConfig>, LabError> {
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

    fn make(&self, tls: Tls, name: &str) -> Result<Arc<ServerConfig>, LabError> {
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
            let mut params = leaf(name, self.now, from, to)?;
            let more = match tls {
                Tls::LargeChain => MORE_NAMES,
                Tls::ManyNames => MOST_NAMES,
                _ => 0,
            };
            if tls == Tls::IncompleteChain {
                params.custom_extensions.push(log_proof());
            }
            for index in 0..more {
                params.subject_alt_names.push(other_name(index, name)?);
            }
            params.signed_by(&self.leaf_key, by)
        };
        let valid = (-1, 90);
        let (leaf, issuer) = match tls {
            Tls::SelfSigned => (leaf(name, self.now, -1, 90)?.self_signed(&self.leaf_key), None),
            Tls::UnknownIssuer => (signed(name, valid, &self.unlisted), Some(&self.unlisted)),
            Tls::HostileIssuer => (signed(name, valid, &self.hostile), Some(&self.hostile)),
            Tls::HostileNames => (self.hostile_leaf(name), Some(&self.hostile)),
            Tls::Intercepted => (signed(name, valid, &self.corporate), Some(&self.corporate)),
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
        let mut params = leaf(name, self.now, -1, 90)?;
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
        let mut params = authority("Lab Large", "Lab", self.now)?;
        params.custom_extensions =
            vec![CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99_999], vec![0; LARGE])];
        Ok(params.signed_by(&self.leaf_key, &self.root)?.der().clone())
    }
}

fn other_name(index: usize, name: &str) -> Result<SanType, rcgen::Error> {
    Ok(SanType::DnsName(format!("other-{index}.{}", name.trim_start_matches("*.")).try_into()?))
}

fn key() -> Result<KeyPair, rcgen::Error> {
    KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256)
}

fn own_root(name: &str, organization: &str, now: Timestamp) -> Result<Authority, rcgen::Error> {
    CertifiedIssuer::self_signed(authority(name, organization, now)?, key()?)
}

fn authority(name: &str, organization: &str, now: Timestamp) -> Result<CertificateParams, rcgen::Error> {
    let mut params = named(name, Vec::new())?;
    params.distinguished_name.push(DnType::OrganizationName, organization);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    date(&mut params, now, -365, 3650);
    Ok(params)
}

fn leaf(name: &str, now: Timestamp, from: i64, to: i64) -> Result<CertificateParams, rcgen::Error> {
    let mut params = named(name, vec![name.to_owned()])?;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    params.use_authority_key_identifier_extension = true;
    params.custom_extensions = vec![authority_information_access(AIA_URL)];
    date(&mut params, now, from, to);
    Ok(params)
}

fn named(common_name: &str, alternatives: Vec<String>) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(alternatives)?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    Ok(params)
}

/// Valid between two moments, given in days from now.
fn date(params: &mut CertificateParams, now: Timestamp, from: i64, to: i64) {
    let at = |days: i64| {
        let moment = now + SignedDuration::from_hours(24 * days);
        date_time_ymd(1970, 1, 1) + Duration::from_secs(moment.as_second().try_into().unwrap_or(0))
    };
    params.not_before = at(from);
    params.not_after = at(to);
}

/// Where the issuer's certificate can be fetched (RFC 5280, 4.2.2.1): a sequence of one pair, caIssuers and a URL.
fn authority_information_access(url: &str) -> CustomExtension {
    const CA_ISSUERS: [u8; 8] = [0x2b, 6, 1, 5, 5, 7, 0x30, 2];
    const OBJECT_IDENTIFIER: u8 = 0x06;
    const URI: u8 = 0x86;
    const SEQUENCE: u8 = 0x30;
    let pair = [der(OBJECT_IDENTIFIER, &CA_ISSUERS), der(URI, url.as_bytes())].concat();
    let list = der(SEQUENCE, &der(SEQUENCE, &pair));
    CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 1, 1], list)
}

/// A proof of an entry in a public log as certificates carry it (RFC 6962, 3.3), of a log that nobody knows.
pub(crate) fn log_proof() -> CustomExtension {
    const OCTET_STRING: u8 = 0x04;
    // version 1, the log, the time, no extensions; SHA-256 with ECDSA, and 8 bytes of a signature
    let proof = [&[0][..], &[7; 32], &[0; 8], &[0, 0], &[4, 3, 0, 8], &[1; 8]].concat();
    let list = [&[0, 57, 0, 55][..], &proof].concat();
    CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 11_129, 2, 4, 2], der(OCTET_STRING, &list))
}

/// Tag, length, content; only for lengths that fit one byte.
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u8::try_from(content.len()).ok().filter(|&length| length < 0x80);
    let length = length.expect("the URL is short");
    [&[tag, length], content].concat()
}
