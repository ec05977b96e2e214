//! The renderings of a report, by their names and endings.

use std::path::Path;

use super::clusters::ClusterReport;
use super::fleet::json::SavedReport;
use super::fleet::{self, Fleet};
use super::text::TextOptions;
use super::{html, json, junit, markdown, openmetrics, sarif, short, text};
use crate::model::report::Report;

/// A rendering of the report.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, clap::ValueEnum)]
pub enum Format {
    /// One screen for people.
    Text,
    /// A few lines for chats and tickets.
    Short,
    /// For programs; can be read again.
    Json,
    /// For what shows test results: a suite for each vantage, a case for each check.
    Junit,
    /// For tickets.
    Markdown,
    /// One page to pass on, for browsers and printers.
    Html,
    /// For what collects findings of tools.
    Sarif,
    /// For Prometheus, through a textfile collector.
    Openmetrics,
}

impl Format {
    /// The format that the ending of a file name asks for (`--save`).
    ///
    /// # Errors
    /// When the ending stands for no format.
    pub fn from_path(path: &Path) -> Result<Self, UnknownExtension> {
        let ending = path.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase);
        EXTENSIONS
            .iter()
            .find(|(known, _)| ending.as_deref() == Some(known))
            .map(|&(_, format)| format)
            .ok_or_else(|| UnknownExtension { file: path.display().to_string() })
    }
}

/// A file name whose ending stands for no format.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("cannot tell the format of \"{file}\" from its ending; supported are {}", list_extensions())]
pub struct UnknownExtension {
    /// The name as given.
    pub file: String,
}

/// Renders a report; the text ends in a line feed.
pub fn render(report: &Report, format: Format, options: &TextOptions) -> String {
    let alone = [ClusterReport::from(report)];
    match format {
        Format::Text => text::render(report, options),
        Format::Short => short::render(report),
        Format::Json => json::render(report),
        Format::Junit => junit::render(&alone),
        Format::Markdown => markdown::render(report),
        Format::Html => html::render(report),
        Format::Sarif => sarif::render(&alone),
        Format::Openmetrics => openmetrics::render(&alone),
    }
}

/// Renders what was saved, on one cluster or on several.
pub fn render_saved(saved: &SavedReport, format: Format, options: &TextOptions) -> String {
    match saved {
        SavedReport::Single(report) => render(report, format, options),
        SavedReport::Fleet(fleet) => render_fleet(fleet, format, options),
    }
}

fn render_fleet(fleet: &Fleet, format: Format, options: &TextOptions) -> String {
    let clusters = fleet.cluster_reports();
    match format {
        Format::Text => fleet::text::render(fleet, options),
        Format::Short => fleet::short::render(fleet),
        Format::Json => fleet::json::render(fleet),
        Format::Junit => junit::render(&clusters),
        Format::Markdown => fleet::markdown::render(fleet),
        Format::Html => fleet::html::render(fleet),
        Format::Sarif => sarif::render(&clusters),
        Format::Openmetrics => openmetrics::render(&clusters),
    }
}

fn list_extensions() -> String {
    EXTENSIONS.iter().map(|(ending, _)| format!(".{ending}")).collect::<Vec<_>>().join(", ")
}

const EXTENSIONS: [(&str, Format); 7] = [
    ("json", Format::Json),
    ("html", Format::Html),
    ("md", Format::Markdown),
    ("xml", Format::Junit),
    ("sarif", Format::Sarif),
    ("prom", Format::Openmetrics),
    ("txt", Format::Text),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_extension_selects_the_format() {
        assert_eq!(Format::from_path(Path::new("a/b.json")), Ok(Format::Json));
        assert_eq!(Format::from_path(Path::new("REPORT.TXT")), Ok(Format::Text));
        for bad in ["report", "report.pdf", ".json", "dir.json/report"] {
            let error = Format::from_path(Path::new(bad)).unwrap_err().to_string();
            let expected =
                format!("cannot tell the format of \"{bad}\" from its ending; supported are .json, .html, ");
            assert!(error.starts_with(&expected), "{error}");
        }
    }
}
