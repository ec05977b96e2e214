//! The authorities that re-sign TLS, as they were presented: what `--save-ca` writes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::sanitize::LONGEST_NAME;
use crate::model::evidence::{CertificateSummary, Detail, TlsDetail, sanitize};
use crate::model::report::{Check, Report};

/// An authority that was presented.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InspectionCa {
    /// Its distinguished name.
    pub name: String,
    sha256: String,
    /// Base64 of the DER form, without line breaks.
    der: String,
}

impl InspectionCa {
    /// As `openssl x509 -fingerprint -sha256` prints it.
    pub fn fingerprint(&self) -> String {
        CertificateSummary { sha256: self.sha256.clone(), ..CertificateSummary::default() }.fingerprint()
    }

    /// The certificate with a comment that names it (RFC 7468, explanatory text).
    pub fn to_pem(&self) -> String {
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
pub fn collect_inspection_cas(report: &Report) -> Vec<InspectionCa> {
    let mut found: Vec<InspectionCa> = Vec::new();
    for tls in report.checks.iter().flat_map(tls_details).filter(|tls| tls.is_re_signed()) {
        for authority in tls.chain.iter().filter(|c| c.is_ca).filter_map(parse_ca) {
            if !found.iter().any(|known| known.sha256 == authority.sha256) {
                found.push(authority);
            }
        }
    }
    found
}

fn tls_details(check: &Check) -> impl Iterator<Item = &TlsDetail> {
    check.attempts.iter().flat_map(|a| &a.steps).filter_map(|step| match &step.detail {
        Detail::Tls(tls) => Some(&**tls),
        _ => None,
    })
}

/// What an agent in a cluster told may hold anything: a name of one line, and of the certificate what is base64.
fn parse_ca(certificate: &CertificateSummary) -> Option<InspectionCa> {
    let der = STANDARD.decode(certificate.der.as_ref()?).ok()?;
    Some(InspectionCa {
        name: sanitize(&certificate.subject, LONGEST_NAME),
        sha256: sanitize(&certificate.sha256, LONGEST_NAME),
        der: STANDARD.encode(der),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_subject_cannot_inject_a_certificate() {
        let parse = |subject: &str, der: &str| {
            parse_ca(&CertificateSummary {
                subject: subject.into(),
                sha256: "\u{1b}[2J".into(),
                der: Some(der.into()),
                ..CertificateSummary::default()
            })
        };
        let pem = parse("CN=a\n-----BEGIN CERTIFICATE-----", "AAAA").unwrap().to_pem();
        assert_eq!(pem.lines().count(), 5, "{pem}");
        assert!(!pem.contains('\u{1b}'), "{pem}");
        assert_eq!(parse("CN=a", "AAAA\n-----END CERTIFICATE-----"), None);
    }
}
