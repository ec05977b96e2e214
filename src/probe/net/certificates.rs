//! Certificate files that users pass.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use rustls::RootCertStore;

use super::NetError;
use super::certificate_forms::{DecodedFile, decode};
use crate::model::evidence::{CertificateFileFlaw, CertificateSummary};
use crate::model::shell::Shell;
use crate::probe::summarize_certificate;

/// The certificates of a file.
#[derive(Clone, Debug)]
pub(crate) struct CertificateFile {
    pub(super) store: RootCertStore,
    pub(crate) summaries: Vec<CertificateSummary>,
    pub(crate) flaws: Vec<CertificateFileFlaw>,
}

/// Reads a file, whatever its form.
pub(crate) fn read_certificates(flag: &'static str, path: &Path) -> Result<CertificateFile, NetError> {
    let bytes =
        read_bounded(path).map_err(|source| NetError::Unreadable { flag, path: path.into(), source })?;
    parse_certificates(flag, path, &bytes)
}

/// Reads what a file holds; `path` is its name in errors.
pub(crate) fn parse_certificates(
    flag: &'static str,
    path: &Path,
    bytes: &[u8],
) -> Result<CertificateFile, NetError> {
    let invalid = |problem: String| NetError::NotCertificates { flag, path: path.into(), problem };
    if bytes.len() > MAX_FILE_BYTES {
        return Err(invalid(format!("larger than {MAX_FILE_BYTES} bytes")));
    }
    let name = Shell::Bash.quote(&path.display().to_string());
    let DecodedFile { certificates, flaws } = decode(bytes, &name).map_err(invalid)?;
    let mut store = RootCertStore::empty();
    for (index, certificate) in certificates.iter().enumerate() {
        let number = index + 1;
        let added = store.add(certificate.clone());
        added.map_err(|e| invalid(format!("certificate {number} cannot be used ({e})")))?;
    }
    let summaries = certificates.iter().map(summarize_certificate).collect();
    Ok(CertificateFile { store, summaries, flaws })
}

/// A little more than is allowed at most: some files have no end.
fn read_bounded(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_FILE_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// In bytes; Mozilla's whole store has 0.2 MB.
const MAX_FILE_BYTES: usize = 8 << 20;
