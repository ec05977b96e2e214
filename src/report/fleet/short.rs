//! Several clusters in a few lines: the answer, the causes that they share, then what each has besides.

use super::Fleet;
use super::sentence::{sentence, whereabouts};
use crate::model::evidence::printable;
use crate::report::screen::bare;
use crate::report::{headline, short};

/// Renders the lines; those of a cluster begin with the name of its context.
pub fn render(fleet: &Fleet) -> String {
    let mut lines = vec![format!("{}: {}", headline::word(fleet.verdict), sentence(fleet))];
    for (place, shared) in fleet.shared.iter().enumerate() {
        let (summary, places) = (shared.summary.trim_end_matches('.'), whereabouts(fleet, shared));
        let page = bare(&shared.id);
        lines.push(format!(
            "shared {}: {}: {summary} (in {places}; arcprobe explain {page})",
            place + 1,
            shared.severity.word()
        ));
    }
    let shared_by = fleet.shared_by();
    for (place, member) in fleet.clusters.iter().enumerate() {
        if let Some(report) = &member.report {
            let own = short::lines(report, &|finding| shared_by.contains_key(&(place, finding)));
            lines.extend(own.iter().map(|line| format!("{}: {line}", member.context)));
        } else {
            let why = member.error.as_deref().unwrap_or("nothing is known");
            lines.push(format!("{}: INCOMPLETE: {why}", member.context));
        }
    }
    lines.iter().map(|line| printable(line, LONGEST_LINE) + "\n").collect()
}

/// In characters.
const LONGEST_LINE: usize = 700;
