//! The networks of the cluster, the proxy skip range with its reasons, and the commands of `az`.

use std::collections::HashSet;

use maud::{Markup, html};

use super::elements::{Placement, render_code_block, render_mark, render_row_head, render_table};
use crate::model::finding::Severity;
use crate::model::report::{Advice, AzCommand, Report, SkipRangeAdvice, Verdict};
use crate::report::advice::nest_networks;
use crate::report::marks::severity_style;
use crate::report::markup::Text;

/// All that is known; nothing where nothing is.
pub(super) fn render_networks(report: &Report, place: Placement<'_>) -> Markup {
    let advice = &report.advice;
    // as it stands it would fail where something is blocked and nothing more is known
    let is_ready = matches!(report.verdict, Verdict::Ready | Verdict::ReadyWithWarnings);
    let connect = advice.connect_command.as_ref().filter(|_| is_ready || advice.skip_range.is_some());
    html! {
        @if let Some(range) = &advice.skip_range { (render_skip_range(range, place)) }
        (render_known_networks(advice))
        (render_overlaps(advice, place))
        (render_commands("To connect a cluster", connect, place))
        (render_commands("For a cluster that is connected", advice.update_command.as_ref(), place))
    }
}

fn render_skip_range(range: &SkipRangeAdvice, place: Placement<'_>) -> Markup {
    let title = "The value for --proxy-skip-range";
    let body = html! {
        tbody {
            @for entry in &range.entries {
                tr {
                    (render_row_head(&entry.value, ""))
                    td { (Text(&entry.why)) }
                    td { (Text(&entry.source)) }
                    td { (entry.confidence.as_str()) }
                }
            }
        }
    };
    let by = range.given_by.as_deref().unwrap_or("the proxy settings");
    let problems: Vec<_> = range.problems.iter().map(|p| (p.severity, p.text.as_str())).collect();
    html! {
        (place.heading(1, None, title))
        (render_code_block(title, &range.value))
        (render_table("Why each entry", &["Entry", "Why", "Known from", "Confidence"], &body))
        (render_problems(&format!("What is wrong with the value of {by}"), &problems, place))
    }
}

fn render_problems(title: &str, problems: &[(Severity, &str)], place: Placement<'_>) -> Markup {
    html! {
        @if !problems.is_empty() {
            (place.heading(1, None, title))
            ul.bullets {
                @for (severity, text) in problems {
                    li { (render_mark(severity_style(*severity).mark, severity.as_str())) ": " (Text(text)) }
                }
            }
        }
    }
}

fn render_known_networks(advice: &Advice) -> Markup {
    let (rows, more) = nest_networks(advice, false);
    let body = html! {
        tbody {
            @for row in &rows {
                @let known = row.network;
                tr class={ "depth-" (row.depth) } {
                    (render_row_head(&known.network, if known.counts { "" } else { "does not count" }))
                    td { (known.role.describe()) }
                    td {
                        (Text(&known.source))
                        @if let Some(note) = &known.note { span.below { (Text(note)) } }
                    }
                    td { (known.confidence.as_str()) }
                }
            }
        }
    };
    let columns = ["Network", "What it is", "Known from", "Confidence"];
    html! {
        @if !rows.is_empty() {
            (render_table("Where everything is; what lies inside another is indented", &columns, &body))
            @if more > 0 { p.note { "And " (more) " more nodes; the JSON report has them." } }
        }
    }
}

fn render_overlaps(advice: &Advice, place: Placement<'_>) -> Markup {
    let mut seen = HashSet::new();
    let relevant = advice.overlaps.iter().filter(|overlap| overlap.severity > Severity::Info);
    let texts = relevant.map(|overlap| (overlap.severity, overlap.text.as_str()));
    let texts: Vec<_> = texts.filter(|(_, text)| seen.insert(*text)).collect();
    render_problems("What collides", &texts, place)
}

fn render_commands(title: &str, command: Option<&AzCommand>, place: Placement<'_>) -> Markup {
    html! {
        @if let Some(command) = command {
            (place.heading(1, None, title))
            (render_code_block(&format!("{title}, for a shell"), &command.bash))
            details {
                summary { "For PowerShell" }
                (render_code_block(&format!("{title}, for PowerShell"), &command.powershell))
            }
        }
    }
}
