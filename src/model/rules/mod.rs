//! The types of a rules file. The JSON Schema in `rules/schema.json` is generated from them.

pub mod marks;
pub mod scalars;
pub mod statuses;
pub mod unique_keys;
pub mod visitors;
use std::collections::BTreeMap;
use std::num::NonZeroU8;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use super::rules::marks::{Mark, MarkPattern};
pub use super::rules::scalars::{
    Date, HostName, HostPattern, HttpStatus, Id, PLACEHOLDERS, PathTemplate, Port,
};
pub use super::rules::statuses::Statuses;

use crate::model::words::words;

/// One rules file. Several files make a [`RuleSet`]; a later file adds to an earlier one or replaces by id.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "the keys of a rules file")]
pub struct RulesFile {
    /// The version of this format.
    pub format: Format,
    /// The name under which reports cite the file.
    pub name: String,
    /// The date of the newest fact in it (YYYY-MM-DD).
    pub revision: Date,
    /// One line on what the file holds.
    #[serde(default)]
    pub title: String,
    /// The cloud of the endpoints in this file that name none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cloud: Option<Cloud>,
    /// What a cluster can have turned on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub features: Vec<Feature>,
    /// The Azure regions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub regions: Vec<Region>,
    /// What shows that a service itself answered, by the ids that endpoints use.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub marks: Vec<Mark>,
    /// What has to be reachable.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub endpoints: Vec<Endpoint>,
    /// The pages that the facts come from, by the ids that endpoints use.
    #[serde(
        default,
        skip_serializing_if = "BTreeMap::is_empty",
        deserialize_with = "super::rules::unique_keys::deserialize_unique_map"
    )]
    pub sources: BTreeMap<String, Source>,
}

/// The version of the rules format.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub enum Format {
    /// The only one so far.
    #[serde(rename = "arcprobe-rules/1")]
    V1,
}

/// An Azure cloud, spelt as `az cloud list` does.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
pub enum Cloud {
    /// Azure public.
    AzureCloud,
    /// Azure US Government.
    AzureUSGovernment,
    /// Azure operated by 21Vianet.
    AzureChinaCloud,
}

words!(Cloud::az_name {
    AzureCloud = "AzureCloud", AzureUSGovernment = "AzureUSGovernment", AzureChinaCloud = "AzureChinaCloud",
});

/// Something that can be turned on for a cluster and then needs endpoints of its own.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a feature (a mapping)")]
pub struct Feature {
    /// As used with `--feature`.
    pub id: Id,
    /// One line.
    pub title: String,
    /// Whether `az connectedk8s connect` turns it on by itself.
    #[serde(default)]
    pub default: bool,
    /// The clouds that have it; all when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clouds: Vec<Cloud>,
    /// Features that it cannot do without; they are turned on with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<Id>,
    /// Whether it does not work over a private link.
    #[serde(default)]
    pub not_with_private_link: bool,
}

/// An Azure region.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a region (a mapping)")]
pub struct Region {
    /// Lower-case name without blanks (`eastus2`).
    pub name: Id,
    /// Display name (`East US 2`).
    pub title: String,
    /// The cloud it belongs to.
    pub cloud: Cloud,
    /// The short code of the hybrid identity service; `null` when no source gives it. It cannot be derived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub his_code: Option<Id>,
    /// How the code is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub his_code_basis: Option<CodeBasis>,
    /// The geography label that some hosts begin with (`northamerica`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub geography: Option<Id>,
    /// Whether clusters can be connected there; `null` when no source says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arc: Option<bool>,
    /// What else is worth knowing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// How a region's short code is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CodeBasis {
    /// A vendor page prints the pair.
    Documented,
    /// Seen in a recording or a list for that region.
    Observed,
}

/// One required endpoint.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "an endpoint (a mapping)")]
pub struct Endpoint {
    /// Unique in its cloud; a later file replaces by it.
    pub id: Id,
    /// What is behind it, in a few words.
    pub title: String,
    /// The cloud; that of the file when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cloud: Option<Cloud>,
    /// What it is needed for.
    pub why: String,
    /// What breaks without it, as a user sees it.
    pub breaks: String,
    /// Who calls it: the names of agents, `node-container-runtime`, `az-cli`, `portal-browser` and the like.
    pub callers: Vec<String>,
    /// Where the callers live, and so from where it is checked.
    pub vantages: Vec<CallerVantage>,
    /// A name, a template (`{region}.dp.example.com`) or a wildcard (`*.example.com`).
    pub host: HostPattern,
    /// The TCP port.
    #[serde(default)]
    pub port: Port,
    /// What is spoken there. `wss` asks for a WebSocket.
    #[serde(default)]
    pub protocol: Protocol,
    /// For a wildcard: names that are known to exist below it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub samples: Vec<HostName>,
    /// For a wildcard: how the real names can be found, if there is a way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discovery: Option<DiscoveryMethod>,
    /// For a discovery: the id of the endpoint that is asked, in the same cloud. It gives host, path and headers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ask: Option<Id>,
    /// For the discovery `registry-redirect`: the paths of manifests to find a data host with. The first one that leads to
    /// one is enough; tags come and go.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub manifests: Vec<PathTemplate>,
    /// What is asked.
    #[serde(default)]
    pub request: Request,
    /// What the real service answers to a request without credentials.
    #[serde(default)]
    pub answer: Answer,
    /// The certificate that the real service presents.
    #[serde(default)]
    pub certificate: Certificate,
    /// Which addresses its name resolves to.
    #[serde(default)]
    pub addresses: AddressClass,
    /// Whether the endpoint works through TLS inspection.
    #[serde(default)]
    pub inspection: Inspection,
    /// Whether something breaks without it.
    #[serde(default)]
    pub need: Need,
    /// It is needed when one of these is on.
    pub features: Vec<Id>,
    /// Endpoints with the same word replace each other: one that works is enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alternative: Option<Id>,
    /// What the Arc gateway does for it.
    #[serde(default)]
    pub gateway: Gateway,
    /// Whether a private link carries it.
    #[serde(default)]
    pub private_link: PrivateLink,
    /// How well the fact is founded.
    #[serde(default)]
    pub status: FactStatus,
    /// Ids of the pages that say so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<Id>,
    /// What else is worth knowing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Where a caller lives.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CallerVantage {
    /// The machine that runs `az`.
    Workstation,
    /// The pod network.
    Pod,
    /// The host network of a node.
    Node,
    /// The browser of a portal user.
    Browser,
    /// Azure itself: the endpoint is called from there, not from the cluster, so it is listed and never probed.
    Cloud,
}

words!(CallerVantage::as_str {
    Workstation = "workstation", Pod = "pod", Node = "node", Browser = "browser", Cloud = "cloud",
});

/// What is spoken at an endpoint.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// HTTP/1.1 over TLS.
    #[default]
    Https,
    /// A WebSocket over TLS; plain HTTPS is not enough.
    Wss,
    /// HTTP/1.1 without TLS.
    Http,
    /// TLS with something else inside; the handshake is the test.
    Tls,
    /// The git protocol of port 9418.
    Git,
    /// SSH; its banner is the test.
    Ssh,
    /// A TCP connection is the test.
    Tcp,
}

words!(Protocol::as_str {
    Https = "https", Wss = "wss", Http = "http", Tls = "tls", Git = "git", Ssh = "ssh", Tcp = "tcp",
});

impl Protocol {
    /// Whether a TLS handshake comes first.
    pub fn uses_tls(self) -> bool {
        matches!(self, Self::Https | Self::Wss | Self::Tls)
    }
}

/// How the real names below a wildcard can be found.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DiscoveryMethod {
    /// The notification service's allow list names the Service Bus hosts of a region.
    NotificationAllowList,
    /// The global identity endpoint names the regional one.
    HisRegion,
    /// The registry redirects blob requests to its data hosts.
    RegistryRedirect,
}

words!(DiscoveryMethod::as_str {
    NotificationAllowList = "notification-allow-list", HisRegion = "his-region",
    RegistryRedirect = "registry-redirect",
});

/// The HTTP request that is made.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a request (a mapping)")]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The path with its query; may hold `{region}`.
    pub path: PathTemplate,
    /// Extra headers.
    #[serde(
        skip_serializing_if = "BTreeMap::is_empty",
        deserialize_with = "super::rules::unique_keys::deserialize_unique_map"
    )]
    pub headers: BTreeMap<String, String>,
}

impl Default for Request {
    fn default() -> Self {
        Self { method: Method::Get, path: PathTemplate("/".into()), headers: BTreeMap::new() }
    }
}

/// HTTP methods that a probe may use; none of them changes anything without credentials.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "the methods of RFC 9110")]
pub enum Method {
    Get,
    Head,
    Post,
    Options,
}

words!(Method::as_str { Get = "GET", Head = "HEAD", Post = "POST", Options = "OPTIONS" });

/// What the real service answers to a request without credentials.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "an answer (a mapping)")]
pub struct Answer {
    /// The statuses that the service is known for.
    pub status: Statuses,
    /// What the body is, where that tells the service from a block page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<Content>,
    /// How many time-outs the answer may take, where the service is known to be slow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patience: Option<NonZeroU8>,
    /// Ids of the marks that show that the service itself answered; one is enough. They decide where TLS proves nothing: where it
    /// is inspected, and over plain HTTP.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub marks: Vec<Id>,
}

/// A kind of body.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "media types")]
pub enum Content {
    Json,
    Text,
    Html,
}

/// The certificate that the real service presents.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a certificate (a mapping)")]
pub struct Certificate {
    /// Whether it leads to a public root. When it does, a chain that ends in a private authority is an interception.
    pub public: bool,
    /// Words of the issuers' organisation that are known (`DigiCert`, `Microsoft`), for people: they decide nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub issuers: Vec<String>,
}

impl Default for Certificate {
    fn default() -> Self {
        Self { public: true, issuers: Vec::new() }
    }
}

/// Which addresses a name resolves to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AddressClass {
    /// Public ones; a private answer is worth a word.
    #[default]
    Public,
    /// Private ones (private link).
    Private,
    /// Either; the user's own hosts.
    Any,
}

/// Whether an endpoint works through TLS inspection.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Inspection {
    /// With the inspecting authority given to the agents.
    #[default]
    Tolerated,
    /// The endpoint has to be exempted.
    Forbidden,
}

impl Inspection {
    /// Whether the endpoint works through an inspection whose CA is given.
    pub fn is_tolerated(&self) -> bool {
        *self == Self::Tolerated
    }
}

/// Whether something breaks without the endpoint.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Need {
    /// One of its features does not work without it.
    #[default]
    Required,
    /// It helps, or avoids a warning.
    Optional,
}

words!(Need::as_str { Required = "required", Optional = "optional" });

/// What the Arc gateway does for an endpoint.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Gateway {
    /// Must stay open next to the gateway.
    Direct,
    /// The gateway carries it.
    Carried,
    /// The gateway page asks to allow it directly.
    MustAllow,
    /// In neither list.
    NotListed,
    /// In both lists.
    Disputed,
    /// The cloud has no gateway, or the endpoint is older than it.
    #[default]
    NotAvailable,
}

/// Whether a private link carries an endpoint.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PrivateLink {
    /// It gets a private record.
    Private,
    /// It stays on the internet.
    #[default]
    Public,
    /// No zone is documented for this cloud.
    Unverified,
}

/// How well a fact is founded.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FactStatus {
    /// In the newest tables or code.
    #[default]
    Current,
    /// Sources disagree; the note says how.
    Disputed,
    /// Older agents or tools only.
    Legacy,
}

/// Where a fact comes from.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a source (a mapping)")]
pub struct Source {
    /// The page or file.
    pub page: String,
    /// The date that the page gives for itself, or of the version that was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dated: Option<Date>,
    /// When it was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read: Option<Date>,
}

/// Several rules files as one, for one cloud or all.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct RuleSet {
    /// The files, in the order in which they were laid on top of each other.
    pub layers: Vec<Layer>,
    /// What a cluster can have turned on.
    pub features: Vec<Feature>,
    /// The Azure regions.
    pub regions: Vec<Region>,
    /// What shows that a service itself answered.
    #[serde(default)]
    pub marks: Vec<Mark>,
    /// What has to be reachable; `cloud` is always filled in.
    pub endpoints: Vec<Endpoint>,
    /// The pages that the facts come from.
    pub sources: BTreeMap<String, Source>,
    /// Where each endpoint stands, by its id. Agents have no use for it.
    #[serde(skip)]
    pub locations: BTreeMap<String, RuleLocation>,
}

impl RuleSet {
    /// The patterns of the marks with these ids.
    pub fn find_marks(&self, ids: &[Id]) -> Vec<MarkPattern> {
        let named = ids.iter().filter_map(|id| self.marks.iter().find(|mark| mark.id == *id));
        named.flat_map(|mark| mark.any.iter().cloned()).collect()
    }

    /// Whether a region is one of these.
    pub fn lists_region(&self, region: &Region) -> bool {
        self.regions.iter().any(|known| known.name == region.name && known.cloud == region.cloud)
    }

    /// The date of the first file; of the built-in ones that is the one with the regions.
    pub fn date_of_regions(&self) -> &str {
        self.layers.first().map_or("an unknown date", |layer| layer.revision.as_str())
    }
}

/// A line of a rules file.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RuleLocation {
    /// The path as it was given; of a built-in file that in the repository.
    pub file: String,
    /// Counted from 1.
    pub line: u32,
}

/// One rules file, as reports cite it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Layer {
    /// Its name.
    pub name: String,
    /// The date of its newest fact.
    pub revision: String,
    /// Digest of the bytes that were read, in lower-case hexadecimal.
    pub sha256: String,
}

#[cfg(test)]
mod tests {
    use serde::de::DeserializeOwned;

    use super::*;

    fn read<T: DeserializeOwned>(word: &str) -> T {
        serde_json::from_value(word.into()).unwrap_or_else(|e| panic!("{word}: {e}"))
    }

    /// What reports show is what a rules file takes.
    #[test]
    fn words_are_those_of_a_rules_file() {
        for word in ["workstation", "pod", "node", "browser", "cloud"] {
            assert_eq!(read::<CallerVantage>(word).as_str(), word);
        }
        for word in ["https", "wss", "http", "tls", "git", "ssh", "tcp"] {
            assert_eq!(read::<Protocol>(word).as_str(), word);
        }
        for word in ["notification-allow-list", "his-region", "registry-redirect"] {
            assert_eq!(read::<DiscoveryMethod>(word).as_str(), word);
        }
        for word in ["GET", "HEAD", "POST", "OPTIONS"] {
            assert_eq!(read::<Method>(word).as_str(), word);
        }
        for word in ["required", "optional"] {
            assert_eq!(read::<Need>(word).as_str(), word);
        }
    }
}
