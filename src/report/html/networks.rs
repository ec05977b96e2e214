//! The networks of the cluster, the proxy skip range with its reasons, and the commands of `az`.

use super::elements::{write_code_block, write_mark, write_row_head, write_table};
use crate::model::finding::Severity;
use crate::model::report::{Advice, AzCommand, Report, SkipRangeAdvice, Verdict};
use crate::report::advice::{NestedNetwork, nest_networks};
use crate::report::marks::severity_style;
use crate::report::markup::Markup;

/// All that is known; nothing where nothing is.
pub(super) fn render_networks(report: &Report) -> Markup {
    let mut html = Markup::default();
    let advice = &report.advice;
    if let Some(range) = &advice.skip_range {
        write_skip_range(&mut html, range);
    }
    write_networks(&mut html, advice);
    write_overlaps(&mut html, advice);
    // as it stands it would fail where something is blocked and nothing more is known
    let is_ready = matches!(report.verdict, Verdict::Ready | Verdict::ReadyWithWarnings);
    let connect = advice.connect_command.as_ref().filter(|_| is_ready || advice.skip_range.is_some());
    write_commands(&mut html, "To connect a cluster", connect);
    write_commands(&mut html, "For a cluster that is connected", advice.update_command.as_ref());
    html
}

fn write_skip_range(html: &mut Markup, range: &SkipRangeAdvice) {
    html.text_element("h3", &[], "The value for --proxy-skip-range");
    write_code_block(html, "The value for --proxy-skip-range", &range.value);
    write_table(html, "Why each entry", &["Entry", "Why", "Known from", "Confidence"], |html| {
        html.element("tbody", &[], |html| {
            for entry in &range.entries {
                html.element("tr", &[], |html| {
                    write_row_head(html, &entry.value, "");
                    html.text_element("td", &[], &entry.why);
                    html.text_element("td", &[], &entry.source);
                    html.text_element("td", &[], entry.confidence.as_str());
                });
            }
        });
    });
    if !range.problems.is_empty() {
        let by = range.given_by.as_deref().unwrap_or("the proxy settings");
        html.text_element("h3", &[], &format!("What is wrong with the value of {by}"));
        html.element("ul", &[("class", "bullets")], |html| {
            range.problems.iter().for_each(|problem| write_problem(html, problem.severity, &problem.text));
        });
    }
}

fn write_problem(html: &mut Markup, severity: Severity, text: &str) {
    html.element("li", &[], |html| {
        write_mark(html, severity_style(severity).mark, severity.as_str());
        html.text(": ");
        html.text(text);
    });
}

fn write_networks(html: &mut Markup, advice: &Advice) {
    let (rows, more) = nest_networks(advice, false);
    if rows.is_empty() {
        return;
    }
    let columns = ["Network", "What it is", "Known from", "Confidence"];
    write_table(html, "Where everything is; what lies inside another is indented", &columns, |html| {
        html.element("tbody", &[], |html| {
            for NestedNetwork { network: known, depth } in &rows {
                let counts = if known.counts { "" } else { "does not count" };
                html.element("tr", &[("class", DEPTHS[(*depth).min(DEPTHS.len() - 1)])], |html| {
                    write_row_head(html, &known.network, counts);
                    html.text_element("td", &[], known.role.describe());
                    html.element("td", &[], |html| {
                        html.text(&known.source);
                        if let Some(note) = &known.note {
                            html.text_element("span", &[("class", "below")], note);
                        }
                    });
                    html.text_element("td", &[], known.confidence.as_str());
                });
            }
        });
    });
    if more > 0 {
        html.text_element(
            "p",
            &[("class", "note")],
            &format!("And {more} more nodes; the JSON report has them."),
        );
    }
}

const DEPTHS: [&str; 5] = ["depth-0", "depth-1", "depth-2", "depth-3", "depth-4"];

fn write_overlaps(html: &mut Markup, advice: &Advice) {
    let mut seen = std::collections::HashSet::new();
    let relevant = advice.overlaps.iter().filter(|overlap| overlap.severity > Severity::Info);
    let texts = relevant.map(|overlap| (overlap.severity, overlap.text.as_str()));
    let texts: Vec<_> = texts.filter(|(_, text)| seen.insert(*text)).collect();
    if !texts.is_empty() {
        html.text_element("h3", &[], "What collides");
        html.element("ul", &[("class", "bullets")], |html| {
            for (severity, text) in &texts {
                write_problem(html, *severity, text);
            }
        });
    }
}

fn write_commands(html: &mut Markup, title: &str, command: Option<&AzCommand>) {
    let Some(command) = command else { return };
    html.text_element("h3", &[], title);
    write_code_block(html, &format!("{title}, for a shell"), &command.bash);
    html.element("details", &[], |html| {
        html.text_element("summary", &[], "For PowerShell");
        write_code_block(html, &format!("{title}, for PowerShell"), &command.powershell);
    });
}
