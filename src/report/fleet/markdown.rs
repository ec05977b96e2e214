//! Several clusters as Markdown: a table, the causes that they share, then a section for each.

use super::Fleet;
use super::sentence::{sentence, whereabouts};
use crate::report::headline;
use crate::report::markdown::{body, code, finding, prose, put};

/// Renders a document that begins with a heading of the first level.
pub fn render(fleet: &Fleet) -> String {
    let mut out = format!("# {}\n\n{}\n\n", headline::word(fleet.verdict), prose(&sentence(fleet)));
    put(&mut out, "| cluster | verdict | required checks met | region |\n|---|---|---|---|\n");
    for member in &fleet.clusters {
        let (met, region) = member.in_short();
        let (name, word) = (code(&member.context), headline::word(member.verdict()));
        put(&mut out, &format!("| {name} | {word} | {} | {} |\n", prose(&met), prose(region)));
    }
    put(&mut out, "\n");
    if !fleet.shared.is_empty() {
        put(&mut out, "## Shared causes\n\n");
    }
    for (place, shared) in fleet.shared.iter().enumerate() {
        if let Some(example) = fleet.example(shared) {
            let example = crate::model::finding::Finding { severity: shared.severity, ..example.clone() };
            finding(&mut out, ("###", &format!("shared {}", place + 1)), &example);
            put(&mut out, &format!("**In:** {}\n\n", prose(&whereabouts(fleet, shared))));
        }
    }
    for member in &fleet.clusters {
        let word = headline::word(member.verdict());
        put(&mut out, &format!("## {}: {word}\n\n", prose(&member.context)));
        match &member.report {
            Some(report) => body(&mut out, report, "###"),
            None => put(&mut out, &format!("{}\n\n", prose(member.error.as_deref().unwrap_or_default()))),
        }
    }
    out
}
