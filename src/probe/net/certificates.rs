//! Certificate files that users give: PEM with one or many certificates, or one in DER.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{PemObject as _, SectionKind};

use super::NetError;
use crate::model::evidence::CertificateSummary;
use crate::probe::summarize_certificate;

/// The certificates of a file.
#[derive(Clone, Debug)]
pub(crate) struct CertificateFile {
    pub(super) store: RootCertStore,
    pub(crate) summaries: Vec<CertificateSummary>,
}

/// Reads a file, whatever its form. A private key among the certificates is passed over and never looked at.
pub(super) fn read_certificates(flag: &'static str, path: &Path) -> Result<CertificateFile, NetError> {
    let bytes =
        read_bounded(path).map_err(|source| NetError::Unreadable { flag, path: path.into(), source })?;
    parse_certificates(flag, path, bytes)
}

/// Reads what a file holds; `path` is its name in errors.
pub(crate) fn parse_certificates(
    flag: &'static str,
    path: &Path,
    bytes: Vec<u8>,
) -> Result<CertificateFile, NetError> {
    let invalid = |problem: String| NetError::NotCertificates { flag, path: path.into(), problem };
    if bytes.len() > MAX_FILE_BYTES {
        return Err(invalid(format!("larger than {MAX_FILE_BYTES} bytes")));
    }
    let certificates = if is_der(&bytes) {
        vec![CertificateDer::from(bytes)]
    } else {
        parse_pem(&bytes).map_err(invalid)?
    };
    let mut store = RootCertStore::empty();
    for (index, certificate) in certificates.iter().enumerate() {
        let number = index + 1;
        let added = store.add(certificate.clone());
        added.map_err(|e| invalid(format!("certificate {number} cannot be used ({e})")))?;
    }
    Ok(CertificateFile { store, summaries: certificates.iter().map(summarize_certificate).collect() })
}

fn parse_pem(bytes: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let mut certificates = Vec::new();
    for (index, block) in <(SectionKind, Vec<u8>)>::pem_slice_iter(bytes).enumerate() {
        let number = index + 1;
        let (kind, der) = block.map_err(|e| format!("block {number} cannot be read ({e})"))?;
        if kind == SectionKind::Certificate {
            certificates.push(CertificateDer::from(der));
        }
    }
    if certificates.is_empty() { Err("no certificate found".into()) } else { Ok(certificates) }
}

/// A certificate is a SEQUENCE of more than 127 bytes (X.690 8.1.3.5).
fn is_der(bytes: &[u8]) -> bool {
    matches!(bytes, [0x30, 0x81..=0x83, ..])
}

/// A little more than is allowed at most: some files have no end.
fn read_bounded(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_FILE_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// In bytes; Mozilla's whole store has 0.2 MB.
const MAX_FILE_BYTES: usize = 8 << 20;
