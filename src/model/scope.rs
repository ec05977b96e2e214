//! What the rules are fitted to: cloud, region, features, connectivity.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::rules::{Cloud, Region};
use crate::model::words::words;

/// What the rules are fitted to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Scope {
    /// The cloud.
    pub cloud: Cloud,
    /// The region, as the rules know it.
    pub region: Region,
    /// The features that are on, in the order of the rules.
    pub features: Vec<String>,
    /// How the cluster reaches Azure.
    pub connectivity: Connectivity,
    /// Values for the placeholders that only the user knows.
    pub values: BTreeMap<String, String>,
}

/// How the cluster reaches Azure.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
#[serde(rename_all = "kebab-case")]
pub enum Connectivity {
    /// Straight through the firewall.
    Direct,
    /// Through an outbound proxy.
    Proxy,
    /// Through private endpoints.
    PrivateLink,
    /// Through the Arc gateway.
    Gateway,
}

words!(Connectivity::as_str {
    Direct = "direct", Proxy = "proxy", PrivateLink = "private-link", Gateway = "gateway",
});
