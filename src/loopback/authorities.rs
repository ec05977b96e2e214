//! Authorities and certificates, made when the servers start.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, CustomExtension, DnType, Error,
    ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose, date_time_ymd,
};

/// A certificate with the key that signs others.
pub type Authority = CertifiedIssuer<'static, KeyPair>;

/// What a client may fetch the intermediate from; nobody serves it.
const AIA_URL: &str = "http://aia.lab.example/intermediate.crt";

/// A key for an authority or a server.
///
/// # Errors
/// When the system has no randomness.
pub fn make_key() -> Result<KeyPair, Error> {
    KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256)
}

/// A root that signs itself.
///
/// # Errors
/// When the name is none that a certificate can have.
pub fn make_root(name: &str, organization: &str, now: Timestamp) -> Result<Authority, Error> {
    CertifiedIssuer::self_signed(authority_params(name, organization, now)?, make_key()?)
}

/// What an authority is made of.
///
/// # Errors
/// When the name is none that a certificate can have.
pub fn authority_params(name: &str, organization: &str, now: Timestamp) -> Result<CertificateParams, Error> {
    let mut params = named_params(name, Vec::new())?;
    params.distinguished_name.push(DnType::OrganizationName, organization);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    set_validity(&mut params, now, -365, 3650);
    Ok(params)
}

/// What the certificate of a server is made of, valid between two days from now.
///
/// # Errors
/// When the name is none that a certificate can have.
pub fn leaf_params(name: &str, now: Timestamp, from: i64, to: i64) -> Result<CertificateParams, Error> {
    let mut params = named_params(name, vec![name.to_owned()])?;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    params.use_authority_key_identifier_extension = true;
    params.custom_extensions = vec![authority_information_access(AIA_URL)];
    set_validity(&mut params, now, from, to);
    Ok(params)
}

fn named_params(common_name: &str, alternatives: Vec<String>) -> Result<CertificateParams, Error> {
    let mut params = CertificateParams::new(alternatives)?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    Ok(params)
}

/// Valid between two moments, given in days from now.
fn set_validity(params: &mut CertificateParams, now: Timestamp, from: i64, to: i64) {
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
pub fn log_proof() -> CustomExtension {
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
