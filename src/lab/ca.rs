//! Authorities and certificates, made when the lab starts and dated from its clock.

use std::collections::HashMap;
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

use super::{HOSTILE, MARKUP, Tls};

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
    pub(super) fn new(now: Timestamp) -> Self {
        let root = CertifiedIssuer::self_signed(authority("Lab Public Root", "Lab", now), key()).unwrap();
        let below = authority("Lab Public Intermediate", "Lab", now);
        Self {
            intermediate: CertifiedIssuer::signed_by(below, key(), &root).unwrap(),
            corporate: own_root("Contoso Corporate Proxy CA", "Contoso", now),
            unlisted: own_root("Unlisted Private Root", "Fabrikam", now),
            hostile: own_root(&format!("{HOSTILE} Root {MARKUP}"), HOSTILE, now),
            root,
            leaf_key: key(),
            provider: Arc::new(rustls::crypto::ring::default_provider()),
            configs: Mutex::default(),
            now,
        }
    }

    pub(super) fn root_pem(&self) -> String {
        self.root.pem()
    }

    pub(super) fn corporate_pem(&self) -> String {
        self.corporate.pem()
    }

    /// What a TLS server of this behaviour presents for the name; made once.
    pub(super) fn config(&self, tls: Tls, name: &str) -> Arc<ServerConfig> {
        let name = match name.split_once('.') {
            Some((_, WILDCARD_DOMAIN)) => format!("*.{WILDCARD_DOMAIN}"),
            _ => name.to_owned(),
        };
        let mut configs = self.configs.lock().unwrap();
        let config = configs.entry((tls, name)).or_insert_with_key(|(tls, name)| self.make(*tls, name));
        Arc::clone(config)
    }

    fn make(&self, tls: Tls, name: &str) -> Arc<ServerConfig> {
        let builder = ServerConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()
            .unwrap();
        let builder = if tls == Tls::WantsClientCertificate {
            let mut roots = RootCertStore::empty();
            roots.add(self.root.der().clone()).unwrap();
            let provider = Arc::clone(&self.provider);
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            builder.with_client_cert_verifier(verifier.unwrap())
        } else {
            builder.with_no_client_auth()
        };
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(self.leaf_key.serialize_der()));
        let mut config = builder.with_single_cert(self.chain(tls, name), key).unwrap();
        config.alpn_protocols =
            vec![if tls == Tls::OnlyHttp2 { b"h2".to_vec() } else { b"http/1.1".to_vec() }];
        config.send_tls13_tickets = 0; // nobody resumes, and a late ticket turns a clean close into a reset
        Arc::new(config)
    }

    /// Leaf first. The root is left out, as public servers do.
    fn chain(&self, tls: Tls, name: &str) -> Vec<CertificateDer<'static>> {
        let signed = |name, (from, to), by: &Authority| -> Certificate {
            let mut params = leaf(name, self.now, from, to);
            let more = match tls {
                Tls::LargeChain => MORE_NAMES,
                Tls::ManyNames => MOST_NAMES,
                _ => 0,
            };
            if more > 0 {
                params.subject_alt_names.extend((0..more).map(|i| other_name(i, name)));
            }
            params.signed_by(&self.leaf_key, by).unwrap()
        };
        let valid = (-1, 90);
        let (leaf, issuer) = match tls {
            Tls::SelfSigned => (leaf(name, self.now, -1, 90).self_signed(&self.leaf_key).unwrap(), None),
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
        let mut chain: Vec<_> = std::iter::once(leaf.der().clone()).chain(issuer).collect();
        if tls == Tls::HugeChain {
            chain.extend(std::iter::repeat_n(self.large(), HUGE / LARGE));
        }
        chain
    }

    /// Names that no authority would sign.
    fn hostile_leaf(&self, name: &str) -> Certificate {
        let mut params = leaf(name, self.now, -1, 90);
        params.distinguished_name.push(DnType::CommonName, format!("{MARKUP} {HOSTILE}"));
        params.distinguished_name.push(DnType::OrganizationName, HOSTILE);
        let ascii = |text: &str| text.chars().filter(char::is_ascii).collect::<String>();
        let names = [HOSTILE, MARKUP].map(|text| SanType::DnsName(ascii(text).try_into().unwrap()));
        params.subject_alt_names.extend(names);
        params.signed_by(&self.leaf_key, &self.hostile).unwrap()
    }

    /// A certificate with [`LARGE`] bytes of nothing in it.
    fn large(&self) -> CertificateDer<'static> {
        let mut params = authority("Lab Large", "Lab", self.now);
        params.custom_extensions =
            vec![CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99_999], vec![0; LARGE])];
        params.signed_by(&self.leaf_key, &self.root).unwrap().der().clone()
    }
}

fn other_name(index: usize, name: &str) -> SanType {
    SanType::DnsName(format!("other-{index}.{}", name.trim_start_matches("*.")).try_into().unwrap())
}

fn key() -> KeyPair {
    KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap()
}

fn own_root(name: &str, organization: &str, now: Timestamp) -> Authority {
    CertifiedIssuer::self_signed(authority(name, organization, now), key()).unwrap()
}

fn authority(name: &str, organization: &str, now: Timestamp) -> CertificateParams {
    let mut params = named(name, Vec::new());
    params.distinguished_name.push(DnType::OrganizationName, organization);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    date(&mut params, now, -365, 3650);
    params
}

fn leaf(name: &str, now: Timestamp, from: i64, to: i64) -> CertificateParams {
    let mut params = named(name, vec![name.to_owned()]);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    params.use_authority_key_identifier_extension = true;
    params.custom_extensions = vec![authority_information_access(AIA_URL)];
    date(&mut params, now, from, to);
    params
}

fn named(common_name: &str, alternatives: Vec<String>) -> CertificateParams {
    let mut params = CertificateParams::new(alternatives).unwrap();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params
}

/// Valid between two moments, given in days from now.
fn date(params: &mut CertificateParams, now: Timestamp, from: i64, to: i64) {
    let at = |days: i64| {
        let moment = now + SignedDuration::from_hours(24 * days);
        date_time_ymd(1970, 1, 1) + Duration::from_secs(u64::try_from(moment.as_second()).unwrap())
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

/// Tag, length, content; only for lengths that fit one byte.
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u8::try_from(content.len()).unwrap();
    assert!(length < 0x80, "long lengths are written otherwise");
    [&[tag, length], content].concat()
}
