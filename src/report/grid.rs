//! Endpoint x phase: one row for a check, one glyph for a phase.

use std::time::Duration;

use super::marks::Mark;
use super::screen::{Paint, Screen, display_width};
use crate::model::evidence::{Attempt, Outcome, Phase, Purpose, Step};
use crate::model::plan::RouteKind;
use crate::model::report::{Check, CheckVerdict};
use crate::model::rules::Protocol;

/// Rows under a title.
pub(super) struct Section {
    pub(super) title: String,
    pub(super) rows: Vec<Row>,
}

/// One check, or several that failed alike.
pub(super) struct Row {
    /// The verdict as a glyph; the section's title has it as a word.
    pub(super) mark: Mark,
    pub(super) target: String,
    pub(super) cells: [Cell; Phase::ALL.len()],
    /// Cause and time.
    pub(super) tail: String,
    /// Whether the tail is so short that the targets leave room for it.
    pub(super) has_short_tail: bool,
    /// What is worth a line of its own.
    pub(super) detail: Option<String>,
}

/// How a phase of a check went, over all addresses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Cell {
    /// The check has no such phase.
    None,
    NotTried,
    Reached,
    Partly,
    Failed,
    Skipped,
}

impl Cell {
    fn glyph(self) -> (Paint, &'static str) {
        match self {
            Self::None => (Paint::Plain, " "),
            Self::NotTried => (Paint::Dim, "·"),
            Self::Reached => (Paint::Green, "✓"),
            Self::Partly => (Paint::Yellow, "!"),
            Self::Failed => (Paint::Red, "✗"),
            Self::Skipped => (Paint::Dim, "–"),
        }
    }
}

/// The glyphs in words, for those that occur.
const LEGEND: [(Cell, &str); 5] = [
    (Cell::Reached, "✓ reached"),
    (Cell::Partly, "! not at every address"),
    (Cell::Failed, "✗ failed"),
    (Cell::Skipped, "– not needed"),
    (Cell::NotTried, "· not tried"),
];

/// Draws the sections with the same columns for all, so that the eye can run down them.
pub(super) fn draw_grid(screen: &mut Screen, sections: &[Section]) {
    let rows: Vec<&Row> = sections.iter().flat_map(|s| &s.rows).collect();
    let Some(grid) = Grid::fit(&rows, sections, screen.width()) else { return };
    for (at, section) in sections.iter().filter(|s| !s.rows.is_empty()).enumerate() {
        grid.draw_title(screen, &section.title, at == 0);
        section.rows.iter().for_each(|row| grid.draw_row(screen, row));
    }
    let occurs = |cell| rows.iter().any(|row| row.cells.contains(&cell));
    let legend: Vec<_> = LEGEND.iter().filter(|(cell, _)| occurs(*cell)).map(|(_, text)| *text).collect();
    screen.line(&[(Paint::Dim, &format!("  {}", legend.join("   ")))]);
    screen.blank_line();
}

/// The cells of a check.
pub(super) fn phase_cells(check: &Check) -> [Cell; Phase::ALL.len()] {
    Phase::ALL.map(|phase| phase_cell(check, phase))
}

/// How long the phase took that failed or, in a check that is met, the longest one.
pub(super) fn decisive_time(check: &Check) -> Option<(Phase, Duration)> {
    let steps = deciding_attempts(check).flat_map(|a| &a.steps).filter(|s| s.outcome != Outcome::Skipped);
    let decisive = steps.filter(|s| check.phase.is_none_or(|p| p == s.phase()));
    decisive.max_by_key(|s| s.took).map(|s| (s.phase(), s.took))
}

/// A time with about two digits that matter.
pub(super) fn format_duration(time: Duration) -> String {
    match time.as_millis() {
        0 => "<1 ms".into(),
        ms @ 1..=999 => format!("{ms} ms"),
        _ => format!("{:.1} s", time.as_secs_f64()),
    }
}

/// The columns: phases by the first word of their causes, so that header and cause read alike.
pub(super) fn phase_label(phase: Phase) -> &'static str {
    match phase {
        Phase::Resolve => "dns",
        Phase::Connect => "tcp",
        Phase::Proxy => "proxy",
        Phase::Tls => "tls",
        Phase::Http => "http",
        Phase::WebSocket => "ws",
        Phase::Greeting => "greet",
    }
}

struct Grid {
    columns: Vec<Phase>,
    /// Of the targets with their marks.
    left: usize,
}

impl Grid {
    fn fit(rows: &[&Row], sections: &[Section], screen: usize) -> Option<Self> {
        let used = |p: &Phase| rows.iter().any(|row| row.cells[*p as usize] != Cell::None);
        let columns: Vec<Phase> = Phase::ALL.into_iter().filter(used).collect();
        let right: usize = columns.iter().map(|&p| phase_label(p).len() + 1).sum();
        let targets = rows.iter().map(|row| display_width(&row.target) + 2);
        let titles = sections.iter().filter(|s| !s.rows.is_empty()).map(|s| display_width(&s.title));
        let tails = rows.iter().filter(|row| row.has_short_tail).map(|row| display_width(&row.tail) + 1);
        let most = screen - right - 1 - tails.max().unwrap_or_default();
        Some(Self { columns, left: targets.chain(titles.take(1)).max()?.min(most) })
    }

    fn draw_title(&self, screen: &mut Screen, title: &str, with_labels: bool) {
        let labels: Vec<_> = self.columns.iter().map(|&p| phase_label(p)).collect();
        let labels = if with_labels { labels.join(" ") } else { String::new() };
        if display_width(title) > self.left {
            screen.line(&[(Paint::Bold, title)]);
            screen.line(&[(Paint::Plain, &self.padding_after("")), (Paint::Dim, &labels)]);
        } else {
            screen.line(&[
                (Paint::Bold, title),
                (Paint::Plain, &self.padding_after(title)),
                (Paint::Dim, &labels),
            ]);
        }
    }

    fn draw_row(&self, screen: &mut Screen, row: &Row) {
        let mark = (row.mark.paint, row.mark.symbol);
        let gap = self.padding_after(&format!("  {}", row.target));
        let mut pieces = vec![mark, (Paint::Plain, " "), (Paint::Plain, &row.target)];
        let whole_width = " ".repeat(self.left + 1);
        if display_width(&row.target) + 2 > self.left {
            screen.line(&pieces);
            pieces.clear();
            pieces.push((Paint::Plain, &whole_width));
        } else {
            pieces.push((Paint::Plain, &gap));
        }
        let cells = self.phase_glyphs(row);
        pieces.extend(cells.iter().map(|(paint, text)| (*paint, text.as_str())));
        let drawn: usize = pieces.iter().map(|(_, text)| display_width(text)).sum();
        let fits = drawn + 1 + display_width(&row.tail) <= screen.width();
        if fits {
            pieces.extend([(Paint::Plain, " "), (Paint::Plain, row.tail.as_str())]);
        }
        screen.line(&pieces);
        let below = if fits { "" } else { &row.tail };
        let texts = [below, row.detail.as_deref().unwrap_or_default()];
        let text = texts.into_iter().filter(|t| !t.is_empty()).collect::<Vec<_>>().join(": ");
        if !text.is_empty() {
            screen.paragraph(&[(Paint::Plain, "    ")], 4, Paint::Plain, &text);
        }
    }

    fn padding_after(&self, text: &str) -> String {
        " ".repeat((self.left + 1).saturating_sub(display_width(text)).max(1))
    }

    /// Each glyph under the middle of its label; glyph and blanks apart, so that only the glyph is painted.
    fn phase_glyphs(&self, row: &Row) -> Vec<(Paint, String)> {
        let place = |&phase: &Phase| {
            let (paint, glyph) = row.cells[phase as usize].glyph();
            let before = (phase_label(phase).len() - 1) / 2;
            let after = phase_label(phase).len() - before;
            [(Paint::Plain, " ".repeat(before)), (paint, glyph.to_owned()), (Paint::Plain, " ".repeat(after))]
        };
        self.columns.iter().flat_map(place).collect()
    }
}

fn phase_cell(check: &Check, phase: Phase) -> Cell {
    let outcomes: Vec<Outcome> =
        deciding_attempts(check).filter_map(|a| a.step(phase)).map(|step: &Step| step.outcome).collect();
    let any = |outcome| outcomes.contains(&outcome);
    match (any(Outcome::Reached), any(Outcome::Failed)) {
        _ if check.phase == Some(phase) => Cell::Failed,
        (true, true) => Cell::Partly,
        (true, false) => Cell::Reached,
        (false, true) => Cell::Failed,
        _ if any(Outcome::Skipped) => Cell::Skipped,
        _ if has_phase(check, phase) => Cell::NotTried,
        _ => Cell::None,
    }
}

/// The attempts that decide; second looks only explain.
pub(super) fn deciding_attempts(check: &Check) -> impl Iterator<Item = &Attempt> {
    let decides = |a: &&Attempt| matches!(a.purpose, Purpose::Lookup | Purpose::Probe | Purpose::Retry);
    check.attempts.iter().filter(decides)
}

/// Whether a check of this kind has such a phase on the way to being met.
fn has_phase(check: &Check, phase: Phase) -> bool {
    let open = check.verdict != CheckVerdict::Met;
    open && match phase {
        Phase::Resolve | Phase::Connect => true,
        Phase::Proxy => check.planned.route.kind == RouteKind::Proxy,
        Phase::Tls => check.planned.protocol.uses_tls(),
        Phase::Http => matches!(check.planned.protocol, Protocol::Https | Protocol::Http),
        Phase::WebSocket => check.planned.protocol == Protocol::Wss,
        Phase::Greeting => matches!(check.planned.protocol, Protocol::Git | Protocol::Ssh),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_two_significant_digits() {
        let table =
            [(0.2, "<1 ms"), (1.0, "1 ms"), (999.9, "999 ms"), (1000.0, "1.0 s"), (61_240.0, "61.2 s")];
        for (ms, text) in table {
            assert_eq!(format_duration(Duration::from_secs_f64(ms / 1000.0)), text);
        }
    }
}
