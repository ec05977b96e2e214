//! JSON for programs: structs of their own, so that the types inside can change. Unknown is `null`; within a version fields
//! are added, never renamed or removed.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Fix, Origin, Requirement, Requirements, SourcePage};
use crate::model::report::Tool;
use crate::model::rules::{Cloud, Layer, Need, Protocol};
use crate::model::scope::Connectivity;
use crate::report::json::{to_text, v1};

pub(super) fn render(list: &Requirements) -> String {
    let document = Document {
        schema_version: 1,
        tool: Tool::this(),
        rules: &list.layers,
        cloud: list.cloud,
        region: &list.region,
        features: list.features.iter().map(|topic| topic.id.as_str()).collect(),
        connectivity: list.connectivity,
        only_unmet: list.origin == Origin::Report,
        requirements: list.items.iter().map(Entry::new).collect(),
    };
    to_text(&document)
}

/// The JSON Schema of the list, as it stands in `src/report/requirements/schema-v1.json`.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Document<'_>).to_value()
}

/// What has to be open, or what a report found unmet.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Requirements")]
struct Document<'a> {
    /// 1; a reader refuses others.
    schema_version: u32,
    /// What wrote it.
    #[serde(with = "v1::Tool")]
    tool: Tool,
    /// The rules files that say so, or those of the report.
    rules: &'a [Layer],
    /// The cloud.
    cloud: Cloud,
    /// The region's name.
    region: &'a str,
    /// The features that are on.
    features: Vec<&'a str>,
    /// How the cluster reaches Azure.
    connectivity: Connectivity,
    /// Whether it is only what a report found unmet.
    only_unmet: bool,
    /// In the order of the rules.
    requirements: Vec<Entry<'a>>,
}

/// One host and port.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Requirement")]
struct Entry<'a> {
    /// The id of the rule.
    id: &'a str,
    /// What is behind it.
    title: &'a str,
    /// A name, a wildcard such as `*.example.com`, or a placeholder such as `{git_host}`.
    host: String,
    /// The TCP port.
    port: u16,
    /// What is spoken there.
    protocol: Protocol,
    /// Whether plain HTTPS is not enough.
    websocket: bool,
    /// `null` without TLS, and where the rules do not know the endpoint.
    tls_inspection: Option<TlsInspection>,
    /// Whether a feature that is on does not work without it.
    required: bool,
    /// From the cluster and the workstation outwards.
    direction: Direction,
    /// Who lets it out: `pod`, `node`, `workstation`, `browser`.
    from: Vec<&'static str>,
    /// The programs that call it.
    callers: &'a [String],
    /// The features that are on and need it.
    features: &'a [String],
    /// Those with the same word replace each other.
    alternative: Option<&'a str>,
    /// Whether a private link carries it.
    private_link: bool,
    /// What it is needed for.
    why: &'a str,
    /// What lets it through, of what a report found to fail; empty in a list of all that is needed.
    fixes: &'a [Fix],
    /// What else is to be known.
    remarks: &'a [String],
    /// The pages that say so.
    sources: Vec<Source<'a>>,
}

/// Whether TLS may be opened on the way.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum TlsInspection {
    Allowed,
    Forbidden,
}

/// There is one only.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Direction {
    Outbound,
}

/// A page, and the date that it gives for itself or else of its reading.
#[derive(Serialize, JsonSchema)]
struct Source<'a> {
    page: &'a str,
    date: Option<&'a str>,
}

impl<'a> Entry<'a> {
    fn new(item: &'a Requirement) -> Self {
        let source = |fact: &'a SourcePage| Source { page: &fact.page, date: fact.date.as_deref() };
        let inspected = item.may_be_inspected.filter(|_| item.protocol.uses_tls());
        Self {
            id: &item.id,
            title: &item.title,
            host: item.host.to_string(),
            port: item.port,
            protocol: item.protocol,
            websocket: item.needs_websocket(),
            tls_inspection: inspected
                .map(|may| if may { TlsInspection::Allowed } else { TlsInspection::Forbidden }),
            required: item.need == Need::Required,
            direction: Direction::Outbound,
            from: item.from.iter().map(|from| from.as_str()).collect(),
            callers: &item.callers,
            features: &item.features,
            alternative: item.alternative.as_deref(),
            private_link: item.is_private,
            why: &item.why,
            fixes: &item.fixes,
            remarks: &item.remarks,
            sources: item.sources.iter().map(source).collect(),
        }
    }
}
