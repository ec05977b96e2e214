//! JSON for programs: a struct of its own, so that the types inside can change. Unknown is `null`.

use serde::Serialize;

use super::{Fact, Origin, Requirement, Requirements};
use crate::report::json::escape;
use crate::rules::model::Layer;

pub(super) fn write(list: &Requirements) -> String {
    let document = Document {
        schema_version: 1,
        tool: Tool { name: "arcprobe", version: env!("CARGO_PKG_VERSION") },
        rules: &list.layers,
        cloud: list.cloud.name(),
        region: &list.region,
        features: list.topics.iter().map(|topic| topic.id.as_str()).collect(),
        connectivity: list.connectivity.word(),
        only_unmet: list.origin == Origin::Report,
        requirements: list.items.iter().map(Entry::of).collect(),
    };
    // writing to memory cannot fail, and there is no map
    escape(&serde_json::to_string_pretty(&document).unwrap_or_default()) + "\n"
}

#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    tool: Tool,
    rules: &'a [Layer],
    cloud: &'a str,
    region: &'a str,
    features: Vec<&'a str>,
    connectivity: &'a str,
    only_unmet: bool,
    requirements: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct Entry<'a> {
    id: &'a str,
    title: &'a str,
    host: String,
    port: u16,
    protocol: &'a str,
    websocket: bool,
    tls_inspection: Option<&'static str>,
    required: bool,
    direction: &'static str,
    from: Vec<&'static str>,
    callers: &'a [String],
    features: &'a [String],
    alternative: Option<&'a str>,
    private_link: bool,
    why: &'a str,
    remarks: &'a [String],
    sources: Vec<Source<'a>>,
}

#[derive(Serialize)]
struct Source<'a> {
    page: &'a str,
    date: Option<&'a str>,
}

impl<'a> Entry<'a> {
    fn of(item: &'a Requirement) -> Self {
        let source = |fact: &'a Fact| Source { page: &fact.page, date: fact.date.as_deref() };
        let inspected = item.may_be_inspected.filter(|_| item.protocol.uses_tls());
        Self {
            id: &item.id,
            title: &item.title,
            host: item.host.to_string(),
            port: item.port,
            protocol: item.protocol.word(),
            websocket: item.needs_websocket(),
            tls_inspection: inspected.map(|may| if may { "allowed" } else { "forbidden" }),
            required: item.need == crate::rules::model::Need::Required,
            direction: "outbound",
            from: item.from.iter().map(|from| from.word()).collect(),
            callers: &item.callers,
            features: &item.features,
            alternative: item.alternative.as_deref(),
            private_link: item.is_private,
            why: &item.why,
            remarks: &item.remarks,
            sources: item.facts.iter().map(source).collect(),
        }
    }
}
