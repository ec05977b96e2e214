//! How long each phase took, as numbers with a bar beside them. The bar only repeats the numbers.

use std::time::Duration;

use maud::{Markup, html};

use super::MAX_ROWS;
use super::elements::{render_omitted_note, render_row_head, render_table};
use crate::model::evidence::{Outcome, Phase, Step};
use crate::model::report::{Check, CheckVerdict};
use crate::report::grid::{deciding_attempts, format_duration, phase_label};
use crate::report::index::{ReportIndex, format_target};
use crate::report::markup::Text;

/// What was measured of a check, by phase: the slowest address, and whether the phase failed there.
struct CheckTiming<'a> {
    check: &'a Check,
    phases: Vec<(Phase, Duration, bool)>,
}

impl CheckTiming<'_> {
    fn total(&self) -> Duration {
        self.phases.iter().fold(Duration::ZERO, |sum, (_, took, _)| sum.saturating_add(*took))
    }
}

/// The table; nothing where nothing was measured.
pub(super) fn render_timing(tally: &ReportIndex<'_>) -> Markup {
    let timed: Vec<CheckTiming<'_>> =
        tally.report.checks.iter().map(check_timing).filter(|timed| !timed.phases.is_empty()).collect();
    let phases: Vec<Phase> =
        Phase::ALL.into_iter().filter(|p| timed.iter().any(|t| t.has_phase(*p))).collect();
    let labels = phases.iter().map(|phase| phase_label(*phase));
    let columns: Vec<&str> =
        ["Endpoint", "Share of each phase"].into_iter().chain(labels).chain(["all"]).collect();
    let (scale, many) = (bar_scale(&timed), tally.has_many_vantages());
    let body = html! {
        tbody { @for timed in timed.iter().take(MAX_ROWS) { (render_row(timed, &phases, scale, many)) } }
    };
    html! {
        @if !timed.is_empty() {
            p {
                "At the slowest address. The bars end at the slowest check that is met; what took longer is cut off there."
            }
            ul.legend {
                @for phase in &phases {
                    li { span class={ "key " (phase_label(*phase)) } aria-hidden="true" {} (phase_label(*phase)) }
                }
            }
            (render_table("How long each phase took", &columns, &body))
            (render_omitted_note(timed.len(), MAX_ROWS))
        }
    }
}

impl CheckTiming<'_> {
    fn has_phase(&self, phase: Phase) -> bool {
        self.phases.iter().any(|(known, _, _)| *known == phase)
    }
}

fn check_timing(check: &Check) -> CheckTiming<'_> {
    let slowest = |phase: Phase| {
        let steps = deciding_attempts(check).filter_map(|attempt| attempt.step(phase));
        let step: &Step =
            steps.filter(|step| step.outcome != Outcome::Skipped).max_by_key(|step| step.took)?;
        Some((phase, step.took, check.phase == Some(phase)))
    };
    CheckTiming { check, phases: Phase::ALL.into_iter().filter_map(slowest).collect() }
}

/// The slowest check that is met, or else of all: time-outs would leave nothing to see of the others.
fn bar_scale(timed: &[CheckTiming<'_>]) -> Duration {
    let met = timed.iter().filter(|t| t.check.verdict == CheckVerdict::Met).map(CheckTiming::total).max();
    met.or_else(|| timed.iter().map(CheckTiming::total).max())
        .unwrap_or_default()
        .max(Duration::from_micros(1))
}

fn render_row(timed: &CheckTiming<'_>, phases: &[Phase], scale: Duration, many: bool) -> Markup {
    let from = if many { format!("from {}", timed.check.planned.vantage) } else { String::new() };
    html! {
        tr {
            (render_row_head(&format_target(timed.check), &from))
            td.bar { (render_bar(timed, scale)) }
            @for phase in phases {
                @match timed.phases.iter().find(|(known, _, _)| known == phase) {
                    Some((_, took, true)) => td.time.bad { "✗ " (Text(format_duration(*took))) },
                    Some((_, took, false)) => td.time { (Text(format_duration(*took))) },
                    None => td.time { "–" },
                }
            }
            td.time { (Text(format_duration(timed.total()))) }
        }
    }
}

fn render_bar(timed: &CheckTiming<'_>, scale: Duration) -> Markup {
    let mut at = 0.0;
    let pieces: Vec<(Phase, f64, f64)> = timed
        .phases
        .iter()
        .map(|(phase, took, _)| {
            let (x, width) = (at, (took.as_secs_f64() / scale.as_secs_f64() * 1000.0).min(1000.0 - at));
            at += width;
            (*phase, x, width)
        })
        .collect();
    html! {
        svg viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true" focusable="false" {
            @for (phase, x, width) in pieces {
                @if width > 0.0 {
                    rect class=(phase_label(phase)) x=(format!("{x:.1}")) width=(format!("{width:.1}")) height="10" {}
                }
            }
        }
    }
}
