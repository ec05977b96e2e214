//! `check --wait`: looks again and again until what is required is met, as in a change window of the firewall.

use std::time::Duration;

use tokio::time::Instant;

use super::{Console, Result, start_runtime};
use crate::model::report::{Report, Verdict};
use crate::model::wording::{format_count, pluralize};
use crate::probe::vantage_run::wait_for_interrupt;
use crate::report::diff;

/// Checks, and again while something required is unmet and the time is not over. What changes is reported on the way; the
/// last complete report counts. The time begins with the first check, which is always completed; later ones are given what
/// is left of it.
pub(super) fn repeat_until_met(
    limit: Option<Duration>,
    screen: &Console,
    mut once: impl FnMut(Option<Duration>) -> Result<Report>,
) -> Result<Report> {
    let until = limit.map(|limit| Instant::now() + limit);
    let mut report = once(None)?;
    let (Some(limit), Some(until)) = (limit, until) else { return Ok(report) };
    let runtime = start_runtime()?;
    let between = (limit / 10).clamp(MIN_INTERVAL, MAX_INTERVAL);
    screen.hint(&format!("--wait: {}", describe_remaining(&report)));
    while report.verdict == Verdict::Blocked && !report.run.interrupted {
        let next = Instant::now() + between;
        if next + shortest_check(&report) > until {
            break;
        }
        let is_stopped =
            runtime.block_on(async { tokio::time::timeout_at(next, wait_for_interrupt()).await.is_ok() });
        if is_stopped {
            report.run.interrupted = true;
            break;
        }
        let newer = match once(Some(until.saturating_duration_since(Instant::now()))) {
            // what it had no time for says less than the complete check before
            Ok(newer) if newer.run.deadline_passed && Instant::now() >= until => break,
            Ok(newer) => newer,
            // what was seen before is reported anyway
            Err(e) => {
                screen.hint(&format!("--wait: {e}"));
                break;
            }
        };
        print_changes(&newer, &report, screen);
        report = newer;
    }
    Ok(report)
}

/// A check from a cluster takes its time before the first probe, and a deadline of its probes does not shorten that.
fn shortest_check(report: &Report) -> Duration {
    if report.run.cluster.is_some() { report.run.took } else { Duration::ZERO }
}

fn print_changes(newer: &Report, older: &Report, screen: &Console) {
    let change = diff::compare(newer, older);
    let time = newer.run.started_at.get(11..19).unwrap_or_default();
    for check in &change.fixed {
        screen.hint(&format!("{time} met now: {}, from {}", check.target, check.vantage));
    }
    for check in &change.newly_unmet {
        screen.hint(&format!("{time} unmet now: {}, from {}", check.target, check.vantage));
    }
    if !change.fixed.is_empty() || !change.newly_unmet.is_empty() {
        screen.hint(&format!("{time} {}", describe_remaining(newer)));
    }
}

fn describe_remaining(report: &Report) -> String {
    match diff::count_unmet(report) {
        0 if report.verdict == Verdict::Blocked => {
            "no endpoint is unmet, and something else lacks".to_owned()
        }
        0 => "all that is required is met".to_owned(),
        n => format!("{} {} unmet", format_count(n, "required endpoint"), pluralize(n, "is", "are")),
    }
}

/// Between two looks; a tenth of the time that there is, within these bounds.
const MIN_INTERVAL: Duration = Duration::from_secs(1);
const MAX_INTERVAL: Duration = Duration::from_secs(10);
