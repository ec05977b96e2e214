//! Several clusters as Markdown: a table, the causes that they share, then a section for each.

use super::Fleet;
use super::headline::{describe_occurrences, describe_verdict};
use crate::report::headline;
use crate::report::markdown::{code_span, escape_text, write_body, write_finding};

/// Renders a document that begins with a heading of the first level.
pub fn render(fleet: &Fleet) -> String {
    let mut out = format!(
        "# {}\n\n{}\n\n",
        headline::verdict_label(fleet.verdict),
        escape_text(&describe_verdict(fleet))
    );
    out.push_str("| cluster | verdict | required checks met | region |\n|---|---|---|---|\n");
    for member in &fleet.clusters {
        let (met, region) = member.summarize();
        let (name, word) = (code_span(&member.context), headline::verdict_label(member.verdict()));
        out.push_str(&format!("| {name} | {word} | {} | {} |\n", escape_text(&met), escape_text(region)));
    }
    out.push_str("\n");
    if !fleet.shared.is_empty() {
        out.push_str("## Shared causes\n\n");
    }
    for (place, shared) in fleet.shared.iter().enumerate() {
        if let Some(example) = fleet.find_example(shared) {
            write_finding(&mut out, ("###", &format!("shared {}", place + 1)), &example);
            out.push_str(&format!("**In:** {}\n\n", escape_text(&describe_occurrences(fleet, shared))));
        }
    }
    for member in &fleet.clusters {
        let word = headline::verdict_label(member.verdict());
        out.push_str(&format!("## {}: {word}\n\n", escape_text(&member.context)));
        match &member.report {
            Some(report) => write_body(&mut out, report, "###"),
            None => out.push_str(&format!("{}\n\n", escape_text(member.why_unknown()))),
        }
    }
    out
}
