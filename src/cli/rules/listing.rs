//! The endpoints that fit a cloud, region and set of features.

use serde::Serialize;

use super::Result;
use super::merged::render_table;
use crate::cli::args::ShowArgs;
use crate::model::rules::{CallerVantage, Cloud, Endpoint, Need, Protocol, RuleSet};
use crate::model::scope::Scope;
use crate::plan::is_needed;
use crate::rules::expand::fill_template;
use crate::rules::{ScopeRequest, parse_values, resolve_features, resolve_scope};

/// One endpoint.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub(super) struct Row {
    id: String,
    host: String,
    port: u16,
    protocol: Protocol,
    websocket: bool,
    need: Need,
    vantages: Vec<CallerVantage>,
    features: Vec<String>,
}

/// In the order of the rules.
///
/// # Errors
///
/// An unknown region, feature or value.
pub(super) fn list_rows(args: &ShowArgs, rules: RuleSet) -> Result<Vec<Row>> {
    let cloud = args.cloud.unwrap_or(Cloud::AzureCloud);
    let Some(location) = &args.location else { return list_without_region(args, cloud, &rules) };
    let rules = rules.for_cloud(cloud);
    let request = ScopeRequest {
        cloud,
        location: location.clone(),
        features: args.feature.clone(),
        connectivity: args.connectivity,
        values: parse_values(&args.values)?,
    };
    let (scope, _) = resolve_scope(&request, &rules)?;
    let needed = rules.endpoints.iter().filter(|endpoint| is_needed(endpoint, &scope));
    Ok(needed.map(|endpoint| Row::new(endpoint, fill_host(endpoint, &scope))).collect())
}

/// Without a region there is nothing to fill templates with; without features all endpoints are listed.
fn list_without_region(args: &ShowArgs, cloud: Cloud, rules: &RuleSet) -> Result<Vec<Row>> {
    let on = resolve_features(&args.feature, cloud, args.connectivity, rules)?;
    let fits = |endpoint: &&Endpoint| {
        args.feature.is_empty() || endpoint.features.iter().any(|id| on.iter().any(|on| on == id.as_str()))
    };
    let row = |endpoint: &Endpoint| Row::new(endpoint, endpoint.host.to_string());
    Ok(rules.endpoints.iter().filter(fits).map(row).collect())
}

fn fill_host(endpoint: &Endpoint, scope: &Scope) -> String {
    fill_template(endpoint.host.as_str(), scope).display_pattern()
}

impl Row {
    fn new(endpoint: &Endpoint, host: String) -> Self {
        Self {
            id: endpoint.id.to_string(),
            host,
            port: endpoint.port.0,
            protocol: endpoint.protocol,
            websocket: endpoint.protocol == Protocol::Wss,
            need: endpoint.need,
            vantages: endpoint.vantages.clone(),
            features: endpoint.features.iter().map(ToString::to_string).collect(),
        }
    }

    fn join_vantages(&self, separator: &str) -> String {
        self.vantages.iter().map(|vantage| vantage.as_str()).collect::<Vec<_>>().join(separator)
    }
}

pub(super) fn render_text(rows: &[Row]) -> String {
    let head = ["ENDPOINT", "HOST", "PORT", "PROTOCOL", "NEED", "FROM", "FEATURES"].map(str::to_owned);
    let cells = |row: &Row| {
        [
            row.id.clone(),
            row.host.clone(),
            row.port.to_string(),
            row.protocol.to_string(),
            row.need.as_str().to_owned(),
            row.join_vantages(","),
            row.features.join(","),
        ]
    };
    render_table(std::iter::once(head).chain(rows.iter().map(cells)))
}

/// Nothing in a row needs quotes: ids, host patterns and the words of closed sets have no comma, quote or line break.
pub(super) fn render_csv(rows: &[Row]) -> String {
    let line = |row: &Row| {
        let Row { id, host, port, protocol, websocket, features, .. } = row;
        format!(
            "{id},{host},{port},{protocol},{websocket},{},{}\n",
            row.join_vantages(";"),
            features.join(";")
        )
    };
    let head = "id,host,port,protocol,websocket,vantages,features\n".to_owned();
    rows.iter().map(line).fold(head, |text, line| text + &line)
}
