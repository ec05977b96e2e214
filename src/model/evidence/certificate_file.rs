//! What is wrong with the form of a file of certificates that could be read anyway.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Why a file of certificates is not read by `az` and the agents as it was read here: they get its bytes as they are.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CertificateFileFlaw {
    /// One certificate in DER instead of PEM.
    Der,
    /// UTF-8 with a byte order mark, which hides the first certificate.
    ByteOrderMark,
    /// UTF-16, as some editors of Windows write it.
    Utf16,
    /// Blanks before the lines, as copied out of YAML.
    Indented,
    /// A block begins in the line in which another ends: files were joined that end without a line feed.
    JoinedBlocks,
    /// A private key stands there, too.
    PrivateKey,
}
