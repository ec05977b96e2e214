//! How long each phase took, as numbers with a bar beside them. The bar only repeats the numbers.

use std::time::Duration;

use super::MOST_ROWS;
use super::page::{self, left_out, row_head};
use crate::model::evidence::{Outcome, Phase, Step};
use crate::model::report::{Check, CheckVerdict};
use crate::report::grid::{attempts, human, label};
use crate::report::markup::Markup;
use crate::report::tally::{Tally, target};

/// What was measured of a check, by phase: the slowest address, and whether the phase failed there.
struct Timed<'a> {
    check: &'a Check,
    phases: Vec<(Phase, Duration, bool)>,
}

impl Timed<'_> {
    fn total(&self) -> Duration {
        self.phases.iter().fold(Duration::ZERO, |sum, (_, took, _)| sum.saturating_add(*took))
    }
}

/// The table; nothing where nothing was measured.
pub(super) fn table(tally: &Tally<'_>) -> Markup {
    let mut html = Markup::default();
    let timed: Vec<Timed<'_>> =
        tally.report.checks.iter().map(timed).filter(|timed| !timed.phases.is_empty()).collect();
    if timed.is_empty() {
        return html;
    }
    let phases: Vec<Phase> = Phase::ALL.into_iter().filter(|p| timed.iter().any(|t| t.has(*p))).collect();
    let scale = scale(&timed);
    let text = "At the slowest address. The bars end at the slowest check that is met; what took longer is cut off there.";
    html.simple("p", &[], text);
    legend(&mut html, &phases);
    let mut columns = vec!["Endpoint", "Share of each phase"];
    columns.extend(phases.iter().map(|p| label(*p)));
    columns.push("all");
    page::table(&mut html, "How long each phase took", &columns, |html| {
        html.element("tbody", &[], |html| {
            let many = tally.many_vantages();
            timed.iter().take(MOST_ROWS).for_each(|timed| row(html, timed, &phases, (scale, many)));
        });
    });
    left_out(&mut html, timed.len(), MOST_ROWS);
    html
}

impl Timed<'_> {
    fn has(&self, phase: Phase) -> bool {
        self.phases.iter().any(|(known, _, _)| *known == phase)
    }
}

fn timed(check: &Check) -> Timed<'_> {
    let slowest = |phase: Phase| {
        let steps = attempts(check).filter_map(|attempt| attempt.step(phase));
        let step: &Step =
            steps.filter(|step| step.outcome != Outcome::Skipped).max_by_key(|step| step.took)?;
        Some((phase, step.took, check.phase == Some(phase)))
    };
    Timed { check, phases: Phase::ALL.into_iter().filter_map(slowest).collect() }
}

/// The slowest check that is met, or else of all: time-outs would leave nothing to see of the others.
fn scale(timed: &[Timed<'_>]) -> Duration {
    let met = timed.iter().filter(|t| t.check.verdict == CheckVerdict::Met).map(Timed::total).max();
    met.or_else(|| timed.iter().map(Timed::total).max()).unwrap_or_default().max(Duration::from_micros(1))
}

fn legend(html: &mut Markup, phases: &[Phase]) {
    html.element("ul", &[("class", "legend")], |html| {
        for phase in phases {
            html.element("li", &[], |html| {
                html.element(
                    "span",
                    &[("class", &format!("key {}", label(*phase))), ("aria-hidden", "true")],
                    |_| {},
                );
                html.text(label(*phase));
            });
        }
    });
}

fn row(html: &mut Markup, timed: &Timed<'_>, phases: &[Phase], (scale, many): (Duration, bool)) {
    html.element("tr", &[], |html| {
        let from = if many { format!("from {}", timed.check.vantage) } else { String::new() };
        row_head(html, &target(timed.check), &from);
        html.element("td", &[("class", "bar")], |html| bar(html, timed, scale));
        for phase in phases {
            let found = timed.phases.iter().find(|(known, _, _)| known == phase);
            match found {
                Some((_, took, true)) => {
                    html.simple("td", &[("class", "time bad")], &format!("✗ {}", human(*took)));
                }
                Some((_, took, false)) => html.simple("td", &[("class", "time")], &human(*took)),
                None => html.simple("td", &[("class", "time")], "–"),
            }
        }
        html.simple("td", &[("class", "time")], &human(timed.total()));
    });
}

fn bar(html: &mut Markup, timed: &Timed<'_>, scale: Duration) {
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
                let rect = &[("class", label(*phase)), ("x", &x), ("width", &width), ("height", "10")];
                html.element("rect", rect, |_| {});
            }
            at += wide;
        }
    });
}
