//! How long each phase took, as numbers with a bar beside them. The bar only repeats the numbers.

use std::time::Duration;

use super::MAX_ROWS;
use super::elements::{self as page, write_omitted_note, write_row_head};
use crate::model::evidence::{Outcome, Phase, Step};
use crate::model::report::{Check, CheckVerdict};
use crate::report::grid::{deciding_attempts, format_duration, phase_label};
use crate::report::index::{ReportIndex, format_target};
use crate::report::markup::Markup;

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
    let mut html = Markup::default();
    let timed: Vec<CheckTiming<'_>> =
        tally.report.checks.iter().map(check_timing).filter(|timed| !timed.phases.is_empty()).collect();
    if timed.is_empty() {
        return html;
    }
    let phases: Vec<Phase> =
        Phase::ALL.into_iter().filter(|p| timed.iter().any(|t| t.has_phase(*p))).collect();
    let scale = bar_scale(&timed);
    let text = "At the slowest address. The bars end at the slowest check that is met; what took longer is cut off there.";
    html.text_element("p", &[], text);
    write_legend(&mut html, &phases);
    let mut columns = vec!["Endpoint", "Share of each phase"];
    columns.extend(phases.iter().map(|p| phase_label(*p)));
    columns.push("all");
    page::write_table(&mut html, "How long each phase took", &columns, |html| {
        html.element("tbody", &[], |html| {
            let many = tally.has_many_vantages();
            timed.iter().take(MAX_ROWS).for_each(|timed| write_row(html, timed, &phases, (scale, many)));
        });
    });
    write_omitted_note(&mut html, timed.len(), MAX_ROWS);
    html
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

fn write_legend(html: &mut Markup, phases: &[Phase]) {
    html.element("ul", &[("class", "legend")], |html| {
        for phase in phases {
            html.element("li", &[], |html| {
                html.element(
                    "span",
                    &[("class", &format!("key {}", phase_label(*phase))), ("aria-hidden", "true")],
                    |_| {},
                );
                html.text(phase_label(*phase));
            });
        }
    });
}

fn write_row(html: &mut Markup, timed: &CheckTiming<'_>, phases: &[Phase], (scale, many): (Duration, bool)) {
    html.element("tr", &[], |html| {
        let from = if many { format!("from {}", timed.check.planned.vantage) } else { String::new() };
        write_row_head(html, &format_target(timed.check), &from);
        html.element("td", &[("class", "bar")], |html| write_bar(html, timed, scale));
        for phase in phases {
            let found = timed.phases.iter().find(|(known, _, _)| known == phase);
            match found {
                Some((_, took, true)) => {
                    html.text_element(
                        "td",
                        &[("class", "time bad")],
                        &format!("✗ {}", format_duration(*took)),
                    );
                }
                Some((_, took, false)) => {
                    html.text_element("td", &[("class", "time")], &format_duration(*took));
                }
                None => html.text_element("td", &[("class", "time")], "–"),
            }
        }
        html.text_element("td", &[("class", "time")], &format_duration(timed.total()));
    });
}

fn write_bar(html: &mut Markup, timed: &CheckTiming<'_>, scale: Duration) {
    let attributes = &[
        ("viewBox", "0 0 1000 10"),
        ("preserveAspectRatio", "none"),
        ("aria-hidden", "true"),
        ("focusable", "false"),
    ];
    html.element("svg", attributes, |html| {
        let mut at = 0.0;
        for (phase, took, _) in &timed.phases {
            let wide = (took.as_secs_f64() / scale.as_secs_f64() * 1000.0).min(1000.0 - at);
            if wide > 0.0 {
                let (x, width) = (format!("{at:.1}"), format!("{wide:.1}"));
                let rect = &[("class", phase_label(*phase)), ("x", &x), ("width", &width), ("height", "10")];
                html.element("rect", rect, |_| {});
            }
            at += wide;
        }
    });
}
