//! What was asked to find the hosts below a wildcard, and what came of it.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Cause, Phase, millis};
use crate::model::ids::VantageId;

/// One discovery: a question to a service that knows which hosts lie below a wildcard.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Discovery {
    /// The id of the vantage that it was made from.
    pub vantage: VantageId,
    /// The id of the rule whose hosts were looked for.
    pub endpoint: String,
    /// The wildcard that every one of them has to lie below.
    pub pattern: String,
    /// The way in which they are found, as in the rules (`notification-allow-list`).
    pub method: String,
    /// Host and path of the last request, without what could be a key.
    pub asked: String,
    /// What came of it.
    pub outcome: DiscoveryOutcome,
    /// The hosts that were found; they are probed.
    pub hosts: Vec<String>,
    /// What the answer named besides and does not lie below the wildcard; it is not probed.
    pub refused: Vec<String>,
    /// Where it failed; `null` unless the network or the answer failed.
    pub phase: Option<Phase>,
    /// The word for the failure.
    pub cause: Option<Cause>,
    /// What the failure is derived from.
    pub raw: Option<String>,
    /// One line on what is remarkable about the answer.
    pub note: Option<String>,
    /// In milliseconds.
    #[serde(rename = "took_ms", with = "millis")]
    #[schemars(with = "f64")]
    pub took: Duration,
}

/// A name of the cluster itself, looked up as pods do it: tells a cluster DNS that is down from one that cannot ask others.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ClusterNameLookup {
    /// As it was asked for.
    pub name: String,
    /// `null` when there is an address.
    pub cause: Option<Cause>,
    /// What the failure is derived from.
    pub raw: Option<String>,
}

/// What came of a discovery.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DiscoveryOutcome {
    /// There is at least one host to probe.
    Found,
    /// There was no answer, or one that cannot be read.
    Failed,
    /// Every host in the answer lies outside the wildcard.
    Refused,
}

/// What a manifest may be (OCI image specification 1.1; Docker's older form). A registry answers 404 to who takes none of them.
pub const MANIFEST_TYPES: [&str; 4] = [
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
];
