//! Chains as servers, inspecting proxies and strangers present them.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, CustomExtension, DnType, IsCa, KeyPair,
    date_time_ymd,
};
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};

use x509_parser::prelude::{FromDer as _, SubjectPublicKeyInfo, X509Certificate};

use super::{CertificateExpectation, ChainJudgement, ChainVerifier};
use crate::model::evidence::{Cause, TrustStore};
use crate::model::rules::{Certificate, Inspection};
use crate::probe::net::roots::{PublicCertificates, Roots, TrustAnchors, builtin_certificates};

type Ca = CertifiedIssuer<'static, KeyPair>;
type Der = CertificateDer<'static>;

const HOST: &str = "gbl.his.arc.azure.com";

/// A public CA with its intermediate and a cross certificate, and what companies have.
struct Pki {
    root: Ca,
    intermediate: Ca,
    corporate: Ca,
}

impl Pki {
    fn new() -> Self {
        let root = root("Public Root");
        let intermediate = below(&root, "Public Issuing CA", (2020, 2040));
        Self { root, intermediate, corporate: root_of_proxy() }
    }

    /// With the CA in the file of `--proxy-cert`.
    fn verifier(&self, given: &[&Der], known: &[Der]) -> ChainVerifier {
        self.verifier_with_retired(given, known, &[])
    }

    fn verifier_with_retired(&self, given: &[&Der], known: &[Der], retired: &[&Der]) -> ChainVerifier {
        let roots = Roots {
            public: Some(TrustAnchors::from_store(&store(&[self.root.der()]))),
            given: Some(given).filter(|g| !g.is_empty()).map(|g| TrustAnchors::from_store(&store(g))),
            system: false,
            known: Some(PublicCertificates::new(known, &store(retired))),
        };
        ChainVerifier::new(&roots)
    }
}

fn root_of_proxy() -> Ca {
    root("Microsoft Forefront TMG HTTPS Inspection")
}

fn store(roots: &[&Der]) -> RootCertStore {
    let mut store = RootCertStore::empty();
    for root in roots {
        store.add((*root).clone()).unwrap();
    }
    store
}

fn ca_params(name: &str, (from, until): (i32, i32)) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    (params.not_before, params.not_after) = (date_time_ymd(from, 1, 1), date_time_ymd(until, 1, 1));
    params
}

fn root(name: &str) -> Ca {
    root_with(name, KeyPair::generate().unwrap())
}

fn root_with(name: &str, key: KeyPair) -> Ca {
    CertifiedIssuer::self_signed(ca_params(name, (2020, 2040)), key).unwrap()
}

fn key_of(ca: &Ca) -> KeyPair {
    KeyPair::try_from(ca.key().serialize_der()).unwrap()
}

fn below(ca: &Ca, name: &str, years: (i32, i32)) -> Ca {
    CertifiedIssuer::signed_by(ca_params(name, years), KeyPair::generate().unwrap(), ca).unwrap()
}

fn leaf_params(name: &str, (from, until): (i32, i32)) -> CertificateParams {
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    (params.not_before, params.not_after) = (date_time_ymd(from, 1, 1), date_time_ymd(until, 1, 1));
    params
}

fn leaf(ca: &Ca, name: &str, years: (i32, i32)) -> Der {
    leaf_params(name, years).signed_by(&KeyPair::generate().unwrap(), ca).unwrap().der().clone()
}

fn good_leaf(ca: &Ca) -> Der {
    leaf(ca, HOST, (2026, 2027))
}

/// With a pointer to the issuer's certificate, and with a proof of an entry in a public log if wanted.
fn marked_leaf(ca: &Ca, is_logged: bool) -> Der {
    let pointer = b"\x30\x16\x30\x14\x06\x08\x2b\x06\x01\x05\x05\x07\x30\x02\x86\x08http://a";
    let mut params = leaf_params(HOST, (2026, 2027));
    params.custom_extensions =
        vec![CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 1, 1], pointer.to_vec())];
    if is_logged {
        params.custom_extensions.push(crate::loopback::authorities::log_proof());
    }
    params.signed_by(&KeyPair::generate().unwrap(), ca).unwrap().der().clone()
}

fn judge(verifier: &ChainVerifier, chain: &[&Der]) -> ChainJudgement {
    judge_as(verifier, chain, true, Inspection::Tolerated)
}

fn judge_as(
    verifier: &ChainVerifier,
    chain: &[&Der],
    is_public: bool,
    inspection: Inspection,
) -> ChainJudgement {
    let certificate = Certificate { public: is_public, issuers: vec!["Microsoft".into(), "DigiCert".into()] };
    let chain: Vec<Der> = chain.iter().map(|der| (*der).clone()).collect();
    let name = ServerName::try_from(HOST).unwrap();
    let expected = CertificateExpectation { certificate: &certificate, inspection };
    verifier.judge_chain(&chain, &name, NOW, expected)
}

/// 2026-11-30.
const NOW: UnixTime = UnixTime::since_unix_epoch(std::time::Duration::from_secs(1_795_996_800));

fn outcome(judgement: &ChainJudgement) -> (TrustStore, Option<Cause>) {
    (judgement.trusted_by, judgement.failure.as_ref().map(|f| f.cause))
}

use TrustStore::{Given, Nobody, Public};

#[test]
fn the_order_in_which_a_chain_is_sent_does_not_matter() {
    let pki = Pki::new();
    let (leaf, trust) = (good_leaf(&pki.intermediate), pki.verifier(&[], &[]));
    let (intermediate, root, other) = (pki.intermediate.der(), pki.root.der(), pki.corporate.der());
    for chain in [
        vec![&leaf, intermediate],
        vec![&leaf, intermediate, root],
        vec![&leaf, root, intermediate],
        vec![&leaf, other, intermediate],
        vec![&leaf, intermediate, intermediate, intermediate, root, root],
    ] {
        let judged = judge(&trust, &chain);
        assert_eq!(outcome(&judged), (Public, None));
        assert_eq!(judged.ca.as_deref(), Some("Public Root"));
    }
}

#[test]
fn a_ca_that_was_given_counts_as_given() {
    let pki = Pki::new();
    let issuing = below(&pki.corporate, "Contoso Issuing CA", (2020, 2040));
    let (direct, indirect) = (good_leaf(&pki.corporate), good_leaf(&issuing));
    let (root, middle) = (pki.corporate.der(), issuing.der());
    let table: [(&str, &[&Der], &[&Der], TrustStore); 7] = [
        ("root", &[root], &[&direct], Given),
        ("root, and the server sends it", &[root], &[&direct, root], Given),
        ("root, the server sends the intermediate", &[root], &[&indirect, middle], Given),
        ("root and intermediate, the server sends nothing", &[root, middle], &[&indirect], Given),
        ("intermediate alone", &[middle], &[&indirect, middle, root], Given),
        ("root alone, the server sends nothing", &[root], &[&indirect], Nobody),
        ("the leaf", &[&direct], &[&direct, root], Nobody),
    ];
    for (text, given, chain, store) in table {
        let trust = pki.verifier(given, &[]);
        let expected = (store, (store == Nobody).then_some(Cause::TlsIntercepted));
        assert_eq!(outcome(&judge(&trust, chain)), expected, "{text}");
        if store == Given {
            let strict = judge_as(&trust, chain, true, Inspection::Forbidden);
            assert_eq!(outcome(&strict), (Given, Some(Cause::TlsIntercepted)), "{text}");
            let own = judge_as(&trust, chain, false, Inspection::Forbidden);
            assert_eq!(outcome(&own), (Given, None), "{text}: a server of one's own");
        }
    }
}

/// A company renews its CA with the same key: the certificate in the file is another than the one that is sent.
#[test]
fn another_certificate_of_the_same_ca_is_the_same_ca() {
    let pki = Pki::new();
    let name = "Microsoft Forefront TMG HTTPS Inspection";
    let old = CertifiedIssuer::self_signed(ca_params(name, (2010, 2025)), key_of(&pki.corporate)).unwrap();
    let leaf = good_leaf(&pki.corporate);
    for (given, sent) in [(pki.corporate.der(), old.der()), (old.der(), pki.corporate.der())] {
        let judged = judge(&pki.verifier(&[given], &[]), &[&leaf, sent]);
        assert_eq!(outcome(&judged), (Given, None));
    }
    let stranger = root(name);
    let judged = judge(&pki.verifier(&[stranger.der()], &[]), &[&leaf, stranger.der()]);
    assert_eq!(outcome(&judged), (Nobody, Some(Cause::TlsIntercepted)), "the name alone");
}

/// Principle: names and pointers prove nothing; an entry in a public log is what a re-signed certificate does not get.
#[test]
fn names_and_pointers_prove_no_public_ca() {
    let pki = Pki::new();
    let trust = pki.verifier(&[], &[]);
    let impostor = root("Public Root");
    let issuing = below(&pki.corporate, "Microsoft Azure RSA TLS Issuing CA 03", (2020, 2040));
    let (named, pointing) = (good_leaf(&pki.corporate), marked_leaf(&pki.corporate, false));
    let (posing, below) = (good_leaf(&impostor), good_leaf(&issuing));
    let logged = marked_leaf(&pki.intermediate, true);
    let signed_itself = CertificateParams::new(vec![HOST.to_owned()]).unwrap();
    let signed_itself = signed_itself.self_signed(&KeyPair::generate().unwrap()).unwrap();
    let table: [(&str, &[&Der], Cause); 7] = [
        ("a well-known name", &[&named], Cause::TlsIntercepted),
        ("a pointer", &[&pointing], Cause::TlsIntercepted),
        ("a pointer and the root", &[&pointing, pki.corporate.der()], Cause::TlsIntercepted),
        ("the name of a public root", &[&posing, impostor.der()], Cause::TlsIntercepted),
        ("the name of a public intermediate", &[&below, issuing.der()], Cause::TlsIntercepted),
        ("an entry in a log", &[&logged], Cause::TlsIncompleteChain),
        ("its own signature", &[signed_itself.der()], Cause::TlsSelfSigned),
    ];
    for (text, chain, cause) in table {
        assert_eq!(outcome(&judge(&trust, chain)), (Nobody, Some(cause)), "{text}");
    }
    let words = judge(&trust, &[&named]).failure.unwrap().raw;
    assert!(words.ends_with("where the service's own come from Microsoft or DigiCert"), "{words}");
    let own = judge_as(&trust, &[&pointing], false, Inspection::Tolerated);
    assert_eq!(outcome(&own), (Nobody, Some(Cause::TlsUnknownIssuer)), "a server of one's own");
}

/// A root of another name is cross-signed by the public one, and servers leave the cross certificate out.
#[test]
fn known_intermediates_complete_a_chain_and_anchor_none() {
    let pki = Pki::new();
    let young = root("Young Root");
    let cross =
        CertifiedIssuer::signed_by(ca_params("Young Root", (2020, 2040)), key_of(&young), &pki.root).unwrap();
    let issuing = below(&young, "Young Issuing CA", (2020, 2040));
    let leaf = good_leaf(&issuing);
    let known = [cross.der().clone(), issuing.der().clone()];
    let trust = pki.verifier(&[young.der()], &known);
    let table: [(&[&Der], &[&str]); 5] = [
        (&[&leaf, issuing.der(), cross.der()], &[]),
        (&[&leaf, issuing.der()], &["Young Root"]),
        (&[&leaf, issuing.der(), young.der()], &["Young Root"]),
        (&[&leaf, cross.der()], &["Young Issuing CA"]),
        (&[&leaf], &["Young Issuing CA", "Young Root"]),
    ];
    for (chain, added) in table {
        let judged = judge(&trust, chain);
        assert_eq!(outcome(&judged), (Public, None), "{added:?}");
        assert_eq!(judged.completed_with, added);
    }
    let wrong = leaf_of("other.example", &issuing);
    assert_eq!(outcome(&judge(&trust, &[&wrong])), (Public, Some(Cause::TlsNameMismatch)));
    // without the public root behind it, a known certificate is worth nothing
    let strangers = Pki::new();
    let judged = judge(&strangers.verifier(&[], &known), &[&leaf, issuing.der()]);
    assert_eq!(outcome(&judged), (Nobody, Some(Cause::TlsIntercepted)));
    assert!(judged.completed_with.is_empty());
}

/// Azure's intermediates had cross certificates until 2026-08-25: a server that still sends one works with the newer one.
#[test]
fn an_expired_intermediate_is_replaced_by_a_known_one() {
    let pki = Pki::new();
    let old = below(&pki.root, "Issuing CA", (2020, 2026));
    let renewed =
        CertifiedIssuer::signed_by(ca_params("Issuing CA", (2020, 2030)), key_of(&old), &pki.root).unwrap();
    let leaf = leaf(&old, HOST, (2025, 2027));
    let judged = judge(&pki.verifier(&[], &[]), &[&leaf, old.der()]);
    assert_eq!(outcome(&judged), (Public, Some(Cause::TlsExpired)));
    let judged = judge(&pki.verifier(&[], &[renewed.der().clone()]), &[&leaf, old.der()]);
    assert_eq!(outcome(&judged), (Public, None));
    assert_eq!(judged.completed_with, ["Issuing CA"]);
}

/// Such a root is no anchor: it says that nobody re-signed, and the store says who vouches for that.
#[test]
fn a_root_that_the_list_has_dropped_is_no_inspector_and_no_anchor() {
    let pki = Pki::new();
    let dropped = root("Old Public Root");
    let issuing = below(&dropped, "Old Issuing CA", (2020, 2040));
    let (good, wrong) = (good_leaf(&issuing), leaf_of("other.example", &issuing));
    for (given, store) in [(&[][..], Nobody), (&[dropped.der()], Given)] {
        let trust = pki.verifier_with_retired(given, &[], &[dropped.der()]);
        let judged = judge_as(&trust, &[&good, issuing.der()], true, Inspection::Forbidden);
        assert_eq!(outcome(&judged), (store, None));
        assert_eq!(judged.retired_root.as_deref(), Some("Old Public Root"));
        let judged = judge(&trust, &[&wrong, issuing.der()]);
        assert_eq!(outcome(&judged), (store, Some(Cause::TlsNameMismatch)));
        let public = judge(&trust, &[&good_leaf(&pki.intermediate), pki.intermediate.der()]);
        assert_eq!((outcome(&public), public.retired_root), ((Public, None), None));
    }
    let trust = pki.verifier_with_retired(&[], &[issuing.der().clone()], &[dropped.der()]);
    let judged = judge(&trust, &[&good]);
    assert_eq!(outcome(&judged), (Nobody, None));
    assert_eq!(judged.completed_with, ["Old Issuing CA"]);
}

/// A root that this machine knows and no list of ours: with entries of public logs it is no inspection, and no proof either.
#[test]
fn a_root_that_only_this_machine_knows_is_no_inspector_if_the_certificate_is_logged() {
    let pki = Pki::new();
    let young = root("Young Public Root");
    let issuing = below(&young, "Young Issuing CA", (2020, 2040));
    let (logged, unlogged) = (marked_leaf(&issuing, true), good_leaf(&issuing));
    let trust = pki.verifier(&[young.der()], &[issuing.der().clone()]);
    for inspection in [Inspection::Tolerated, Inspection::Forbidden] {
        for chain in [&[&logged, issuing.der()][..], &[&logged]] {
            let judged = judge_as(&trust, chain, true, inspection);
            assert_eq!(outcome(&judged), (Given, None));
            assert!(judged.unlisted_root.is_some());
        }
    }
    let judged = judge_as(&trust, &[&unlogged, issuing.der()], true, Inspection::Forbidden);
    assert_eq!((outcome(&judged), judged.unlisted_root), ((Given, Some(Cause::TlsIntercepted)), None));
    let judged = judge(&pki.verifier(&[], &[]), &[&logged, issuing.der(), young.der()]);
    assert_eq!((outcome(&judged), judged.unlisted_root), ((Nobody, Some(Cause::TlsIntercepted)), None));
    let own = judge_as(&trust, &[&logged, issuing.der()], false, Inspection::Tolerated);
    assert_eq!((outcome(&own), own.unlisted_root), ((Given, None), None));
}

fn leaf_of(name: &str, ca: &Ca) -> Der {
    leaf(ca, name, (2026, 2027))
}

/// What is out of its time counts for a store only if chain and name verify there at a moment inside its time.
#[test]
fn a_certificate_out_of_its_time_is_judged_at_a_moment_of_its_time() {
    let pki = Pki::new();
    let (past, future) = ((2024, 2025), (2028, 2029));
    let expired = leaf(&pki.intermediate, HOST, past);
    let early = leaf(&pki.intermediate, HOST, future);
    let wrong = leaf(&pki.intermediate, "other.example", past);
    let unknown = leaf(&pki.corporate, HOST, past);
    let short_lived = below(&pki.root, "Short-lived CA", (2024, 2025));
    let outlived = leaf(&short_lived, HOST, (2024, 2027));
    let never = leaf(&short_lived, HOST, (2026, 2027));
    let appliance = |is_ca| {
        let mut params = leaf_params(HOST, past);
        params.is_ca = if is_ca { IsCa::Ca(BasicConstraints::Unconstrained) } else { IsCa::NoCa };
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().clone()
    };
    let (with_ca, without_ca) = (appliance(true), appliance(false));
    let middle = pki.intermediate.der();
    let table: [(&str, &[&Der], (TrustStore, Cause)); 8] = [
        ("expired", &[&expired, middle], (Public, Cause::TlsExpired)),
        ("not yet valid", &[&early, middle], (Public, Cause::TlsNotYetValid)),
        ("expired, of another name", &[&wrong, middle], (Public, Cause::TlsNameMismatch)),
        ("its CA has expired", &[&outlived, short_lived.der()], (Public, Cause::TlsExpired)),
        ("never valid", &[&never, short_lived.der()], (Nobody, Cause::TlsIntercepted)),
        ("expired, of nobody", &[&unknown, pki.corporate.der()], (Nobody, Cause::TlsIntercepted)),
        ("an appliance's own, CA:TRUE", &[&with_ca], (Nobody, Cause::TlsSelfSigned)),
        ("an appliance's own, CA:FALSE", &[&without_ca], (Nobody, Cause::TlsSelfSigned)),
    ];
    let trust = pki.verifier(&[], &[]);
    for (text, chain, (store, cause)) in table {
        assert_eq!(outcome(&judge(&trust, chain)), (store, Some(cause)), "{text}");
    }
}

/// Certificates of one name in a ring made the search for a path last; the good one among them is found anyway.
#[test]
fn a_chain_that_is_made_to_be_searched_is_cut() {
    let pki = Pki::new();
    let ring: Vec<Ca> = (0..9).map(|_| below(&pki.corporate, &pki.corporate_name(), (2020, 2040))).collect();
    let leaf = good_leaf(&pki.corporate);
    let chain: Vec<&Der> = std::iter::once(&leaf).chain(ring.iter().map(CertifiedIssuer::der)).collect();
    let judged = judge(&pki.verifier(&[], &[]), &chain);
    assert_eq!(outcome(&judged), (Nobody, Some(Cause::TlsIntercepted)));
    let parsed: Vec<_> = chain.iter().map(|der| super::certificate::parse_certificate(der)).collect();
    let name = ServerName::try_from(HOST).unwrap();
    let presented = super::PresentedChain::new(&parsed, &name, NOW).unwrap();
    assert_eq!(presented.path_length(), 2);
}

impl Pki {
    fn corporate_name(&self) -> String {
        super::certificate::parse_certificate(self.corporate.der()).name()
    }
}

/// The data: each intermediate leads to one of Mozilla's roots, alone or through the others, and is what its comment says.
#[test]
fn the_intermediates_that_are_carried_are_public() {
    let text = include_str!("../../../rules/certificates/intermediates.pem");
    let blocks: Vec<&str> = text.split("\n\n").skip(1).collect();
    assert!(blocks.len() >= 7, "{}", blocks.len());
    let keys = public_keys();
    for block in blocks {
        let der = Der::from_pem_slice(block.as_bytes()).unwrap();
        let parsed = super::certificate::parse_certificate(&der);
        let until = &parsed.summary.not_after.as_ref().unwrap()[..10];
        for said in [&parsed.name(), &parsed.summary.sha256, until] {
            assert!(block.contains(said), "{said} in\n{block}");
        }
        assert!(block.contains("# source: https://"), "{block}");
        assert!(keys.iter().any(|key| has_signed(key, &der)), "no public CA signed\n{block}");
    }
}

/// What front ends of 2026 send, with the real certificates: an issuing CA, at best with the root that few lists hold.
#[test]
fn the_cross_certificate_of_the_young_root_is_known() {
    let known: Vec<_> =
        builtin_certificates().intermediates().iter().map(super::certificate::parse_certificate).collect();
    let issuing = known.iter().find(|c| c.name() == "Microsoft TLS G2 RSA CA OCSP 02").unwrap();
    let (sent, name) = ([issuing.clone()], ServerName::try_from(HOST).unwrap());
    let presented = super::PresentedChain::new(&sent, &name, NOW).unwrap();
    let missing: Vec<_> = presented.completed_by(&known).iter().map(|c| c.name()).collect();
    assert_eq!(missing, ["Microsoft TLS RSA Root G2"]);
    let retired = builtin_certificates().retired_roots();
    assert_eq!(retired.len(), 1, "DigiCert Global Root CA");
}

/// Of Mozilla's roots, and of what is carried.
fn public_keys() -> Vec<Vec<u8>> {
    let roots = crate::probe::net::roots::builtin_roots().roots;
    let of_roots = roots.iter().map(|anchor| {
        let key = anchor.subject_public_key_info.as_ref();
        let length = u16::try_from(key.len()).unwrap().to_be_bytes();
        let whole = [&[0x30, 0x82], &length[..], key].concat();
        SubjectPublicKeyInfo::from_der(&whole).unwrap().1.subject_public_key.data.to_vec()
    });
    let known = builtin_certificates().intermediates();
    let of_known = known.iter().map(|der| {
        let certificate = X509Certificate::from_der(der).unwrap().1;
        certificate.public_key().subject_public_key.data.to_vec()
    });
    of_roots.chain(of_known).collect()
}

fn has_signed(key: &[u8], der: &Der) -> bool {
    let certificate = X509Certificate::from_der(der).unwrap().1;
    let (signed, signature) = (certificate.tbs_certificate.as_ref(), &certificate.signature_value.data);
    let algorithms = rustls::crypto::ring::default_provider().signature_verification_algorithms.all;
    algorithms.iter().any(|algorithm| algorithm.verify_signature(key, signed, signature).is_ok())
}
