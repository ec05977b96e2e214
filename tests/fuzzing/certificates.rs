//! Files of certificates.

use std::path::Path;

use super::{NetError, certificates};
use crate::model::evidence::CertificateSummary;

/// What a file of `--proxy-cert` holds.
pub(crate) fn certificates(bytes: &[u8]) -> Result<Vec<CertificateSummary>, NetError> {
    certificates::parse_certificates("--proxy-cert", Path::new("ca.pem"), bytes.to_vec())
        .map(|read| read.summaries)
}
