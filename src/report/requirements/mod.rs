//! What has to be open for a cloud, region and features, or what a report found not to be, in the forms that firewalls and
//! proxies take. Pure: no network, no files.

mod azure_firewall;
mod cilium;
mod csv;
mod export;
mod fix;
mod format;
mod host;
mod json;
mod list;
mod markdown;
mod no_proxy;
mod palo_alto;
mod squid;
mod unmet;
mod vendor_table;
mod vendor_text;

use crate::model::evidence::sanitize;
use crate::model::rules::{CallerVantage, Cloud, Layer, Need, Protocol};
use crate::model::scope::Connectivity;
use crate::report::sanitize::LONGEST_REQUIREMENT;

pub use crate::report::requirements::vendor_diff::{
    ComparisonScope, CoveredHost, Difference, ExpectedEndpoints, OnlyInRules, OnlyInTable, compare_with_rules,
};
pub use export::Export;
pub use fix::Fix;
pub use format::{ExportFormat, export};
pub use host::Host;
pub use json::schema;
pub use list::list_requirements;
pub use unmet::{UnmetError, list_unmet};
pub use vendor_table::{ListedHost, MAX_BYTES, Pattern, VendorTable, VendorTableError};

/// A list of requirements and what it was made for.
#[derive(Clone, Debug)]
pub struct Requirements {
    /// The cloud.
    pub cloud: Cloud,
    /// The region's name.
    pub region: String,
    /// How the cluster reaches Azure.
    pub connectivity: Connectivity,
    /// The features that are on.
    pub features: Vec<ActiveFeature>,
    /// The rules files that say so.
    pub layers: Vec<Layer>,
    /// Whether it is all that is needed, or what a report found unmet.
    pub origin: Origin,
    /// In the order of the rules.
    pub items: Vec<Requirement>,
    /// What is not in the list, and why.
    pub notes: Vec<String>,
}

/// Where a list comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    /// Everything that the rules ask for.
    Rules,
    /// What a report found unmet.
    Report,
}

/// A feature that is on.
#[derive(Clone, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the words speak for themselves")]
pub struct ActiveFeature {
    pub id: String,
    pub title: String,
}

/// One host and port that has to be let out. The direction is always outbound, over TCP.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Requirement {
    /// The id of the rule.
    pub id: String,
    /// What is behind it.
    pub title: String,
    /// The host, or a wildcard.
    pub host: Host,
    /// The TCP port.
    pub port: u16,
    /// What is spoken there.
    pub protocol: Protocol,
    /// Whether it works through TLS inspection; `None` where the rules do not know the endpoint.
    pub may_be_inspected: Option<bool>,
    /// Whether a feature that is on does not work without it.
    pub need: Need,
    /// What it is needed for.
    pub why: String,
    /// From where it is called; never Azure itself.
    pub from: Vec<CallerVantage>,
    /// Who calls it.
    pub callers: Vec<String>,
    /// The features that are on and need it.
    pub features: Vec<String>,
    /// Those with the same word replace each other.
    pub alternative: Option<String>,
    /// Whether a private link carries it.
    pub is_private: bool,
    /// The pages that say so.
    pub sources: Vec<SourcePage>,
    /// What lets it through, where a report found it to fail; empty in a list of all that is needed.
    pub fixes: Vec<Fix>,
    /// What else the reader has to know.
    pub remarks: Vec<String>,
}

/// A page, and the date that it gives for itself or else of its reading.
#[derive(Clone, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the words speak for themselves")]
pub struct SourcePage {
    pub page: String,
    pub date: Option<String>,
}

impl Requirement {
    /// Whether plain HTTPS is not enough.
    pub fn needs_websocket(&self) -> bool {
        self.protocol == Protocol::Wss
    }

    /// Whether the TLS inside must be left alone. Without TLS there is nothing to inspect.
    pub fn forbids_inspection(&self) -> bool {
        self.may_be_inspected == Some(false) && self.protocol.uses_tls()
    }

    /// Whether something is called from pods or nodes.
    pub fn is_called_from_cluster(&self) -> bool {
        self.from.iter().any(|from| matches!(from, CallerVantage::Pod | CallerVantage::Node))
    }

    /// `pod, node`.
    pub fn describe_vantages(&self) -> String {
        self.from.iter().map(|from| from.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// For messages: `*.example.com:443`.
    pub fn host_and_port(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

impl Requirements {
    /// For a heading.
    fn describe_origin(&self) -> &'static str {
        match self.origin {
            Origin::Rules => "What has to be open for an Azure Arc-enabled Kubernetes cluster",
            Origin::Report => "What was found unmet for an Azure Arc-enabled Kubernetes cluster",
        }
    }

    /// `AzureCloud eastus`, for headings and comments; safe in one line of any format.
    pub fn describe_scope(&self) -> String {
        let region: String = self.region.chars().filter(char::is_ascii_alphanumeric).take(60).collect();
        format!("{} {region}", self.cloud)
    }

    /// What a configuration can say, what it cannot, and what still needs a name.
    fn split_by(&self, can_say: impl Fn(&Requirement) -> bool) -> [Vec<&Requirement>; 3] {
        let (open, named): (Vec<_>, Vec<_>) =
            self.items.iter().partition(|item| item.host.as_configurable().is_none());
        let (fitting, others) = named.into_iter().partition(|item| can_say(item));
        [fitting, others, open]
    }
}

/// Text of rules or reports: one line, printable, of bounded length.
fn sanitize_text(text: &str) -> String {
    sanitize(text, LONGEST_REQUIREMENT)
}

#[cfg(test)]
#[path = "forms_tests.rs"]
mod tests;
pub mod text;
mod vendor_diff;
