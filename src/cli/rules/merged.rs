//! The rules as a whole, as one file or as text.

use super::{Result, RulesCommandError};
use crate::model::rules::{Cloud, Date, Format, RuleSet, RulesFile};
use crate::rules::builtin;

/// The layers as one rules file, which can be given to `--rules` again.
///
/// # Errors
///
/// There is no layer, and so no revision.
pub(super) fn to_rules_file(rules: &RuleSet) -> Result<RulesFile> {
    let newest = rules.layers.iter().map(|layer| &layer.revision).max().ok_or(RulesCommandError::NoRules)?;
    let revision: Date = newest.parse().map_err(RulesCommandError::Unwritable)?;
    let names: Vec<_> = rules.layers.iter().map(|layer| layer.name.as_str()).collect();
    Ok(RulesFile {
        format: Format::V1,
        name: "merged".to_owned(),
        revision,
        title: format!("Merged from {}", names.join(", ")),
        cloud: None,
        features: rules.features.clone(),
        regions: rules.regions.clone(),
        marks: rules.marks.clone(),
        endpoints: rules.endpoints.clone(),
        sources: rules.sources.clone(),
    })
}

pub(super) fn render_text(rules: &RuleSet) -> String {
    let sections = [
        render_section("Rules files", &render_layers(rules)),
        render_section("Rule sets (--rule-set)", &format!("  {}\n", builtin::NAMES.join(" "))),
        render_section("Features (* is on by default)", &render_features(rules)),
        render_section("Regions (--location)", &render_regions(rules)),
        render_section("Endpoints", &render_endpoints(rules)),
    ];
    sections.join("\n")
}

/// Cells in columns, two blanks apart, none after the last.
pub(super) fn render_table<const N: usize>(rows: impl IntoIterator<Item = [String; N]>) -> String {
    let rows: Vec<_> = rows.into_iter().collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<_> = (0..N).map(width).collect();
    let line = |row: &[String; N]| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}

fn render_section(title: &str, body: &str) -> String {
    format!("{title}\n{body}")
}

fn render_layers(rules: &RuleSet) -> String {
    let row = |layer: &crate::model::rules::Layer| {
        [String::new(), layer.name.clone(), layer.revision.clone(), format!("sha256 {}", layer.sha256)]
    };
    render_table(rules.layers.iter().map(row))
}

fn render_features(rules: &RuleSet) -> String {
    let mark = |default| if default { "*" } else { "" };
    render_table(
        rules.features.iter().map(|f| [mark(f.default).to_owned(), f.id.to_string(), f.title.clone()]),
    )
}

fn render_regions(rules: &RuleSet) -> String {
    let of = |cloud: Cloud| {
        let names: Vec<_> =
            rules.regions.iter().filter(|r| r.cloud == cloud).map(|r| r.name.as_str()).collect();
        [String::new(), cloud.to_string(), names.join(" ")]
    };
    render_table(Cloud::ALL.map(of))
}

fn render_endpoints(rules: &RuleSet) -> String {
    render_table(rules.endpoints.iter().map(|endpoint| {
        [
            String::new(),
            endpoint.cloud.map(Cloud::az_name).unwrap_or_default().to_owned(),
            endpoint.id.to_string(),
            format!("{}:{}", endpoint.host, endpoint.port.0),
            endpoint.protocol.to_string(),
            endpoint.need.as_str().to_owned(),
            endpoint.title.clone(),
        ]
    }))
}
