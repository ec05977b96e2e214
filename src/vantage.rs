//! The network positions that endpoints are checked from.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A network position.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum VantageKind {
    /// This machine.
    Workstation,
    /// The pod network with cluster DNS.
    Pod,
    /// The host network of a node.
    Node,
}

impl VantageKind {
    /// As in reports and in `--from`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Workstation => "workstation",
            Self::Pod => "pod",
            Self::Node => "node",
        }
    }
}

impl fmt::Display for VantageKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
