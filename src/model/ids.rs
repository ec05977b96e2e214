//! The ids that reports, plans and agents name checks and vantages by.
//!
//! Both are read from files of others, so any text is one; what a part of it means is asked here alone.

use std::borrow::Borrow;
use std::fmt;
use std::ops::Deref;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::vantage::VantageKind;

/// `workstation`, `pod`, or `pod@NODE` where there is one of the kind on several nodes.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub struct VantageId(String);

/// `vantage/endpoint/host`; the same in every run.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub struct CheckId(String);

impl VantageId {
    /// The vantage on a node, where there is one on each of several.
    pub fn on_node(kind: VantageKind, node: &str) -> Self {
        Self(format!("{kind}@{node}"))
    }

    /// The word for the kind.
    pub fn kind(&self) -> &str {
        self.0.split_once('@').map_or(&self.0, |(kind, _)| kind)
    }

    /// The node, where the id names one.
    pub fn node(&self) -> Option<&str> {
        self.0.split_once('@').map(|(_, node)| node)
    }
}

impl From<VantageKind> for VantageId {
    fn from(kind: VantageKind) -> Self {
        Self(kind.to_string())
    }
}

impl CheckId {
    /// The id of an endpoint at a host, or a wildcard.
    pub fn new(vantage: &VantageId, endpoint: &str, host: &str) -> Self {
        Self(format!("{vantage}/{endpoint}/{host}"))
    }
}

macro_rules! impl_text {
    ($id:ident) => {
        impl $id {
            /// As text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl Deref for $id {
            type Target = str;

            fn deref(&self) -> &str {
                &self.0
            }
        }

        impl Borrow<str> for $id {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl From<String> for $id {
            fn from(text: String) -> Self {
                Self(text)
            }
        }

        impl From<&str> for $id {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }

        impl PartialEq<str> for $id {
            fn eq(&self, other: &str) -> bool {
                self.0 == other
            }
        }

        impl PartialEq<&str> for $id {
            fn eq(&self, other: &&str) -> bool {
                self.0 == *other
            }
        }

        impl fmt::Display for $id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

impl_text!(VantageId);
impl_text!(CheckId);
