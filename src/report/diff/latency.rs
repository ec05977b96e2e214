//! Phases that take longer than before, beyond what differs from run to run anyway.
//!
//! One run is one sample of each endpoint, so a single time says little. What is compared are all checks of a vantage that
//! reached the phase in both runs: the median of their differences is the shift, and the median distance from it is the noise.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::CheckPair;
use crate::model::evidence::{Outcome, Phase, millis};
use crate::model::report::Check;
use crate::report::grid::deciding_attempts;

/// Fewer checks do not make a median.
const MIN_CHECKS: usize = 5;

/// A shift below this is nobody's trouble.
const MIN_SHIFT_MS: f64 = 10.0;

/// Nor is one that is a small part of what the phase took before.
const MIN_RELATIVE_SHIFT: f64 = 0.25;

/// Shifts of so many noises come by chance in one of some hundred comparisons, as the noise of a median goes with the root of
/// the number of checks.
const NOISE_FACTOR: f64 = 4.0;

/// A phase from a vantage that takes longer now.
#[derive(Clone, Debug, Serialize)]
pub struct SlowerPhase {
    /// The id of the vantage.
    pub vantage: String,
    /// The phase.
    pub phase: Phase,
    /// The median before, in milliseconds.
    #[serde(rename = "before_ms", with = "millis")]
    pub before: Duration,
    /// The median now, in milliseconds.
    #[serde(rename = "now_ms", with = "millis")]
    pub now: Duration,
    /// How many checks were compared.
    pub checks: usize,
}

pub(super) fn find_slower_phases(pairs: &[CheckPair<'_>]) -> Vec<SlowerPhase> {
    let mut groups: BTreeMap<(&str, usize), Vec<(f64, f64)>> = BTreeMap::new();
    for pair in pairs {
        for phase in Phase::ALL {
            if let (Some(before), Some(now)) = (slowest_ms(pair.before, phase), slowest_ms(pair.now, phase)) {
                groups.entry((&pair.now.planned.vantage, phase as usize)).or_default().push((before, now));
            }
        }
    }
    let slower = groups.into_iter().filter_map(|((vantage, phase), times)| {
        let (before, now) = detect_shift(&times)?;
        Some(SlowerPhase {
            vantage: vantage.to_owned(),
            phase: Phase::ALL[phase],
            before: from_ms(before),
            now: from_ms(now),
            checks: times.len(),
        })
    });
    slower.collect()
}

/// The slowest address, in milliseconds; none where it was not reached.
fn slowest_ms(check: &Check, phase: Phase) -> Option<f64> {
    let steps = deciding_attempts(check).filter_map(|attempt| attempt.step(phase));
    let took = steps.filter(|step| step.outcome == Outcome::Reached).map(|step| step.took).max()?;
    Some(millis::to_millis(took))
}

/// Both medians, if the second is larger beyond noise.
fn detect_shift(times: &[(f64, f64)]) -> Option<(f64, f64)> {
    if times.len() < MIN_CHECKS {
        return None;
    }
    let before = median(times.iter().map(|(before, _)| *before));
    let now = median(times.iter().map(|(_, now)| *now));
    let shift = median(times.iter().map(|(before, now)| now - before));
    let noise = median(times.iter().map(|(before, now)| (now - before - shift).abs()));
    // no report holds more checks than 32 bits count
    let count = f64::from(u32::try_from(times.len()).unwrap_or(u32::MAX));
    let is_beyond = shift > MIN_SHIFT_MS
        && shift > before * MIN_RELATIVE_SHIFT
        && shift > NOISE_FACTOR * noise / count.sqrt();
    is_beyond.then_some((before, now))
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

fn from_ms(ms: f64) -> Duration {
    Duration::try_from_secs_f64(ms / 1000.0).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shift_is_distinguished_from_noise() {
        let steady = |by: f64| {
            (0..20).map(|n| (20.0 + f64::from(n % 3), 20.0 + f64::from(n % 4) + by)).collect::<Vec<_>>()
        };
        assert_eq!(detect_shift(&steady(0.0)), None);
        assert_eq!(detect_shift(&steady(8.0)), None, "too little to matter");
        assert!(detect_shift(&steady(30.0)).is_some());
        let mut one_slow = steady(0.0);
        one_slow[3].1 = 5000.0;
        assert_eq!(detect_shift(&one_slow), None, "one endpoint alone");
        let wild: Vec<_> = (0..20).map(|n| (100.0, if n % 2 == 0 { 20.0 } else { 300.0 })).collect();
        assert_eq!(detect_shift(&wild), None, "all over the place");
        assert_eq!(detect_shift(&steady(300.0)[..4]), None, "too few");
        assert_eq!(detect_shift(&[]), None);
    }
}
