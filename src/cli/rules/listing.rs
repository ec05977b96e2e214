//! The endpoints that fit a cloud, region and set of features.

use serde::Serialize;

use super::merged::table;
use super::{RulesCommandError, ShowArgs};
use crate::model::rules::{CallerVantage, Cloud, Endpoint, Need, Protocol, RuleSet};
use crate::model::scope::Scope;
use crate::plan::is_needed;
use crate::rules::expand::fill;
use crate::rules::{Asked, features, scope, values};

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
pub(super) fn rows(args: &ShowArgs, rules: RuleSet) -> Result<Vec<Row>, RulesCommandError> {
    let cloud = args.cloud.unwrap_or(Cloud::AzureCloud);
    let Some(location) = &args.location else { return unfitted(args, cloud, &rules) };
    let rules = rules.for_cloud(cloud);
    let asked = Asked {
        cloud,
        location: location.clone(),
        features: args.feature.clone(),
        connectivity: args.connectivity,
        values: values(&args.values)?,
    };
    let (scope, _) = scope(&asked, &rules)?;
    let needed = rules.endpoints.iter().filter(|endpoint| is_needed(endpoint, &scope));
    Ok(needed.map(|endpoint| Row::new(endpoint, host(endpoint, &scope))).collect())
}

/// Without a region there is nothing to fill templates with; without features all endpoints are listed.
fn unfitted(args: &ShowArgs, cloud: Cloud, rules: &RuleSet) -> Result<Vec<Row>, RulesCommandError> {
    let on = features(&args.feature, cloud, args.connectivity, rules)?;
    let fits = |endpoint: &&Endpoint| {
        args.feature.is_empty() || endpoint.features.iter().any(|id| on.iter().any(|on| on == id.as_str()))
    };
    let row = |endpoint: &Endpoint| Row::new(endpoint, endpoint.host.to_string());
    Ok(rules.endpoints.iter().filter(fits).map(row).collect())
}

fn host(endpoint: &Endpoint, scope: &Scope) -> String {
    fill(endpoint.host.as_str(), scope).listed()
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

    fn vantages(&self, separator: &str) -> String {
        self.vantages.iter().map(|vantage| vantage.word()).collect::<Vec<_>>().join(separator)
    }
}

pub(super) fn text(rows: &[Row]) -> String {
    let head = ["ENDPOINT", "HOST", "PORT", "PROTOCOL", "NEED", "FROM", "FEATURES"].map(str::to_owned);
    let cells = |row: &Row| {
        [
            row.id.clone(),
            row.host.clone(),
            row.port.to_string(),
            row.protocol.to_string(),
            row.need.word().to_owned(),
            row.vantages(","),
            row.features.join(","),
        ]
    };
    table(std::iter::once(head).chain(rows.iter().map(cells)))
}

/// Nothing in a row needs quotes: ids, host patterns and the words of closed sets have no comma, quote or line break.
pub(super) fn csv(rows: &[Row]) -> String {
    let line = |row: &Row| {
        let Row { id, host, port, protocol, websocket, features, .. } = row;
        format!("{id},{host},{port},{protocol},{websocket},{},{}\n", row.vantages(";"), features.join(";"))
    };
    let head = "id,host,port,protocol,websocket,vantages,features\n".to_owned();
    rows.iter().map(line).fold(head, |text, line| text + &line)
}
