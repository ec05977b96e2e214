//! The authorities that re-sign TLS, as they were presented: what `--save-ca` writes.

use super::v1::{Check, Report};
use crate::evidence::{CertificateSummary, Detail, TlsDetail, TrustStore};

/// An authority that was presented.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Authority {
    /// Its distinguished name.
    pub name: String,
    sha256: String,
    /// Base64 of the DER form, without line breaks.
    der: String,
}

impl Authority {
    /// The certificate with a comment that names it (RFC 7468, explanatory text).
    pub fn pem(&self) -> String {
        let mut text = format!("# {}\n# sha256 {}\n-----BEGIN CERTIFICATE-----\n", self.name, self.sha256);
        for line in self.der.as_bytes().chunks(64) {
            text.push_str(&String::from_utf8_lossy(line));
            text.push('\n');
        }
        text.push_str("-----END CERTIFICATE-----\n");
        text
    }
}

/// Each authority once, in the order of the checks. Of a chain that does not lead to a public root, those certificates that
/// may sign others; a chain that was presented without any has nothing to save.
pub fn authorities(report: &Report) -> Vec<Authority> {
    let mut found: Vec<Authority> = Vec::new();
    for tls in report.checks.iter().flat_map(details).filter(|tls| is_resigned(tls)) {
        for authority in tls.chain.iter().filter(|c| c.is_ca).filter_map(authority) {
            if !found.iter().any(|known| known.sha256 == authority.sha256) {
                found.push(authority);
            }
        }
    }
    found
}

fn details(check: &Check) -> impl Iterator<Item = &TlsDetail> {
    check.attempts.iter().flat_map(|a| &a.steps).filter_map(|step| match &step.detail {
        Detail::Tls(tls) => Some(&**tls),
        _ => None,
    })
}

fn is_resigned(tls: &TlsDetail) -> bool {
    tls.trusted_by.is_some_and(|store| store != TrustStore::Public)
}

fn authority(certificate: &CertificateSummary) -> Option<Authority> {
    Some(Authority {
        name: certificate.subject.clone(),
        sha256: certificate.sha256.clone(),
        der: certificate.der.clone()?,
    })
}
