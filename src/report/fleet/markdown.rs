//! Several clusters as Markdown: a table, the causes that they share, then a section for each.

use super::Fleet;
use super::headline::{describe_occurrences, describe_verdict};
use crate::report::headline;
use crate::report::markdown::{code_span, escape_text, push_text, write_body, write_finding};

/// Renders a document that begins with a heading of the first level.
pub fn render(fleet: &Fleet) -> String {
    let mut out = format!(
        "# {}\n\n{}\n\n",
        headline::verdict_label(fleet.verdict),
        escape_text(&describe_verdict(fleet))
    );
    push_text(&mut out, "| cluster | verdict | required checks met | region |\n|---|---|---|---|\n");
    for member in &fleet.clusters {
        let (met, region) = member.summarize();
        let (name, word) = (code_span(&member.context), headline::verdict_label(member.verdict()));
        push_text(
            &mut out,
            &format!("| {name} | {word} | {} | {} |\n", escape_text(&met), escape_text(region)),
        );
    }
    push_text(&mut out, "\n");
    if !fleet.shared.is_empty() {
        push_text(&mut out, "## Shared causes\n\n");
    }
    for (place, shared) in fleet.shared.iter().enumerate() {
        if let Some(example) = fleet.find_example(shared) {
            let example = crate::model::finding::Finding { severity: shared.severity, ..example.clone() };
            write_finding(&mut out, ("###", &format!("shared {}", place + 1)), &example);
            push_text(
                &mut out,
                &format!("**In:** {}\n\n", escape_text(&describe_occurrences(fleet, shared))),
            );
        }
    }
    for member in &fleet.clusters {
        let word = headline::verdict_label(member.verdict());
        push_text(&mut out, &format!("## {}: {word}\n\n", escape_text(&member.context)));
        match &member.report {
            Some(report) => write_body(&mut out, report, "###"),
            None => push_text(
                &mut out,
                &format!("{}\n\n", escape_text(member.error.as_deref().unwrap_or_default())),
            ),
        }
    }
    out
}
