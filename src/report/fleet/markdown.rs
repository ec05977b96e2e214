//! Several clusters as Markdown: a table, the causes that they share, then a section for each.

use std::fmt::Write as _;

use super::headline::{describe_occurrences, describe_verdict};
use super::{Fleet, Member};
use crate::report::headline::verdict_label;
use crate::report::markdown::{code_span, escape_text, write_body, write_finding, write_table};

/// Renders a document that begins with a heading of the first level.
pub fn render(fleet: &Fleet) -> String {
    let verdict = escape_text(&describe_verdict(fleet));
    let mut out = format!("# {}\n\n{verdict}\n\n", verdict_label(fleet.verdict));
    let row = |member: &Member| {
        let (met, region) = member.summarize();
        let (name, word) = (code_span(&member.context), verdict_label(member.verdict()));
        [name, word, escape_text(&met), escape_text(region)]
    };
    let columns = ["cluster", "verdict", "required checks met", "region"];
    write_table(&mut out, columns, fleet.clusters.iter().map(row));
    if !fleet.shared.is_empty() {
        out += "## Shared causes\n\n";
    }
    for (number, shared) in (1..).zip(&fleet.shared) {
        if let Some(example) = fleet.find_example(shared) {
            write_finding(&mut out, ("###", &format!("shared {number}")), &example);
            let _ = write!(out, "**In:** {}\n\n", escape_text(&describe_occurrences(fleet, shared)));
        }
    }
    for member in &fleet.clusters {
        let _ = write!(out, "## {}: {}\n\n", escape_text(&member.context), verdict_label(member.verdict()));
        match &member.report {
            Some(report) => write_body(&mut out, report, "###"),
            None => {
                let _ = write!(out, "{}\n\n", escape_text(member.why_unknown()));
            }
        }
    }
    out
}
