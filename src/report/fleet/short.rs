//! Several clusters in a few lines: the answer, the causes that they share, then what each has besides.

use super::Fleet;
use super::headline::{describe_occurrences, describe_verdict};
use crate::model::evidence::sanitize;
use crate::report::sanitize::LONGEST_FLEET_LINE;
use crate::report::screen::sanitize_for_command;
use crate::report::{headline, short};

/// Renders the lines; those of a cluster begin with the name of its context.
pub fn render(fleet: &Fleet) -> String {
    let mut lines = vec![format!("{}: {}", headline::verdict_label(fleet.verdict), describe_verdict(fleet))];
    for (place, shared) in fleet.shared.iter().enumerate() {
        let (summary, places) = (shared.summary.trim_end_matches('.'), describe_occurrences(fleet, shared));
        let page = sanitize_for_command(&shared.id);
        lines.push(format!(
            "shared {}: {}: {summary} (in {places}; arcprobe explain {page})",
            place + 1,
            shared.severity.as_str()
        ));
    }
    let shared_by = fleet.shared_cause_numbers();
    for (place, member) in fleet.clusters.iter().enumerate() {
        if let Some(report) = &member.report {
            let own = short::render_lines(report, &|finding| shared_by.contains_key(&(place, finding)));
            lines.extend(own.iter().map(|line| format!("{}: {line}", member.context)));
        } else {
            lines.push(format!("{}: INCOMPLETE: {}", member.context, member.why_unknown()));
        }
    }
    lines.iter().map(|line| sanitize(line, LONGEST_FLEET_LINE) + "\n").collect()
}
