//! The networks of the cluster, the proxy skip range with its reasons, and the commands of `az`.

use super::page::{lines, mark, row_head, table};
use crate::model::finding::Severity;
use crate::model::report::{Advice, ConnectCommand, Report, SkipRangeAdvice, Verdict};
use crate::report::advice::{Placed, placed};
use crate::report::markup::Markup;

/// All that is known; nothing where nothing is.
pub(super) fn all(report: &Report) -> Markup {
    let mut html = Markup::default();
    let advice = &report.advice;
    if let Some(range) = &advice.skip_range {
        skip_range(&mut html, range);
    }
    map(&mut html, advice);
    overlaps(&mut html, advice);
    // as it stands it would fail where something is blocked and nothing more is known
    let is_ready = matches!(report.verdict, Verdict::Ready | Verdict::ReadyWithWarnings);
    let connect = advice.connect_command.as_ref().filter(|_| is_ready || advice.skip_range.is_some());
    commands(&mut html, "To connect a cluster", connect);
    commands(&mut html, "For a cluster that is connected", advice.update_command.as_ref());
    html
}

fn skip_range(html: &mut Markup, range: &SkipRangeAdvice) {
    html.simple("h3", &[], "The value for --proxy-skip-range");
    lines(html, "The value for --proxy-skip-range", &range.value);
    table(html, "Why each entry", &["Entry", "Why", "Known from", "Confidence"], |html| {
        html.element("tbody", &[], |html| {
            for entry in &range.entries {
                html.element("tr", &[], |html| {
                    row_head(html, &entry.value, "");
                    html.simple("td", &[], &entry.why);
                    html.simple("td", &[], &entry.source);
                    html.simple("td", &[], entry.confidence.word());
                });
            }
        });
    });
    if !range.problems.is_empty() {
        let by = range.given_by.as_deref().unwrap_or("the proxy settings");
        html.simple("h3", &[], &format!("What is wrong with the value of {by}"));
        html.element("ul", &[("class", "told")], |html| {
            range.problems.iter().for_each(|problem| told(html, problem.severity, &problem.text));
        });
    }
}

fn told(html: &mut Markup, severity: Severity, text: &str) {
    let (class, symbol) = match severity {
        Severity::Blocking => ("bad", "✗"),
        Severity::Warning => ("open", "!"),
        Severity::Info => ("open", "i"),
    };
    html.element("li", &[], |html| {
        mark(html, class, symbol, severity.word());
        html.text(": ");
        html.text(text);
    });
}

fn map(html: &mut Markup, advice: &Advice) {
    let (rows, more) = placed(advice, false);
    if rows.is_empty() {
        return;
    }
    let columns = ["Network", "What it is", "Known from", "Confidence"];
    table(html, "Where everything is; what lies inside another is indented", &columns, |html| {
        html.element("tbody", &[], |html| {
            for Placed { known, depth } in &rows {
                let counts = if known.counts { "" } else { "does not count" };
                html.element("tr", &[("class", DEPTHS[(*depth).min(DEPTHS.len() - 1)])], |html| {
                    row_head(html, &known.network, counts);
                    html.simple("td", &[], known.role.words());
                    html.element("td", &[], |html| {
                        html.text(&known.source);
                        if let Some(note) = &known.note {
                            html.simple("span", &[("class", "below")], note);
                        }
                    });
                    html.simple("td", &[], known.confidence.word());
                });
            }
        });
    });
    if more > 0 {
        html.simple("p", &[("class", "note")], &format!("And {more} more nodes; the JSON report has them."));
    }
}

const DEPTHS: [&str; 5] = ["depth-0", "depth-1", "depth-2", "depth-3", "depth-4"];

fn overlaps(html: &mut Markup, advice: &Advice) {
    let mut seen = std::collections::HashSet::new();
    let grave = advice.overlaps.iter().filter(|overlap| overlap.severity > Severity::Info);
    let texts = grave.map(|overlap| (overlap.severity, overlap.text.as_str()));
    let texts: Vec<_> = texts.filter(|(_, text)| seen.insert(*text)).collect();
    if !texts.is_empty() {
        html.simple("h3", &[], "What collides");
        html.element("ul", &[("class", "told")], |html| {
            for (severity, text) in &texts {
                told(html, *severity, text);
            }
        });
    }
}

fn commands(html: &mut Markup, title: &str, command: Option<&ConnectCommand>) {
    let Some(command) = command else { return };
    html.simple("h3", &[], title);
    lines(html, &format!("{title}, for a shell"), &command.bash);
    html.element("details", &[], |html| {
        html.simple("summary", &[], "For PowerShell");
        lines(html, &format!("{title}, for PowerShell"), &command.powershell);
    });
}
