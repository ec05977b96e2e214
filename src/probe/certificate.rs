//! What a presented certificate says of itself. Everything in it comes from outside: bounded and made printable.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rustls::pki_types::CertificateDer;
use sha2::{Digest as _, Sha256};
use x509_parser::prelude::{FromDer as _, GeneralName, ParsedExtension, X509Certificate, X509Name};

use crate::model::evidence::{CertificateSummary, sanitize};

/// A certificate's summary and the marks by which its chain is judged.
#[derive(Clone, Debug)]
pub(super) struct ParsedCertificate {
    pub(super) summary: CertificateSummary,
    /// As presented.
    pub(super) der: CertificateDer<'static>,
    /// The name in DER; empty where it cannot be read.
    pub(super) subject_der: Vec<u8>,
    issuer_der: Vec<u8>,
    /// Subject and issuer are the same.
    pub(super) is_self_issued: bool,
    /// It carries proofs of its entry in public logs (RFC 6962), as certificates of public CAs do.
    pub(super) is_logged: bool,
    /// Seconds since 1970.
    pub(super) not_before: i64,
    /// Seconds since 1970.
    pub(super) not_after: i64,
}

impl ParsedCertificate {
    /// Whether it names itself as the issuer of the other one, which is another one than itself.
    pub(super) fn issued(&self, other: &Self) -> bool {
        !self.subject_der.is_empty() && self.subject_der == other.issuer_der && self.der != other.der
    }

    /// The short name of its subject.
    pub(super) fn name(&self) -> String {
        short_name(&self.summary.subject)
    }
}

/// Reads a certificate; one that cannot be parsed has only its digest.
pub(super) fn parse_certificate(der: &CertificateDer<'_>) -> ParsedCertificate {
    let sha256 = format!("{:x}", Sha256::digest(der));
    match X509Certificate::from_der(der) {
        Ok((_, certificate)) => summarize_parsed(&certificate, der, sha256),
        Err(_) => ParsedCertificate {
            summary: CertificateSummary { sha256, ..CertificateSummary::default() },
            der: der.clone().into_owned(),
            subject_der: Vec::new(),
            issuer_der: Vec::new(),
            is_self_issued: false,
            is_logged: false,
            not_before: i64::MIN,
            not_after: i64::MAX,
        },
    }
}

/// What a certificate says of itself.
pub fn summarize_certificate(der: &CertificateDer<'_>) -> CertificateSummary {
    parse_certificate(der).summary
}

/// The form in which a certificate is kept in a report.
pub(super) fn encode_base64(der: &CertificateDer<'_>) -> String {
    BASE64_STANDARD.encode(der)
}

/// The best short name of an authority: its common name, else its organisation, else all.
pub(super) fn short_name(distinguished: &str) -> String {
    let part = |key: &str| {
        distinguished
            .split(", ")
            .find_map(|p| p.strip_prefix(key))
            .filter(|v| !v.is_empty())
            .map(str::to_owned)
    };
    part("CN=").or_else(|| part("O=")).unwrap_or_else(|| distinguished.to_owned())
}

fn summarize_parsed(
    certificate: &X509Certificate<'_>,
    der: &CertificateDer<'_>,
    sha256: String,
) -> ParsedCertificate {
    let validity = certificate.validity();
    let (not_before, not_after) = (validity.not_before.timestamp(), validity.not_after.timestamp());
    let summary = CertificateSummary {
        subject: format_name(certificate.subject()),
        issuer: format_name(certificate.issuer()),
        names: list_alternative_names(certificate),
        not_before: format_rfc3339(not_before),
        not_after: format_rfc3339(not_after),
        sha256,
        is_ca: certificate.is_ca(),
        der: None,
    };
    ParsedCertificate {
        der: der.clone().into_owned(),
        subject_der: certificate.subject().as_raw().to_vec(),
        issuer_der: certificate.issuer().as_raw().to_vec(),
        is_self_issued: certificate.subject().as_raw() == certificate.issuer().as_raw(),
        is_logged: is_logged(certificate),
        summary,
        not_before,
        not_after,
    }
}

fn format_name(name: &X509Name<'_>) -> String {
    sanitize(&name.to_string(), 200)
}

fn format_rfc3339(seconds: i64) -> Option<String> {
    jiff::Timestamp::from_second(seconds).ok().map(|t| t.to_string())
}

fn list_alternative_names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(extension)) = certificate.subject_alternative_name() else { return Vec::new() };
    let text = |general: &GeneralName<'_>| match general {
        GeneralName::DNSName(name) => Some(sanitize(name, 253)),
        GeneralName::IPAddress(bytes) => format_address(bytes),
        _ => None,
    };
    extension.value.general_names.iter().filter_map(text).take(MAX_NAMES).collect()
}

fn format_address(bytes: &[u8]) -> Option<String> {
    let v4 = <[u8; 4]>::try_from(bytes).map(|b| std::net::Ipv4Addr::from(b).to_string());
    let v6 = <[u8; 16]>::try_from(bytes).map(|b| std::net::Ipv6Addr::from(b).to_string());
    v4.or(v6).ok()
}

fn is_logged(certificate: &X509Certificate<'_>) -> bool {
    let is_proof =
        |parsed: &ParsedExtension<'_>| matches!(parsed, ParsedExtension::SCT(proofs) if !proofs.is_empty());
    certificate.extensions().iter().any(|extension| is_proof(extension.parsed_extension()))
}

/// Certificates of content networks carry hundreds.
const MAX_NAMES: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names() {
        let table = [
            ("C=US, O=DigiCert Inc, CN=DigiCert Global Root G2", "DigiCert Global Root G2"),
            ("O=Contoso", "Contoso"),
            ("", ""),
        ];
        for (from, to) in table {
            assert_eq!(short_name(from), to);
        }
    }

    #[test]
    fn garbage_is_not_a_panic() {
        let parsed = parse_certificate(&CertificateDer::from(vec![0x30, 0x82, 0xff, 0xff, 1]));
        assert_eq!(parsed.summary.sha256.len(), 64);
        assert!(parsed.summary.subject.is_empty());
    }
}
